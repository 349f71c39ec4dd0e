"""Issues and comments: blocking calls, made in a thread."""

from collections.abc import Sequence
from datetime import UTC, datetime

import github.Issue
from github import GithubException
from github.Repository import Repository

from adapters.github import convert
from adapters.github.fields import each, names
from adapters.github.listing import rows
from sops.kit.errors import FarEndRefused
from sops.kit.world import Comment, Issue

GONE = (404, 410)


def listed(repo: Repository, labels: Sequence[str], state: str, since: datetime | None) -> list[Issue]:
    """Newest first; `since`, the earliest last update, must be aware."""
    if any("," in label for label in labels):
        raise FarEndRefused("GitHub cannot list issues by a label with a comma in its name")
    wanted = {"labels": ",".join(labels)} if labels else {}
    if since is not None:
        wanted["since"] = _timestamp(since)
    return _issues(repo, state=state, **wanted)


def own(repo: Repository, creator: str, since: datetime) -> list[Issue]:
    """Newest first; `since` must be aware."""
    return _issues(repo, state="all", creator=creator, since=_timestamp(since), sort="created")


def one(repo: Repository, number: int) -> Issue | None:
    """None if there is none of this number, it was deleted, or it is a pull request."""
    try:
        raw = repo.get_issue(number).raw_data
    except GithubException as error:
        if error.status in GONE:
            return None
        raise
    return None if convert.is_pull_request(raw) else convert.issue(raw)


def open_one(repo: Repository, title: str, body: str, labels: Sequence[str], assignees: Sequence[str]) -> Issue:
    made = repo.create_issue(title, body, labels=list(labels), assignees=list(assignees))
    return convert.issue(made.raw_data)


def close(repo: Repository, number: int, reason: str) -> None:
    issue = repo.get_issue(number)
    issue.edit(state="closed", state_reason=reason)
    _check_state(issue, "closed")


def reopen(repo: Repository, number: int) -> None:
    issue = repo.get_issue(number)
    issue.edit(state="open")
    _check_state(issue, "open")


def add_labels(repo: Repository, number: int, labels: Sequence[str]) -> None:
    """GitHub makes a label it does not know when one is put on an issue."""
    if labels:
        repo.get_issue(number).add_to_labels(*labels)


def remove_label(repo: Repository, number: int, label: str) -> None:
    """GitHub answers 404 both where the label and where the issue is missing; only the first is no error."""
    try:
        repo.get_issue(number).remove_from_labels(label)
    except GithubException as error:
        if error.status != 404:
            raise
        carried = names({"labels": rows(repo, f"issues/{number}/labels")}, "labels")
        if label.casefold() in {name.casefold() for name in carried}:
            raise


def comments(repo: Repository, number: int) -> list[Comment]:
    return each(rows(repo, f"issues/{number}/comments"), convert.comment, "a comment")


def comment(repo: Repository, number: int, body: str) -> Comment:
    return convert.comment(repo.get_issue(number).create_comment(body).raw_data)


def _issues(repo: Repository, **parameters: str) -> list[Issue]:
    return convert.issues(rows(repo, "issues", **parameters))


def _check_state(issue: github.Issue.Issue, wanted: str) -> None:
    """An answer without the wanted state is the redirect notice of a renamed repository, not the edited issue."""
    if issue.state != wanted:
        raise FarEndRefused(f"GitHub did not make the issue {wanted}; has the repository been renamed?")


def _timestamp(instant: datetime) -> str:
    return f"{instant.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
