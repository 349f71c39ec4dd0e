"""REST: issues with their comments and labels, the repository's labels, milestones."""

from collections.abc import Iterable

from adapters.sandbox import issues
from adapters.sandbox import shapes_issue as shape
from adapters.sandbox.api import Call, Reply, Route, instant, ok, optional_text, page, text, texts
from adapters.sandbox.core import Core
from adapters.sandbox.people import PEOPLE
from adapters.sandbox.refusal import invalid, not_found
from adapters.sandbox.state import Issue, Label

_KIND = "Issue"
_REASONS = ("completed", "not_planned", "duplicate", "reopened", None)
_ORDER = {"created": "created_at", "updated": "updated_at"}


def list_issues(core: Core, call: Call) -> Reply:
    """Issues and pull requests alike; newest first unless asked otherwise."""
    found = [issue for issue in core.state.issues.values() if _wanted(core, call, issue)]
    if call.query.get("sort") == "comments":
        found.sort(key=lambda issue: len(issue.comments))
    else:
        key = _ORDER.get(call.query.get("sort", "created"), "created_at")
        found.sort(key=lambda issue: (getattr(issue, key), issue.number))
    if call.query.get("direction", "desc") == "desc":
        found.reverse()
    return page(call, found, lambda issue: shape.issue(core, issue))


def create_issue(core: Core, call: Call) -> Reply:
    title = text(call.body, "title", _KIND)
    body = optional_text(call.body, "body", _KIND)
    labels = texts(call.body, "labels", _KIND)
    assignees = _assignees(call)
    issue = issues.create(core, title=title, body=body, author=call.by.login, labels=labels)
    issue.assignees = assignees
    issue.milestone = _milestone(core, call)
    return Reply(201, shape.issue(core, issue))


def get_issue(core: Core, call: Call) -> Reply:
    return ok(shape.issue(core, _found(core, call)))


def edit_issue(core: Core, call: Call) -> Reply:
    issue = _found(core, call)
    if "title" in call.body:
        issue.title = text(call.body, "title", _KIND)
    if "body" in call.body:
        issue.body = optional_text(call.body, "body", _KIND)
    if "labels" in call.body:
        issue.labels = []
        issues.add_labels(core, issue, texts(call.body, "labels", _KIND))
    if "assignees" in call.body:
        issue.assignees = _assignees(call)
    if "milestone" in call.body:
        issue.milestone = _milestone(core, call)
    _change_state(core, call, issue)
    issue.updated_at = core.now()
    return ok(shape.issue(core, issue))


def list_comments(core: Core, call: Call) -> Reply:
    issue = _found(core, call)
    comments = issue.comments
    if "since" in call.query:
        since = instant(call.query["since"])
        comments = [comment for comment in comments if comment.updated_at >= since]
    return page(call, comments, lambda comment: shape.comment(core, issue, comment))


def create_comment(core: Core, call: Call) -> Reply:
    issue = _found(core, call)
    body = text(call.body, "body", "IssueComment")
    comment = issues.add_comment(core, issue, author=call.by.login, body=body)
    return Reply(201, shape.comment(core, issue, comment))


def edit_comment(core: Core, call: Call) -> Reply:
    number = call.number("comment_id")
    for issue in core.state.issues.values():
        for comment in issue.comments:
            if comment.id == number:
                comment.body = text(call.body, "body", "IssueComment")
                comment.updated_at = issue.updated_at = core.now()
                return ok(shape.comment(core, issue, comment))
    raise not_found()


def list_issue_labels(core: Core, call: Call) -> Reply:
    return _labels(core, call, _found(core, call).labels)


def add_issue_labels(core: Core, call: Call) -> Reply:
    issue = _found(core, call)
    issues.add_labels(core, issue, texts(call.body, "labels", _KIND))
    return _labels(core, call, issue.labels)


def remove_issue_label(core: Core, call: Call) -> Reply:
    issue = _found(core, call)
    issues.remove_label(core, issue, call.params["name"])
    return _labels(core, call, issue.labels)


