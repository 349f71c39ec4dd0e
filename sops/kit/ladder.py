"""Who is called while nobody answers: a ladder that widens, and whose last rung is called again and again, for ever.

Written as a list of lines, as the settings have it: `15m: everyone, other chat` is a rung, `every 5m until 1h` and
last `every 30m` say how often the last rung is called from then on. `in working hours` before them moves every call
into those.
"""

from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache

from sops.kit.model import Role

#: The first, and the second, of those who answer for it, in the order the settings name them.
FIRST, SECOND = "first", "second"
#: Everybody with any role; and, beside people, the channel for it in each other chat.
EVERYONE, OTHER_CHAT = "everyone", "other chat"
WORKING = "in working hours"
CALLED = (FIRST, SECOND, *(role.value for role in Role if role is not Role.ANYONE), EVERYONE, OTHER_CHAT)

_UNITS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}
_EVER = timedelta.max
_SHORTEST = timedelta(minutes=1)  # between two calls


def span_of(text: str) -> timedelta:
    """30m, 2h or 3d. Raises ValueError for anything else."""
    number, unit = text[:-1], text[-1:]
    if not (number.isascii() and number.isdigit()) or len(number) > 4 or unit not in _UNITS:
        raise ValueError(f"{text[:20]!r} is no time; say 30m, 2h or 3d")
    return int(number) * _UNITS[unit]


@dataclass(frozen=True)
class Rung:
    """Whom to call once so much time has gone by."""

    after: timedelta
    calls: tuple[str, ...]


@dataclass(frozen=True)
class Ladder:
    """Calls are counted from 0: each rung once, then the last one at the pace of `then`, (until, every), the last of
    which has no end. `working`: only in working hours.
    """

    rungs: tuple[Rung, ...]
    then: tuple[tuple[timedelta, timedelta], ...]
    working: bool = False

    def rung(self, number: int) -> Rung:
        """What that call calls."""
        return self.rungs[max(0, min(number, len(self.rungs) - 1))]

    def at(self, number: int) -> timedelta:
        """When that call is due, from the beginning."""
        if number < len(self.rungs):
            return self.rungs[number].after
        left, at = number - len(self.rungs) + 1, self.rungs[-1].after
        for until, every in self.then[:-1]:
            here = max(0, (until - at) // every)
            if left <= here:
                return at + left * every
            left, at = left - here, at + here * every
        return at + left * self.then[-1][1]

    def last_by(self, gone: timedelta) -> int:
        """The number of the last call that is due when so much time has gone by; -1 before the first."""
        if gone < self.rungs[-1].after:
            return sum(rung.after <= gone for rung in self.rungs) - 1
        number, at = len(self.rungs) - 1, self.rungs[-1].after
        for until, every in self.then:
            here = (min(until, gone) - at) // every
            if here > 0:
                number, at = number + here, at + here * every
            if gone < until:
                break
        return number


@lru_cache(maxsize=64)
def ladder(lines: tuple[str, ...]) -> Ladder:
    """Raises ValueError naming the line that says nothing, or that comes too early."""
    working = lines[:1] == (WORKING,)
    rungs: list[Rung] = []
    then: list[tuple[timedelta, timedelta]] = []
    for each in lines[working:]:
        if each.startswith("every "):
            then.append(_pace(each))
        elif then:
            raise ValueError(f"{each!r} stands behind an `every`, which is only for the end")
        else:
            rungs.append(_rung(each))
    if not rungs or not then:
        raise ValueError("a ladder has at least one rung (`0m: first`), and ends with `every 30m`")
    if [rung.after for rung in rungs] != sorted({rung.after for rung in rungs}):
        raise ValueError("each rung of a ladder comes later than the one before")
    ends = [until for until, _ in then]
    if ends != sorted(set(ends)) or ends[-1] is not _EVER or _EVER in ends[:-1]:
        raise ValueError("of several `every`, each but the last has an `until`, each later than the one before")
    return Ladder(tuple(rungs), tuple(then), working)


def _rung(text: str) -> Rung:
    after, colon, names = text.partition(":")
    calls = tuple(name.strip() for name in names.split(","))
    for name in calls:
        if name not in CALLED:
            raise ValueError(f"{text!r}: nobody is called {name!r}; there are {', '.join(CALLED)}")
    if not colon:
        raise ValueError(f"{text!r} is no rung; say 5m: first, second")
    return Rung(span_of(after.strip()), calls)


def _pace(text: str) -> tuple[timedelta, timedelta]:
    words = text.split()
    if len(words) not in {2, 4} or (len(words) == 4 and words[2] != "until"):
        raise ValueError(f"{text!r} is no pace; say every 5m until 1h, or every 30m")
    every = span_of(words[1])
    if every < _SHORTEST:
        raise ValueError(f"{text!r}: a minute at least lies between two calls")
    return (span_of(words[3]) if len(words) == 4 else _EVER), every
