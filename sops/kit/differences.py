"""What changed between two commits, as people read it before they answer for it."""

from collections.abc import Sequence
from difflib import unified_diff

from sops.kit.action import World, short

LONGEST = 200  # lines; the rest is for git to show
WIDEST = 300  # characters of a line


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
    return list(unified_diff(old, new, was, now, lineterm="")) or [f"{path} differs, though not in its lines"]
