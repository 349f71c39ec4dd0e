"""Whether a version was taken back: what follows from a release or a candidate must see that (SOP-04)."""

from collections.abc import Callable
from dataclasses import dataclass

from sops.kit.action import World, fill, short
from sops.kit.gate import Gate, Met, Waiting
from sops.kit.run import Run, RunState, StepState
from sops.kit.unread_runs import in_the_way, nobody_knows
from sops.kit.unreadable import Unreadable

ROLLBACK = "SOP-04"


async def rolled_back(version: str, world: World) -> Run | None:
    """The newest rollback of exactly that version whose yes was used; what became of it afterwards changes nothing."""
    return await _newest(version, world, _agreed)


async def withdrawn(version: str, world: World) -> Run | None:
    """The rollback that took back more than that version's image."""
    back = await rolled_back(version, world)
    return back if back and not back.facts.get("image.only") else None


async def nothing_owed(version: str, world: World) -> Met | None:
    """Whatever is owed for a version that was taken back is owed no longer, and why; None of every other version."""
    back = await withdrawn(version, world)
    return Met(note=f"{version} was taken back by {back.name}") if back else None


async def rollback_asked(version: str, world: World) -> Run | None:
    """The newest rollback of exactly that version that was started, is open, and has no yes yet."""
    return await _newest(version, world, _asks)


async def going_back(version: str, world: World, run: Run | None = None) -> str:
    """What stands in the way of anything that follows from that version, as a gate says it; empty if nothing does.

    A rollback that nobody can read is in the way too, unless two people let `run` go on without it.
    """
    if (back := await rolled_back(version, world)) is not None:
        return was_rolled_back(version, back)
    if (asks := await rollback_asked(version, world)) is not None:
        return may_be_rolled_back(version, asks)
    unread = await unread_rollbacks(version, world, run)
    return nobody_knows(unread, f"whether it takes {version} back") if unread else ""


async def unread_rollbacks(version: str, world: World, run: Run | None) -> list[Unreadable]:
    """The rollbacks of that version, begun or over, that nobody can read, and nobody let `run` go on without."""
    unread = await world.runs.unreadable(version=version)
    begun = (each for each in unread if each.sop == ROLLBACK and each.state != RunState.PLANNED)
    return in_the_way(run, begun)


async def _newest(version: str, world: World, wanted: Callable[[Run], bool]) -> Run | None:
    runs = [each for each in await world.runs.of_version(version) if each.sop == ROLLBACK and wanted(each)]
    return runs[-1] if runs else None


def _agreed(run: Run) -> bool:
    return run.record("approve").state is StepState.DONE


def _asks(run: Run) -> bool:
    return not (run.state.over or run.state is RunState.PLANNED or _agreed(run))


@dataclass(frozen=True)
class NotRolledBack(Gate):
    """Nobody took that version back or asks to; `fact` is of a tag to look for instead, where the run learned one."""

    version: str
    fact: str = ""

    def says(self, run: Run) -> str:
        return f"see that {self._version(run)} was not rolled back"

    async def check(self, run: Run, world: World) -> Met | Waiting:
        version = self._version(run)
        back = await going_back(version, world, run)
        return Waiting(back) if back else Met()

    def _version(self, run: Run) -> str:
        return str(run.facts.get(self.fact) or "").removeprefix("v") or fill(self.version, run)


def was_rolled_back(version: str, back: Run) -> str:
    """Said of a version that is taken back."""
    return f"{version} was rolled back, by {back.name}; another candidate is due"


def may_be_rolled_back(version: str, asks: Run | Unreadable) -> str:
    """Said of a version that somebody wants to take back, before anybody agreed, or may, and nobody can read it."""
    if isinstance(asks, Unreadable):
        return nobody_knows([asks], f"whether it takes {version} back")
    return f"{asks.name} asks to roll {version} back"


@dataclass(frozen=True)
class NothingDropped(Gate):
    """No revert on main would drop an earlier candidate's work out of this merge without a word.

    Git counts reverted work as merged, so the branch must hold the revert without having taken it.
    """

    def says(self, run: Run) -> str:
        return f"see that no revert on {run.policy.main} drops work of {fill('{candidate}', run)}"

    async def check(self, run: Run, world: World) -> Met | Waiting:
        head = (await world.forge.pull_request(run.facts["pr"])).head_sha
        for number in range(1, run.iteration):
            candidate = f"{run.version}-rc{number}"
            if unread := await unread_rollbacks(candidate, world, run):
                return Waiting(nobody_knows(unread, f"whether it reverted {candidate} on {run.policy.main}"))
            back = await rolled_back(candidate, world)
            revert = back.facts.get("merge") if back else None
            if back and revert and not await world.git.is_ancestor(revert, head):
                return Waiting(
                    f"{back.name} reverted rc{number} on {run.policy.main}, so its work would be missing; "
                    f"on the branch, git merge {short(back.facts['revert.cut.at'])} and then "
                    f"git merge -s ours {short(revert)}"
                )
        return Met()
