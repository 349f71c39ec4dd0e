"""Runs of workflows the bot started. They carry no mark: a forge that answers with a run's id is believed.

Where the answer got lost a run is known by when, and on which commit, it began.
"""

from collections.abc import Collection, Mapping

from sops.kit.action import News, World, twice
from sops.kit.run import Run
from sops.kit.world import WorkflowRun


async def dispatched(
    run: Run, world: World, workflow: str, *, step: str, on: Collection[str | None], known: int | None = None
) -> tuple[WorkflowRun | None, tuple[News, ...]]:
    """The run of that id, where it is `known`; else the workflow's oldest since that step began, on one of these
    commits, and further ones are news.
    """
    if known and (started_here := await world.forge.workflow_run(known)) is not None:
        return started_here, ()
    since = run.record(step).since
    if since is None:
        return None, ()
    found = [each for each in await world.forge.workflow_runs(workflow, since=since) if each.head_sha in on]
    if not found:
        return None, ()
    return found[-1], twice(f"run of {workflow}", [each.url for each in found[:-1]])


async def build_of(
    run: Run, world: World, workflow: str, *, step: str, head: str
) -> tuple[WorkflowRun | None, tuple[News, ...]]:
    """The same of a dependency's build on that head of its branch, whose ids the run keeps."""
    known = run.facts.get("builds", {}).get(workflow) if run.facts.get("builds.head") == head else None
    return await dispatched(run, world, workflow, step=step, on={head}, known=known)


async def started(world: World, workflow: str, *, ref: str, inputs: Mapping[str, str]) -> WorkflowRun | None:
    """Start it; the run the forge answers with, None where it starts workflows without a word.

    By that a run is known also where the forge's clock is behind ours, and a look by time would find none.
    """
    number = await world.forge.dispatch(workflow, ref=ref, inputs=inputs)
    return await world.forge.workflow_run(number) if number else None
