"""Whether a tree holds what a change made: its new lines, what it took away, its tests. History alone tells nothing of
that: a merge that keeps one side has both as its parents.
"""

from collections import Counter
from collections.abc import Sequence

from sops.kit.action import World
from sops.kit.escaping import printable
from sops.kit.run import Run
from sops.kit.world import Commit

SHOWN = 4


def lacks(path: str, before: bytes | None, after: bytes | None, there: bytes | None) -> str:
    """What of a file's change, from `before` to `after`, is not in `there`, in a few words; empty if nothing.

    Lines count, wherever they stand, as the file may have gone on since; of bytes that are no text, every byte.
    """
    name = printable(path)
    if after in {there, before}:
        return ""
    if after is None:
        return f"{name} is still there"
    if there is None:
        return f"{name} is missing"
    if any(b"\0" in each for each in (before or b"", after, there)):
        return f"{name} is another file"
    old, new, now = (Counter(_lines(each)) for each in (before or b"", after, there))
    added = {line: count for line, count in new.items() if count > old[line]}
    gone = {line: new[line] for line, count in old.items() if count > new[line]}
    # Lines of which there were some before, such as a brace, tell little; where there are others, those decide.
    told = {line: count for line, count in added.items() if not old[line]}, {line: 0 for line in gone if not new[line]}
    wanted, unwanted = told if any(told) else (added, gone)
    left = sum(now[line] < count for line, count in wanted.items())
    kept = sum(now[line] > count for line, count in unwanted.items())
    parts = [f"lacks {_count(left)} of it"] * bool(left) + [f"still has {_count(kept)} it takes away"] * bool(kept)
    return f"{name} {' and '.join(parts)}" if parts else ""


def _lines(text: bytes) -> list[bytes]:
    return [line.strip() for line in text.splitlines() if line.strip()]


def _count(lines: int) -> str:
    return f"{lines} line{'' if lines == 1 else 's'}"


async def lacking(run: Run, world: World, tip: str, base: str, head: str) -> list[str]:
    """What `tip` lacks of the change from `base` to `head`, file by file, its tests last; empty if nothing.

    What a release says of itself, its changelog and version, does not count. Where `head` came to the branch by a
    merge that held the change, what was done to it since is the branch's own affair.
    """
    found = await _lacking(run, world, tip, base, head)
    merge = await _brought_by(world, tip, head) if found else None
    return [] if merge and not await _lacking(run, world, merge, base, head) else found


async def _lacking(run: Run, world: World, tip: str, base: str, head: str) -> list[str]:
    own = {run.policy.changelog, *(file.path for file in run.policy.version_files)}
    paths = [path for path in await world.git.changed_paths(base, head) if path not in own]
    paths.sort(key=lambda path: any(word.lower() in path.lower() for word in run.policy.test_paths))
    found = [lacks(path, *[await world.git.read(at, path) for at in (base, head, tip)]) for path in paths]
    return [each for each in found if each]


async def _brought_by(world: World, tip: str, head: str) -> str | None:
    """The commit of the branch's own chain with which `head` came to it; None where it did not."""
    chain: Sequence[Commit] = await world.git.first_parents(head, tip)
    newest, oldest = 0, len(chain) - 1
    if not chain or not await world.git.is_ancestor(head, chain[0].sha):
        return None
    while newest < oldest:  # each commit of the chain reaches all that an older one does
        middle = (newest + oldest + 1) // 2
        if await world.git.is_ancestor(head, chain[middle].sha):
            newest = middle
        else:
            oldest = middle - 1
    return chain[newest].sha


def shown(lacks_: Sequence[str]) -> str:
    """The first few, and how many more there are."""
    more = f" and {len(lacks_) - SHOWN} more" if len(lacks_) > SHOWN else ""
    return f"{'; '.join(lacks_[:SHOWN])}{more}"
