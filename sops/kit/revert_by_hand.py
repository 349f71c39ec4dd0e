"""A rollback whose revert people wrote in: it is shown, and asked for anew (SOP-04, C3)."""

from dataclasses import dataclass

from sops.kit.action import News, World
from sops.kit.differences import unified
from sops.kit.gate import Condition, Gate, Met, Waiting
from sops.kit.run import Run

BY_HAND = "revert.hand"  # the fact that people wrote in the revert


@dataclass(frozen=True)
class RevertedByHand(Condition):
    """People wrote in the revert; the rollback's yes covered only what the bot would do."""

    def holds(self, run: Run) -> bool:
        return bool(run.facts.get(BY_HAND))

    def says(self, run: Run) -> str:
        return "if people wrote in the revert"

    def otherwise(self, run: Run) -> str:
        return "the bot made it"


@dataclass(frozen=True)
class ShowByHand(Gate):
    """Posts, once for each commit, how it differs from the earlier release, for those who are asked."""

    learns = True

    def says(self, run: Run) -> str:
        return f"post how the revert differs from {run.facts.get('base.tag', 'the earlier release')}"

    async def check(self, run: Run, world: World) -> Met | Waiting:
        good, tip = run.facts["good.commit"], run.facts["revert.commit"]
        if run.facts.get("revert.shown") == tip:
            return Met()
        paths = list(await world.git.changed_paths(good, tip))
        about = {"commit": tip, "paths": paths, "diff": await unified(world, good, tip, paths)}
        return Met({"revert.shown": tip}, (News("reverted-by-hand", about),))
