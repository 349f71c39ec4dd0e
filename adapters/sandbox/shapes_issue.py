"""How the forge writes down issues, comments, labels and milestones."""

from urllib.parse import quote

from adapters.sandbox.api import WEB, Json, repository_url, stamp, stamp_or_none
from adapters.sandbox.core import Core
from adapters.sandbox.shapes_repository import association, user, user_or_none
from adapters.sandbox.state import Comment, Issue, Label, Milestone


def issue(core: Core, item: Issue) -> Json:
    """An issue; a pull request carries a `pull_request` entry as well."""
    url = f"{repository_url(core)}/issues/{item.number}"
    shape = {
        "id": item.id,
        "node_id": f"I_{item.id}",
        "url": url,
        "repository_url": repository_url(core),
        "labels_url": f"{url}/labels{{/name}}",
        "comments_url": f"{url}/comments",
        "events_url": f"{url}/events",
        "html_url": f"{WEB}/{'pull' if item.pull else 'issues'}/{item.number}",
        "state_reason": item.state_reason,
        **common(core, item),
        "comments": len(item.comments),
        "closed_by": user_or_none(core, item.closed_by),
    }
    if item.pull is not None:
        pull = f"{repository_url(core)}/pulls/{item.number}"
        page = f"{WEB}/pull/{item.number}"
        shape["pull_request"] = {
            "url": pull,
            "html_url": page,
            "diff_url": f"{page}.diff",
            "patch_url": f"{page}.patch",
            "merged_at": stamp_or_none(item.pull.merged_at),
        }
    return shape


def common(core: Core, item: Issue) -> Json:
    """What an issue and a pull request show alike."""
    assignees = [user(core, login) for login in item.assignees]
    milestone_record = core.state.milestones.get(item.milestone) if item.milestone is not None else None
    return {
        "number": item.number,
        "title": item.title,
        "body": item.body,
        "state": item.state,
        "user": user(core, item.author),
        "author_association": item.association or association(item.author),
        "labels": [label(core, core.state.labels[name.lower()]) for name in item.labels],
        "assignee": assignees[0] if assignees else None,
        "assignees": assignees,
        "milestone": None if milestone_record is None else milestone(core, milestone_record),
        "locked": False,
        "created_at": stamp(item.created_at),
        "updated_at": stamp(item.updated_at),
        "closed_at": stamp_or_none(item.closed_at),
    }


def comment(core: Core, item: Issue, given: Comment) -> Json:
    kind = "pull" if item.pull else "issues"
    return {
        "id": given.id,
        "node_id": f"IC_{given.id}",
        "url": f"{repository_url(core)}/issues/comments/{given.id}",
        "html_url": f"{WEB}/{kind}/{item.number}#issuecomment-{given.id}",
        "issue_url": f"{repository_url(core)}/issues/{item.number}",
        "body": given.body,
        "user": user(core, given.author),
        "author_association": association(given.author),
        "created_at": stamp(given.created_at),
        "updated_at": stamp(given.updated_at),
    }


def label(core: Core, known: Label) -> Json:
    return {
        "id": known.id,
        "node_id": f"LA_{known.id}",
        "url": f"{repository_url(core)}/labels/{quote(known.name)}",
        "name": known.name,
        "color": known.color,
        "default": False,
        "description": known.description,
    }


def milestone(core: Core, known: Milestone) -> Json:
    url = f"{repository_url(core)}/milestones/{known.number}"
    members = [issue for issue in core.state.issues.values() if issue.milestone == known.number]
    opened = sum(member.state == "open" for member in members)
    return {
        "id": known.id,
        "node_id": f"MI_{known.id}",
        "url": url,
        "labels_url": f"{url}/labels",
        "html_url": f"{WEB}/milestone/{known.number}",
        "number": known.number,
        "title": known.title,
        "description": known.description,
        "state": known.state,
        "creator": user(core, known.creator),
        "open_issues": opened,
        "closed_issues": len(members) - opened,
        "created_at": stamp(known.created_at),
        "updated_at": stamp(known.updated_at),
        "closed_at": stamp_or_none(known.closed_at),
        "due_on": stamp_or_none(known.due_on),
    }
