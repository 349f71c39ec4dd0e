"""Editions that follow each release: branches of the project, or repositories of their own (SOP-01 row 15)."""

from dataclasses import dataclass

from sops.kit.action import Action, Conflict, Done, Probe, Todo, World
from sops.kit.binding import shipped
from sops.kit.gate import Condition
from sops.kit.policy import Lane
from sops.kit.ports import GitRepository
from sops.kit.run import Run

#: What a lane lacks: `tip`, where its branch is before it is moved (None: there is none); `tag`, the SHA of the tag.
Lacks = dict[str, str | None]


@dataclass(frozen=True)
class HasLanes(Condition):
    """The settings name lanes that follow each release."""

    settled = True

    def holds(self, run: Run) -> bool:
        return bool(run.policy.lanes)

    def says(self, run: Run) -> str:
        return "if there are lanes"

    def otherwise(self, run: Run) -> str:
        return "no lanes in the settings"


@dataclass(frozen=True)
class BringLanes(Action):
    """Each lane's branch is brought to the release's commit, and the tag to a lane in a repository of its own (row 15).

    A lane that went its own way is left to people.
    """

    uses = ()
    public = True

    def says(self, run: Run) -> str:
        lanes = ", ".join(f"{name} ({lane.where})" for name, lane in run.policy.lanes.items())
        return f"bring {lanes or 'the lanes'} to {_tag(run)}"

    def by_hand(self, run: Run) -> tuple[str, ...]:
        left = run.facts.get("lanes.left", dict.fromkeys(run.policy.lanes))
        return tuple(self._typed(run, run.policy.lanes[name]) for name in left) or (self.says(run),)

    def _typed(self, run: Run, lane: Lane) -> str:
        refs = f"{shipped(run)}:refs/heads/{lane.branch}"
        if not lane.repository:
            return f"git push origin {refs}"
        return f'git push "$(gh repo view {lane.repository} --json url -q .url)" {refs} refs/tags/{_tag(run)}'

    async def probe(self, run: Run, world: World) -> Probe:
        merge = shipped(run)
        if merge is None:
            return Todo(self.says(run))
        left: dict[str, Lacks] = {}
        for name, lane in run.policy.lanes.items():
            if lane.repository and lane.repository not in world.lanes:
                return Conflict(f"{name}: the settings no longer name {lane.repository}", "name it again, then !retry")
            found = await self._lacks(run, world, lane, merge)
            if isinstance(found, str):
                return Conflict(f"{name}: {found}", "mend it by hand, then !retry")
            if found:
                left[name] = found
        return Todo(self.says(run), {"lanes.left": left}) if left else Done({"lanes": list(run.policy.lanes)})

    async def _lacks(self, run: Run, world: World, lane: Lane, merge: str) -> Lacks | str:
        """What the lane lacks of the release, or why it cannot be brought there."""
        await world.git.describe(merge)  # a lane's repository may know nothing of it
        git = _git_of(world, lane)
        lacks: Lacks = {}
        tip = await git.branch(lane.branch)
        if tip is None or not await git.is_ancestor(merge, tip):
            if tip is not None and not await git.is_ancestor(tip, merge):
                return f"{lane.where} has commits {_tag(run)} lacks"
            lacks["tip"] = tip
        if lane.repository:
            ours, theirs = await world.git.tag(_tag(run)), await git.tag(_tag(run))
            if ours is not None and theirs is not None and ours.sha != theirs.sha:
                return f"{lane.repository} has another tag {_tag(run)}; a public tag is never moved"
            if ours is not None and theirs is None:
                lacks["tag"] = ours.sha
        return lacks

    async def perform(self, run: Run, world: World) -> None:
        commit = str(shipped(run))
        for name, lacks in run.facts["lanes.left"].items():
            lane = run.policy.lanes[name]
            git = _git_of(world, lane)
            if "tag" in lacks:
                await world.git.verify_tag(_tag(run))
                await git.push_tag(_tag(run), sha=lacks["tag"])
            if "tip" not in lacks:
                continue
            if lacks["tip"] is None:
                await git.create_branch(lane.branch, commit)
            else:
                await git.push_branch(lane.branch, to=commit, expected=lacks["tip"])


def _git_of(world: World, lane: Lane) -> GitRepository:
    return world.lanes[lane.repository] if lane.repository else world.git


def _tag(run: Run) -> str:
    return f"v{run.version}"
