"""What Sopwith knows of the far end: plain values, whole when returned, free of any vendor's types.

Adapters convert inside their own thread, so that holding one of these never does I/O.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum


@dataclass(frozen=True)
class PullRequest:
    """`head_sha` is the head GitHub shows now; `merge_sha` is set once merged."""

    number: int
    title: str
    body: str
    author: str
    state: str  # "open" or "closed"; a merged one is closed and has merge_sha
    head_ref: str
    head_sha: str
    base_ref: str
    url: str
    mergeable: bool | None = None
    merge_sha: str | None = None
    merged_at: datetime | None = None
    created_at: datetime | None = None
    labels: tuple[str, ...] = ()
    association: str = "NONE"  # what its author is to the repository, as GitHub puts it: FIRST_TIME_CONTRIBUTOR, …
    is_bot: bool = False
    draft: bool = False

    @property
    def merged(self) -> bool:
        return self.merge_sha is not None


class CheckState(Enum):
    PENDING = "pending"
    GREEN = "green"
    RED = "red"


@dataclass(frozen=True)
class Check:
    """A check run or a commit status on one SHA. Neutral and skipped count as green, as GitHub counts them.

    `app` is who reported it and `conclusion` in which words, where the far end says.
    """

    name: str
    state: CheckState
    url: str = ""
    app: str = ""
    conclusion: str = ""


@dataclass(frozen=True)
class Review:
    """A submitted review. Only the latest deciding one of each author counts."""

    login: str
    state: str  # APPROVED, CHANGES_REQUESTED, COMMENTED, DISMISSED, PENDING
    commit_sha: str
    submitted_at: datetime | None
    is_bot: bool = False
    #: Its author belongs to the project; anybody may review a public one.
    of_project: bool = True


@dataclass(frozen=True)
class BranchRules:
    """What GitHub itself requires before a merge into a branch: rule sets and classic protection together."""

    required_checks: tuple[str, ...] = ()
    required_reviews: int = 0
    protected: bool = False
    #: Merges go through a queue, so that nobody can merge one pull request by itself.
    queued: bool = False


@dataclass(frozen=True)
class Issue:
    """A `number` of 0 is one of a listing that nobody can read."""

    number: int
    title: str
    body: str
    author: str
    state: str  # "open" or "closed"
    state_reason: str | None  # "completed", "not_planned", "reopened", "duplicate" or None
    labels: tuple[str, ...]
    created_at: datetime
    updated_at: datetime
    closed_at: datetime | None
    url: str


@dataclass(frozen=True)
class Milestone:
    number: int
    title: str
    state: str  # "open" or "closed"
    open_issues: int  # pull requests among them, as GitHub counts
    url: str


@dataclass(frozen=True)
class WorkflowRun:
    """One run of a workflow that was dispatched. `workflow` is its file's name, `title` what GitHub shows of it."""

    id: int
    workflow: str
    head_sha: str
    status: str  # "queued", "in_progress", "completed" or another of GitHub's; final is "completed" alone
    conclusion: str | None  # set once completed: "success", "failure", "cancelled", …
    created_at: datetime
    url: str
    title: str


@dataclass(frozen=True)
class Advisory:
    """A security advisory; `private_fork` is the address of its temporary fork once there is one.

    `vectors` are its CVSS vectors, one of each version that was scored.
    """

    ghsa: str
    state: str  # "triage", "draft", "published", "closed", "withdrawn"
    summary: str
    description: str
    url: str
    vectors: tuple[str, ...]
    affected: str
    patched: str
    private_fork: str
    cve: str


@dataclass(frozen=True)
class Comment:
    id: int
    author: str
    body: str
    url: str


@dataclass(frozen=True)
class Asset:
    """`digest` is "sha256:…" where GitHub gives it."""

    id: int
    name: str
    size: int
    digest: str | None


@dataclass(frozen=True)
class Release:
    id: int
    tag: str
    name: str
    body: str
    draft: bool
    prerelease: bool
    published_at: datetime | None
    assets: tuple[Asset, ...]
    url: str


@dataclass(frozen=True)
class Discussion:
    """`id` is GraphQL's node id."""

    id: str
    number: int
    title: str
    body: str
    author: str
    category: str
    url: str


@dataclass(frozen=True)
class RemoteTag:
    """`sha` is the tag object (or the commit, if lightweight); `commit` is what it peels to."""

    name: str
    sha: str
    commit: str


@dataclass(frozen=True)
class Commit:
    """`ours`: Sopwith made the commit, whoever wrote what is in it. `author` is the name they gave themselves."""

    sha: str
    parents: tuple[str, ...]
    tree: str
    author_email: str
    subject: str
    ours: bool = False
    author: str = ""


@dataclass(frozen=True)
class Manifest:
    """An image manifest, byte for byte. Retagging sends exactly `body` under `media_type`."""

    digest: str
    media_type: str
    body: bytes
