"""GitHub's answers with something bent in them: each is read, or fails by name; and nothing is allowed by it."""

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from enum import Enum
from types import SimpleNamespace
from typing import Any, cast

import pytest
import structlog
from github.Repository import Repository
from hypothesis import HealthCheck, given, seed, settings
from structlog.testing import capture_logs

from adapters.github import advisories, branches, discussions, fields, issues, milestones, pulls, releases, workflows
from adapters.github.errors import Asked, translated
from sops.kit.errors import FarEndError, FarEndRefused
from sops.kit.release_gates import deciding
from sops.kit.world import CheckState, Review
from tests.integration.github.shapes import HEAD, a_comment, a_commit, a_discussion, a_page, a_pull, a_user, an_issue
from tests.unit.adapters.odd import bent

SINCE = datetime(2026, 11, 1, tzinfo=UTC)
STAMP = "2026-11-02T08:00:00Z"
Read = Callable[[Repository], Any]


def a_review(login: str, state: str = "APPROVED", **changed: Any) -> dict[str, Any]:
    known = {"id": 1, "user": a_user(login), "state": state, "commit_id": HEAD, "submitted_at": STAMP}
    return {**known, "author_association": "MEMBER", **changed}


def a_check(name: str, conclusion: str | None = "success", **changed: Any) -> dict[str, Any]:
    status = "completed" if conclusion else "in_progress"
    return {"id": 4, "name": name, "status": status, "conclusion": conclusion, "html_url": "https://c", **changed}


def a_release(**changed: Any) -> dict[str, Any]:
    asset = {"id": 9, "name": "a.zip", "size": 12, "state": "uploaded", "digest": "sha256:00"}
    known = {"id": 5, "tag_name": "v1.4.0", "name": "1.4.0", "body": "", "draft": False, "prerelease": False}
    return {**known, "published_at": STAMP, "assets": [asset], "html_url": "https://r", **changed}


def a_milestone() -> dict[str, Any]:
    return {"number": 2, "title": "1.4.0", "state": "open", "open_issues": 3, "html_url": "https://m"}


def a_workflow_run() -> dict[str, Any]:
    known = {"id": 8, "path": ".github/workflows/build.yml@main", "head_sha": HEAD, "status": "completed"}
    more = {"conclusion": "success", "created_at": STAMP, "html_url": "https://w", "display_title": "Build"}
    return {**known, **more, "event": "workflow_dispatch"}


def an_advisory() -> dict[str, Any]:
    hole = {"vulnerable_version_range": "< 1.4", "patched_versions": None}
    scores = {"cvss": {"vector_string": "CVSS:3.1/AV:N"}, "cvss_severities": {"cvss_v4": {"vector_string": None}}}
    known = {"ghsa_id": "GHSA-2345-6789-cfgh", "state": "triage", "summary": "s", "description": "d", "cve_id": None}
    return {**known, **scores, "html_url": "https://a", "vulnerabilities": [hole], "private_fork": None}


RULES = [
    {"type": "required_status_checks", "parameters": {"required_status_checks": [{"context": "build"}]}},
    {"type": "pull_request", "parameters": {"required_approving_review_count": 2}},
]
CLASSIC = {
    "required_status_checks": {"contexts": ["lint"], "checks": [{"context": "lint"}]},
    "required_pull_request_reviews": {"required_approving_review_count": 1},
}
CHECKS = {"check_runs": [a_check("build"), a_check("test", None), a_check("docs", "failure")], "statuses": []}
STATUSES = {"check_runs": [], "statuses": [{"context": "cla", "state": "success", "target_url": None}]}
REVIEWS = [a_review("rev1"), a_review("rev2", "CHANGES_REQUESTED"), a_review("rev3", "COMMENTED")]


def graphql(answer: Any) -> dict[str, Any]:
    return {"data": {"repository": {"id": "R_1", **answer}}}


READS: dict[str, tuple[Any, Read]] = {
    "reviews": (REVIEWS, lambda repo: pulls.reviews(repo, 7)),
    "checks": (CHECKS, lambda repo: branches.checks(repo, HEAD)),
    "statuses": (STATUSES, lambda repo: branches.checks(repo, HEAD)),
    "rule sets": (RULES, lambda repo: list(branches._ruleset_checks(cast("Any", branches.rows(repo, "rules"))))),
    "classic rules": (CLASSIC, lambda repo: [*branches._classic_checks(repo.requester.answer)]),
    "classic reviews": (CLASSIC, lambda repo: branches._classic_reviews(repo.requester.answer)),
    "open pull requests": ([a_pull(), a_pull(8, merged_at=STAMP)], pulls.still_open),
    "merged pull requests": ([a_pull(8, merged_at=STAMP)], lambda repo: pulls.merged_since(repo, "main", SINCE)),
    "pull requests": ([a_pull()], lambda repo: pulls.between(repo, "acme", "release/v1.4.0", "main")),
    "commits": (
        [a_commit(a_user("dev"), None, ("d@x", "g@x"), "Fix\n\nCo-authored-by: E <e@x>")],
        lambda repo: [who for raw in branches.rows(repo, "commits") for who in pulls._wrote(raw)],
    ),
    "issues": ([an_issue(), an_issue(4, pull_request={})], lambda repo: issues.listed(repo, (), "open", None)),
    "comments": ([a_comment(), a_comment(51)], lambda repo: issues.comments(repo, 3)),
    "releases": ([a_release(), a_release(draft=True, published_at=None)], releases.every),
    "milestones": ([a_milestone()], lambda repo: milestones.titled(repo, "1.4.0")),
    "workflow runs": ({"workflow_runs": [a_workflow_run()]}, lambda repo: workflows.runs(repo, "build.yml", SINCE)),
    "workflow run": (a_workflow_run(), lambda repo: workflows.one(repo, 8)),
    "advisories": ([an_advisory()], advisories._listed),
    "discussions": (
        graphql(a_page([a_discussion(1), a_discussion(2, None)])["data"]["repository"]),
        lambda repo: discussions.own(repo, "acme/widget", "sopwith"),
    ),
}


