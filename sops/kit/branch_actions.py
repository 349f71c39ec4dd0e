"""How a release gets its branch: cut once, and brought back where the forge deleted it at the merge."""

from dataclasses import dataclass

from sops.kit.action import Action, Conflict, Done, Probe, Todo, World, fill, short
from sops.kit.run import Run


@dataclass(frozen=True)
class CutBranch(Action):
    """A new branch at the tip of `base`. A branch of that name that is not ours is never touched.

    `commit` names the fact that holds the commit to cut at, if it is set: then `base` is no branch but a tag. `under`
    begins the names of its facts, for a run that cuts more than one.
    """

    branch: str
    base: str
    commit: str = ""
    under: str = ""
    uses = ("slug", "base.tag", "branch")
    essential = True

    def says(self, run: Run) -> str:
        return f"cut {fill(self.branch, run)} from {fill(self.base, run)}"

    async def probe(self, run: Run, world: World) -> Probe:
        name, base = fill(self.branch, run), fill(self.base, run)
        there = await world.git.branch(name)
        cut_at = f"{self.under}cut.at"
        planned = run.facts.get(cut_at)
        if there is None:
            tip = planned or await self._base(run, world)
            if tip is None:
                return Conflict(f"there is no branch {base}", f"create {base}, or set its name in the settings")
            return Todo(f"{self.says(run)} at {short(tip)}", {cut_at: tip})
        if planned and await world.git.is_ancestor(planned, there):
            return Done({f"{self.under}branch": name, cut_at: planned})
        if there == await self._base(run, world):
            return Done({f"{self.under}branch": name, cut_at: there})
        return Conflict(
            f"{name} exists already, at {short(there)}, and this run did not make it",
            f"delete or rename {name} if nobody needs it, then !retry",
        )

    def by_hand(self, run: Run) -> tuple[str, ...]:
        return (f"git push origin {run.facts[f'{self.under}cut.at']}:refs/heads/{fill(self.branch, run)}",)

    async def perform(self, run: Run, world: World) -> None:
        await world.git.create_branch(fill(self.branch, run), run.facts[f"{self.under}cut.at"])

    async def _base(self, run: Run, world: World) -> str | None:
        if run.facts.get(self.commit):
            return str(run.facts[self.commit])
        return await world.git.branch(fill(self.base, run))


def branch_of(run: Run) -> str:
    """What the branch is called that the run works on; empty if it has none."""
    deeds = (piece for step in run.steps for piece in step.deeds)
    return next((fill(piece.branch, run) for piece in deeds if isinstance(piece, CutBranch)), "")


@dataclass(frozen=True)
class RestoreBranch(Action):
    """The candidate's branch again, at the head that was approved, where the forge deleted it at the merge."""

    branch: str
    essential = True

    def says(self, run: Run) -> str:
        return f"bring {fill(self.branch, run)} back if the merge deleted it"

    async def probe(self, run: Run, world: World) -> Probe:
        name = fill(self.branch, run)
        there = await world.git.branch(name)
        if there is not None:
            return Done({"branch": name})
        return Todo(self.says(run), {"restore.at": run.facts.get("head")})

    def by_hand(self, run: Run) -> tuple[str, ...]:
        return (f"git push origin {run.facts['restore.at']}:refs/heads/{fill(self.branch, run)}",)

    async def perform(self, run: Run, world: World) -> None:
        await world.git.create_branch(fill(self.branch, run), run.facts["restore.at"])


async def ours_alone(world: World, cut: str, tip: str) -> bool:
    """Whoever wrote it, the bot put every commit there since the branch was cut."""
    if not await world.git.is_ancestor(cut, tip):
        return False
    return all(commit.ours for commit in await world.git.first_parents(cut, tip))
