"""What changed between two commits, as people read it before they answer for it."""

from collections.abc import Sequence
from difflib import unified_diff
from itertools import takewhile

from sops.kit.action import World, short
from sops.kit.patterns import Pattern

LONGEST = 200  # lines; the rest is for git to show
WIDEST = 300  # characters of a line
COMPARED = 400  # lines from the first to the last changed one: what compares them takes time in the square of it
_AROUND = 3  # unchanged lines shown around a change
_PLACE = Pattern(r"@@ -([0-9]+)((?:,[0-9]+)?) \+([0-9]+)((?:,[0-9]+)?) @@")


async def unified(world: World, old: str, new: str, paths: Sequence[str]) -> str:
    """The changes of these paths as a unified diff, cut where it gets long; of what is no text only that it differs."""
    lines: list[str] = []
    for path in paths:
        before, after = await world.git.read(old, path), await world.git.read(new, path)
        lines += _changes(path, before, after)
    more = len(lines) - LONGEST
    shown = [line[:WIDEST] for line in lines[:LONGEST]]
    rest = [f"… and {more} more lines: git diff {short(old)} {short(new)}"] if more > 0 else []
    return "\n".join([*shown, *rest])


def _changes(path: str, before: bytes | None, after: bytes | None) -> list[str]:
    try:
        old, new = [(data or b"").decode().splitlines() for data in (before, after)]
    except UnicodeDecodeError:
        return [f"{path} differs, and is no text"]
    was, now = ("/dev/null" if data is None else path for data in (before, after))
    return _unified(old, new, was, now) or [f"{path} differs, though not in its lines"]


def _unified(old: Sequence[str], new: Sequence[str], was: str, now: str) -> list[str]:
    """As a unified diff; what lies between the first and the last change is shown as a whole where it is long."""
    head = _alike(old, new)
    tail = min(_alike(old[::-1], new[::-1]), min(len(old), len(new)) - head)
    gone, come = old[head : len(old) - tail], new[head : len(new) - tail]
    if max(len(gone), len(come)) > COMPARED:
        place = f"@@ -{head + 1},{len(gone)} +{head + 1},{len(come)} @@"
        return [f"--- {was}", f"+++ {now}", place, *(f"-{line}" for line in gone), *(f"+{line}" for line in come)]
    begin, more = max(0, head - _AROUND), max(0, tail - _AROUND)
    around = old[begin : len(old) - more], new[begin : len(new) - more]
    return [_moved(line, begin) for line in unified_diff(*around, was, now, lineterm="", n=_AROUND)]


def _alike(old: Sequence[str], new: Sequence[str]) -> int:
    """How many lines both begin with."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(old, new, strict=False)))


def _moved(line: str, by: int) -> str:
    """A hunk's place, so many lines further down; any other line begins with another character."""
    found = _PLACE.fullmatch(line)
    if found is None:
        return line
    return f"@@ -{int(found[1]) + by}{found[2]} +{int(found[3]) + by}{found[4]} @@"
