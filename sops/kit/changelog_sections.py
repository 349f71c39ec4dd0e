"""A section of its own for a patch: it comes below `[Unreleased]` and what that holds, above the newest release.

Like the other edits of a changelog it only inserts; no byte that was there changes.
"""

from datetime import date

from sops.kit import escaping
from sops.kit.changelog import is_dated
from sops.kit.changelog_parts import room_for, section_headings
from sops.kit.errors import InvalidText
from sops.kit.markdown import Markdown
from sops.kit.patterns import Pattern
from sops.kit.version import Version

_ENDING = Pattern(rb"\r\n?|\n")


def new_section(data: bytes, version: str, day: date, kind: str, entry: str) -> bytes:
    """The changelog with `## [version] - day`, and under it `### kind` with that one entry.

    The file as it was when it has such a section already. Raises InvalidText, naming what is wrong, when the file is
    not UTF-8, has no single `## [Unreleased]`, or speaks of the version in a heading that is not this one's.
    """
    name = Version.parse(version).text
    if is_dated(data, name):
        return data
    found = section_headings(data)
    top = room_for(found, name)
    below = next((each.start for each in found if each.start > top.start), None)
    lines = data.splitlines(keepends=True)
    ending = _ENDING.search(data)
    newline = ending[0] if ending else b"\n"
    texts = (f"## [{name}] - {day.isoformat()}", "", f"### {kind}", "", f"- {entry}", "")
    section = [text.encode() + newline for text in texts]
    if below is None:
        if not lines[-1].endswith((b"\n", b"\r")):
            lines.append(newline)
        return b"".join([*lines, newline, *section[:-1]])
    return b"".join([*lines[:below], *section, *lines[below:]])


def is_entry(text: str) -> bool:
    """Where it stands first in an entry it reads as a sentence; not as a heading, a list, a quote or nothing at all."""
    first = next(iter(Markdown(escaping.entry(text)).tokens), None)
    return first is not None and first.type in {"paragraph_open", "html_block"}


def has_entry(data: bytes, version: str, entry: str) -> bool:
    """The version's section has that entry, as one line. Raises InvalidText when the file is not UTF-8."""
    return len(_lines_of(data, version, entry)) == 1


def reworded(data: bytes, version: str, old: str, new: str) -> bytes:
    """The changelog with that entry of the version's section worded anew; nothing else changes.

    Raises InvalidText when the section does not have the old entry exactly once.
    """
    found = _lines_of(data, version, old)
    if len(found) != 1:
        raise InvalidText(f"Under {version} the changelog does not say once: - {old}")
    lines = data.splitlines(keepends=True)
    line = lines[found[0]]
    lines[found[0]] = f"- {new}".encode() + line[len(line.rstrip(b"\r\n")) :]
    return b"".join(lines)


def _lines_of(data: bytes, version: str, entry: str) -> list[int]:
    """Where that entry stands in the section of the version, as numbers of lines from 0."""
    found = section_headings(data)
    ours = next((number for number, each in enumerate(found) if each.speaks_of(version)), None)
    if ours is None:
        return []
    lines = data.splitlines()
    end = found[ours + 1].start if ours + 1 < len(found) else len(lines)
    return [number for number in range(found[ours].end, end) if lines[number] == f"- {entry}".encode()]
