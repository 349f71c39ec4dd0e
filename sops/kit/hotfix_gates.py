"""What a hotfix waits for, and what it must know before it asks for a yes."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sops.kit.action import News, World, fill, short
from sops.kit.errors import InvalidText
from sops.kit.escaping import printable
from sops.kit.freeze_gates import frozen
from sops.kit.gate import Condition, Gate, Met, Waiting
from sops.kit.publishing import SAYS, release_text
from sops.kit.run import Run
from sops.kit.security_table import lists
from sops.kit.world import Commit


@dataclass(frozen=True)
class AffectedRelease(Gate):
    """The release it patches is tagged where it was when the run began, and the patch is still to come."""

    early = True

    def says(self, run: Run) -> str:
        newest = run.facts.get("latest.stays")
        stays = f"; {newest} is out, so latest stays there" if newest else ""
        passed, base = run.facts.get("base.passed"), run.facts.get("base.tag", "the affected tag")
        where = f", so it starts from {base}" if base != f"v{passed}" else "; it starts from that all the same"
        back = f"; {run.facts['base.back']} took {passed} back{where}" if passed else ""
        return f"see that {base} is there and {run.version} is not{back}{stays}"

    async def check(self, run: Run, world: World) -> Met | Waiting:
        if await world.git.tag(f"v{run.version}") is not None:
            return Waiting(f"{run.version} is released already, as v{run.version}; choose a later version", stuck=True)
        base = await world.git.tag(run.facts["base.tag"])
        if base is None:
            return Waiting(f"the tag {run.facts['base.tag']} is gone", stuck=True)
        if base.commit != run.facts["base.commit"]:
            return Waiting(
                f"the tag {base.name} was moved to {short(base.commit)}; find out who did that first", stuck=True
            )
        return Met()


@dataclass(frozen=True)
class FixBeyondTag(Gate):
    """The branch holds a commit beyond the tag. A change that touches no test is told once (SOP-02 row 2)."""

    branch: str
    firm = True  # a hotfix that mends nothing is the decision of two

    def says(self, run: Run) -> str:
        return f"see a fix on {fill(self.branch, run)}"

    async def check(self, run: Run, world: World) -> Met | Waiting:
        name, base = fill(self.branch, run), run.facts["base.commit"]
        tip = await world.git.branch(name)
        if tip is None or tip == base:
            return Waiting(f"{name} has no commit beyond {run.facts['base.tag']}")
        if not await world.git.is_ancestor(base, tip):
            return Waiting(f"{name} does not come from {run.facts['base.tag']}")
        untested = not tested(run, await world.git.changed_paths(base, tip))
        tell = untested and not run.facts.get("untested.told")
        facts = {"fix": tip, "untested": untested, **({"untested.told": True} if tell else {})}
        return Met(facts, (News("untested-fix", {"fix": tip}),) if tell else ())


def tested(run: Run, paths: Iterable[str]) -> bool:
    """Some path looks like a test's."""
    return any(word.lower() in path.lower() for path in paths for word in run.policy.test_paths)


@dataclass(frozen=True)
class ChangelogText(Gate):
    """Somebody said what the changelog shall say."""

    def says(self, run: Run) -> str:
        return "wait for the changelog's text"

    async def check(self, run: Run, world: World) -> Met | Waiting:
        if not str(run.facts.get("changelog") or "").strip():
            return Waiting("the changelog's text is missing; say !set changelog and one sentence")
        return Met()


@dataclass(frozen=True)
class WhatMainHolds(Gate):
    """Learns whether `main` holds commits outside the affected line; never in the way.

    Where it does, a merge would ship them, so the approved head itself is released. What it learned is part of what
    is approved. It learns as well whether releases are frozen, and what the head as it is now says in its changelog and
    whether it touches a test.
    """

    def says(self, run: Run) -> str:
        return f"see what {run.policy.main} holds beside {run.line}"

    async def check(self, run: Run, world: World) -> Met | Waiting:
        head = run.facts["head"]
        tip = await world.git.branch(run.policy.main)
        others = await outside_line(run, world, tip, head) if tip else []
        paths = await world.git.changed_paths(run.facts["base.commit"], head)
        return Met(
            {
                "main.holds": [f"{short(commit.sha)} {commit.subject}"[:80] for commit in others],
                "untested": not tested(run, paths),
                "reveals": [printable(path) for path in paths] if run.private else [],
                "frozen": on.title if (on := await frozen(world)) else "",
                SAYS: await release_text(run, world, run.version, head),
            }
        )


async def outside_line(run: Run, world: World, tip: str, head: str) -> Sequence[Commit]:
    """What `tip` holds that belongs neither to a release of the affected line nor to this hotfix, newest first.

    A merge belongs to the line when everything it merges does.
    """
    base, line = run.facts["base.commit"], run.line
    found = await world.git.log(base, tip)
    if not found:
        return ()
    inside = {commit.sha for commit in await world.git.log(base, head)}
    for tag in await world.git.tags():
        if tag.name.startswith(f"v{line}.") and "-" not in tag.name and tag.commit != base:
            inside |= {commit.sha for commit in await world.git.log(base, tag.commit)}
    beyond = {commit.sha for commit in found}
    while merges := [c for c in found if c.sha not in inside and _of_line(c, inside, beyond)]:
        inside |= {commit.sha for commit in merges}
    return [commit for commit in found if commit.sha not in inside]


def _of_line(commit: Commit, inside: set[str], beyond: set[str]) -> bool:
    """It is a merge, and each parent is of the line or as old as the release."""
    return len(commit.parents) > 1 and all(sha in inside or sha not in beyond for sha in commit.parents)


@dataclass(frozen=True)
class Owing(Condition):
    """The fix, or what tells of it, is on a branch for `develop`; not where people left that out."""

    def holds(self, run: Run) -> bool:
        return bool(run.facts.get("back-port.commits") or run.facts.get("back-port.recorded"))

    def says(self, run: Run) -> str:
        return f"if {run.policy.develop} lacks the fix"

    def otherwise(self, run: Run) -> str:
        return f"nothing to bring to {run.policy.develop}"


@dataclass(frozen=True)
class SupportedLine(Gate):
    """Learns whether the table of supported versions lacks the line; where there is no such table, nothing is."""

    def says(self, run: Run) -> str:
        return f"see {run.line}.x in {run.policy.security_policy}"

    async def check(self, run: Run, world: World) -> Met | Waiting:
        tip = await world.git.branch(run.policy.main)
        data = await world.git.read(tip, run.policy.security_policy) if tip else None
        try:
            lacks = data is not None and not lists(data, run.line)
        except InvalidText:
            lacks = False
        return Met({"table.lacks": lacks})


@dataclass(frozen=True)
class TableLacks(Condition):
    """It is about security, and the table of supported versions lacks the line."""

    def holds(self, run: Run) -> bool:
        return bool(run.facts.get("security") and run.facts.get("table.lacks"))

    def says(self, run: Run) -> str:
        return f"if {run.policy.security_policy} lacks {run.line}.x"

    def otherwise(self, run: Run) -> str:
        return "nothing to add" if run.facts.get("security") else "not about security"


@dataclass(frozen=True)
class Security(Condition):
    """The hotfix closes a security hole."""

    def holds(self, run: Run) -> bool:
        return bool(run.facts.get("security")) and not run.private

    def says(self, run: Run) -> str:
        return "if it is about security"

    def otherwise(self, run: Run) -> str:
        return "its security response does it" if run.private else "not about security"
