"""A walk past every operation the sandbox's forge serves, and past its refusals, with the real clients."""

from collections.abc import Callable
from datetime import timedelta

import httpx
import pytest
from github import GithubException
from github.Repository import Repository

from adapters.sandbox.people import token_of
from adapters.sandbox.world import SandboxWorld
from tests.contract.github.conftest import START, connect

CANDIDATE = "release/v1.4.0-rc1"
REPO = "/repos/acme/skylark"
GHOST = "0" * 40


def walk(world: SandboxWorld) -> None:
    with connect(world) as github, connect(world, token_of("rev1")) as reviewer:
        repository = github.get_repo(world.repository)
        assert github.get_user().login == "sopwith-bot"
        assert github.get_user("guest").name == "Gus Estrada"
        assert github.get_rate_limit().rate.limit == 5000
        _branches(repository)
        _files_and_refs(repository)
        _issues(repository)
        _pull_request(world, repository, reviewer.get_repo(world.repository))
        _releases(world, repository)
        _workflows(world, repository)
    _rest(world)
    _advisories(world)


def _refused(call: Callable[[], object], status: int) -> None:
    with pytest.raises(GithubException) as refusal:
        call()
    assert refusal.value.status == status, refusal.value


def _branches(repository: Repository) -> None:
    assert {branch.name for branch in repository.get_branches()} == {"main", "develop"}
    main = repository.get_branch("main")
    assert main.protected
    assert main.get_required_status_checks().contexts
    assert main.get_protection().required_status_checks.contexts
    _refused(lambda: repository.get_branch("develop").get_protection(), 404)
    _refused(lambda: repository.get_branch("develop").get_required_status_checks(), 404)
    _refused(lambda: repository.get_branch("no/such"), 404)
    assert repository.has_in_collaborators("rev1")
    assert not repository.has_in_collaborators("guest")
    assert repository.get_collaborator_permission("maint") == "admin"
    _refused(lambda: repository.get_collaborator_permission("nobody"), 404)


def _files_and_refs(repository: Repository) -> None:
    develop = repository.get_git_ref("heads/develop").object.sha
    branch = repository.create_git_ref("refs/heads/topic/one", develop)
    _refused(lambda: repository.create_git_ref("refs/heads/topic/one", develop), 422)
    _refused(lambda: repository.create_git_ref("refs/heads/bad..name", develop), 422)
    _refused(lambda: repository.get_git_ref("heads/none"), 404)
    made = repository.create_file("docs/new.md", "docs: new", "hello\n", branch="topic/one")
    old = repository.get_contents("docs/new.md", ref="topic/one")
    assert not isinstance(old, list)
    assert old.decoded_content == b"hello\n"
    repository.update_file("docs/new.md", "docs: more", "hello again\n", old.sha, branch="topic/one")
    _refused(lambda: repository.update_file("docs/new.md", "docs: stale", "x", old.sha, branch="topic/one"), 409)
    _refused(lambda: repository.get_contents("none.md"), 404)
    assert isinstance(repository.get_contents("docs", ref="topic/one"), list)
    assert repository.get_commit(made["commit"].sha).stats.additions == 1
    assert repository.get_git_commit(made["commit"].sha).message == "docs: new"
    _refused(lambda: repository.get_git_commit(GHOST), 404)
    _refused(lambda: repository.get_commit("none"), 422)
    assert len(list(repository.get_commits(sha="topic/one"))) > 2
    assert repository.compare("develop", "topic/one").ahead_by == 2
    assert [ref.ref for ref in repository.get_git_matching_refs("heads/topic")] == ["refs/heads/topic/one"]
    branch.edit(develop, force=True)
    _refused(lambda: repository.get_git_ref("heads/main").edit(develop), 409)
    branch.delete()
    assert [tag.name for tag in repository.get_tags()] == ["v1.3.0"]
    assert repository.get_git_tag(repository.get_git_ref("tags/v1.3.0").object.sha).tag == "v1.3.0"
    _refused(lambda: repository.get_git_tag(GHOST), 404)


