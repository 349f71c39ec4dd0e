"""Candidates of one version that are out, and the branch of the next one (SOP-03 row 1)."""

from collections.abc import Iterable
from dataclasses import dataclass

from sops.kit.action import Done, Probe, World, fill
from sops.kit.branch_actions import CutBranch
from sops.kit.run import Run
from sops.kit.version import Version

#: Begins the facts about the candidate a run goes on from: `tag`, the `commit` it is on, the `head` that was approved.
ROOT = "after."


def of_tags(tags: Iterable[str], version: Version) -> list[Version]:
    """The candidates of that version among the names of tags, lowest first."""
    found = [each for name in tags if (each := Version.of_tag(name))]
    return sorted(each for each in found if each.is_candidate and each.final == version)


@dataclass(frozen=True)
class CutCandidate(CutBranch):
    """The branch of the first candidate is cut from `base`; of one after another run's, from that one's tag.

    A branch that holds what was approved then is taken up as it is, with the fixes on it.
    """

    commit: str = f"{ROOT}commit"

    def says(self, run: Run) -> str:
        tag = run.facts.get(f"{ROOT}tag")
        return f"go on from {tag} on {fill(self.branch, run)}" if tag else super().says(run)

    async def probe(self, run: Run, world: World) -> Probe:
        name, head = fill(self.branch, run), run.facts.get(f"{ROOT}head")
        there = await world.git.branch(name) if head else None
        if there is not None and await world.git.is_ancestor(str(head), there):
            return Done({"branch": name, "cut.at": run.facts.get("cut.at", head)})
        return await super().probe(run, world)
