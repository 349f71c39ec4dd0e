"""When the next update comes, as it stands behind one: `next 15m`, `next one in 20 minutes`, `next at 10:20`. Pure."""

from dataclasses import dataclass
from datetime import time, timedelta

from sops.kit.patterns import Pattern

_NEXT = r"(?is)(|.*?[^\pL\pN_\-])next(?:\s+(?:update|one))?:?\s+"
_SPAN = Pattern(
    _NEXT + r"(?:in\s+)?([1-9][0-9]{0,3})\s*(m|mins?|minutes?|h|hrs?|hours?|d|days?)(?:\s+(?:please|or so))?[.!)\s]*"
)
_TIME = Pattern(_NEXT + r"(?:at\s+)?([01]?[0-9]|2[0-3])[:.]([0-5][0-9])(?:\s+today)?[.!)\s]*")
#: It looks like one: what stands behind "next" at the end begins like a time, or "next" begins its own clause.
_LIKE_ONE = Pattern(
    r"(?is)(|.*[^\pL\pN_\-])next(?:\s+(?:update|one))?:?\s+(?:in|at|by|around|about|[0-9]\S*)(?:\s+\S+){0,2}\s*"
    r"|.*[,;.]\s*next(?:\s+(?:update|one))?(?:\s+\S+)?\s*"
)
#: "over the next 2h" is said of the work, and promises nothing.
_OF_THE_WORK = Pattern(r"(?is)(?:.*\s)?(?:the|its|our|their|for|within)\s*")
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}


@dataclass(frozen=True)
class Next:
    """What was said before it, and when the next one comes: after a span, or at a time of the organisation's day."""

    text: str
    span: timedelta | None = None
    at: time | None = None
    unread: bool = False  # it says when, and not so that it can be read


def next_of(text: str) -> Next:
    """What ends in no such word is all text, and so is what cannot be read."""
    if (found := _SPAN.fullmatch(text)) and not _OF_THE_WORK.fullmatch(found[1]):
        return Next(_before(found[1]), span=timedelta(**{_UNITS[found[3][0].lower()]: int(found[2])}))
    if (found := _TIME.fullmatch(text)) and not _OF_THE_WORK.fullmatch(found[1]):
        return Next(_before(found[1]), at=time(int(found[2]), int(found[3])))
    like_one = _LIKE_ONE.fullmatch(text)
    return Next(text, unread=like_one is not None and not _OF_THE_WORK.fullmatch(like_one[1] or ""))


def _before(text: str) -> str:
    return text.rstrip(" \t\r\n,;:.(-–—")
