"""Whether a version was taken back: what follows from a release or a candidate must see that (SOP-04)."""

from dataclasses import dataclass

from sops.kit.action import World, fill, short
from sops.kit.gate import Gate, Met, Waiting
from sops.kit.run import Run, RunState, StepState

ROLLBACK = "SOP-04"


async def rolled_back(version: str, world: World) -> Run | None:
    """The newest rollback of exactly that version that was begun, and not given up before its approval was used."""
    runs = [each for each in await world.runs.of_version(version) if each.sop == ROLLBACK and _counts(each)]
    return runs[-1] if runs else None


def _counts(run: Run) -> bool:
    if run.state is RunState.CANCELLED:
        return run.record("approve").state is StepState.DONE
    return run.state is not RunState.PLANNED


@dataclass(frozen=True)
class NotRolledBack(Gate):
    """Nobody took that version back; `fact` names a tag to look for instead, where the run has learned one."""

    version: str
    fact: str = ""

    def says(self, run: Run) -> str:
        return f"see that {self._version(run)} was not rolled back"

    async def check(self, run: Run, world: World) -> Met | Waiting:
        version = self._version(run)
        back = await rolled_back(version, world)
        return Waiting(was_rolled_back(version, back)) if back else Met()

    def _version(self, run: Run) -> str:
        return str(run.facts.get(self.fact) or "").removeprefix("v") or fill(self.version, run)


def was_rolled_back(version: str, back: Run) -> str:
    """What stands in the way, as a gate says it."""
    return f"{version} was rolled back, by {back.name}; another candidate is due"


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
            back = await rolled_back(f"{run.version}-rc{number}", world)
            revert = back.facts.get("merge") if back else None
            if back and revert and not await world.git.is_ancestor(revert, head):
                return Waiting(
                    f"{back.name} reverted rc{number} on {run.policy.main}, so its work would be missing; "
                    f"on the branch, git merge {short(back.facts['revert.cut.at'])} and then "
                    f"git merge -s ours {short(revert)}"
                )
        return Met()
