"""What a Block Kit message looks like, roughly, as SVG: for people who read the documentation, not for measuring."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from xml.sax.saxutils import escape

Json = dict[str, Any]
Run = tuple[str, str]  # a style of STYLES, and text

WIDTH, LEFT, LINE = 720, 60, 22
STYLES = {
    "plain": "fill:#1d1c1d",
    "bold": "fill:#1d1c1d;font-weight:bold",
    "code": "fill:#c01343;font-family:monospace;font-size:13px",
    "mention": "fill:#1264a3;font-weight:bold",
    "link": "fill:#1264a3",
    "small": "fill:#616061;font-size:13px",
    "label": "fill:#1d1c1d;font-weight:bold;font-size:13px",
    "badge": "fill:#616061;font-size:10px;font-weight:bold",
    "avatar": "fill:#ffffff;font-size:20px;font-weight:bold",
}
_NARROW, _WIDE = frozenset("fijlrtI.,:;·!|()[]'’ "), frozenset("mwMW@%…→✓")


def picture(payload: Json, names: Mapping[str, str], *, only_for_you: bool = False) -> str:
    """The message of one payload; `names` says how people are called."""
    drawn: list[str] = []
    height = 18
    if only_for_you:
        drawn.append(_text(LEFT, height + 4, [("small", "Only visible to you")]))
        height += LINE
    drawn += _head(height)
    height += LINE + 4
    for block in payload["blocks"]:
        shapes, taken = _block(block, names, height)
        drawn += shapes
        height += taken
    return "\n".join([*_opening(height + 6), *drawn, "</svg>", ""])


def _opening(height: int) -> list[str]:
    styles = " ".join(f".{name}{{{style}}}" for name, style in STYLES.items())
    size = f'width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}"'
    return [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="Lato,Helvetica,Arial,sans-serif" font-size="15">',
        f"<style>{styles}</style>",
        f'<rect x="0.5" y="0.5" width="{WIDTH - 1}" height="{height - 1}" rx="8" fill="#ffffff" stroke="#dddddd"/>',
    ]


def _head(top: int) -> list[str]:
    return [
        f'<rect x="14" y="{top - 4}" width="36" height="36" rx="6" fill="#3f5f7f"/>',
        _text(32, top + 21, [("avatar", "S")], middle=True),
        _text(LEFT, top + 9, [("bold", "Sopwith")]),
        f'<rect x="{LEFT + 76}" y="{top - 4}" width="28" height="15" rx="3" fill="#ebeaeb"/>',
        _text(LEFT + 80, top + 7, [("badge", "APP")]),
    ]


def _block(block: Json, names: Mapping[str, str], top: int) -> tuple[list[str], int]:
    match block["type"]:
        case "rich_text":
            runs = [run for part in block["elements"] for run in _runs(part["elements"], names)]
            return _lines(runs, top, LINE)
        case "context":
            return _lines([("small", element["text"]) for element in block["elements"]], top, 20)
        case "actions":
            return _buttons(block["elements"], top)
        case other:
            raise ValueError(f"no picture of a block of type {other} yet")


def _runs(elements: Iterable[Json], names: Mapping[str, str]) -> Iterator[Run]:
    for element in elements:
        match element["type"]:
            case "user":
                yield "mention", f"@{names[element['user_id']]}"
            case "channel":
                yield "mention", f"#{names[element['channel_id']]}"
            case "date":
                yield "plain", element["fallback"]
            case "link":
                yield "link", element.get("text") or element["url"]
            case _:
                style = element.get("style", {})
                yield "code" if style.get("code") else "bold" if style.get("bold") else "plain", element["text"]


def _lines(runs: Iterable[Run], top: int, step: int) -> tuple[list[str], int]:
    """The runs as lines that fit, each word where it still fits."""
    lines: list[list[Run]] = [[]]
    room = 0.0
    for style, text in runs:
        for number, paragraph in enumerate(text.split("\n")):
            if number:
                lines.append([])
                room = 0.0
            for word in _words(paragraph):
                if room + _wide(word.rstrip()) > WIDTH - LEFT - 16:
                    lines.append([])
                    room = 0.0
                lines[-1].append((style, word))
                room += _wide(word)
    return [_text(LEFT, top + 14 + n * step, line) for n, line in enumerate(lines)], len(lines) * step + 4


def _words(text: str) -> list[str]:
    """Words with the blanks behind them."""
    words = text.split(" ")
    return [f"{word} " for word in words[:-1]] + words[-1:]


def _buttons(elements: Iterable[Json], top: int) -> tuple[list[str], int]:
    shapes, left = [], LEFT
    for element in elements:
        label = element["text"]["text"]
        width = int(_wide(label)) + 26
        box = f'x="{left}" y="{top + 2}" width="{width}" height="28" rx="4"'
        shapes += [f'<rect {box} fill="#ffffff" stroke="#bbbbbb"/>']
        shapes += [_text(left + width // 2, top + 21, [("label", label)], middle=True)]
        left += width + 8
    return shapes, 38


def _wide(text: str) -> float:
    """About how many pixels a text takes, in the widest of the usual fonts."""
    return sum(5.4 if c in _NARROW else 14 if c in _WIDE else 11 if c.isupper() else 9.2 for c in text)


def _text(x: int, y: int, runs: Iterable[Run], *, middle: bool = False) -> str:
    spans = "".join(f'<tspan class="{style}">{escape(text)}</tspan>' for style, text in _merged(runs))
    anchor = ' text-anchor="middle"' if middle else ""
    return f'<text x="{x}" y="{y}" xml:space="preserve"{anchor}>{spans}</text>'


def _merged(runs: Iterable[Run]) -> list[Run]:
    found: list[Run] = []
    for style, text in runs:
        if found and found[-1][0] == style:
            found[-1] = (style, found[-1][1] + text)
        else:
            found.append((style, text))
    return found
