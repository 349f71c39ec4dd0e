"""New entries in a changelog: lines are only inserted; what was there stays byte for byte."""

from sops.kit.changelog_parts import Log, Part, Section, is_blank, lines_text
from sops.kit.errors import InvalidText

#: The order Keep a Changelog gives its parts.
PARTS = ("Added", "Changed", "Deprecated", "Removed", "Fixed", "Security")
_PART_LEVEL = 3


def unreleased_entries(data: bytes) -> list[str]:
    """The top-level items under `## [Unreleased]`, each with its nested lines, without its mark.

    Raises InvalidText as every edit here does: not UTF-8, or not exactly one `## [Unreleased]`.
    """
    log = Log(data)
    return [log.text(unit) for unit in log.unreleased.units if unit.is_item]


def add_entry(data: bytes, section: str, text: str) -> bytes:
    """`- text` after the last item under `### section` of `## [Unreleased]`; further lines of `text` are indented.

    The part is made, in Keep a Changelog's order, when it is missing. The mark is the one its list uses.
    """
    log = Log(data)
    top = log.unreleased
    twins = [part for part in top.parts if part.heading.level == _PART_LEVEL and part.name == section.casefold()]
    if len(twins) > 1:
        where = lines_text([part.heading.line for part in twins])
        raise InvalidText(f"[Unreleased] has {len(twins)} parts ### {section}, on {where}; make them one.")
    place, new = _behind_last(log, twins[0], text) if twins else _new_part(log, top, section, text)
    return _inserted(log, place, new)


def _behind_last(log: Log, part: Part, text: str) -> tuple[int, list[bytes]]:
    newline = log.newline(part.heading)
    if part.items:
        last = part.items[-1]
        item = _item(log.mark(last), text, newline)
        return last.end, [newline, *item] if log.is_loose(part) else item
    item = _item(b"- ", text, newline)
    filled = [number for number in range(part.body, part.end) if not is_blank(log.lines[number])]
    if filled:
        return filled[-1] + 1, [newline, *item]
    gap = [newline] if _is_airy(log) else []
    follows = part.end < len(log.lines) and part.end == part.body
    return part.body, [*gap, *item, *(gap if follows else [])]


def _new_part(log: Log, top: Section, section: str, text: str) -> tuple[int, list[bytes]]:
    newline = log.newline(top.heading)
    gap = [newline] if _is_airy(log) else []
    part = [f"### {section}".encode() + newline, *gap, *_item(b"- ", text, newline)]
    later = [each.heading for each in top.parts if each.heading.level == _PART_LEVEL and _rank(each) > _order(section)]
    if later:
        place = later[0].start
        return place, [*([] if is_blank(log.lines[place - 1]) else gap), *part, *gap]
    place = top.end
    while place > top.heading.end and is_blank(log.lines[place - 1]):
        place -= 1
    follows = place < len(log.lines) and not is_blank(log.lines[place])
    # A paragraph right above would be fine for `###`, but reads badly in any style.
    return place, [*(gap or ([newline] if place > top.heading.end else [])), *part, *(gap if follows else [])]


def _item(mark: bytes, text: str, newline: bytes) -> list[bytes]:
    """The lines of one item. Raises InvalidText when there is nothing to say."""
    lines = [line.rstrip() for line in text.strip().splitlines()]
    if not lines:
        raise InvalidText("An entry of the changelog needs some words.")
    indent = b" " * len(mark)
    rest = [indent + line.encode() if line else b"" for line in lines[1:]]
    return [line + newline for line in (mark + lines[0].encode(), *rest)]


def _inserted(log: Log, place: int, new: list[bytes]) -> bytes:
    return log.joined([*log.lines[:place], *new, *log.lines[place:]])


def _is_airy(log: Log) -> bool:
    """A blank line stands below the headings of this file; so it is where none has anything below."""
    filled = [part for section in log.sections for part in section.parts[1:] if part.units]
    below = [is_blank(log.lines[part.body]) for part in filled]
    return below.count(True) >= below.count(False)


def _order(section: str) -> int:
    names = [name.casefold() for name in PARTS]
    return names.index(section.casefold()) if section.casefold() in names else len(names)


def _rank(part: Part) -> int:
    return _order(part.heading.text)
