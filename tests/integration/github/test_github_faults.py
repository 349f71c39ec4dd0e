"""What a caller learns when GitHub fails, refuses or falls silent, and how often a request was sent."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from pydantic import SecretStr

from adapters.github import GitHubForge
from sops.kit.errors import ConfigurationError, FarEndError, FarEndRefused, HeadMoved, OutcomeUnknown, SopwithError
from tests.integration.github.conftest import TOKEN
from tests.integration.github.faults import Answer, Drop, FaultServer, Half, Hang, Script, a_closed_port
from tests.integration.github.shapes import HEAD, MERGED, REPO, a_comment, a_page, a_pull, an_issue

Call = Callable[[GitHubForge], Awaitable[Any]]

PULL, ISSUE, MERGE = f"{REPO}/pulls/7", f"{REPO}/issues/3", f"{REPO}/pulls/7/merge"


def merge(forge: GitHubForge) -> Awaitable[str]:
    return forge.merge(7, head_sha=HEAD, title="Merge", message="text")


WRITES: dict[str, tuple[str, str, Call]] = {
    "pull request": (
        "POST",
        f"{REPO}/pulls",
        lambda forge: forge.open_pull_request(head="b", base="main", title="t", body="b"),
    ),
    "merge": ("PUT", MERGE, merge),
    "issue": ("POST", f"{REPO}/issues", lambda forge: forge.open_issue(title="t", body="b")),
    "comment": ("POST", f"{ISSUE}/comments", lambda forge: forge.comment(3, "b")),
    "edit": ("POST", "/graphql", lambda forge: forge.edit_discussion("D_1", "b")),
}
FAULTS: dict[str, Script] = {
    "502": Answer(502, {"message": "Bad Gateway"}),
    "503 with Retry-After": Answer(503, headers={"Retry-After": "0"}),
    "dropped": Drop(),
    "half an answer": Half(Answer(201, {"number": 1})),
    "not JSON": Answer(201, b'{"number": '),
    "another shape": Answer(201, {"unexpected": True}),
}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("write", WRITES)
async def test_a_write_that_is_not_answered_was_sent_once_and_its_outcome_is_unknown(
    github: FaultServer, forge: GitHubForge, write: str, fault: str
) -> None:
    method, path, call = WRITES[write]
    github.on(method, path, FAULTS[fault], Answer(201, {}))
    with pytest.raises(OutcomeUnknown) as raised:
        await call(forge)
    assert github.count(method) == 1
    assert TOKEN not in str(raised.value)


@pytest.mark.parametrize("fault", ["502", "503 with Retry-After", "dropped", "half an answer", "not JSON"])
async def test_closing_an_issue_without_an_answer_was_sent_once_and_its_outcome_is_unknown(
    github: FaultServer, forge: GitHubForge, fault: str
) -> None:
    github.on("PATCH", ISSUE, FAULTS[fault])
    with pytest.raises(OutcomeUnknown):
        await forge.close_issue(3)
    assert github.count("PATCH") == 1


async def test_a_write_that_times_out_was_sent_once_and_its_outcome_is_unknown(
    github: FaultServer, forge: GitHubForge
) -> None:
    github.on("POST", f"{ISSUE}/comments", Hang())
    with pytest.raises(OutcomeUnknown, match="ReadTimeout"):
        await forge.comment(3, "noted")
    assert github.count("POST") == 1


async def test_a_write_to_a_host_that_is_down_certainly_did_not_happen() -> None:
    forge = GitHubForge("acme/widget", token=SecretStr(TOKEN), base_url=f"http://127.0.0.1:{a_closed_port()}")
    with pytest.raises(FarEndError, match="nothing was sent") as raised:
        await forge.comment(3, "noted")
    assert not isinstance(raised.value, OutcomeUnknown)
    await forge.close()


@pytest.mark.parametrize("fault", ["502", "503 with Retry-After", "dropped"])
async def test_a_read_that_fails_is_tried_again(github: FaultServer, forge: GitHubForge, fault: str) -> None:
    github.on("GET", PULL, FAULTS[fault], FAULTS[fault], Answer(200, a_pull()))
    assert (await forge.pull_request(7)).head_sha == HEAD
    assert github.count("GET", PULL) == 3


@pytest.mark.parametrize("fault", ["502", "dropped"])
async def test_a_read_that_keeps_failing_ends_after_three_more_tries(
    github: FaultServer, forge: GitHubForge, fault: str
) -> None:
    github.on("GET", PULL, FAULTS[fault])
    with pytest.raises(FarEndError) as raised:
        await forge.pull_request(7)
    assert not isinstance(raised.value, OutcomeUnknown)
    assert github.count("GET", PULL) == 4


@pytest.mark.parametrize(
    "limit",
    [
        Answer(429, {"message": "Too many requests"}, {"Retry-After": "90"}),
        Answer(403, {"message": "You have exceeded a secondary rate limit."}, {"Retry-After": "90"}),
    ],
)
async def test_a_rate_limited_write_did_not_happen_and_says_how_long_to_wait(
    github: FaultServer, forge: GitHubForge, limit: Answer
) -> None:
    github.on("POST", f"{REPO}/issues", limit)
    with pytest.raises(FarEndError, match=r"nothing happened, try again in 90 s") as raised:
        await forge.open_issue(title="t", body="b")
    assert type(raised.value) is FarEndError
    assert github.count("POST") == 1


@pytest.mark.parametrize("status", [403, 429])
async def test_a_read_does_not_sleep_through_a_long_rate_limit(
    github: FaultServer, forge: GitHubForge, status: int
) -> None:
    github.on("GET", PULL, Answer(status, {"message": "slow down"}, {"Retry-After": "3600"}))
    with pytest.raises(FarEndError, match="in 3600 s"):
        await forge.pull_request(7)
    assert github.count("GET") == 1


async def test_a_read_does_not_wait_for_a_distant_reset_of_the_hourly_limit(
    github: FaultServer, forge: GitHubForge
) -> None:
    far = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "4102444800"}
    github.on("GET", PULL, Answer(403, {"message": "API rate limit exceeded for user"}, far))
    with pytest.raises(FarEndError, match="try again after 00:00:00 UTC"):
        await forge.pull_request(7)
    assert github.count("GET") == 1


async def test_a_write_over_the_hourly_limit_says_when_it_ends(github: FaultServer, forge: GitHubForge) -> None:
    far = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "4102444800"}
    github.on("POST", f"{REPO}/issues", Answer(403, {"message": "API rate limit exceeded for user"}, far))
    with pytest.raises(FarEndError, match="after 00:00:00 UTC"):
        await forge.open_issue(title="t", body="b")


async def test_a_short_rate_limit_of_a_read_is_waited_for(github: FaultServer, forge: GitHubForge) -> None:
    github.on("GET", PULL, Answer(429, {}, {"Retry-After": "0"}), Answer(200, a_pull()))
    assert (await forge.pull_request(7)).number == 7


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (Answer(401, {"message": "Bad credentials"}), "does not accept the token"),
        (Answer(403, {"message": "Resource not accessible"}), r"lacks “Issues: write” \(Resource not accessible\)"),
        (
            Answer(403, {"message": "no"}, {"X-Accepted-GitHub-Permissions": "issues=write"}),
            "lacks “issues=write”",
        ),
        (Answer(404, {"message": "Not Found"}), "hidden from a token without “Issues: write”"),
        (
            Answer(422, {"message": "Validation Failed", "errors": [{"resource": "Issue", "code": "missing"}]}),
            "Validation Failed; Issue missing",
        ),
        (Answer(410, {"message": "Issues are disabled"}), "Issues are disabled"),
        (Answer(307, {"message": "Moved Permanently", "url": "u"}), "has the repository been renamed"),
    ],
)
async def test_a_refusal_says_why(github: FaultServer, forge: GitHubForge, answer: Answer, reason: str) -> None:
    github.on("POST", f"{REPO}/issues", answer)
    with pytest.raises(FarEndRefused, match=reason) as raised:
        await forge.open_issue(title="t", body="b")
    assert TOKEN not in str(raised.value)
    assert github.count("POST") == 1


async def test_a_merge_returns_the_merge_commit_and_names_the_approved_head(
    github: FaultServer, forge: GitHubForge
) -> None:
    github.on("PUT", MERGE, Answer(200, {"sha": MERGED, "merged": True, "message": "done"}))
    assert await merge(forge) == MERGED
    sent = {"sha": HEAD, "merge_method": "merge", "commit_title": "Merge", "commit_message": "text"}
    assert github.last("PUT").json == sent


@pytest.mark.parametrize(
    ("status", "message", "error"),
    [
        (409, "Head branch was modified. Review and try the merge again.", HeadMoved),
        (405, "Pull Request is not mergeable", FarEndRefused),
        (405, "Base branch was modified. Review and try the merge again.", FarEndError),
    ],
)
async def test_a_merge_that_github_declines_did_not_happen(
    github: FaultServer, forge: GitHubForge, status: int, message: str, error: type[SopwithError]
) -> None:
    github.on("PUT", MERGE, Answer(status, {"message": message}))
    with pytest.raises(error, match=message) as raised:
        await merge(forge)
    assert type(raised.value) is error


@pytest.mark.parametrize(
    ("failure", "error"),
    [
        ({"type": "FORBIDDEN", "message": "no access"}, FarEndRefused),
        ({"type": "NOT_FOUND", "message": "no such node"}, FarEndRefused),
        ({"message": "Field 'x' doesn't exist"}, FarEndRefused),
        ({"type": "RATE_LIMITED", "message": "limit"}, FarEndError),
        ({"message": "Something went wrong while executing your query. It may be a timeout."}, OutcomeUnknown),
    ],
)
async def test_graphql_failures_inside_a_200_are_told_apart(
    github: FaultServer, forge: GitHubForge, failure: dict[str, str], error: type[SopwithError]
) -> None:
    github.on("POST", "/graphql", Answer(200, {"data": None, "errors": [failure]}))
    with pytest.raises(error) as raised:
        await forge.edit_discussion("D_1", "text")
    assert type(raised.value) is error
    assert github.count("POST") == 1


async def test_looking_up_the_category_is_a_read_even_though_graphql_posts_it(
    github: FaultServer, forge: GitHubForge
) -> None:
    github.on("POST", "/graphql", Answer(502))
    with pytest.raises(FarEndError) as raised:
        await forge.open_discussion(category="Announcements", title="t", body="b")
    assert not isinstance(raised.value, OutcomeUnknown)


async def test_a_discussion_whose_answer_is_lost_was_opened_at_most_once(
    github: FaultServer, forge: GitHubForge
) -> None:
    categories = Answer(200, a_page([{"id": "C_1", "name": "Announcements"}]))
    github.on("POST", "/graphql", categories, Drop())
    with pytest.raises(OutcomeUnknown):
        await forge.open_discussion(category="Announcements", title="t", body="b")
    assert github.count("POST") == 2


async def test_closing_an_issue_sends_nothing_but_its_state(github: FaultServer, forge: GitHubForge) -> None:
    github.on("PATCH", ISSUE, Answer(200, an_issue(state="closed", state_reason="not_planned")))
    await forge.close_issue(3, reason="not_planned")
    assert github.last("PATCH").json == {"state": "closed", "state_reason": "not_planned"}
    assert github.count("GET") == 0


async def test_reopening_an_issue_sends_nothing_but_its_state(github: FaultServer, forge: GitHubForge) -> None:
    github.on("PATCH", ISSUE, Answer(200, an_issue(state_reason="reopened")))
    await forge.reopen_issue(3)
    assert github.last("PATCH").json == {"state": "open"}


async def test_an_issue_that_stays_open_is_not_reported_closed(github: FaultServer, forge: GitHubForge) -> None:
    github.on("PATCH", ISSUE, Answer(307, {"message": "Moved Permanently"}))
    with pytest.raises(FarEndRefused, match="renamed"):
        await forge.close_issue(3)


async def test_a_request_carries_the_token_and_the_api_version(github: FaultServer, forge: GitHubForge) -> None:
    github.on("POST", f"{ISSUE}/comments", Answer(201, a_comment()))
    assert (await forge.comment(3, "noted")).id == 50
    sent = github.last("POST").headers
    assert TOKEN in sent["authorization"]
    assert sent["x-github-api-version"] == "2022-11-28"


@pytest.mark.parametrize("name", ["widget", "acme/..", "acme/widget/x", "acme/wid get", "../x", ""])
def test_a_repository_is_an_owner_and_a_name(name: str) -> None:
    with pytest.raises(ConfigurationError):
        GitHubForge(name, token=SecretStr(TOKEN))
