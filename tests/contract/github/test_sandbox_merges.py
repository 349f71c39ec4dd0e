"""Pull requests follow their branches, and a merge is a real git merge under the rules of the base branch."""

import subprocess
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from github import GithubException
from github.PullRequest import PullRequest
from github.Repository import Repository

from adapters.sandbox.clock import VirtualClock
from adapters.sandbox.world import SandboxWorld
from sops.kit.errors import FarEndRefused

BRANCH = "release/v1.4.0-rc1"


@pytest.fixture
def pull(world: SandboxWorld, repository: Repository) -> PullRequest:
    repository.create_git_ref(f"refs/heads/{BRANCH}", repository.get_branch("develop").commit.sha)
    return repository.create_pull("main", BRANCH, title="Release 1.4.0-rc1", body="")


def git(world: SandboxWorld, *arguments: str) -> str:
    command = ["git", "-C", world.git_url, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def let_checks_pass(world: SandboxWorld) -> None:
    due = world.next_due()
    assert due is not None
    world.clock.move_to(due)
    world.tick()


def test_a_merge_has_the_base_as_first_and_the_head_as_second_parent(
    world: SandboxWorld, repository: Repository, pull: PullRequest
) -> None:
    base = repository.get_branch("main").commit.sha
    let_checks_pass(world)
    merged = pull.merge(sha=pull.head.sha, commit_title="Merge rc1", commit_message="Soak starts.").sha
    assert git(world, "rev-parse", "main", "main^1", "main^2").split() == [merged, base, pull.head.sha]
    assert git(world, "log", "-1", "--format=%an|%s|%b", "main") == "Sopwith|Merge rc1|Soak starts."
    assert git(world, "diff", "--stat", "main", "develop") == ""
    assert git(world, "fsck", "--strict") == ""


def test_the_merged_branch_is_deleted(world: SandboxWorld, repository: Repository, pull: PullRequest) -> None:
    let_checks_pass(world)
    pull.merge(sha=pull.head.sha)
    assert [branch.name for branch in repository.get_branches()] == ["develop", "main"]
    again = repository.get_pull(pull.number)
    assert (again.merged, again.state, again.head.sha) == (True, "closed", pull.head.sha)
    assert again.commits == pull.commits == 4


def test_a_branch_that_stays_is_never_deleted(world: SandboxWorld, repository: Repository) -> None:
    pull = repository.create_pull("main", "develop", title="all of it", body="")
    let_checks_pass(world)
    pull.merge(sha=pull.head.sha)
    assert repository.get_branch("develop").commit.sha == pull.head.sha


def test_a_push_after_the_checks_asks_for_them_anew(
    world: SandboxWorld, repository: Repository, pull: PullRequest
) -> None:
    let_checks_pass(world)
    sha = world.push(BRANCH)
    assert repository.get_pull(pull.number).head.sha == sha
    with pytest.raises(GithubException) as stale:
        pull.merge(sha=pull.head.sha)
    assert stale.value.status == 409
    with pytest.raises(GithubException) as unchecked:
        pull.merge(sha=sha)
    assert unchecked.value.status == 405
    let_checks_pass(world)
    assert pull.merge(sha=sha).merged


def test_a_failed_check_holds_the_merge_until_it_passes(world: SandboxWorld, pull: PullRequest) -> None:
    world.fail_check("edition-community-ci")
    let_checks_pass(world)
    with pytest.raises(GithubException, match="edition-community-ci"):
        pull.merge(sha=pull.head.sha)
    world.pass_check("edition-community-ci")
    assert pull.merge(sha=pull.head.sha).merged


def test_conflicting_branches_do_not_merge(repository: Repository) -> None:
    main = repository.get_branch("main").commit.sha
    repository.create_git_ref("refs/heads/fork", main)
    repository.create_file("src/wal.hpp", "feat: another log", "#pragma twice\n", branch="fork")
    clash = repository.create_pull("develop", "fork", title="clash", body="")
    assert (clash.mergeable, clash.mergeable_state) == (False, "dirty")
    with pytest.raises(GithubException) as refusal:
        clash.merge(sha=clash.head.sha)
    assert refusal.value.status == 405


def test_a_push_with_git_moves_the_head_of_the_pull_request(
    world: SandboxWorld, repository: Repository, pull: PullRequest, tmp_path: Path
) -> None:
    clone = tmp_path / "clone"
    git(world, "clone", "-q", "-b", BRANCH, world.git_url, str(clone))
    person = ("-c", "user.name=Sopwith", "-c", "user.email=sopwith-bot@skylark.example")
    git(world, "-C", str(clone), *person, "commit", "-q", "--allow-empty", "-m", "chore: bump")
    lease = f"--force-with-lease=refs/heads/{BRANCH}:{pull.head.sha}"
    git(world, "-C", str(clone), "push", "-q", "--atomic", lease, "origin", f"HEAD:refs/heads/{BRANCH}")
    again = repository.get_pull(pull.number)
    assert again.head.sha == git(world, "-C", str(clone), "rev-parse", "HEAD")
    assert "sopwith-bot" in {commit.author.login for commit in again.get_commits()}
    runs = repository.get_commit(again.head.sha).get_check_runs()
    assert {run.status for run in runs} == {"in_progress"}


def test_a_branch_merged_by_a_push_closes_its_pull_request_as_merged(
    world: SandboxWorld, repository: Repository
) -> None:
    repository.create_git_ref("refs/heads/fix", repository.get_branch("develop").commit.sha)
    sha = world.push("fix", "oncall1")
    pull = repository.create_pull("develop", "fix", title="fix", body="")
    git(world, "update-ref", "refs/heads/develop", sha)
    git(world, "update-ref", "-d", "refs/heads/fix")
    again = repository.get_pull(pull.number)
    assert (again.merged, again.merge_commit_sha) == (True, sha)


def test_a_deleted_head_closes_its_pull_request(world: SandboxWorld, repository: Repository, pull: PullRequest) -> None:
    repository.get_git_ref(f"heads/{BRANCH}").delete()
    again = repository.get_pull(pull.number)
    assert (again.state, again.merged) == ("closed", False)


def test_authors_are_linked_to_accounts_where_their_address_is_known(world: SandboxWorld, pull: PullRequest) -> None:
    assert {commit.author.login for commit in pull.get_commits()} == {"maint", "oncall1", "guest"}


def test_a_direct_push_to_main_is_refused(world: SandboxWorld, repository: Repository) -> None:
    develop = repository.get_branch("develop").commit.sha
    refused = subprocess.run(
        ["git", "-C", world.git_url, "push", world.git_url, f"{develop}:refs/heads/main"],
        check=False,
        capture_output=True,
        text=True,
    )
    assert refused.returncode != 0
    assert "pull request" in refused.stderr
    assert repository.get_branch("main").commit.sha != develop


class TestWithRequiredReviews:
    @pytest.fixture
    async def world(self, tmp_path: Path, clock: VirtualClock) -> AsyncIterator[SandboxWorld]:
        world = SandboxWorld(tmp_path, clock, required_reviews=2, checks=(), check_delay=timedelta(0))
        await world.start()
        yield world
        await world.stop()

    def test_the_merge_waits_for_approvals_of_people_who_may_write(
        self, world: SandboxWorld, repository: Repository, pull: PullRequest
    ) -> None:
        world.review(pull.number, "rev1", "approve")
        world.review(pull.number, "guest", "approve")
        with pytest.raises(GithubException, match="2 approving reviews"):
            pull.merge(sha=pull.head.sha)
        world.review(pull.number, "rev2", "request_changes")
        with pytest.raises(GithubException, match="Changes have been requested"):
            pull.merge(sha=pull.head.sha)
        world.review(pull.number, "rev2", "approve")
        assert pull.merge(sha=pull.head.sha).merged

    def test_nobody_approves_their_own_pull_request(self, world: SandboxWorld, repository: Repository) -> None:
        pull = repository.create_pull("main", "develop", title="mine", body="")
        with pytest.raises(FarEndRefused, match="your own"):
            world.review(pull.number, "sopwith-bot", "approve")
