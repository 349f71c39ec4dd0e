"""Edits of a changelog in the Keep a Changelog format. All of them only insert; no byte that was there changes.

So a mix of line endings, a byte order mark, prose, nested lists and the missing last newline survive. Link
definitions such as `[Unreleased]: …/compare/v1.3.0...HEAD` are left as they are too: the tag a comparison would
name does not exist yet, and not every changelog has them.

Headings are what Markdown takes for one at the top level: nothing inside a code block, a comment, a list or a quote.
"""

from datetime import date

from sops.kit.changelog_parts import (
    UNRELEASED,
    Heading,
    checked_version,
    definition_label,
    lines_text,
    room_for,
    section_headings,
    unreleased,
)
from sops.kit.errors import InvalidText, InvalidVersion
from sops.kit.patterns import Pattern

_NEWLINE = Pattern(rb"\r\n?|\n")
_DATE = Pattern(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def date_unreleased(data: bytes, heading: str, day: date) -> bytes:
    """What is under `## [Unreleased]` goes under `## [heading] - day`; an empty `[Unreleased]` stays on top.

    `heading` is a version's text. Raises InvalidText, naming lines, when the file is not UTF-8, when there is no
    `## [Unreleased]` or more than one, or when a section for `heading` is there already (ask `is_dated` first).
    """
    checked_version(heading)
    headings = section_headings(data)
    return _insert_heading(data, room_for(headings, heading), f"## [{heading}] - {day.isoformat()}")


def date_candidate(data: bytes, new_heading: str, day: date, previous_heading: str) -> bytes:
    """The same for a further candidate: what was written since `previous_heading` goes under `new_heading`.

    The previous candidate's section stays below, untouched. Raises InvalidText also when it is missing or not
    below `[Unreleased]`, InvalidVersion when `new_heading` is not a later candidate of the same version.
    """
    new, previous = checked_version(new_heading), checked_version(previous_heading)
    if new.final != previous.final or new <= previous:
        raise InvalidVersion(f"{new_heading} is not a later candidate of {previous_heading}.")
    headings = section_headings(data)
    top = unreleased(headings)
    below = [found for found in headings if found.speaks_of(previous_heading)]
    if len(below) != 1 or below[0].start < top.start:
        where = f"is on {lines_text([found.line for found in below])}" if below else "is missing"
        raise InvalidText(f"The section for {previous_heading} {where}; there must be one, below [Unreleased].")
    return date_unreleased(data, new_heading, day)


def is_dated(data: bytes, heading: str) -> bool:
    """There is one section for `heading`, it is `## [heading] - <a date>`, and one `[Unreleased]` is above it.

    Any date will do: an edit repeated after midnight must find itself done. Raises InvalidText if not UTF-8.
    """
    headings = section_headings(data)
    ours = [found for found in headings if found.speaks_of(heading)]
    tops = [found for found in headings if found.is_named(UNRELEASED)]
    if len(ours) != 1 or len(tops) != 1 or ours[0].marks != "##":
        return False
    start = f"[{heading}] - "
    dated = ours[0].text.startswith(start) and _is_date(ours[0].text.removeprefix(start))
    return dated and tops[0].start < ours[0].start


def entries(data: bytes, heading: str) -> bytes:
    """What stands below the heading of one section, without the blank lines and link definitions around it.

    Raises InvalidText when there is not exactly one section for `heading` ("Unreleased" is one), or not UTF-8.
    """
    headings = section_headings(data)
    found = [number for number, each in enumerate(headings) if each.speaks_of(heading)]
    if len(found) != 1:
        where = f", on {lines_text([headings[number].line for number in found])}" if found else ""
        raise InvalidText(f"The changelog has {len(found) or 'no'} sections for {heading}{where}; there must be one.")
    number = found[0]
    end = headings[number + 1].start if number + 1 < len(headings) else None
    body = data.splitlines(keepends=True)[headings[number].end : end]
    while body and (not body[-1].strip() or definition_label(body[-1]) is not None):
        body.pop()
    return b"".join(body).strip(b"\r\n")


def _insert_heading(data: bytes, below: Heading, text: str) -> bytes:
    """Insert a heading after the line of another, in that line's ending (the file's first, if it has none)."""
    lines = data.splitlines(keepends=True)
    before, after = b"".join(lines[: below.end]), b"".join(lines[below.end :])
    ending = _NEWLINE.search(lines[below.start]) or _NEWLINE.search(data)
    newline = ending[0] if ending else b"\n"
    if not before.endswith((b"\n", b"\r")):
        return before + newline * 2 + text.encode()
    return before + newline + text.encode() + newline + after


def _is_date(text: str) -> bool:
    if not _DATE.fullmatch(text):
        return False
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True
