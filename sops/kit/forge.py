"""The port to GitHub, or to whatever speaks its language. What holds for every port is said in `sops.kit.ports`."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from sops.kit.world import (
    Advisory,
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


class Forge(Protocol):
    """GitHub, or whatever speaks its language, for one repository."""

    async def viewer(self) -> str:
        """The login this bot acts as."""
        ...

    async def is_private(self) -> bool:
        """Only those who were let in can read the repository; asked of the forge each time."""
        ...

    async def starts_workflows(self) -> bool:
        """Whether what this bot pushes starts workflows; at GitHub a job's own token does not."""
        ...

    async def pull_requests(self, head: str, base: str) -> Sequence[PullRequest]:
        """Every pull request, open or closed, from branch `head` of this repository into `base`; newest first."""
        ...

    async def pull_request(self, number: int) -> PullRequest: ...
    async def open_pull_request(self, *, head: str, base: str, title: str, body: str) -> PullRequest: ...
    async def open_pull_requests(self) -> Sequence[PullRequest]:
        """Every open one, newest first."""
        ...

    async def merged_pull_requests(self, base: str, since: datetime) -> Sequence[PullRequest]:
        """Those merged into `base` since then, newest first."""
        ...

    async def edit_pull_request(self, number: int, *, body: str) -> None:
        """Change its text and nothing else."""
        ...

    async def close_pull_request(self, number: int) -> None:
        """Close it without merging."""
        ...

    async def request_reviewers(self, number: int, logins: Sequence[str]) -> None: ...
    async def pull_request_authors(self, number: int) -> frozenset[str]:
        """Logins (and, for commits GitHub cannot link, "email:…") of everyone who wrote a commit in it."""
        ...

    async def reviews(self, number: int) -> Sequence[Review]: ...
    async def merge(self, number: int, *, head_sha: str, title: str, message: str) -> str:
        """Merge with a merge commit if the head still is `head_sha`; returns the merge commit's SHA.

        Raises HeadMoved when it is not, FarEndRefused when GitHub's own rules forbid the merge.
        """
        ...

    async def rules(self, branch: str) -> BranchRules: ...
    async def checks(self, sha: str) -> Sequence[Check]:
        """The latest check runs and statuses on `sha`; empty when none were reported."""
        ...

    async def release_by_tag(self, tag: str) -> Release | None: ...
    async def latest_release(self) -> Release | None:
        """The one that the forge shows as the latest, None where none is."""
        ...

    async def mark_latest(self, release_id: int) -> None:
        """Have the forge show that release as the latest. Raises FarEndRefused for a draft or a pre-release."""
        ...

    async def create_release(self, *, tag: str, title: str, body: str, prerelease: bool, latest: bool) -> Release:
        """Publish a release of an existing tag; `latest`: the forge shows it as the latest, else it does not."""
        ...

    async def edit_release(self, release_id: int, *, body: str) -> None:
        """Change its text and nothing else."""
        ...

    async def releases(self) -> Sequence[Release]:
        """All of them, newest first, drafts included."""
        ...

    async def upstream_releases(self, repository: str) -> Sequence[Release]:
        """The releases of another public repository, "owner/name", newest first; empty if it has none.

        Raises FarEndRefused when that is no repository's name, or there is no such repository.
        """
        ...

    async def download_asset(self, asset_id: int) -> bytes:
        """A small asset, whole. Raises FarEndRefused for one that is larger than an answer may be."""
        ...

    async def asset_digest(self, asset_id: int) -> str:
        """The SHA-256 of an asset of any size, in hex."""
        ...

    async def issues(
        self, *, labels: Sequence[str] = (), state: str = "open", since: datetime | None = None
    ) -> Sequence[Issue]:
        """Issues (never pull requests) carrying all of `labels`, updated since `since`; `state` open, closed or all."""
        ...

    async def issue(self, number: int) -> Issue | None: ...
    async def add_labels(self, number: int, labels: Sequence[str]) -> None:
        """Put labels on an issue or pull request; those the repository lacks are made."""
        ...

    async def remove_label(self, number: int, label: str) -> None:
        """Take a label off an issue or pull request; there is nothing to do where it has no such label."""
        ...

    async def milestone(self, title: str) -> Milestone | None:
        """In any state, by its title with or without a leading v."""
        ...

    async def close_milestone(self, number: int) -> None: ...
    async def milestone_issues(self, number: int) -> Sequence[Issue]:
        """The open issues in it."""
        ...

    async def open_issue(
        self, *, title: str, body: str, labels: Sequence[str] = (), assignees: Sequence[str] = ()
    ) -> Issue: ...
    async def close_issue(self, number: int, *, reason: str = "completed") -> None: ...
    async def reopen_issue(self, number: int) -> None: ...
    async def own_issues(self, since: datetime) -> Sequence[Issue]:
        """Issues in any state that this bot's account opened, updated since `since`: where markers are sought."""
        ...

    async def comments(self, number: int) -> Sequence[Comment]: ...
    async def comment(self, number: int, body: str) -> Comment: ...
    async def discussion_categories(self) -> Sequence[str]: ...
    async def own_discussions(self) -> Sequence[Discussion]:
        """Discussions this bot's account opened, newest first: where markers are sought."""
        ...

    async def open_discussion(self, *, category: str, title: str, body: str) -> Discussion:
        """Raises FarEndRefused when the category does not exist."""
        ...

    async def edit_discussion(self, discussion_id: str, body: str) -> None: ...
    async def advisories(self) -> Sequence[Advisory]:
        """Every security advisory of the repository in any state, newest first; private unless published."""
        ...

    async def open_advisory(self, *, summary: str, description: str, severity: str) -> Advisory:
        """A draft; `severity` is critical, high, medium or low."""
        ...

    async def accept_advisory(self, ghsa: str) -> None:
        """Take a report that came through the forge: from then on it is a draft."""
        ...

    async def score_advisory(self, ghsa: str, *, vector: str, affected: str) -> None:
        """Give it a CVSS vector and the versions that are affected."""
        ...

    async def publish_advisory(self, ghsa: str, *, vector: str, affected: str, patched: str, cve: str = "") -> None:
        """Make it public, for good, with this score, and this CVE if it has one; a public one is corrected."""
        ...

    async def open_private_fork(self, ghsa: str) -> None:
        """Ask for the temporary private fork; it is there some minutes later."""
        ...

    async def request_cve(self, ghsa: str) -> None: ...
    async def dispatch(self, workflow: str, *, ref: str, inputs: Mapping[str, str]) -> int | None:
        """Start the workflow in file `workflow` on `ref`; returns the run's id where the forge tells it."""
        ...

    async def workflow_runs(self, workflow: str, *, since: datetime) -> Sequence[WorkflowRun]:
        """The dispatched runs of that file created since then, newest first."""
        ...

    async def workflow_run(self, run_id: int) -> WorkflowRun | None: ...
