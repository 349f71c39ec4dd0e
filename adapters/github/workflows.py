"""Workflows started by hand, and their runs: blocking calls, made in a thread."""

from collections.abc import Mapping
from datetime import UTC, datetime

from github import GithubException
from github.Repository import Repository

from adapters.github import convert
from adapters.github.fields import Json, instant, number, text, text_or, whole_object
from adapters.github.listing import rows
from sops.kit.errors import FarEndRefused
from sops.kit.patterns import Pattern
from sops.kit.world import WorkflowRun

_FILE = Pattern(r"[A-Za-z0-9_][A-Za-z0-9_.-]*\.ya?ml")
ACTIONS = "github-actions[bot]"


def dispatch(repo: Repository, workflow: str, ref: str, inputs: Mapping[str, str]) -> int | None:
    """The new run's id; None from a server that starts the workflow without a word."""
    wanted = {"ref": ref, "inputs": dict(inputs), "return_run_details": True}
    _, answer = repo.requester.requestJsonAndCheck("POST", f"{_url(repo, workflow)}/dispatches", input=wanted)
    return number(convert.whole(answer, "workflow_run_id"), "workflow_run_id") if answer else None


def runs(repo: Repository, workflow: str, since: datetime) -> list[WorkflowRun]:
    """Newest first. GitHub's instants have no fractions: a run of the same second counts.

    Raises Odd where one cannot be read: it may be ours, and would be started again.
    """
    earliest = since.astimezone(UTC).replace(microsecond=0)
    path = f"actions/workflows/{_file(workflow)}/runs"
    created = f">={earliest:%Y-%m-%dT%H:%M:%SZ}"
    listed = rows(repo, path, item="workflow_runs", event="workflow_dispatch", created=created)
    found = [_run(raw) for raw in listed if text_or(whole_object(raw, "a run"), "event") == "workflow_dispatch"]
    fresh = [run for run in found if run.created_at >= earliest]
    return sorted(fresh, key=lambda run: (run.created_at, run.id), reverse=True)


def one(repo: Repository, run_id: int) -> WorkflowRun | None:
    try:
        _, raw = repo.requester.requestJsonAndCheck("GET", f"{repo.url}/actions/runs/{run_id}")
    except GithubException as error:
        if error.status == 404:
            return None
        raise
    return _run(raw)


def _url(repo: Repository, workflow: str) -> str:
    return f"{repo.url}/actions/workflows/{_file(workflow)}"


def _file(workflow: str) -> str:
    if not _FILE.fullmatch(workflow):
        raise FarEndRefused(f"{workflow!r} is not the name of a workflow's file")
    return workflow


def _run(raw: Json) -> WorkflowRun:
    """`path` is the file, on a ref or not: ".github/workflows/x.yml@main"."""
    return WorkflowRun(
        id=number(raw, "id"),
        workflow=text(raw, "path").partition("@")[0].rpartition("/")[2],
        head_sha=text(raw, "head_sha"),
        status=text(raw, "status"),
        conclusion=None if raw.get("conclusion") is None else text(raw, "conclusion"),
        created_at=instant(raw, "created_at"),
        url=text_or(raw, "html_url"),
        title=text_or(raw, "display_title"),
    )


def are_started(repo: Repository) -> bool:
    """By what an installation's token does; not by that of a workflow's job, whose app is GitHub Actions itself."""
    _, answer = repo.requester.graphql_query("query { viewer { login } }", {})
    return bool(answer["data"]["viewer"]["login"] != ACTIONS)
