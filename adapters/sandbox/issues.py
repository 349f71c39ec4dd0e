"""Issues, their labels and comments."""

from collections.abc import Iterable
from datetime import UTC, datetime

from adapters.sandbox.core import Core
from adapters.sandbox.refusal import Refusal, not_found
from adapters.sandbox.state import Comment, Issue, Label, Milestone

_FOUND_AT, _FIXED_AT = datetime(2026, 3, 11, 9, tzinfo=UTC), datetime(2026, 3, 19, 9, tzinfo=UTC)
_COLORS = {"bug": "d73a4a", "security": "b60205", "regression": "b60205", "rc-blocker": "b60205"}
SEEDED_LABELS = ("bug", "enhancement", "good first issue", "incident", "rc-blocker", "regression", "security")


def seed(core: Core) -> None:
    """The labels and the milestone the sample project has from the start, and what was done for it already."""
    for name in SEEDED_LABELS:
        ensure_label(core, name)
    milestone = new_milestone(core, "v1.4.0", by="maint")
    done = Issue(
        id=core.state.next_id(),
        number=28,
        title="A reader can see a half-written block after power loss",
        body="Cut the power while a block is written, then read it.",
        author="guest",
        created_at=_FOUND_AT,
        updated_at=_FIXED_AT,
        labels=["bug"],
        milestone=milestone.number,
        state="closed",
        state_reason="completed",
        closed_at=_FIXED_AT,
        closed_by="oncall1",
    )
    core.state.issues[done.number] = done


def new_milestone(core: Core, title: str, *, by: str) -> Milestone:
    now, number = core.now(), max(core.state.milestones, default=0) + 1
    made = Milestone(core.state.next_id(), number, title, by, now, now)
    core.state.milestones[number] = made
    return made


def ensure_label(core: Core, name: str, color: str | None = None, description: str = "") -> Label:
    """The label of that name (any case), made when there is none."""
    known = core.state.labels.get(name.lower())
    if known is None:
        known = Label(core.state.next_id(), name, color or _COLORS.get(name, "ededed"), description)
        core.state.labels[name.lower()] = known
    return known


def find(core: Core, number: int) -> Issue:
    """An issue or pull request; raises Refusal 404."""
    issue = core.state.issues.get(number)
    if issue is None:
        raise not_found()
    return issue


def called(core: Core, number: int) -> Issue:
    """`find` for a script: the refusal names the numbers there are."""
    if number not in core.state.issues:
        known = ", ".join(f"#{n}" for n in core.state.issues) or "none yet"
        raise Refusal(404, f"there is no issue or pull request #{number}; there are: {known}")
    return core.state.issues[number]


def create(core: Core, *, title: str, body: str | None, author: str, labels: Iterable[str] = ()) -> Issue:
    now = core.now()
    state = core.state
    issue = Issue(state.next_id(), state.next_number(), title, body, author, created_at=now, updated_at=now)
    state.issues[issue.number] = issue
    add_labels(core, issue, labels)
    return issue


def add_labels(core: Core, issue: Issue, names: Iterable[str]) -> None:
    """Labels that do not exist are made, as the forge does for people with write access."""
    for name in names:
        label = ensure_label(core, name)
        if label.name not in issue.labels:
            issue.labels.append(label.name)
    issue.updated_at = core.now()


def remove_label(core: Core, issue: Issue, name: str) -> None:
    match = next((label for label in issue.labels if label.lower() == name.lower()), None)
    if match is None:
        carried = ", ".join(issue.labels) or "none"
        raise Refusal(404, f"#{issue.number} has no label “{name}”; it carries: {carried}")
    issue.labels.remove(match)
    issue.updated_at = core.now()


def close(core: Core, issue: Issue, *, by: str, reason: str = "completed") -> None:
    now = core.now()
    issue.state, issue.state_reason = "closed", None if issue.pull else reason
    issue.closed_at, issue.closed_by, issue.updated_at = now, by, now


def reopen(core: Core, issue: Issue) -> None:
    issue.state, issue.state_reason = "open", None if issue.pull else "reopened"
    issue.closed_at, issue.closed_by, issue.updated_at = None, None, core.now()


def add_comment(core: Core, issue: Issue, *, author: str, body: str) -> Comment:
    now = core.now()
    comment = Comment(core.state.next_id(), author, body, now, now)
    issue.comments.append(comment)
    issue.updated_at = now
    return comment
