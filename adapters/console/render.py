"""A card as lines of text. Nothing a person typed can move the cursor or colour the terminal."""

import unicodedata
from zoneinfo import ZoneInfo

from sops.kit.message import Card, Line, Span


def render(card: Card, zone: ZoneInfo) -> list[str]:
    """The card's lines, its file, how it ended, and the text equivalents of its buttons."""
    lines = [_line(line, zone) for line in card.lines]
    if card.file is not None:
        name, text = card.file
        lines += [f"[{plain(name)}]", *(f"  {plain(line)}" for line in text.splitlines())]
    lines += [plain(card.closed)] if card.closed else []
    return lines + ([f"  {plain(card.hint)}"] if card.hint else [])


def plain(text: str) -> str:
    """Text without control characters, terminal escapes and direction overrides."""
    return "".join(char for char in text if char == "\t" or unicodedata.category(char) not in {"Cc", "Cf"})


def _line(line: Line, zone: ZoneInfo) -> str:
    return "".join(_span(span, zone) for span in line)


def _span(span: Span, zone: ZoneInfo) -> str:
    if span.kind == "time" and span.at is not None:
        local = span.at.astimezone(zone)
        return f"{local:%a} {local.day} {local:%b %H:%M %Z}"
    if span.kind == "person":
        return f"@{plain(span.target)}"
    if span.kind == "link":
        return f"{plain(span.text)} ({plain(span.target)})"
    return plain(span.text)
