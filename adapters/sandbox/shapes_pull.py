"""How the forge writes down pull requests, reviews and check runs."""

from adapters.sandbox import pulls
from adapters.sandbox.api import WEB, Json, repository_url, stamp, stamp_or_none
from adapters.sandbox.core import Core
from adapters.sandbox.people import WORKFLOW
from adapters.sandbox.project import OWNER, SEEDED_AT
from adapters.sandbox.shapes_issue import common
from adapters.sandbox.shapes_repository import (
    NODE_ID,
    REPOSITORY_ID,
    association,
    repository,
    user,
    user_or_none,
)
from adapters.sandbox.state import CheckRun, Issue, Pull, Review


def summary(core: Core, issue: Issue, pull: Pull) -> Json:
    """A pull request as a list shows it."""
    url = f"{repository_url(core)}/pulls/{issue.number}"
    issue_url = f"{repository_url(core)}/issues/{issue.number}"
    links = {
        "self": url,
        "html": f"{WEB}/pull/{issue.number}",
        "issue": issue_url,
        "comments": f"{issue_url}/comments",
        "review_comments": f"{url}/comments",
        "review_comment": f"{repository_url(core)}/pulls/comments{{/number}}",
        "commits": f"{url}/commits",
        "statuses": f"{repository_url(core)}/statuses/{pull.head_sha}",
    }
    return {
        "id": pull.id,
        "node_id": f"PR_{pull.id}",
        "url": url,
        "html_url": links["html"],
        "diff_url": f"{links['html']}.diff",
        "patch_url": f"{links['html']}.patch",
        "issue_url": issue_url,
        **{f"{name}_url": links[name] for name in ("comments", "review_comments", "review_comment", "commits")},
        "statuses_url": links["statuses"],
        **common(core, issue),
        "draft": pull.draft,
        "merged_at": stamp_or_none(pull.merged_at),
        "merge_commit_sha": pull.merge_sha,
        "requested_reviewers": [user(core, login) for login in pull.requested],
        "requested_teams": [],
        "head": _end(core, pull.head_ref, pull.head_sha),
        "base": _end(core, pull.base_ref, pull.base_sha),
        "auto_merge": None,
        "_links": {name: {"href": target} for name, target in links.items()},
    }


def pull_request(core: Core, issue: Issue, pull: Pull) -> Json:
    """A pull request in full: whether it can be merged, and how big it is."""
    is_open = issue.state == "open"
    changes = core.git.changes(pulls.fork_point(core, issue, pull), pull.head_sha)
    can_merge = pulls.mergeable(core, pull) if is_open else None
    return {
        **summary(core, issue, pull),
        "merged": pull.merge_sha is not None,
        "merged_by": user_or_none(core, pull.merged_by),
        "mergeable": can_merge,
        "rebaseable": False,
        "mergeable_state": _mergeable_state(core, pull, can_merge),
        "comments": len(issue.comments),
        "review_comments": 0,
        "maintainer_can_modify": False,
        "commits": len(core.git.log(pulls.base_commit(core, issue, pull), pull.head_sha)),
        "additions": sum(change.additions for change in changes),
        "deletions": sum(change.deletions for change in changes),
        "changed_files": len(changes),
    }


def review(core: Core, issue: Issue, given: Review) -> Json:
    url = f"{repository_url(core)}/pulls/{issue.number}"
    page = f"{WEB}/pull/{issue.number}#pullrequestreview-{given.id}"
    return {
        "id": given.id,
        "node_id": f"PRR_{given.id}",
        "user": user(core, given.login),
        "author_association": association(given.login),
        "body": given.body,
        "state": given.state,
        "commit_id": given.commit_sha,
        "submitted_at": stamp(given.submitted_at),
        "html_url": page,
        "pull_request_url": url,
        "_links": {"html": {"href": page}, "pull_request": {"href": url}},
    }


def check_run(core: Core, run: CheckRun) -> Json:
    url = f"{repository_url(core)}/check-runs/{run.id}"
    return {
        "id": run.id,
        "node_id": f"CR_{run.id}",
        "external_id": "",
        "name": run.name,
        "head_sha": run.sha,
        "url": url,
        "html_url": f"{WEB}/runs/{run.id}",
        "details_url": f"{WEB}/runs/{run.id}",
        "status": "completed" if run.conclusion else "in_progress",
        "conclusion": run.conclusion,
        "started_at": stamp(run.started_at),
        "completed_at": stamp_or_none(run.completed_at),
        "output": {
            "title": None,
            "summary": None,
            "text": None,
            "annotations_count": 0,
            "annotations_url": f"{url}/annotations",
        },
        "check_suite": {"id": REPOSITORY_ID},
        "app": _app(core),
        "pull_requests": [],
    }


def _end(core: Core, branch: str, sha: str) -> Json:
    return {
        "label": f"{OWNER}:{branch}",
        "ref": branch,
        "sha": sha,
        "user": user(core, OWNER),
        "repo": repository(core),
    }


def _mergeable_state(core: Core, pull: Pull, can_merge: bool | None) -> str:
    if can_merge is None:
        return "unknown"
    if not can_merge:
        return "dirty"
    if pull.draft:
        return "draft"
    return "blocked" if pulls.blockers(core, pull) else "clean"


def _app(core: Core) -> Json:
    return {
        "id": 9100,
        "slug": WORKFLOW,
        "node_id": f"A_{NODE_ID}",
        "owner": user(core, OWNER),
        "name": "Skylark CI",
        "description": None,
        "external_url": f"{WEB}/actions",
        "html_url": f"{WEB}/actions",
        "created_at": stamp(SEEDED_AT),
        "updated_at": stamp(SEEDED_AT),
        "permissions": {"checks": "write"},
        "events": [],
    }
