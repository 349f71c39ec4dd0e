"""What is owed and can be seen: gates that an obligation carries as values, so that nobody's word is needed.

A debt without such a gate is met by a sentence; `!waive`, by two people, lets either kind go.
"""

from dataclasses import dataclass

from sops.kit.action import World, fill, short
from sops.kit.errors import FarEndError, FarEndRefused
from sops.kit.gate import Gate, Met, Waiting
from sops.kit.held import lacking, shown
from sops.kit.model import Piece
from sops.kit.rolled_back import nothing_owed
from sops.kit.run import Obligation, Run, StepState
from sops.kit.world import Commit


def probe_of(debt: Obligation) -> Gate | None:
    """What to look at for this debt; None where a person's word is all there is."""
    piece = Piece.load(debt.probe) if debt.probe else None
    return piece if isinstance(piece, Gate) else None


async def missing(debt: Obligation, run: Run, world: World) -> str | None:
    """What the debt of that run still lacks, empty if nothing; None where it cannot be seen. Raises far-end errors."""
    gate = probe_of(debt)
    if gate is None:
        return None
    found = await gate.check(run, world)
    return found.note if isinstance(found, Waiting) else ""


async def paid(debt: Obligation, run: Run, world: World) -> Met | None:
    """What is seen, where nothing is lacking; its `note` says why not, if it never will be. Nothing is claimed of a
    far end in trouble.
    """
    gate = probe_of(debt)
    try:
        found = await gate.check(run, world) if gate else None
    except (FarEndError, FarEndRefused):
        return None
    return found if isinstance(found, Met) else None


@dataclass(frozen=True)
class Holds(Gate):
    """The branch holds the commit itself."""

    branch: str
    commit: str

    def says(self, run: Run) -> str:
        return f"see {short(self.commit)} in {fill(self.branch, run)}"

    async def check(self, run: Run, world: World) -> Met | Waiting:
        name = fill(self.branch, run)
        tip = await world.git.branch(name)
        if tip is not None and await world.git.is_ancestor(self.commit, tip):
            return Met()
        return Waiting(f"{name} does not hold {short(self.commit)}; a merge of it, not a squash, brings it there")


@dataclass(frozen=True)
class HoldsRelease(Holds):
    """The branch holds the commit of that version, and what people changed for it since what the run began from: a
    merge that took the branch's side does not count. Nor need a version that was taken back be anywhere.
    """

    version: str

    async def check(self, run: Run, world: World) -> Met | Waiting:
        if (over := await nothing_owed(self.version, world)) is not None:
            return over
        found, base = await super().check(run, world), str(run.facts.get("base.commit") or "")
        name = fill(self.branch, run)
        tip = await world.git.branch(name) if base and isinstance(found, Met) else None
        left = await lacking(run, world, tip, base, self.commit) if base and tip else []
        if not left:
            return found
        picks = [short(fix.sha) for fix in await fixes_between(run, world, base, self.commit)]
        way = f"; git cherry-pick -x {' '.join(picks)} brings it there" if picks else ""
        return Waiting(f"{name} has {short(self.commit)} in its history, but not its change: {shown(left)}{way}")


@dataclass(frozen=True)
class HoldsChange(Gate):
    """The branch holds the commit's change: the commit itself, a copy of it, or what it says in every file it touches.

    Of a commit to the changelog alone, its entries count, wherever they stand.
    """

    branch: str
    commit: str

    def says(self, run: Run) -> str:
        return f"see the change of {short(self.commit)} in {fill(self.branch, run)}"

    async def check(self, run: Run, world: World) -> Met | Waiting:
        name = fill(self.branch, run)
        tip = await world.git.branch(name)
        if tip is not None and await _holds(run, world, tip, await world.git.describe(self.commit)):
            return Met()
        return Waiting(f"{name} does not hold the change of {short(self.commit)}; cherry-pick it there with -x")


@dataclass(frozen=True)
class HoldsFix(Gate):
    """The branch holds every change that people made from `base` to `head`; versions and changelog do not count."""

    branch: str
    base: str
    head: str

    def says(self, run: Run) -> str:
        return f"see the fix of {run.release} in {fill(self.branch, run)}"

    async def check(self, run: Run, world: World) -> Met | Waiting:
        name = fill(self.branch, run)
        tip = await world.git.branch(name)
        fixes = await fixes_between(run, world, self.base, self.head)
        left = [fix for fix in fixes if tip is None or not await _holds(run, world, tip, fix)]
        if not left:
            return Met()
        listed = ", ".join(short(fix.sha) for fix in left)
        return Waiting(f"{name} does not hold the change of {listed}; cherry-pick with -x brings it there")


def left_to_be(run: Run, *steps: str) -> bool:
    """People left one of these steps out, by name and with a reason."""
    return any(run.record(step).state is StepState.SKIPPED and run.record(step).by for step in steps)


async def fixes_between(run: Run, world: World, base: str, head: str) -> list[Commit]:
    """The commits that are people's, oldest first: not those of version and changelog alone."""
    ours = {run.policy.changelog, *(file.path for file in run.policy.version_files)}
    chain = await world.git.first_parents(base, head)
    changed = [(each, await world.git.changed_paths(each.parents[0], each.sha)) for each in reversed(chain)]
    return [each for each, paths in changed if not set(paths) <= ours]


async def _holds(run: Run, world: World, tip: str, change: Commit) -> bool:
    """`tip` holds it, as a commit or in substance."""
    if await world.git.is_ancestor(change.sha, tip) or await world.git.copied(change.sha, tip):
        return True
    ours = {file.path for file in run.policy.version_files}
    paths = set(await world.git.changed_paths(change.parents[0], change.sha)) - ours if change.parents else set()
    code = paths - {run.policy.changelog}
    if not code:
        return bool(paths) and await _says(run, world, tip, change)
    same = [await world.git.read(tip, path) == await world.git.read(change.sha, path) for path in sorted(code)]
    return all(same)


async def _says(run: Run, world: World, tip: str, change: Commit) -> bool:
    """Every line the commit added to the changelog stands in the branch's, headings aside."""
    before, after, there = [
        (await world.git.read(revision, run.policy.changelog) or b"").splitlines()
        for revision in (change.parents[0], change.sha, tip)
    ]
    added = [line.strip() for line in after if line not in before and not line.startswith(b"#")]
    known = {line.strip() for line in there}
    return bool(any(added)) and all(line in known for line in added)
