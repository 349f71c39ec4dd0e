"""Releases stand still while a freeze is on; only a hotfix passes, with an approval that says so."""

from dataclasses import dataclass

from sops.kit.action import World
from sops.kit.gate import Gate, Met, Waiting
from sops.kit.run import Run, RunState
from sops.kit.unread_runs import in_the_way, nobody_knows

FREEZE = "FREEZE"


async def frozen(world: World) -> Run | None:
    """The freeze that is on, if one is."""
    on = [run for run in await world.runs.open() if run.sop == FREEZE and run.state is not RunState.PLANNED]
    return on[-1] if on else None


@dataclass(frozen=True)
class NotFrozen(Gate):
    """No freeze is on."""

    early = True
    halts = "frozen"

    def says(self, run: Run) -> str:
        return "see that releases are not frozen"

    async def check(self, run: Run, world: World) -> Met | Waiting:
        on = await frozen(world)
        if on is not None:
            return Waiting(f"releases are frozen ({on.name}: {on.title}); /release unfreeze ends that")
        if unread := in_the_way(run, await world.runs.unreadable(sop=FREEZE)):
            return Waiting(nobody_knows(unread, "whether releases are frozen"))
        return Met()
