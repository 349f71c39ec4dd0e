"""What is sent to start a workflow and to edit a release, and what odd answers to it mean."""

from datetime import UTC, datetime

import pytest
from pydantic import SecretStr

from adapters.github import GitHubForge
from sops.kit.errors import FarEndRefused, OutcomeUnknown
from tests.integration.github.faults import Answer, Drop, FaultServer
from tests.integration.github.shapes import REPO

DISPATCH = f"{REPO}/actions/workflows/publish.yml/dispatches"
RUNS = f"{REPO}/actions/workflows/publish.yml/runs"


async def test_a_dispatch_asks_for_its_run(github: FaultServer, forge: GitHubForge) -> None:
    github.on("POST", DISPATCH, Answer(200, {"workflow_run_id": 7, "run_url": "u", "html_url": "h"}))
    assert await forge.dispatch("publish.yml", ref="main", inputs={"tag": "v1"}) == 7
    assert github.last("POST").json == {"ref": "main", "inputs": {"tag": "v1"}, "return_run_details": True}


async def test_a_server_may_start_a_workflow_without_a_word(github: FaultServer, forge: GitHubForge) -> None:
    github.on("POST", DISPATCH, Answer(204))
    assert await forge.dispatch("publish.yml", ref="main", inputs={}) is None


async def test_a_dispatch_without_an_answer_is_not_repeated(github: FaultServer, forge: GitHubForge) -> None:
    github.on("POST", DISPATCH, Drop())
    with pytest.raises(OutcomeUnknown):
        await forge.dispatch("publish.yml", ref="main", inputs={})
    assert github.count("POST") == 1


async def test_a_renamed_repository_starts_nothing(github: FaultServer, forge: GitHubForge) -> None:
    github.on("POST", DISPATCH, Answer(200, {"message": "Moved Permanently"}))
    with pytest.raises(FarEndRefused, match="renamed"):
        await forge.dispatch("publish.yml", ref="main", inputs={})


async def test_runs_are_asked_for_by_their_start(github: FaultServer, forge: GitHubForge) -> None:
    github.on("GET", RUNS, Answer(200, {"total_count": 0, "workflow_runs": []}))
    since = datetime(2026, 4, 1, 8, 0, 0, 999, tzinfo=UTC)
    assert list(await forge.workflow_runs("publish.yml", since=since)) == []
    asked = github.last("GET").query
    assert (asked["event"], asked["created"]) == ("workflow_dispatch", ">=2026-04-01T08:00:00Z")


async def test_editing_a_release_sends_its_text_alone(github: FaultServer, forge: GitHubForge) -> None:
    github.on("PATCH", f"{REPO}/releases/7", Answer(200, {"id": 7, "tag_name": "v1"}))
    await forge.edit_release(7, body="new")
    assert github.last("PATCH").json == {"body": "new"}


@pytest.mark.parametrize(
    ("token", "login", "starts"),
    [
        ("ghs_of_a_job", "github-actions[bot]", False),
        ("ghs_of_an_app", "sopwith[bot]", True),
        ("github_pat_of_an_account", "nobody asks", True),
    ],
)
async def test_the_token_of_a_job_starts_no_workflow(github: FaultServer, token: str, login: str, starts: bool) -> None:
    github.on("POST", "/graphql", Answer(200, {"data": {"viewer": {"login": login}}}))
    forge = GitHubForge("acme/widget", token=SecretStr(token), base_url=github.url, timeout=1, pause_between_writes=0)
    try:
        assert await forge.starts_workflows() is starts
    finally:
        await forge.close()
    assert github.count("POST") == token.startswith("ghs_")