def _issues(repository: Repository) -> None:
    milestone = repository.create_milestone("v1.5.0", description="next", due_on=START.date())
    _refused(lambda: repository.create_milestone("v1.5.0"), 422)
    milestone.edit("v1.5.0", state="closed")
    assert len(list(repository.get_milestones(state="all"))) == 2
    assert repository.get_milestone(1).title == "v1.4.0"
    _refused(lambda: repository.get_milestone(77), 404)
    repository.create_label("rc", "d73a4a", "release candidate")
    _refused(lambda: repository.create_label("rc", "d73a4a"), 422)
    assert repository.get_label("rc").color == "d73a4a"
    _refused(lambda: repository.get_label("none"), 404)
    assert "rc" in {label.name for label in repository.get_labels()}
    issue = repository.create_issue(
        "crash", body="on start", labels=["rc", "unheard-of"], assignees=["maint"], milestone=milestone
    )
    comment = issue.create_comment("looking")
    comment.edit("looked")
    assert [found.body for found in issue.get_comments(since=START)] == ["looked"]
    issue.add_to_labels("bug")
    issue.remove_from_labels("unheard-of")
    assert {label.name for label in issue.get_labels()} == {"rc", "bug"}
    _refused(lambda: issue.remove_from_labels("unheard-of"), 404)
    issue.edit(title="crash on start", state="closed", state_reason="not_planned", labels=["bug"])
    issue.edit(state="open")
    found = repository.get_issues(state="all", labels=["bug"], since=START, creator="sopwith-bot")
    assert [one.number for one in found] == [issue.number]
    assert repository.get_issue(issue.number).state_reason == "reopened"
    _refused(lambda: repository.get_issue(9999), 404)
    _refused(lambda: repository.create_issue("x", assignees=["nobody"]), 422)


def _pull_request(world: SandboxWorld, repository: Repository, as_reviewer: Repository) -> None:
    clock = world.clock
    develop = repository.get_branch("develop").commit.sha
    _refused(lambda: repository.create_pull("main", CANDIDATE, title="no branch"), 422)
    repository.create_git_ref(f"refs/heads/{CANDIDATE}", develop)
    pull = repository.create_pull("main", CANDIDATE, title="Release 1.4.0-rc1", body="please")
    _refused(lambda: repository.create_pull("main", CANDIDATE, title="again"), 422)
    pull.create_issue_comment("for the record")
    pull.add_to_labels("enhancement")
    pull.edit(title="Release candidate 1.4.0-rc1", body="please review")
    pull.create_review_request(reviewers=["rev1", "rev2"])
    _refused(lambda: pull.create_review_request(reviewers=["guest"]), 422)
    assert pull.get_review_requests()[0].totalCount == 2
    as_reviewer.get_pull(pull.number).create_review(event="APPROVE", body="good")
    _refused(lambda: pull.create_review(event="APPROVE"), 422)
    assert [review.state for review in pull.get_reviews()] == ["APPROVED"]
    assert pull.get_commits().totalCount == 4
    assert "CHANGELOG.md" in {file.filename for file in pull.get_files()}
    assert list(repository.get_pulls(state="all", head=f"acme:{CANDIDATE}", base="main")) == [pull]
    head = repository.get_commit(pull.head.sha)
    assert {run.status for run in head.get_check_runs(filter="latest")} == {"in_progress"}
    assert head.get_combined_status().total_count == 0
    _refused(lambda: pull.merge(sha=pull.head.sha), 405)
    clock.move_to(world.next_due() or START)
    world.fail_check("pr-path-gate-main")
    world.pass_check("pr-path-gate-main")
    assert head.get_check_runs(filter="all").totalCount == 6
    _refused(lambda: pull.merge(sha=GHOST), 409)
    assert not pull.is_merged()
    assert pull.merge(sha=pull.head.sha, merge_method="merge").merged
    assert pull.is_merged()
    assert [one.number for one in repository.get_commit(develop).get_pulls()] == [pull.number]
    assert [one.number for one in repository.get_issues(state="closed", since=START)] == [pull.number]
    assert repository.get_pull(pull.number).merged
    _refused(lambda: repository.get_pull(9999), 404)


