"""Workflows somebody starts by hand: queued, at work after a minute, over after three."""

from datetime import datetime, timedelta

from adapters.sandbox import releases
from adapters.sandbox.core import Core
from adapters.sandbox.refusal import Refusal, not_found
from adapters.sandbox.state import WorkflowRun

PUBLISH_IMAGE = "dockerhub-publish-on-release.yml"
WORKFLOWS = {
    PUBLISH_IMAGE: "Publish the image",
    "edition-community-ci.yml": "Community edition",
    "edition-enterprise-ci.yml": "Enterprise edition",
    "edition-hyperscaler-ci.yml": "Hyperscaler edition",
}
STARTS_AFTER = timedelta(minutes=1)
ENDS_AFTER = timedelta(minutes=3)


def dispatch(core: Core, workflow: str, *, ref: str, inputs: dict[str, str], by: str) -> WorkflowRun:
    """Start it on a branch or tag. Raises Refusal as the forge would."""
    if workflow not in WORKFLOWS:
        raise not_found()
    sha = core.git.resolve(ref)
    if sha is None:
        raise Refusal(422, f"No ref found for: {ref}")
    state = core.state
    run = WorkflowRun(state.next_id(), len(state.workflow_runs) + 1, workflow, ref, sha, inputs, by, core.now())
    state.workflow_runs.append(run)
    return run


def status(core: Core, run: WorkflowRun) -> str:
    if run.conclusion is not None:
        return "completed"
    return "queued" if core.now() < run.created_at + STARTS_AFTER else "in_progress"


def due(run: WorkflowRun) -> datetime | None:
    """When it ends by itself; None once it has."""
    return None if run.conclusion is not None else run.created_at + ENDS_AFTER


def finish(core: Core, run: WorkflowRun, at: datetime) -> None:
    """It ends, well unless somebody wanted this workflow's next end to be a failure; what it does is done."""
    failing = run.workflow in core.state.failing_workflows
    core.state.failing_workflows.discard(run.workflow)
    if run.workflow == PUBLISH_IMAGE and not failing:
        failing = not releases.publish_image(core, run.inputs.get("tag") or run.ref)
    run.conclusion, run.ended_at = "failure" if failing else "success", at
    core.ring()


def fail_next(core: Core, workflow: str) -> None:
    """The next run of it to end will have failed."""
    if workflow not in WORKFLOWS:
        raise Refusal(404, f"there is no workflow “{workflow}”; there are: {', '.join(WORKFLOWS)}")
    core.state.failing_workflows.add(workflow)
