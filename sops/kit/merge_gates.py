"""What must hold of a pull request before anybody is asked for a yes to its merge."""

from dataclasses import dataclass

from sops.kit.action import World
from sops.kit.binding import on_head
from sops.kit.errors import FarEndError, FarEndRefused
from sops.kit.gate import Gate, Met, Waiting
from sops.kit.run import Run

SHOWN = 8


@dataclass(frozen=True)
class Mergeable(Gate):
    """The pull request has no conflict with `main`; where its head is released itself that is no matter."""

    def says(self, run: Run) -> str:
        return f"see that it fits {run.policy.main}"

    async def check(self, run: Run, world: World) -> Met | Waiting:
        request = await world.forge.pull_request(run.facts["pr"])
        tip = await world.git.branch(run.policy.main)
        if request.mergeable or request.state != "open" or on_head(run) or tip is None:
            return Met()
        paths = await world.git.conflicts(tip, request.head_sha)
        if not paths:
            return Met()
        more = f" and {len(paths) - SHOWN} more" if len(paths) > SHOWN else ""
        return Waiting(
            f"PR #{request.number} conflicts with {run.policy.main} in {', '.join(paths[:SHOWN])}{more}; "
            f"merge {run.policy.main} into {request.head_ref} and push"
        )


@dataclass(frozen=True)
class WorkflowsStart(Gate):
    """Warns in the plan where the bot's pushes start no workflow, so that checks would never come; never in the way."""

    early = True

    def says(self, run: Run) -> str:
        return "see that its pushes start workflows"

    async def check(self, run: Run, world: World) -> Met | Waiting:
        try:
            started = await world.forge.starts_workflows()
        except (FarEndError, FarEndRefused):
            started = True  # only a warning hangs on it
        if started:
            return Met()
        return Met(
            note="the bot's token is that of a workflow's job: what it pushes starts no workflow, "
            "so checks and artefacts would not come; give it the token of an app or an account"
        )
