"""How GitHub's answers become plain values."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from adapters.github import GitHubForge
from sops.kit.errors import FarEndError, FarEndRefused
from sops.kit.world import Asset, BranchRules, Check, CheckState
from tests.integration.github.faults import Answer, FaultServer, Seen
from tests.integration.github.shapes import (
    HEAD,
    MERGED,
    OTHER,
    REPO,
    a_comment,
    a_commit,
    a_discussion,
    a_page,
    a_pull,
    a_user,
    an_issue,
)


def three_pages(server: FaultServer, path: str, pages: list[Any]) -> None:
    """Pages linked as GitHub links them, with the parameters kept in the link."""

    def answer(seen: Seen) -> Answer:
        page = int(seen.query.get("page", "1"))
        link = f'<{server.url}{path}?state=all&per_page=100&page={page + 1}>; rel="next"'
        return Answer(200, pages[page - 1], {"Link": link} if page < len(pages) else {})

    server.on("GET", path, answer)


async def test_every_page_of_issues_is_read_and_pull_requests_are_left_out(
    github: FaultServer, forge: GitHubForge
) -> None:
    pull = an_issue(2, pull_request={"url": "u"})
    three_pages(github, f"{REPO}/issues", [[an_issue(1), pull], [an_issue(3)], [an_issue(4)]])
    found = await forge.issues(labels=("regression", "rc-blocker"), state="all")
    assert [issue.number for issue in found] == [1, 3, 4]
    assert github.count("GET") == 3
    assert github.seen[0].query == {"labels": "regression,rc-blocker", "state": "all", "per_page": "100"}


async def test_issues_may_be_limited_to_those_updated_since_an_instant(github: FaultServer, forge: GitHubForge) -> None:
    github.on("GET", f"{REPO}/issues", Answer(200, []))
    await forge.issues(since=datetime(2026, 11, 2, 9, tzinfo=timezone(timedelta(hours=1))))
    assert github.last("GET").query == {
        "since": "2026-11-02T08:00:00Z",
        "state": "open",
        "per_page": "100",
    }


async def test_an_issue_is_whole(github: FaultServer, forge: GitHubForge) -> None:
    github.on("GET", f"{REPO}/issues/3", Answer(200, an_issue(3, user=None, body=None)))
    issue = await forge.issue(3)
    assert issue is not None
    assert (issue.author, issue.body, issue.labels) == ("ghost", "", ("regression",))
    assert issue.created_at == datetime(2026, 11, 2, 8, tzinfo=UTC)
    assert issue.closed_at is None


@pytest.mark.parametrize(
    "answer",
    [
        Answer(404, {"message": "Not Found"}),
        Answer(410, {"message": "This issue was deleted"}),
        Answer(200, an_issue(3, pull_request={"url": "u"})),
    ],
)
async def test_what_is_not_an_issue_is_none(github: FaultServer, forge: GitHubForge, answer: Answer) -> None:
    github.on("GET", f"{REPO}/issues/3", answer)
    assert await forge.issue(3) is None


async def test_own_issues_are_listed_by_creator_since_an_instant_in_utc(
    github: FaultServer, forge: GitHubForge
) -> None:
    github.on("GET", "/user", Answer(200, a_user()))
    github.on("GET", f"{REPO}/issues", Answer(200, [an_issue(9)]))
    berlin = timezone(timedelta(hours=1))
    assert [issue.number for issue in await forge.own_issues(datetime(2026, 11, 2, 9, tzinfo=berlin))] == [9]
    query = github.last("GET").query
    assert (query["creator"], query["since"], query["state"]) == ("sopwith", "2026-11-02T08:00:00Z", "all")
    await forge.own_issues(datetime(2026, 11, 2, 9, tzinfo=berlin))
    assert github.count("GET", "/user") == 1


async def test_comments_are_listed(github: FaultServer, forge: GitHubForge) -> None:
    github.on("GET", f"{REPO}/issues/3/comments", Answer(200, [a_comment(50), a_comment(51)]))
    assert [comment.id for comment in await forge.comments(3)] == [50, 51]


async def test_pull_requests_are_sought_by_branch_whatever_their_state(github: FaultServer, forge: GitHubForge) -> None:
    merged = a_pull(6, state="closed", merged_at="2026-11-02T08:00:00Z", merge_commit_sha=MERGED)
    fork = a_pull(8, head={"ref": "release/v1.4.0", "sha": HEAD, "repo": {"id": 2}})
    gone = a_pull(9, head={"ref": "release/v1.4.0", "sha": HEAD, "repo": None})
    other = a_pull(10, base={"ref": "develop", "sha": OTHER, "repo": {"id": 1}})
    github.on("GET", f"{REPO}/pulls", Answer(200, [a_pull(7), merged, fork, gone, other]))
    found = await forge.pull_requests("release/v1.4.0", "main")
    assert [(pull.number, pull.merged, pull.merge_sha) for pull in found] == [(7, False, None), (6, True, MERGED)]
    query = github.last("GET").query
    assert (query["head"], query["base"], query["state"]) == ("acme:release/v1.4.0", "main", "all")
    assert github.count("GET") == 1


async def test_authors_are_all_who_wrote_a_commit(github: FaultServer, forge: GitHubForge) -> None:
    trailers = "Fix\n\nCo-authored-by: Dana <Dana@Example.org>\nco-authored-by: Eve <eve@example.org>"
    commits = [
        a_commit(a_user("ada"), a_user("web-flow")),
        a_commit(a_user("ada"), a_user("bob"), message=trailers),
        a_commit(None, {}, ("Carol@Example.org", "ci@example.org")),
        a_commit({}, None, ("carol@example.org", "noreply@github.com")),
    ]
    github.on("GET", f"{REPO}/pulls/7", Answer(200, a_pull(commits=4)))
    github.on("GET", f"{REPO}/pulls/7/commits", Answer(200, commits))
    emails = {"carol@example.org", "ci@example.org", "dana@example.org", "eve@example.org"}
    assert await forge.pull_request_authors(7) == {"ada", "bob"} | {f"email:{email}" for email in emails}


async def test_authors_beyond_the_250_commits_of_the_listing_come_from_the_comparison(
    github: FaultServer, forge: GitHubForge
) -> None:
    compare = f"{REPO}/compare/{OTHER}...{HEAD}"
    pages = [100, 100, 51]
    github.on("GET", f"{REPO}/pulls/7", Answer(200, a_pull(commits=251)))
    authors = [[a_commit(a_user(f"u{page}"), a_user(f"u{page}"))] * size for page, size in enumerate(pages)]
    three_pages(github, compare, [{"total_commits": 251, "commits": commits} for commits in authors])
    assert await forge.pull_request_authors(7) == {"u0", "u1", "u2"}


async def test_an_incomplete_list_of_commits_is_not_taken_for_all_authors(
    github: FaultServer, forge: GitHubForge
) -> None:
    github.on("GET", f"{REPO}/pulls/7", Answer(200, a_pull(commits=2)))
    github.on("GET", f"{REPO}/pulls/7/commits", Answer(200, [a_commit(a_user(), a_user())]))
    with pytest.raises(FarEndError, match="has 2 commits and GitHub lists 1"):
        await forge.pull_request_authors(7)


async def test_reviews_say_who_and_of_which_commit(github: FaultServer, forge: GitHubForge) -> None:
    instant = "2026-11-02T08:00:00Z"
    listed = [
        {"user": a_user("ada"), "state": "APPROVED", "commit_id": HEAD, "submitted_at": instant},
        {"user": a_user("ci[bot]", "Bot"), "state": "COMMENTED", "commit_id": None, "submitted_at": instant},
        {"user": None, "state": "PENDING", "commit_id": HEAD},
    ]
    github.on("GET", f"{REPO}/pulls/7/reviews", Answer(200, listed))
    ada, bot, ghost = await forge.reviews(7)
    assert (ada.login, ada.state, ada.commit_sha, ada.is_bot) == ("ada", "APPROVED", HEAD, False)
    assert ada.submitted_at == datetime(2026, 11, 2, 8, tzinfo=UTC)
    assert (bot.is_bot, bot.commit_sha) == (True, "")
    assert (ghost.login, ghost.submitted_at) == ("ghost", None)


def a_run(name: str, status: str, conclusion: str | None) -> dict[str, Any]:
    return {"name": name, "status": status, "conclusion": conclusion, "html_url": None, "details_url": "d"}


def script_checks(github: FaultServer, runs: list[Any], statuses: list[Any]) -> None:
    combined = {"state": "pending", "total_count": len(statuses), "statuses": statuses}
    path = f"{REPO}/commits/{HEAD}"
    github.on("GET", f"{path}/check-runs", Answer(200, {"total_count": len(runs), "check_runs": runs}))
    github.on("GET", f"{path}/status", Answer(200, combined))


async def test_runs_and_statuses_are_reported_together(github: FaultServer, forge: GitHubForge) -> None:
    conclusions = ["success", "neutral", "skipped", "failure", "cancelled", "timed_out", "action_required", "stale"]
    runs = [a_run(conclusion, "completed", conclusion) for conclusion in conclusions]
    waiting = [a_run(status, status, None) for status in ("queued", "in_progress", "waiting")]
    states = ["success", "pending", "failure", "error"]
    statuses = [{"context": f"ci/{state}", "state": state, "target_url": None} for state in states]
    script_checks(github, runs + waiting, statuses)
    found = {check.name: check.state for check in await forge.checks(HEAD)}
    green = {"success", "neutral", "skipped", "ci/success"}
    pending = {"queued", "in_progress", "waiting", "ci/pending"}
    assert {name for name, state in found.items() if state is CheckState.GREEN} == green
    assert {name for name, state in found.items() if state is CheckState.PENDING} == pending
    assert len(found) == len(runs + waiting + statuses)
    assert github.seen[0].query["filter"] == "latest"


async def test_nothing_reported_is_no_check_although_github_calls_it_pending(
    github: FaultServer, forge: GitHubForge
) -> None:
    script_checks(github, [], [])
    assert list(await forge.checks(HEAD)) == []


async def test_every_page_of_check_runs_is_read(github: FaultServer, forge: GitHubForge) -> None:
    script_checks(github, [], [])
    pages = [{"total_count": 3, "check_runs": [a_run(str(n), "completed", "success")]} for n in range(3)]
    three_pages(github, f"{REPO}/commits/{HEAD}/check-runs", pages)
    assert list(await forge.checks(HEAD)) == [
        Check(str(n), CheckState.GREEN, "d", conclusion="success") for n in range(3)
    ]


@pytest.mark.parametrize("sha", ["main", "../x", HEAD[:7], HEAD + "?x=1", ""])
async def test_checks_are_asked_of_a_full_sha_only(github: FaultServer, forge: GitHubForge, sha: str) -> None:
    with pytest.raises(FarEndRefused):
        await forge.checks(sha)
    assert github.seen == []


CLASSIC = {
    "required_status_checks": {"contexts": ["build"], "checks": [{"context": "build"}, {"context": "lint"}]},
    "required_pull_request_reviews": {"required_approving_review_count": 1},
}
RULESET = [
    {"type": "deletion"},
    {
        "type": "required_status_checks",
        "parameters": {"required_status_checks": [{"context": "lint"}, {"context": "e2e"}]},
    },
    {"type": "pull_request", "parameters": {"required_approving_review_count": 2}},
]
UNPROTECTED = Answer(404, {"message": "Branch not protected"})
BRANCH = f"{REPO}/branches/release%2Fv1"


@pytest.mark.parametrize(
    ("classic", "ruleset", "rules"),
    [
        (Answer(200, CLASSIC), RULESET, BranchRules(("build", "lint", "e2e"), 2, protected=True)),
        (Answer(200, CLASSIC), [], BranchRules(("build", "lint"), 1, protected=True)),
        (UNPROTECTED, RULESET, BranchRules(("lint", "e2e"), 2, protected=True)),
        (UNPROTECTED, [], BranchRules()),
    ],
)
async def test_rules_are_classic_protection_and_rule_sets_together(
    github: FaultServer, forge: GitHubForge, classic: Answer, ruleset: list[Any], rules: BranchRules
) -> None:
    github.on("GET", f"{BRANCH}/protection", classic)
    github.on("GET", f"{REPO}/rules/branches/release%2Fv1", Answer(200, ruleset))
    assert await forge.rules("release/v1") == rules


@pytest.mark.parametrize("status", [403, 404])
async def test_without_the_right_to_read_protection_what_the_branch_shows_counts(
    github: FaultServer, forge: GitHubForge, status: int
) -> None:
    shown = {"protected": True, "protection": {"required_status_checks": {"contexts": ["build"], "checks": []}}}
    github.on("GET", f"{BRANCH}/protection", Answer(status, {"message": "Not Found"}))
    github.on("GET", BRANCH, Answer(200, shown))
    github.on("GET", f"{REPO}/rules/branches/release%2Fv1", Answer(200, []))
    assert await forge.rules("release/v1") == BranchRules(("build",), 0, protected=True)


def a_release(**changed: Any) -> dict[str, Any]:
    release = {"id": 5, "tag_name": "v1.4.0", "name": None, "body": "notes", "draft": False, "prerelease": True}
    return {**release, "published_at": "2026-11-02T08:00:00Z", "html_url": "h", "assets": [], **changed}


async def test_a_release_has_the_assets_whose_upload_is_finished(github: FaultServer, forge: GitHubForge) -> None:
    done = {"id": 1, "name": "a.tar.gz", "size": 3, "digest": "sha256:00", "state": "uploaded"}
    github.on("GET", f"{REPO}/releases/tags/v1.4.0", Answer(200, a_release()))
    github.on("GET", f"{REPO}/releases/5/assets", Answer(200, [done, {**done, "id": 2, "state": "starter"}]))
    release = await forge.release_by_tag("v1.4.0")
    assert release is not None
    assert release.assets == (Asset(1, "a.tar.gz", 3, "sha256:00"),)
    assert (release.id, release.prerelease, release.name) == (5, True, "")


async def test_a_tag_without_a_release_is_none(github: FaultServer, forge: GitHubForge) -> None:
    github.on("GET", f"{REPO}/releases/tags/v1.4.0", Answer(404, {"message": "Not Found"}))
    assert await forge.release_by_tag("v1.4.0") is None


ASSET = f"{REPO}/releases/assets/1"


async def test_an_asset_elsewhere_is_downloaded_without_our_token(github: FaultServer, forge: GitHubForge) -> None:
    with FaultServer().running() as elsewhere:
        github.on("GET", ASSET, Answer(302, headers={"Location": f"http://localhost:{elsewhere.port}/blob"}))
        elsewhere.on("GET", "/blob", Answer(502), Answer(200, b"\x00\xffbytes"))
        assert await forge.download_asset(1) == b"\x00\xffbytes"
        assert "authorization" in github.last("GET").headers
        assert "authorization" not in elsewhere.last("GET").headers


@pytest.mark.parametrize(
    ("answer", "error"),
    [(Answer(404, {"message": "Not Found"}), FarEndRefused), (Answer(429, b""), FarEndError)],
)
async def test_an_asset_that_is_not_given_is_an_error(
    github: FaultServer, forge: GitHubForge, answer: Answer, error: type[Exception]
) -> None:
    github.on("GET", ASSET, answer)
    with pytest.raises(error):
        await forge.download_asset(1)


async def test_discussion_categories_are_read_to_the_last_page(github: FaultServer, forge: GitHubForge) -> None:
    pages = [a_page([{"id": "C_1", "name": "Ideas"}], "x"), a_page([{"id": "C_2", "name": "Announcements"}])]
    github.on("POST", "/graphql", *(Answer(200, page) for page in pages))
    assert list(await forge.discussion_categories()) == ["Ideas", "Announcements"]
    assert [seen.json["variables"]["after"] for seen in github.seen] == [None, "x"]


async def test_own_discussions_are_listed_and_those_of_others_left_out(github: FaultServer, forge: GitHubForge) -> None:
    github.on("GET", "/user", Answer(200, a_user()))
    first = [a_discussion(9), a_discussion(8, "ada")]
    second = [a_discussion(7, None), a_discussion(6)]
    github.on("POST", "/graphql", Answer(200, a_page(first, "x")), Answer(200, a_page(second)))
    assert [discussion.number for discussion in await forge.own_discussions()] == [9, 6]


async def test_a_discussion_is_opened_in_a_category_found_whatever_its_case(
    github: FaultServer, forge: GitHubForge
) -> None:
    categories = a_page([{"id": "C_1", "name": "Ideas"}, {"id": "C_2", "name": "Announcements"}])
    made = {"data": {"createDiscussion": {"discussion": a_discussion(9)}}}
    github.on("POST", "/graphql", Answer(200, categories), Answer(200, made))
    assert (await forge.open_discussion(category="announcements", title="t", body="b")).id == "D_9"
    sent = github.last("POST").json["variables"]["input"]
    assert sent == {"repositoryId": "R_1", "categoryId": "C_2", "title": "t", "body": "b"}


async def test_a_discussion_in_an_unknown_category_is_refused_before_anything_is_sent(
    github: FaultServer, forge: GitHubForge
) -> None:
    github.on("POST", "/graphql", Answer(200, a_page([{"id": "C_1", "name": "Ideas"}])))
    with pytest.raises(FarEndRefused, match="Ideas"):
        await forge.open_discussion(category="Announcements", title="t", body="b")
    assert github.count("POST") == 1