def list_labels(core: Core, call: Call) -> Reply:
    return _labels(core, call, sorted(core.state.labels))


def get_label(core: Core, call: Call) -> Reply:
    return ok(shape.label(core, _label(core, call.params["name"])))


def create_label(core: Core, call: Call) -> Reply:
    name = text(call.body, "name", "Label")
    if name.lower() in core.state.labels:
        raise invalid("Label", "name", "already_exists")
    color = optional_text(call.body, "color", "Label")
    description = optional_text(call.body, "description", "Label") or ""
    return Reply(201, shape.label(core, issues.ensure_label(core, name, color, description)))


def _found(core: Core, call: Call) -> Issue:
    return issues.find(core, call.number("issue_number"))


def _wanted(core: Core, call: Call, issue: Issue) -> bool:
    query = call.query
    labels = {label.lower() for label in query.get("labels", "").split(",") if label}
    return (
        query.get("state", "open") in ("all", issue.state)
        and labels <= {label.lower() for label in issue.labels}
        and query.get("creator", issue.author) == issue.author
        and ("since" not in query or issue.updated_at >= instant(query["since"]))
        and _in_milestone(query.get("milestone", ""), issue)
        and _assigned(query.get("assignee", ""), issue)
    )


def _in_milestone(wanted: str, issue: Issue) -> bool:
    if wanted == "none":
        return issue.milestone is None
    return not wanted or (issue.milestone is not None and wanted in ("*", str(issue.milestone)))


def _assigned(wanted: str, issue: Issue) -> bool:
    if wanted == "none":
        return not issue.assignees
    return not wanted or bool(issue.assignees if wanted == "*" else wanted in issue.assignees)


def _assignees(call: Call) -> list[str]:
    wanted = texts(call.body, "assignees", _KIND)
    if any(login not in PEOPLE for login in wanted):
        raise invalid(_KIND, "assignees")
    return wanted


def _milestone(core: Core, call: Call) -> int | None:
    wanted = call.body.get("milestone")
    if wanted is None:
        return None
    if not isinstance(wanted, int) or wanted not in core.state.milestones:
        raise invalid(_KIND, "milestone")
    return wanted


def _change_state(core: Core, call: Call, issue: Issue) -> None:
    wanted = call.body.get("state", issue.state)
    reason = call.body.get("state_reason")
    if wanted not in ("open", "closed") or reason not in _REASONS:
        raise invalid(_KIND, "state" if wanted not in ("open", "closed") else "state_reason")
    if wanted == "closed" and (issue.state == "open" or reason):
        issues.close(core, issue, by=call.by.login, reason=reason or "completed")
    elif wanted == "open" and issue.state == "closed":
        issues.reopen(core, issue)


def _labels(core: Core, call: Call, names: Iterable[str]) -> Reply:
    return page(call, [_label(core, name) for name in names], lambda label: shape.label(core, label))


def _label(core: Core, name: str) -> Label:
    known = core.state.labels.get(name.lower())
    if known is None:
        raise not_found()
    return known


_REPO = "/repos/{owner}/{repo}"
_ONE = f"{_REPO}/issues/{{issue_number}}"
ROUTES = (
    Route("GET", f"{_REPO}/issues", list_issues),
    Route("POST", f"{_REPO}/issues", create_issue),
    Route("PATCH", f"{_REPO}/issues/comments/{{comment_id}}", edit_comment),
    Route("GET", _ONE, get_issue),
    Route("PATCH", _ONE, edit_issue),
    Route("GET", f"{_ONE}/comments", list_comments),
    Route("POST", f"{_ONE}/comments", create_comment),
    Route("GET", f"{_ONE}/labels", list_issue_labels),
    Route("POST", f"{_ONE}/labels", add_issue_labels),
    Route("DELETE", f"{_ONE}/labels/{{name}}", remove_issue_label),
    Route("GET", f"{_REPO}/labels", list_labels),
    Route("POST", f"{_REPO}/labels", create_label),
    Route("GET", f"{_REPO}/labels/{{name}}", get_label),
)
