"""A changelog taken apart: its sections, their `###` parts, and what stands in each, as lines of the file.

Headings and items are what Markdown takes for them at the top level: nothing inside a code block, a comment, a list
or a quote. Lines are bytes with their endings, so whatever is put together from them is what was read.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from markdown_it.token import Token

from sops.kit.errors import InvalidText, InvalidVersion
from sops.kit.markdown import Markdown, blocks
from sops.kit.patterns import Pattern
from sops.kit.version import Version

UNRELEASED = "Unreleased"
SECTION_LEVEL = 2

_NEWLINE = Pattern(rb"\r\n?|\n")
_LABEL = Pattern(r"\[([^\[\]]+)\]")
_LOOSE_LABEL = Pattern(r"(?i)\[?v?([^\s\pZ\[\]():]+)")
_LINK_DEFINITION = Pattern(rb" {0,3}\[([^\]]+)\]:")
_MARKER = Pattern(r"[ \t]*(?:[-*+]|[0-9]{1,9}[.)])(?:[ \t]+|$)")


@dataclass(frozen=True)
class Heading:
    """A top-level heading: its lines (counted from 0, `end` exclusive), level, its `#`s and the text behind."""

    start: int
    end: int
    level: int
    marks: str
    text: str

    @property
    def line(self) -> int:
        return self.start + 1

    def is_named(self, label: str) -> bool:
        """It is `## [label]` and nothing more."""
        found = _LABEL.fullmatch(self.text)
        return self.marks == "##" and found is not None and found[1].casefold() == label.casefold()

    def speaks_of(self, label: str) -> bool:
        """Any spelling of a section for `label`: `## [1.4.0] - …`, `## v1.4.0`, `## [1.4.0](link)`."""
        return self.label == label.casefold()

    @property
    def label(self) -> str:
        """The first word without its decoration, in small letters; empty if the heading begins otherwise."""
        found = _LOOSE_LABEL.match(self.text)
        return found[1].casefold() if found else ""

    @property
    def version(self) -> Version | None:
        """The version this heading speaks of, if it does."""
        try:
            return Version.parse(self.label)
        except InvalidVersion:
            return None


@dataclass(frozen=True)
class Unit:
    """A top-level list item, or another top-level block but a heading. Blank lines behind it are no part of it."""

    start: int
    end: int
    is_item: bool


@dataclass(frozen=True)
class Part:
    """A heading and what stands under it, before the next heading of any level."""

    heading: Heading
    end: int
    units: tuple[Unit, ...]

    @property
    def body(self) -> int:
        return self.heading.end

    @property
    def items(self) -> tuple[Unit, ...]:
        return tuple(unit for unit in self.units if unit.is_item)

    @property
    def name(self) -> str:
        return self.heading.text.casefold()


@dataclass(frozen=True)
class Section:
    """A heading of level 1 or 2 and all below it; the first part is the heading's own. `end` leaves out the tail."""

    heading: Heading
    end: int
    parts: tuple[Part, ...]

    @property
    def units(self) -> list[Unit]:
        return [unit for part in self.parts for unit in part.units]


class Log:
    """A parsed changelog. Raises InvalidText when it is not UTF-8.

    The tail are the link definitions and blank lines at the very end. Every line has an ending here, also the last
    one of a file without; `joined` takes it off again.
    """

    def __init__(self, data: bytes) -> None:
        text = decoded(data)
        self.lines = data.splitlines(keepends=True)
        self._is_unended = bool(self.lines) and not self.lines[-1].endswith((b"\n", b"\r"))
        if self._is_unended:
            first = _NEWLINE.search(data)
            self.lines[-1] += first[0] if first else b"\n"
        self._tokens = Markdown(text).tokens
        self.headings = list(headings(self._tokens))
        self.tail = len(self.lines)
        while self.tail and (is_blank(self.lines[self.tail - 1]) or _LINK_DEFINITION.match(self.lines[self.tail - 1])):
            self.tail -= 1
        if self.headings:
            self.tail = max(self.tail, self.headings[-1].end)

    def joined(self, lines: Iterable[bytes]) -> bytes:
        """Lines as a file that ends with a newline only if this one does."""
        data = b"".join(lines)
        if not self._is_unended:
            return data
        return data[:-2] if data.endswith(b"\r\n") else data[:-1]

    def newline(self, heading: Heading) -> bytes:
        """The ending of a heading's line."""
        found = _NEWLINE.search(self.lines[heading.start])
        return found[0] if found else b"\n"

    @cached_property
    def sections(self) -> list[Section]:
        """All of them, in order."""
        parts = self._parts()
        starts = [number for number, part in enumerate(parts) if part.heading.level <= SECTION_LEVEL]
        # What stands above the first section has parts too, if it has headings of level 3; they belong to none.
        ends = [*starts[1:], len(parts)]
        found = [parts[start:end] for start, end in zip(starts, ends, strict=True)] if starts else []
        return [Section(each[0].heading, each[-1].end, tuple(each)) for each in found]

    @property
    def unreleased(self) -> Section:
        """The one `## [Unreleased]`; raises InvalidText, naming lines, if it is not the only one or not there."""
        heading = unreleased([each for each in self.headings if each.level <= SECTION_LEVEL])
        return next(section for section in self.sections if section.heading == heading)

    def section(self, label: str) -> Section:
        """The one section for `label`; raises InvalidText, naming lines."""
        found = [each for each in self.sections if each.heading.speaks_of(label)]
        if len(found) != 1:
            where = f", on {lines_text([each.heading.line for each in found])}" if found else ""
            raise InvalidText(f"The changelog has {len(found) or 'no'} sections for {label}{where}; there must be one.")
        return found[0]

    def text(self, unit: Unit) -> str:
        """What a unit says: an item without its mark, lines not indented for it, no blanks at their ends."""
        raw = [line.decode().rstrip() for line in self.lines[unit.start : unit.end]]
        mark = _MARKER.match(raw[0]) if unit.is_item else None
        if mark is None:
            return "\n".join(raw)
        width = len(mark[0].expandtabs(4))
        return "\n".join([raw[0][mark.end() :], *(_outdented(line, width) for line in raw[1:])])

    def mark(self, unit: Unit) -> bytes:
        """What stands before an item's text: its indentation and mark, such as `- `."""
        found = _MARKER.match(self.lines[unit.start].decode().removeprefix("\ufeff"))
        return found[0].rstrip().encode() + b" " if found else b"- "

    def is_loose(self, part: Part) -> bool:
        """Blank lines stand between its items."""
        return any(is_blank(self.lines[item.start - 1]) for item in part.items[1:])

    def _parts(self) -> list[Part]:
        units = self._units()
        found, number = [], 0
        for place, heading in enumerate(self.headings):
            end = self.headings[place + 1].start if place + 1 < len(self.headings) else self.tail
            while number < len(units) and units[number].start < heading.end:
                number += 1
            first = number
            while number < len(units) and units[number].start < end:
                number += 1
            found.append(Part(heading, end, tuple(units[first:number])))
        return found

    def _units(self) -> list[Unit]:
        found = []
        for opening, inside in blocks(self._tokens):
            if opening.type == "heading_open" or opening.map is None:
                continue
            if opening.type in {"bullet_list_open", "ordered_list_open"}:
                items = [token for token in inside if token.type == "list_item_open" and token.level == 1]
                found += [self._unit(item, is_item=True) for item in items]
            else:
                found.append(self._unit(opening, is_item=False))
        return [unit for unit in found if unit.start < unit.end]

    def _unit(self, token: Token, *, is_item: bool) -> Unit:
        start, end = token.map or (0, 0)
        end = min(end, self.tail)
        while end > start and is_blank(self.lines[end - 1]):
            end -= 1
        return Unit(start, end, is_item)


