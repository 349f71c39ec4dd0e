"""GitHub's JSON as the plain values of `sops.kit.world`.

A KeyError, TypeError or ValueError from here means that GitHub did not send what it documents.
"""

from collections.abc import Iterable
from datetime import datetime

from adapters.github.listing import Json
from sops.kit.errors import FarEndRefused
from sops.kit.world import Asset, Check, CheckState, Comment, Discussion, Issue, PullRequest, Release, Review

GHOST = "ghost"
"""Whom GitHub itself shows where the account is gone."""

_GREEN_CONCLUSIONS = frozenset({"success", "neutral", "skipped"})


#: Whom GitHub counts to the project (REST: author association).
_OF_PROJECT = frozenset({"OWNER", "MEMBER", "COLLABORATOR"})


def whole(raw: Json, key: str) -> Json:
    """`raw` if it is what was asked for. A renamed repository answers a write with a redirect notice instead, which
    PyGithub takes for success; nothing has happened then."""
    if key not in raw and raw.get("message"):
        raise FarEndRefused(f"GitHub answers “{raw['message']}”; has the repository been renamed?")
    return raw


def pull_request(raw: Json) -> PullRequest:
    """An open one's merge_commit_sha is only GitHub's trial merge, and is left out."""
    whole(raw, "number")
    merged_at = _instant(raw.get("merged_at"))
    return PullRequest(
        number=int(raw["number"]),
        title=str(raw["title"]),
        body=raw.get("body") or "",
        author=_login(raw.get("user")),
        state=str(raw["state"]),
        head_ref=str(raw["head"]["ref"]),
        head_sha=str(raw["head"]["sha"]),
        base_ref=str(raw["base"]["ref"]),
        url=str(raw["html_url"]),
        mergeable=raw.get("mergeable"),
        merge_sha=raw["merge_commit_sha"] if merged_at else None,
        merged_at=merged_at,
        created_at=_instant(raw.get("created_at")),
        labels=tuple(_labels(raw.get("labels", ()))),
        association=str(raw.get("author_association", "NONE")),
        is_bot=(raw.get("user") or {}).get("type") == "Bot",
        draft=bool(raw.get("draft")),
    )


def review(raw: Json) -> Review:
    return Review(
        login=_login(raw.get("user")),
        state=str(raw["state"]).upper(),
        commit_sha=raw.get("commit_id") or "",
        submitted_at=_instant(raw.get("submitted_at")),
        of_project=raw.get("author_association") in _OF_PROJECT,
        is_bot=(raw.get("user") or {}).get("type") == "Bot",
    )


def check_run(raw: Json) -> Check:
    """Anything completed that GitHub would not let pass, be it merely stale or cancelled, is red."""
    state = CheckState.PENDING
    if raw["status"] == "completed":
        state = CheckState.GREEN if raw["conclusion"] in _GREEN_CONCLUSIONS else CheckState.RED
    return Check(str(raw["name"]), state, raw.get("html_url") or raw.get("details_url") or "")


def commit_status(raw: Json) -> Check:
    states = {"success": CheckState.GREEN, "pending": CheckState.PENDING}
    return Check(str(raw["context"]), states.get(raw["state"], CheckState.RED), raw.get("target_url") or "")


def is_pull_request(raw: Json) -> bool:
    """Among issues GitHub also lists pull requests."""
    return raw.get("pull_request") is not None


def issue(raw: Json) -> Issue:
    whole(raw, "number")
    return Issue(
        number=int(raw["number"]),
        title=str(raw["title"]),
        body=raw.get("body") or "",
        author=_login(raw.get("user")),
        state=str(raw["state"]),
        state_reason=raw.get("state_reason"),
        labels=tuple(_labels(raw["labels"])),
        created_at=datetime.fromisoformat(raw["created_at"]),
        updated_at=datetime.fromisoformat(raw["updated_at"]),
        closed_at=_instant(raw.get("closed_at")),
        url=str(raw["html_url"]),
    )


def comment(raw: Json) -> Comment:
    whole(raw, "id")
    return Comment(int(raw["id"]), _login(raw.get("user")), raw.get("body") or "", str(raw["html_url"]))


def release(raw: Json, assets: Iterable[Json]) -> Release:
    """Assets whose upload is not finished are not yet part of it."""
    return Release(
        id=int(raw["id"]),
        tag=str(raw["tag_name"]),
        name=raw.get("name") or "",
        body=raw.get("body") or "",
        draft=bool(raw["draft"]),
        prerelease=bool(raw["prerelease"]),
        published_at=_instant(raw.get("published_at")),
        assets=tuple(_asset(asset) for asset in assets if asset["state"] == "uploaded"),
        url=str(raw["html_url"]),
    )


def discussion(raw: Json) -> Discussion:
    return Discussion(
        id=str(raw["id"]),
        number=int(raw["number"]),
        title=str(raw["title"]),
        body=raw.get("body") or "",
        author=_login(raw.get("author")),
        category=str(raw["category"]["name"]),
        url=str(raw["url"]),
    )


def _asset(raw: Json) -> Asset:
    return Asset(int(raw["id"]), str(raw["name"]), int(raw["size"]), raw.get("digest"))


def _labels(raw: Iterable[Json | str]) -> Iterable[str]:
    return (label if isinstance(label, str) else str(label["name"]) for label in raw)


def _login(raw: Json | None) -> str:
    return str(raw["login"]) if raw else GHOST


def _instant(raw: str | None) -> datetime | None:
    return datetime.fromisoformat(raw) if raw else None
