"""A section of its own for a patch: it comes below `[Unreleased]` and what that holds, above the newest release.

Like the other edits of a changelog it only inserts; no byte that was there changes.
"""

import re
from datetime import date

from sops.kit.changelog import is_dated
from sops.kit.changelog_parts import section_headings, unreleased
from sops.kit.errors import InvalidText
from sops.kit.version import Version

_ENDING = re.compile(rb"\r\n?|\n")


def new_section(data: bytes, version: str, day: date, kind: str, entry: str) -> bytes:
    """The changelog with `## [version] - day`, and under it `### kind` with that one entry.

    The file as it was when it has such a section already. Raises InvalidText, naming what is wrong, when the file is
    not UTF-8, has no single `## [Unreleased]`, or speaks of the version in a heading that is not this one's.
    """
    name = Version.parse(version).text
    if is_dated(data, name):
        return data
    found = section_headings(data)
    spoken = [each.line for each in found if each.speaks_of(name)]
    if spoken:
        raise InvalidText(f"The changelog speaks of {name} on line {spoken[0]}, but not as ## [{name}] - <a date>.")
    top = unreleased(found)
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