def headings(tokens: Sequence[Token]) -> list[Heading]:
    """The top-level headings among tokens."""
    return [
        Heading(token.map[0], token.map[1], int(token.tag[1:]), token.markup, tokens[number + 1].content)
        for number, token in enumerate(tokens)
        if token.type == "heading_open" and token.level == 0 and token.map
    ]


def section_headings(data: bytes) -> list[Heading]:
    """The headings of level 1 and 2: where a section begins or ends. Raises InvalidText when not UTF-8."""
    return [each for each in headings(Markdown(decoded(data)).tokens) if each.level <= SECTION_LEVEL]


def unreleased(found: Sequence[Heading]) -> Heading:
    """The one `## [Unreleased]` among headings; raises InvalidText, naming lines."""
    tops = [each for each in found if each.is_named(UNRELEASED)]
    if len(tops) == 1:
        return tops[0]
    if tops:
        lines = lines_text([each.line for each in tops])
        raise InvalidText(f"The changelog has {len(tops)} headings ## [Unreleased], on {lines}; keep one of them.")
    similar = [each.line for each in found if each.speaks_of(UNRELEASED)]
    hint = f"write the one on {lines_text(similar)} exactly so" if similar else "add one above the newest section"
    raise InvalidText(f"The changelog has no heading ## [Unreleased]; {hint}.")


def room_for(found: Sequence[Heading], label: str) -> Heading:
    """The one `## [Unreleased]`, below which a section for `label` may come; raises InvalidText if there is one."""
    top, ours = unreleased(found), [each.line for each in found if each.speaks_of(label)]
    if ours:
        must = f"there must be one at most, ## [{label}] - YYYY-MM-DD, below ## [Unreleased]"
        raise InvalidText(f"The changelog has a section for {label} already, on {lines_text(ours)}; {must}.")
    return top


def decoded(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        line = len(_NEWLINE.findall(data[: error.start])) + 1
        raise InvalidText(f"The changelog is not UTF-8 (line {line}); save it as UTF-8.") from error


def checked_version(heading: str) -> Version:
    """The version a heading names; raises InvalidVersion when it is not written as headings write it."""
    version = Version.parse(heading)
    if version.text != heading:
        raise InvalidVersion(f"A changelog heading is written {version.text}, not {heading}.")
    return version


def lines_text(numbers: Sequence[int]) -> str:
    """ "line 4", "lines 4 and 9", "lines 4, 9 and 12"."""
    *first, last = map(str, numbers)
    return f"lines {', '.join(first)} and {last}" if first else f"line {last}"


def definition_label(line: bytes) -> bytes | None:
    """The label of a link definition, in small letters; None if the line is none."""
    found = _LINK_DEFINITION.match(line)
    return found[1].lower() if found else None


def is_blank(line: bytes) -> bool:
    return not line.strip()


def trimmed(lines: Sequence[bytes]) -> list[bytes]:
    """Without the blank lines at both ends."""
    filled = [number for number, line in enumerate(lines) if not is_blank(line)]
    return list(lines[filled[0] : filled[-1] + 1]) if filled else []


def _outdented(line: str, width: int) -> str:
    rest = line.lstrip(" \t")
    blank = len(line[: len(line) - len(rest)].expandtabs(4))
    return " " * max(0, blank - width) + rest
