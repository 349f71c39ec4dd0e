"""`GitHubForge`: the coroutine face of GitHub.

PyGithub blocks and its objects do I/O when looked at, so each call runs in a thread and comes back as plain values.
A little longer than other modules: one method for each of the port's.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import TypeVar

from github.Repository import Repository
from pydantic import SecretStr

from adapters.github import branches, convert, discussions, issues, milestones, pulls, releases, workflows
from adapters.github.advisories import AdvisoryCalls
from adapters.github.errors import Asked, merging, translated
from adapters.github.pace import BUDGETS, Budget, WritePace
from adapters.github.requester import requester
from adapters.github.wire import Wire
from adapters.reach.breaker import Breaker
from adapters.reach.deadline import Deadline, Seconds
from adapters.reach.threads import Threads
from sops.kit.errors import ConfigurationError, FarEndRefused
from sops.kit.patterns import Pattern
from sops.kit.world import (
    BranchRules,
    Check,
    Comment,
    Discussion,
    Issue,
    Milestone,
    PullRequest,
    Release,
    Review,
    WorkflowRun,
)

T = TypeVar("T")

API_VERSION = "2022-11-28"
OF_AN_APP = "ghs_"  # how GitHub begins an app's token; a workflow job's is one, too
LARGEST_ASSET = 2 * 1024**3
LARGEST_ANSWER = 8 * 1024**2
CALL_SECONDS, ASSET_SECONDS = 60.0, 900.0
WAITS = (0.5, 1.0, 2.0)
SIDE_BY_SIDE = 8
_REPOSITORY = Pattern(r"[A-Za-z0-9][A-Za-z0-9-]*/[A-Za-z0-9._-]+")
_NO_NAMES = (".", "..")
_STATES = ("open", "closed", "all")


class GitHubForge(AdvisoryCalls):
    """One repository on GitHub (or a server that speaks its language at `base_url`).

    `seconds` is what a call may take with all it asks (`asset_seconds` one that reads an asset), `timeout` how long
    GitHub may be silent in it; `pause_between_writes` the seconds GitHub wants between two writes, `write_budgets` how
    many it takes in how long. `largest_answer` and `largest_asset` are in bytes.
    A read that fails is tried again after each of `waits`.
    Raises ConfigurationError unless `repository` is "owner/name".
    """

    def __init__(
        self,
        repository: str,
        *,
        token: SecretStr,
        base_url: str = "https://api.github.com",
        timeout: float = 15.0,
        pause_between_writes: float = 1.0,
        write_budgets: Sequence[Budget] = BUDGETS,
        largest_asset: int = LARGEST_ASSET,
        largest_answer: int = LARGEST_ANSWER,
        seconds: Seconds = lambda: CALL_SECONDS,
        asset_seconds: Seconds = lambda: ASSET_SECONDS,
        side_by_side: int = SIDE_BY_SIDE,
        waits: Sequence[float] = WAITS,
        breaker: Breaker | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        if not _is_repository(repository):
            raise ConfigurationError(f"the repository must be given as owner/name, not {repository!r}")
        self._name = repository
        self._owner = repository.partition("/")[0]
        self._largest_asset = largest_asset
        self._largest_answer = largest_answer
        self._seconds = seconds
        self._asset_seconds = asset_seconds
        self._threads = Threads("forge", side_by_side)
        self.breaker = breaker or Breaker("forge", "GitHub", probed=True)
        self._pace = WritePace(pause_between_writes, budgets=write_budgets, now=self.breaker.now, sleep=sleep)
        self._login: str | None = None
        self._installed = token.get_secret_value().startswith(OF_AN_APP)
        base_url = base_url.rstrip("/")
        plain = f"{base_url}/repos/{repository}"
        self._wire = Wire(self.breaker, silence=timeout, largest=largest_answer, waits=waits, plain=plain)
        self._requester = requester(self._wire, token.get_secret_value(), base_url, API_VERSION)
        self._repo = self._repository(repository)

    async def close(self) -> None:
        """Close the connections; nothing may be asked afterwards."""
        self._threads.close()
        self._wire.close()

    async def viewer(self) -> str:
        if self._login is None:
            self._login = await self._read("asking who the token belongs to", "Metadata: read", self._who)
        return self._login

    async def is_private(self) -> bool:
        return await self._read("asking who can read the repository", "Metadata: read", branches.is_private)

    async def starts_workflows(self) -> bool:
        what = "asking what kind of token this is"
        return not self._installed or await self._read(what, "Metadata: read", workflows.are_started)

    async def pull_requests(self, head: str, base: str) -> Sequence[PullRequest]:
        what = f"listing the pull requests from {head} into {base}"
        return await self._read(what, "Pull requests: read", lambda repo: pulls.between(repo, self._owner, head, base))

    async def pull_request(self, number: int) -> PullRequest:
        return await self._read(
            f"reading pull request {number}",
            "Pull requests: read",
            lambda repo: convert.pull_request(repo.get_pull(number).raw_data),
        )

    async def open_pull_request(self, *, head: str, base: str, title: str, body: str) -> PullRequest:
        return await self._write(
            Asked(f"opening a pull request from {head} into {base}", "Pull requests: write", write=True),
            lambda repo: convert.pull_request(repo.create_pull(base, head, title=title, body=body).raw_data),
        )

    async def open_pull_requests(self) -> Sequence[PullRequest]:
        return await self._read("listing open pull requests", "Pull requests: read", pulls.still_open)

    async def merged_pull_requests(self, base: str, since: datetime) -> Sequence[PullRequest]:
        what = f"listing what was merged into {base}"
        return await self._read(what, "Pull requests: read", lambda repo: pulls.merged_since(repo, base, since))

    async def edit_pull_request(self, number: int, *, body: str) -> None:
        asked = Asked(f"editing pull request {number}", "Pull requests: write", write=True)
        await self._write(asked, lambda repo: pulls.edit(repo, number, body))

    async def close_pull_request(self, number: int) -> None:
        asked = Asked(f"closing pull request {number}", "Pull requests: write", write=True)
        await self._write(asked, lambda repo: pulls.close(repo, number))

    async def request_reviewers(self, number: int, logins: Sequence[str]) -> None:
        asked = Asked(f"asking for reviews of pull request {number}", "Pull requests: write", write=True)
        await self._write(asked, lambda repo: pulls.request_reviewers(repo, number, logins))

    async def pull_request_authors(self, number: int) -> frozenset[str]:
        what = f"listing the authors of pull request {number}"
        return await self._read(what, "Pull requests: read", lambda repo: pulls.authors(repo, number))

    async def reviews(self, number: int) -> Sequence[Review]:
        what = f"listing the reviews of pull request {number}"
        return await self._read(what, "Pull requests: read", lambda repo: pulls.reviews(repo, number))

    async def merge(self, number: int, *, head_sha: str, title: str, message: str) -> str:
        return await self._write(merging(number), lambda repo: pulls.merge(repo, number, head_sha, title, message))

    async def rules(self, branch: str) -> BranchRules:
        what = f"reading the rules of branch {branch}"
        return await self._read(what, "Administration: read", lambda repo: branches.rules(repo, branch))

    async def checks(self, sha: str) -> Sequence[Check]:
        what = f"listing the checks of commit {sha}"
        needs = "Checks: read, Commit statuses: read"
        return await self._read(what, needs, lambda repo: branches.checks(repo, sha))

    async def release_by_tag(self, tag: str) -> Release | None:
        what = f"reading the release of tag {tag}"
        return await self._read(what, "Contents: read", lambda repo: releases.by_tag(repo, tag))

    async def latest_release(self) -> Release | None:
        return await self._read("reading the latest release", "Contents: read", releases.latest)

    async def mark_latest(self, release_id: int) -> None:
        asked = Asked(f"marking release {release_id} as the latest", "Contents: write", write=True)
        await self._write(asked, lambda repo: releases.mark_latest(repo, release_id))

    async def create_release(self, *, tag: str, title: str, body: str, prerelease: bool, latest: bool) -> Release:
        return await self._write(
            Asked(f"publishing the release of {tag}", "Contents: write", write=True),
            lambda repo: releases.create(repo, tag, title, body, prerelease=prerelease, latest=latest),
        )

    async def edit_release(self, release_id: int, *, body: str) -> None:
        asked = Asked(f"editing release {release_id}", "Contents: write", write=True)
        await self._write(asked, lambda repo: releases.edit(repo, release_id, body))

    async def releases(self) -> Sequence[Release]:
        return await self._read("listing the releases", "Contents: read", releases.every)

    async def upstream_releases(self, repository: str) -> Sequence[Release]:
        if not _is_repository(repository):
            raise FarEndRefused(f"a repository is named owner/name, not {repository!r}")
        other = self._repository(repository)
        what = f"listing the releases of {repository}"
        return await self._read(what, "Contents: read", lambda _: releases.every(other))

    async def dispatch(self, workflow: str, *, ref: str, inputs: Mapping[str, str]) -> int | None:
        asked = Asked(f"starting the workflow {workflow}", "Actions: write", write=True)
        return await self._write(asked, lambda repo: workflows.dispatch(repo, workflow, ref, inputs))

    async def workflow_runs(self, workflow: str, *, since: datetime) -> Sequence[WorkflowRun]:
        what = f"listing the runs of {workflow}"
        return await self._read(what, "Actions: read", lambda repo: workflows.runs(repo, workflow, since))

    async def workflow_run(self, run_id: int) -> WorkflowRun | None:
        what = f"reading workflow run {run_id}"
        return await self._read(what, "Actions: read", lambda repo: workflows.one(repo, run_id))

    async def milestone(self, title: str) -> Milestone | None:
        what = f"looking for the milestone {title}"
        return await self._read(what, "Issues: read", lambda repo: milestones.titled(repo, title))

    async def close_milestone(self, number: int) -> None:
        asked = Asked(f"closing milestone {number}", "Issues: write", write=True)
        await self._write(asked, lambda repo: milestones.close(repo, number))

    async def milestone_issues(self, number: int) -> Sequence[Issue]:
        what = f"listing the issues of milestone {number}"
        return await self._read(what, "Issues: read", lambda repo: milestones.open_issues(repo, number))

    async def add_labels(self, number: int, labels: Sequence[str]) -> None:
        asked = Asked(f"labelling #{number}", "Issues: write", write=True)
        await self._write(asked, lambda repo: issues.add_labels(repo, number, labels))

    async def remove_label(self, number: int, label: str) -> None:
        asked = Asked(f"taking a label off #{number}", "Issues: write", write=True)
        await self._write(asked, lambda repo: issues.remove_label(repo, number, label))

    async def download_asset(self, asset_id: int) -> bytes:
        return await self._read(
            f"downloading release asset {asset_id}",
            "Contents: read",
            lambda repo: releases.download(repo, self._wire, asset_id, largest=self._largest_answer),
        )

    async def asset_digest(self, asset_id: int) -> str:
        return await self._read(
            f"downloading release asset {asset_id}",
            "Contents: read",
            lambda repo: releases.digest(repo, self._wire, asset_id, largest=self._largest_asset),
            self._asset_seconds,
        )

    async def issues(
        self, *, labels: Sequence[str] = (), state: str = "open", since: datetime | None = None
    ) -> Sequence[Issue]:
        if state not in _STATES:
            raise FarEndRefused(f"issues can be listed as {', '.join(_STATES)}, not as {state!r}")
        return await self._read(
            "listing issues", "Issues: read", lambda repo: issues.listed(repo, labels, state, since)
        )

    async def issue(self, number: int) -> Issue | None:
        return await self._read(f"reading issue {number}", "Issues: read", lambda repo: issues.one(repo, number))

    async def open_issue(
        self, *, title: str, body: str, labels: Sequence[str] = (), assignees: Sequence[str] = ()
    ) -> Issue:
        return await self._write(
            Asked("opening an issue", "Issues: write", write=True),
            lambda repo: issues.open_one(repo, title, body, labels, assignees),
        )

    async def close_issue(self, number: int, *, reason: str = "completed") -> None:
        await self._write(
            Asked(f"closing issue {number}", "Issues: write", write=True),
            lambda repo: issues.close(repo, number, reason),
        )

    async def reopen_issue(self, number: int) -> None:
        await self._write(
            Asked(f"reopening issue {number}", "Issues: write", write=True),
            lambda repo: issues.reopen(repo, number),
        )

    async def own_issues(self, since: datetime) -> Sequence[Issue]:
        login = await self.viewer()
        return await self._read("listing our own issues", "Issues: read", lambda repo: issues.own(repo, login, since))

    async def comments(self, number: int) -> Sequence[Comment]:
        what = f"listing the comments of issue {number}"
        return await self._read(what, "Issues: read", lambda repo: issues.comments(repo, number))

    async def comment(self, number: int, body: str) -> Comment:
        return await self._write(
            Asked(f"commenting on issue {number}", "Issues: write", write=True),
            lambda repo: issues.comment(repo, number, body),
        )

    async def discussion_categories(self) -> Sequence[str]:
        found = await self._read(
            "listing discussion categories",
            "Discussions: read",
            lambda repo: discussions.categories(repo, self._name),
        )
        return [category.name for category in found]

    async def own_discussions(self) -> Sequence[Discussion]:
        login = await self.viewer()
        return await self._read(
            "listing our own discussions",
            "Discussions: read",
            lambda repo: discussions.own(repo, self._name, login),
        )

    async def open_discussion(self, *, category: str, title: str, body: str) -> Discussion:
        where = await self._read(
            "listing discussion categories",
            "Discussions: read",
            lambda repo: discussions.category(repo, self._name, category),
        )
        return await self._write(
            Asked("opening a discussion", "Discussions: write", write=True),
            lambda repo: discussions.open_one(repo, where, title, body),
        )

    async def edit_discussion(self, discussion_id: str, body: str) -> None:
        await self._write(
            Asked("editing a discussion", "Discussions: write", write=True),
            lambda repo: discussions.edit(repo, discussion_id, body),
        )

    def _repository(self, name: str) -> Repository:
        """As PyGithub makes one, without asking for it."""
        return Repository(self._requester, url=f"/repos/{name}")

    def _who(self, _repo: Repository) -> str:
        _, user = self._requester.requestJsonAndCheck("GET", "/user")
        return str(user["login"])

    async def _read(self, what: str, needs: str, call: Callable[[Repository], T], seconds: Seconds | None = None) -> T:
        with self.breaker.named(), translated(Asked(what, needs)):
            return await self._made(call, seconds or self._seconds)

    async def _write(self, asked: Asked, call: Callable[[Repository], T]) -> T:
        with self.breaker.named(), translated(asked):
            return await self._pace.run(lambda: self._made(call, self._seconds))

    async def _made(self, call: Callable[[Repository], T], seconds: Seconds) -> T:
        try:
            return await self._threads.run(lambda: call(self._repo), Deadline(seconds()))
        finally:
            await self.breaker.tell()


def _is_repository(name: str) -> bool:
    return _REPOSITORY.fullmatch(name) is not None and name.partition("/")[2] not in _NO_NAMES
