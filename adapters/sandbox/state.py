"""What the sandbox's forge remembers beside git: plain records, changed only under the world's lock."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any


@dataclass
class Comment:
    id: int
    author: str
    body: str
    created_at: datetime
    updated_at: datetime


@dataclass
class Review:
    """`state` is the forge's word: APPROVED, CHANGES_REQUESTED or COMMENTED."""

    id: int
    login: str
    state: str
    body: str
    commit_sha: str
    submitted_at: datetime


@dataclass
class Pull:
    """What a pull request has beyond an issue. Once merged or closed, head and base stay as they were."""

    id: int
    head_ref: str
    head_sha: str
    base_ref: str
    base_sha: str
    draft: bool = False
    merge_sha: str | None = None
    merged_at: datetime | None = None
    merged_by: str | None = None
    reviews: list[Review] = field(default_factory=list)
    requested: list[str] = field(default_factory=list)


@dataclass
class Issue:
    """An issue, or, with `pull`, a pull request: the forge counts both in one sequence."""

    id: int
    number: int
    title: str
    body: str | None
    author: str
    created_at: datetime
    updated_at: datetime
    labels: list[str] = field(default_factory=list)
    assignees: list[str] = field(default_factory=list)
    milestone: int | None = None
    state: str = "open"
    state_reason: str | None = None
    closed_at: datetime | None = None
    closed_by: str | None = None
    comments: list[Comment] = field(default_factory=list)
    pull: Pull | None = None
    association: str | None = None  # what the author is to the repository, where the account does not say it


@dataclass
class CheckRun:
    """One check on one commit; it ends by itself at `due` unless somebody decided earlier."""

    id: int
    name: str
    sha: str
    started_at: datetime
    due: datetime | None
    conclusion: str | None = None
    completed_at: datetime | None = None


@dataclass
class Label:
    id: int
    name: str
    color: str
    description: str


@dataclass
class Milestone:
    id: int
    number: int
    title: str
    creator: str
    created_at: datetime
    updated_at: datetime
    state: str = "open"
    description: str | None = None
    due_on: datetime | None = None
    closed_at: datetime | None = None


@dataclass
class Asset:
    """`digest` is "sha256:…" of `content`."""

    id: int
    name: str
    content_type: str
    content: bytes
    digest: str
    uploader: str
    created_at: datetime


@dataclass
class Release:
    id: int
    tag: str
    name: str
    body: str
    author: str
    target: str
    draft: bool
    prerelease: bool
    created_at: datetime
    published_at: datetime | None
    assets: list[Asset] = field(default_factory=list)


@dataclass
class WorkflowRun:
    """A workflow that was started by hand on `ref`. `number` counts them."""

    id: int
    number: int
    workflow: str
    ref: str
    head_sha: str
    inputs: dict[str, str]
    by: str
    created_at: datetime
    conclusion: str | None = None
    ended_at: datetime | None = None


@dataclass
class Discussion:
    """`category` is the category's slug."""

    id: int
    number: int
    title: str
    body: str
    author: str
    category: str
    created_at: datetime
    updated_at: datetime
    comments: list[Comment] = field(default_factory=list)


@dataclass(frozen=True)
class Category:
    id: int
    name: str
    slug: str
    is_answerable: bool


CATEGORIES = (
    Category(501, "General", "general", is_answerable=False),
    Category(502, "Announcements", "announcements", is_answerable=False),
    Category(503, "Ideas", "ideas", is_answerable=False),
)


#: How long the forge takes to make a temporary private fork.
FORK_TAKES = timedelta(minutes=4)


@dataclass
class AdvisoryRecord:
    """A security advisory: reported and in triage, or a draft, until it is published."""

    ghsa: str
    summary: str
    description: str
    author: str
    created_at: datetime
    updated_at: datetime
    severity: str | None = None
    vector: str = ""
    vulnerabilities: list[dict[str, Any]] = field(default_factory=list)
    state: str = "draft"
    reported: bool = False  # by somebody outside, so that it began in triage
    published_at: datetime | None = None
    cve: str | None = None
    cve_asked: bool = False
    fork_due: datetime | None = None


@dataclass
class WorldState:
    """Everything, and the two sequences the forge numbers it by."""

    issues: dict[int, Issue] = field(default_factory=dict)
    checks: list[CheckRun] = field(default_factory=list)
    labels: dict[str, Label] = field(default_factory=dict)
    milestones: dict[int, Milestone] = field(default_factory=dict)
    releases: list[Release] = field(default_factory=list)
    badge: int | None = None  # the release that was made the latest by name
    discussions: dict[int, Discussion] = field(default_factory=dict)
    advisories: dict[str, AdvisoryRecord] = field(default_factory=dict)
    workflow_runs: list[WorkflowRun] = field(default_factory=list)
    yanked: set[str] = field(default_factory=set)
    failing_workflows: set[str] = field(default_factory=set)
    publications: dict[str, datetime] = field(default_factory=dict)
    late_latest: dict[str, datetime] = field(default_factory=dict)
    refs: dict[str, str] = field(default_factory=dict)
    pushed_at: datetime | None = None
    _ids: Iterator[int] = field(default_factory=lambda: itertools.count(20_001))
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(41))

    def next_id(self) -> int:
        return next(self._ids)

    def next_number(self) -> int:
        """The next number of an issue, a pull request or a discussion."""
        return next(self._numbers)

    def pulls(self) -> list[Issue]:
        """Pull requests, oldest first."""
        return [issue for issue in self.issues.values() if issue.pull is not None]
