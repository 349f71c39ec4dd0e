"""What others send, before anything is made of it: text is bounded and holds only characters, an id is one or none.

A database, an address and a log get nothing that has not been through here.
"""

from collections.abc import Iterator
from typing import Any

#: Bytes. Matrix allows no longer id of anything; Slack's are far shorter.
LONGEST_ID = 255
#: Characters. A whole Matrix event is 65,536 bytes, a Slack message 40,000 characters.
LONGEST_TEXT = 65_536
#: No event of either chat nests deeper than a tenth of it.
DEEPEST = 100


def usable_id(value: object) -> str | None:
    """The id, or None for what cannot be one: no text, empty, longer than `LONGEST_ID`, or with blanks or controls."""
    if not isinstance(value, str) or not value.isprintable() or " " in value:
        return None
    return value if 0 < len(value) <= LONGEST_ID and len(value.encode()) <= LONGEST_ID else None


def needed_id(value: object) -> str:
    """The same where it cannot be done without. Raises ValueError, which does not repeat it."""
    found = usable_id(value)
    if found is None:
        raise ValueError("that is no id")
    return found


def readable(value: object, longest: int = LONGEST_TEXT) -> str:
    """The text, cut at `longest` characters, without NUL and halves of characters; empty for what is no text."""
    if not isinstance(value, str):
        return ""
    return value[:longest].replace("\0", "").encode("utf-8", "replace").decode("utf-8")


def is_flat(value: object, deepest: int = DEEPEST) -> bool:
    """Whether dictionaries and lists in it are nested no deeper than that; itself not recursive."""
    level: list[Any] = [value]
    for _ in range(deepest):
        level = [part for each in level for part in _parts(each)]
        if not level:
            return True
    return False


def _parts(value: object) -> Iterator[object]:
    if isinstance(value, dict):
        yield from (part for part in value.values() if isinstance(part, dict | list))
    elif isinstance(value, list):
        yield from (part for part in value if isinstance(part, dict | list))
