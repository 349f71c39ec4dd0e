"""Runs of workflows the bot started. They carry no mark: they are known by when, and on which commit, they began."""

from collections.abc import Collection

from sops.kit.action import News, World, twice
from sops.kit.run import Run
from sops.kit.world import WorkflowRun


async def dispatched(
    run: Run, world: World, workflow: str, *, step: str, on: Collection[str | None]
) -> tuple[WorkflowRun | None, tuple[News, ...]]:
    """The oldest run of the workflow since that step began, on one of these commits; further ones are news."""
    since = run.record(step).since
    if since is None:
        return None, ()
    found = [each for each in await world.forge.workflow_runs(workflow, since=since) if each.head_sha in on]
    if not found:
        return None, ()
    return found[-1], twice(f"run of {workflow}", [each.url for each in found[:-1]])
