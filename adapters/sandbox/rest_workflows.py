"""REST: workflows, starting them, and their runs."""

from adapters.sandbox import shapes_repository, workflows
from adapters.sandbox.api import WEB, Call, Json, Reply, Route, flag, instant, ok, page, repository_url, stamp, text
from adapters.sandbox.core import Core
from adapters.sandbox.git_objects import Signature
from adapters.sandbox.project import SEEDED_AT
from adapters.sandbox.refusal import Refusal, not_found
from adapters.sandbox.state import WorkflowRun

_FIRST_ID = 9300


def list_workflows(core: Core, call: Call) -> Reply:
    return page(call, list(workflows.WORKFLOWS), lambda name: _workflow(core, name), wrap="workflows")


def get_workflow(core: Core, call: Call) -> Reply:
    return ok(_workflow(core, _named(call)))


def dispatch(core: Core, call: Call) -> Reply:
    """The forge says which run it is only to those who ask."""
    inputs = call.body.get("inputs") or {}
    if not isinstance(inputs, dict):
        raise Refusal(422, "inputs must be an object")
    given = {str(name): str(value) for name, value in inputs.items()}
    ref = text(call.body, "ref", "Workflow")
    run = workflows.dispatch(core, _named(call), ref=ref, inputs=given, by=call.by.login)
    if not flag(call.body, "return_run_details"):
        return Reply(204)
    shown = _run(core, run)
    return ok({"workflow_run_id": run.id, "run_url": shown["url"], "html_url": shown["html_url"]})


def list_runs(core: Core, call: Call) -> Reply:
    """Newest first. Every run here was started by hand."""
    name, earliest = _named(call), call.query.get("created", "")
    found = [run for run in core.state.workflow_runs if run.workflow == name]
    if call.query.get("event", "workflow_dispatch") != "workflow_dispatch":
        found = []
    if earliest:
        if not earliest.startswith(">="):
            raise Refusal(422, "here created is understood as >= an instant only")
        found = [run for run in found if run.created_at >= instant(earliest.removeprefix(">="))]
    return page(call, found[::-1], lambda run: _run(core, run), wrap="workflow_runs")


def get_run(core: Core, call: Call) -> Reply:
    number = call.number("run_id")
    found = next((run for run in core.state.workflow_runs if run.id == number), None)
    if found is None:
        raise not_found()
    return ok(_run(core, found))


def _named(call: Call) -> str:
    """By the file's name, or by number."""
    asked = call.params["workflow_id"]
    found = next((name for name in workflows.WORKFLOWS if asked in (name, str(_id(name)))), None)
    if found is None:
        raise not_found()
    return found


def _id(name: str) -> int:
    return _FIRST_ID + list(workflows.WORKFLOWS).index(name)


def _workflow(core: Core, name: str) -> Json:
    return {
        "id": _id(name),
        "node_id": f"W_{_id(name)}",
        "name": workflows.WORKFLOWS[name],
        "path": f".github/workflows/{name}",
        "state": "active",
        "url": f"{repository_url(core)}/actions/workflows/{_id(name)}",
        "html_url": f"{WEB}/actions/workflows/{name}",
        "badge_url": f"{WEB}/actions/workflows/{name}/badge.svg",
        "created_at": stamp(SEEDED_AT),
        "updated_at": stamp(SEEDED_AT),
    }


def _run(core: Core, run: WorkflowRun) -> Json:
    url = f"{repository_url(core)}/actions/runs/{run.id}"
    whole = shapes_repository.repository(core)
    links = ("jobs", "logs", "cancel", "rerun", "artifacts")
    return {
        "id": run.id,
        "node_id": f"WFR_{run.id}",
        "name": workflows.WORKFLOWS[run.workflow],
        "display_title": workflows.WORKFLOWS[run.workflow],
        "run_number": run.number,
        "run_attempt": 1,
        "event": "workflow_dispatch",
        "status": workflows.status(core, run),
        "conclusion": run.conclusion,
        "head_branch": run.ref,
        "head_sha": run.head_sha,
        "head_commit": _commit(core, run.head_sha),
        "path": f".github/workflows/{run.workflow}@{run.ref}",
        "workflow_id": _id(run.workflow),
        "workflow_url": f"{repository_url(core)}/actions/workflows/{_id(run.workflow)}",
        "check_suite_url": f"{repository_url(core)}/check-suites/{run.id}",
        "url": url,
        "html_url": f"{WEB}/actions/runs/{run.id}",
        **{f"{name}_url": f"{url}/{name}" for name in links},
        "actor": shapes_repository.user(core, run.by),
        "pull_requests": [],
        "created_at": stamp(run.created_at),
        "updated_at": stamp(run.ended_at or run.created_at),
        "repository": whole,
        "head_repository": whole,
    }


def _commit(core: Core, sha: str) -> Json:
    found = core.git.commit(sha)
    return {
        "id": found.sha,
        "tree_id": found.tree,
        "message": found.message,
        "timestamp": stamp(found.committer.at),
        "author": _person(found.author),
        "committer": _person(found.committer),
    }


def _person(signature: Signature) -> Json:
    return {"name": signature.name, "email": signature.email}


_REPO = "/repos/{owner}/{repo}"
_ALL = f"{_REPO}/actions/workflows"
_ONE = f"{_ALL}/{{workflow_id}}"
ROUTES = (
    Route("GET", _ALL, list_workflows),
    Route("GET", _ONE, get_workflow),
    Route("POST", f"{_ONE}/dispatches", dispatch),
    Route("GET", f"{_ONE}/runs", list_runs),
    Route("GET", f"{_REPO}/actions/runs/{{run_id}}", get_run),
)
