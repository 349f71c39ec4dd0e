"""Clearing away what a cancelled run left at the forge: its branches and pull requests, where nobody touched them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sops.kit.action import Action, Done, News, Probe, Todo, World, short
from sops.kit.branch_actions import ours_alone
from sops.kit.run import Run
from sops.kit.world import PullRequest


@dataclass(frozen=True)
class _Left:
    """A branch the run made, and its pull requests. `untouched`: all on it since it was cut is the bot's own work."""

    branch: str
    tip: str | None
    untouched: bool
    requests: tuple[PullRequest, ...]

    @property
    def closable(self) -> list[PullRequest]:
        return [each for each in self.requests if each.state == "open" and self.untouched and each.head_sha == self.tip]

    @property
    def deletable(self) -> bool:
        """Nobody needs it: not where its pull request was merged, or is gone on with."""
        return self.untouched and all(r.state == "closed" and not r.merged for r in self.requests)

    def gone(self) -> list[str]:
        closed = [f"PR #{r.number}" for r in self.requests if r.state == "closed" and not r.merged]
        merged = any(r.merged for r in self.requests)  # then the forge may have deleted it
        return closed + ([self.branch] if self.tip is None and not merged else [])

    def kept(self) -> list[str]:
        merged = [f"PR #{r.number}, which was merged" for r in self.requests if r.merged]
        others = [f"PR #{r.number}, which somebody went on with" for r in self.requests if r.state == "open"]
        return merged + others + ([f"{self.branch} at {short(self.tip)}"] if self.tip else [])


@dataclass(frozen=True)
class CleanUp(Action):
    """Closes the run's pull requests and deletes its branches, unless somebody merged, moved or went on with them."""

    def says(self, run: Run) -> str:
        return "close the run's own pull requests and delete its own branches, if nobody touched them"

    def by_hand(self, run: Run) -> tuple[str, ...]:
        number, branch = run.facts.get("pr"), run.facts.get("branch")
        close = [f"gh pr close {number}"] if number else []
        return (*close, *([f"git push origin --delete {branch}"] if branch else []))

    async def probe(self, run: Run, world: World) -> Probe:
        left = await _left(run, world)
        todo = [f"close PR #{request.number}" for each in left for request in each.closable]
        todo += [f"delete {each.branch}" for each in left if each.deletable]
        if todo:
            return Todo(", ".join(todo))
        gone, kept = [word for each in left for word in each.gone()], [word for each in left for word in each.kept()]
        return Done({"cleaned": not kept}, news=(News("cleaned", {"gone": gone, "kept": kept}),))

    async def perform(self, run: Run, world: World) -> None:
        for each in await _left(run, world):
            for request in each.closable:
                await world.forge.close_pull_request(request.number)
        for each in await _left(run, world):
            if each.deletable and each.tip is not None:
                await world.git.delete_branch(each.branch, expected=each.tip)


async def _left(run: Run, world: World) -> list[_Left]:
    """Every branch the run made in any iteration, as it is now."""
    facts: dict[str, Any] = {}
    for known in (*(past.facts for past in run.past), run.facts):
        facts.update(known)
    numbers = dict.fromkeys(facts[name] for name in facts if name == "pr" or name.endswith(".pr"))
    requests = [await world.forge.pull_request(number) for number in numbers if number]
    found = []
    for branch, cut in _branches(facts).items():
        tip = await world.git.branch(branch)
        untouched = tip is not None and cut is not None and await ours_alone(world, cut, tip)
        found.append(_Left(branch, tip, untouched, tuple(each for each in requests if each.head_ref == branch)))
    return found


def _branches(facts: Mapping[str, Any]) -> dict[str, str | None]:
    """Each branch of the run and the commit it was cut at."""
    names = [name for name in facts if name == "branch" or name.endswith(".branch")]
    under = {name: name.removesuffix("branch") for name in names if facts[name]}
    return {str(facts[name]): facts.get(f"{at}cut.at") or facts.get(f"{at}on") for name, at in under.items()}
