"""A chat message before any platform: lines of spans, and buttons that have text equivalents.

Text inside a span is data. Adapters escape it for their platform; nobody else does. A `time` span is
shown in the reader's zone where the platform can, else with date and zone printed.
"""

from datetime import datetime
from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Span(_Value):
    """A stretch of a line. `target` is a person's handle for `person`, a URL for `link`."""

    kind: Literal["text", "bold", "code", "person", "time", "link"] = "text"
    text: str = ""
    target: str = ""
    at: AwareDatetime | None = None


class Button(_Value):
    """A choice. `says` is the text that means the same when typed; `confirm` asks before acting."""

    label: str
    says: str
    confirm: str = ""


Line = tuple[Span, ...]


class Card(_Value):
    """One message. `hint` is the line of text equivalents, shown where there are no buttons.

    `file` is long content that belongs beside the message (a plan, a timeline), as (name, text).
    """

    lines: tuple[Line, ...]
    buttons: tuple[Button, ...] = ()
    hint: str = ""
    file: tuple[str, str] | None = None

    def plain(self) -> str:
        """The words alone, for tests and for platforms without markup; times in UTC."""
        return "\n".join("".join(_plain(span) for span in line) for line in self.lines)


def _plain(span: Span) -> str:
    if span.at is not None:
        return span.at.strftime("%a %d %b %H:%M UTC")
    return f"@{span.target}" if span.kind == "person" else span.text


def line(*parts: Span | str) -> Line:
    """A line from spans and literal strings."""
    return tuple(Span(text=part) if isinstance(part, str) else part for part in parts)


def bold(text: str) -> Span:
    return Span(kind="bold", text=text)


def code(text: str) -> Span:
    return Span(kind="code", text=text)


def person(handle: str) -> Span:
    """Mentions, and so disturbs, one person."""
    return Span(kind="person", target=handle)


def time(at: datetime) -> Span:
    return Span(kind="time", at=at)


def link(text: str, url: str) -> Span:
    return Span(kind="link", text=text, target=url)
