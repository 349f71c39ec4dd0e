"""The parts of GitHub's answers that these tests look at."""

from typing import Any

REPO = "/repos/acme/widget"
HEAD, OTHER, MERGED = "a" * 40, "b" * 40, "c" * 40


def a_user(login: str = "sopwith", kind: str = "User") -> dict[str, Any]:
    return {"login": login, "type": kind}


def a_pull(number: int = 7, **changed: Any) -> dict[str, Any]:
    return {
        "number": number,
        "title": "Release 1.4.0",
        "body": None,
        "user": a_user(),
        "state": "open",
        "head": {"ref": "release/v1.4.0", "sha": HEAD, "repo": {"id": 1}},
        "base": {"ref": "main", "sha": OTHER, "repo": {"id": 1}},
        "html_url": f"https://forge.example/acme/widget/pull/{number}",
        "mergeable": True,
        "merge_commit_sha": OTHER,
        "merged_at": None,
        "commits": 1,
        **changed,
    }


def an_issue(number: int = 3, **changed: Any) -> dict[str, Any]:
    return {
        "number": number,
        "title": f"Issue {number}",
        "body": "text",
        "user": a_user(),
        "state": "open",
        "state_reason": None,
        "labels": [{"name": "regression"}],
        "created_at": "2026-11-02T08:00:00Z",
        "updated_at": "2026-11-03T08:00:00Z",
        "closed_at": None,
        "html_url": f"https://forge.example/acme/widget/issues/{number}",
        **changed,
    }


def a_comment(number: int = 50) -> dict[str, Any]:
    return {"id": number, "user": a_user(), "body": "noted", "html_url": "https://forge.example/c"}


def a_commit(author: Any, committer: Any, emails: tuple[str, str] = ("", ""), message: str = "Fix") -> dict[str, Any]:
    signatures = [{"name": "N", "email": email} for email in emails]
    return {
        "author": author,
        "committer": committer,
        "commit": {"author": signatures[0], "committer": signatures[1], "message": message},
    }


def a_discussion(number: int, login: str | None = "sopwith") -> dict[str, Any]:
    return {
        "id": f"D_{number}",
        "number": number,
        "title": "Announcement",
        "body": "text",
        "url": "https://forge.example/d",
        "author": {"login": login} if login else None,
        "category": {"name": "Announcements"},
    }


def a_page(nodes: list[dict[str, Any]], end: str | None = None) -> dict[str, Any]:
    """A GraphQL page; `end` is the cursor of a further one."""
    info = {"endCursor": end, "hasNextPage": end is not None}
    return {"data": {"repository": {"id": "R_1", "page": {"pageInfo": info, "nodes": nodes}}}}