def _releases(world: SandboxWorld, repository: Repository) -> None:
    made = repository.create_git_release("v1.4.0-rc1", "Candidate", "try it", prerelease=True, make_latest="false")
    _refused(lambda: repository.create_git_release("v1.4.0-rc1", "Candidate", "again"), 422)
    made.update_release("Candidate 1", "try it please", prerelease=True)
    world.clock.move_to(world.clock.now() + timedelta(minutes=5))
    assets = list(repository.get_release("v1.4.0-rc1").get_assets())
    assert [asset.name for asset in assets] == ["skylark-1.4.0-rc1.tar.gz", "SHA256SUMS"]
    assert len(list(repository.get_releases())) == 2
    assert repository.get_release(made.id).prerelease
    assert repository.get_latest_release().tag_name == "v1.3.0"
    assert repository.get_release_asset(assets[0].id).digest == assets[0].digest
    assets[1].download_asset(str(world.git_path / "description"), chunk_size=65536)
    assert b"skylark-1.4.0-rc1.tar.gz" in (world.git_path / "description").read_bytes()
    _refused(lambda: repository.get_release("v9.9.9"), 404)


def _workflows(world: SandboxWorld, repository: Repository) -> None:
    assert "dockerhub-publish-on-release.yml" in {flow.path.rpartition("/")[2] for flow in repository.get_workflows()}
    flow = repository.get_workflow("dockerhub-publish-on-release.yml")
    _refused(lambda: repository.get_workflow("none.yml"), 404)
    _refused(lambda: flow.create_dispatch("none", throw=True), 422)
    assert flow.create_dispatch("main", {"tag": "v1.3.0"}, throw=True)
    run = flow.create_dispatch("v1.3.0", throw=True, return_run_details=True)
    assert next(found.id for found in flow.get_runs(event="workflow_dispatch")) == run.id
    assert repository.get_workflow_run(run.id).status == "queued"
    world.clock.move_to(world.clock.now() + timedelta(minutes=3))
    assert repository.get_workflow_run(run.id).conclusion == "success"
    _refused(lambda: repository.get_workflow_run(1), 404)


def _advisories(world: SandboxWorld) -> None:
    headers = {"Authorization": f"token {world.token}"}
    path = f"{REPO}/security-advisories"
    draft = {"summary": "a hole", "description": "in the log", "severity": "high", "vulnerabilities": []}
    vulnerability = {"package": {"ecosystem": "other", "name": ""}, "vulnerable_version_range": "< 1.3.1"}
    with httpx.Client(base_url=world.api_url, headers=headers) as http:
        assert http.get(path).json() == []
        made = http.post(path, json=draft).json()
        one = f"{path}/{made['ghsa_id']}"
        assert http.get(f"{path}/GHSA-none").status_code == 404
        assert http.patch(one, json={"cvss_vector_string": "CVSS:3.1/nonsense"}).status_code == 422
        vector = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"
        scored = http.patch(one, json={"cvss_vector_string": vector, "vulnerabilities": [vulnerability]}).json()
        assert (scored["severity"], scored["cvss"]["score"]) == ("critical", 9.8)
        assert http.post(f"{one}/forks").status_code == 202
        assert http.get(one).json()["private_fork"] is None
        world.clock.move_to(world.clock.now() + timedelta(minutes=5))
        assert http.get(one).json()["private_fork"]["private"]
        assert http.post(f"{one}/cve").status_code == 202
        assert http.post(f"{one}/cve").status_code == 422
        assert http.patch(one, json={"state": "published"}).json()["published_at"]
        assert http.get(path, params={"state": "draft"}).json() == []
        reported = http.post(f"{path}/reports", json={"summary": "another", "description": "in the parser"}).json()
        assert (reported["state"], reported["submission"]) == ("triage", {"accepted": False})
        accepted = http.patch(f"{path}/{reported['ghsa_id']}", json={"state": "draft"}).json()
        assert (accepted["state"], accepted["submission"]) == ("draft", {"accepted": True})


def _rest(world: SandboxWorld) -> None:
    """What PyGithub has no call for, and what it never asks."""
    headers = {"Authorization": f"token {world.token}"}
    with httpx.Client(base_url=world.api_url, headers=headers) as http:
        assert http.get(f"{REPO}/rules/branches/main").json()
        assert http.get(f"{REPO}/rules/branches/release/any").json() == []
        assert http.get(f"{REPO}/branches", params={"protected": "true", "per_page": "1"}).json()
        assert http.get(f"{REPO}/commits/main/check-runs", params={"check_name": "x"}).json()["total_count"] == 0
        assert http.get("/repos/acme/other").status_code == 404
        assert http.get("/user", headers={"Authorization": "token wrong"}).status_code == 401
        assert len(http.get("/repos/acme/rocksdb/releases").json()) == 3
        assert http.get("/repos/acme/rocksdb").status_code == 404
        assert http.get(f"{REPO}/releases/assets/1").status_code == 404