class Requester:
    """Gives that one answer, whatever is asked."""

    per_page = 100

    def __init__(self, answer: Any) -> None:
        self.answer = answer
        self._asked = 0

    def requestJsonAndCheck(self, *_: Any, **__: Any) -> tuple[dict[str, str], Any]:  # noqa: N802  # PyGithub's name
        return {}, self.answer

    def graphql_query(self, *_: Any) -> tuple[dict[str, str], Any]:
        self._asked += 1
        if self._asked > 2:
            raise ValueError("pages without an end")
        return {}, self.answer


def made_of(answer: Any, read: Read) -> Any:
    repo = cast("Repository", SimpleNamespace(requester=Requester(answer), url="/repos/acme/widget"))
    with translated(Asked("reading what is there", "Contents: read")):
        return read(repo)


def plain(value: Any) -> bool:
    """Nothing in it that later code, or a database, would stumble on."""
    if isinstance(value, str):
        return value.encode("utf-8") is not None
    if isinstance(value, list | tuple | frozenset):
        return all(map(plain, value))
    if dataclasses.is_dataclass(value):
        return all(plain(getattr(value, field.name)) for field in dataclasses.fields(value))
    if isinstance(value, datetime):
        return value.tzinfo is not None
    return value is None or isinstance(value, bool | int | Enum)


@pytest.mark.parametrize("what", READS)
def test_what_github_documents_is_read(what: str) -> None:
    answer, read = READS[what]
    assert plain(made_of(answer, read))
    assert made_of(answer, read)


@pytest.mark.parametrize("what", READS)
def test_an_odd_answer_is_a_value_or_an_error_that_names_the_place(what: str) -> None:
    answer, read = READS[what]

    @seed(2026)
    @settings(max_examples=150, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(bent([answer]))
    def tried(odd: Any) -> None:
        try:
            found = made_of(odd, read)
        except (FarEndError, FarEndRefused) as error:
            assert str(error).startswith(("reading what is there: ", "GitHub answers "))  # noqa: PT017
            return
        assert plain(found)
        if what == "reviews":
            assert len(approvers(found)) <= 1
        if what in ("checks", "statuses"):
            assert sum(check.state is CheckState.GREEN for check in found) <= 1

    with capture_logs():
        tried()


def approvers(found: Sequence[Review]) -> set[str]:
    return {each.login for each in deciding(found) if each.state == "APPROVED" and each.commit_sha == HEAD}


ODD_ROWS = [7, [], {}, {"id": -9, "user": None, "state": 5}, {"number": "12", "labels": [None, {"name": 3}]}]


@pytest.mark.parametrize("odd", ODD_ROWS)
def test_an_odd_row_stops_none_of_the_others_and_is_no_yes(odd: Any) -> None:
    with capture_logs():
        reviewed = made_of([*REVIEWS, odd], READS["reviews"][1])
        assert [each.login for each in reviewed[:3]] == ["rev1", "rev2", "rev3"]
        assert reviewed[3].state == "CHANGES_REQUESTED"
        checked = made_of({"check_runs": [a_check("build"), odd], "statuses": []}, READS["checks"][1])
        assert [each.state for each in checked] == [CheckState.GREEN, CheckState.PENDING]
        open_issues = made_of([an_issue(), odd], READS["issues"][1])
        assert [each.state for each in open_issues] == ["open", "open"]  # a blocker nobody can read holds all the same
        for what in ("comments", "releases", "open pull requests", "advisories"):
            answer, read = READS[what]
            assert made_of([*answer, odd], read) == made_of(answer, read)


def test_a_workflows_run_that_may_be_ours_and_cannot_be_read_is_not_started_again() -> None:
    with pytest.raises(FarEndError, match="documented shape"):
        made_of({"workflow_runs": [{**a_workflow_run(), "id": "x"}]}, READS["workflow runs"][1])


@pytest.fixture
def all_that_is_logged() -> Iterator[None]:
    """The demo, which other tests play, keeps warnings to itself."""
    before = structlog.get_config()
    structlog.reset_defaults()
    yield
    structlog.configure(**before)


@pytest.mark.usefixtures("all_that_is_logged")
def test_it_is_logged_once_and_nothing_of_it_is_said() -> None:
    fields._logged.clear()
    rows = [a_comment(), {"id": -3, "body": "secret-of-somebody"}]
    with capture_logs() as logged:
        for _ in range(5):
            made_of(rows, READS["comments"][1])
    assert [(each["kind"], each["why"]) for each in logged] == [("a comment", "id is no number")]
    assert "secret" not in str(logged)


def test_an_approval_of_an_account_that_is_gone_counts_for_nobody_and_its_objection_stays() -> None:
    gone = [a_review("x", user=None), a_review("y", "CHANGES_REQUESTED", user=None, commit_id=None)]
    first, second = made_of(gone, READS["reviews"][1])
    assert (first.login, first.commit_sha, second.state, second.of_project) == ("ghost", "", "CHANGES_REQUESTED", True)
