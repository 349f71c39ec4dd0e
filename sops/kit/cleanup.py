"""Clearing away what a cancelled run left at the forge: its own branch and pull request, where nobody touched them."""

from dataclasses import dataclass

from sops.kit.action import Action, Done, News, Probe, Todo, World, short
from sops.kit.run import Run


@dataclass(frozen=True)
class CleanUp(Action):
    """Closes the run's pull request and deletes its branch, unless somebody merged, moved or went on with them."""

    def says(self, run: Run) -> str:
        return "close the run's own pull request and delete its own branch, if nobody touched them"

    def by_hand(self, run: Run) -> tuple[str, ...]:
        number, branch = run.facts.get("pr"), run.facts.get("branch")
        close = [f"gh pr close {number}"] if number else []
        return (*close, *([f"git push origin --delete {branch}"] if branch else []))

    async def probe(self, run: Run, world: World) -> Probe:
        gone: list[str] = []
        kept: list[str] = []
        number, branch, ours = run.facts.get("pr"), _branch(run), _tip(run)
        tip = await world.git.branch(branch) if branch else None
        if number:
            request = await world.forge.pull_request(number)
            if request.state == "open" and request.head_sha == ours:
                return Todo(f"close PR #{number}")
            gone += [f"PR #{number}"] if request.state == "closed" and not request.merged else []
            kept += [f"PR #{number}, which was merged"] if request.merged else []
            kept += [f"PR #{number}, which somebody went on with"] if request.state == "open" else []
        if branch and tip is not None and tip == ours and not kept:
            return Todo(f"delete {branch}", {"cleanup.tip": tip})
        if branch:
            gone += [branch] if tip is None else []
            kept += [f"{branch} at {short(tip)}"] if tip is not None else []
        return Done({"cleaned": not kept}, news=(News("cleaned", {"gone": gone, "kept": kept}),))

    async def perform(self, run: Run, world: World) -> None:
        number, branch = run.facts.get("pr"), _branch(run)
        if number:
            request = await world.forge.pull_request(number)
            if request.state == "open" and request.head_sha == _tip(run):
                await world.forge.close_pull_request(number)
        tip = await world.git.branch(branch) if branch else None
        if branch and tip is not None and tip == _tip(run):
            await world.git.delete_branch(branch, expected=tip)


def _branch(run: Run) -> str | None:
    return run.facts.get("branch") or run.facts.get("revert.branch")


def _tip(run: Run) -> str | None:
    """Where the run itself put its branch: at its last commit, else where it was cut. None where people wrote on it."""
    if run.iteration > 1 or "fix" in run.facts:
        return None
    for name in ("revert.commit", "changelog.at", "bumped", "revert.cut.at", "cut.at"):
        if run.facts.get(name):
            return str(run.facts[name])
    return None
