"""Releases stand still while a freeze is on; only a hotfix passes, with an approval that says so."""

from dataclasses import dataclass

from sops.kit.action import World
from sops.kit.gate import Gate, Met, Waiting
from sops.kit.run import Run, RunState

FREEZE = "FREEZE"


async def frozen(world: World) -> Run | None:
    """The freeze that is on, if one is."""
    on = [run for run in await world.runs.open() if run.sop == FREEZE and run.state is not RunState.PLANNED]
    return on[-1] if on else None


@dataclass(frozen=True)
class NotFrozen(Gate):
    """No freeze is on."""

    early = True

    def says(self, run: Run) -> str:
        return "see that releases are not frozen"

    async def check(self, run: Run, world: World) -> Met | Waiting:
        on = await frozen(world)
        if on is not None:
            return Waiting(f"releases are frozen ({on.name}: {on.title}); /release unfreeze ends that")
        unread = await world.runs.unreadable(sop=FREEZE)
        if unread:
            return Waiting(f"{unread[0].name} cannot be read, so nobody knows whether releases are frozen")
        return Met()
