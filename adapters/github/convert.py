"""GitHub's JSON as the plain values of `sops.kit.world`.

Odd, from what decides something, means that GitHub did not send what it documents; the rest has a value that decides
nothing. Where a row of a listing would be missed, what cannot be read of it counts as what holds a run up: no approval,
not green, open.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime

from adapters.github.fields import (
    GHOST,
    Json,
    Odd,
    each,
    flag,
    instant,
    instant_or_none,
    login,
    names,
    number,
    part,
    passed_over,
    text,
    text_or,
)
from sops.kit.errors import FarEndRefused
from sops.kit.world import Asset, Check, CheckState, Comment, Discussion, Issue, PullRequest, Release, Review

UNREADABLE = "(unreadable)"
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
_GREEN_CONCLUSIONS = frozenset({"success", "neutral", "skipped"})


_STATES = frozenset({"APPROVED", "CHANGES_REQUESTED", "COMMENTED", "DISMISSED", "PENDING"})
#: Whom GitHub counts to the project (REST: author association).
_OF_PROJECT = ("OWNER", "MEMBER", "COLLABORATOR")


def whole(raw: Json, key: str) -> Json:
    """`raw` if it is what was asked for. A renamed repository answers a write with a redirect notice instead, which
    PyGithub takes for success; nothing has happened then."""
    if key not in raw and raw.get("message"):
        raise FarEndRefused(f"GitHub answers “{str(raw['message'])[:400]}”; has the repository been renamed?")
    return raw


def pull_request(raw: Json) -> PullRequest:
    """An open one's merge_commit_sha is only GitHub's trial merge, and is left out."""
    whole(raw, "number")
    merged_at = instant_or_none(raw, "merged_at")
    mergeable = raw.get("mergeable")
    return PullRequest(
        number=number(raw, "number"),
        title=text(raw, "title"),
        body=text_or(raw, "body"),
        author=login(raw, "user"),
        state=text(raw, "state"),
        head_ref=text(part(raw, "head"), "ref"),
        head_sha=text(part(raw, "head"), "sha"),
        base_ref=text(part(raw, "base"), "ref"),
        url=text_or(raw, "html_url"),
        mergeable=mergeable if isinstance(mergeable, bool) else None,
        merge_sha=text(raw, "merge_commit_sha") if merged_at else None,
        merged_at=merged_at,
        created_at=_instant_if_any(raw, "created_at"),
        labels=names(raw, "labels"),
        association=text_or(raw, "author_association", "NONE"),
        is_bot=_is_bot(raw),
        draft=raw.get("draft") not in (None, False),
    )


def review(raw: Json) -> Review:
    """Nobody's, of no known commit or of somebody nobody knows to belong here: no approval. One that may ask for
    changes asks for them."""
    who, state = login(raw, "user"), text_or(raw, "state").upper()
    if state not in _STATES:
        passed_over(raw, "a review", "state is none of those documented")
        state = "CHANGES_REQUESTED"
    approves = state == "APPROVED"
    association = raw.get("author_association")
    return Review(
        login=who,
        state=state,
        commit_sha="" if approves and who == GHOST else text_or(raw, "commit_id"),
        submitted_at=_instant_if_any(raw, "submitted_at"),
        of_project=association in _OF_PROJECT if isinstance(association, str) else not approves,
        is_bot=_is_bot(raw),
    )


def reviews(rows: Iterable[object]) -> list[Review]:
    return [review(row) if isinstance(row, dict) else review({}) for row in rows]


def check_run(raw: Json) -> Check:
    """Anything completed that GitHub would not let pass, be it merely stale or cancelled, is red; what nobody can read
    is not done."""
    state, conclusion = CheckState.PENDING, raw.get("conclusion")
    if raw.get("status") == "completed" and isinstance(conclusion, str):
        state = CheckState.GREEN if conclusion in _GREEN_CONCLUSIONS else CheckState.RED
    found = _check(raw, "name", state, text_or(raw, "html_url") or text_or(raw, "details_url"))
    return replace(found, app=_part(raw, "app", "slug"), conclusion=text_or(raw, "conclusion"))


def commit_status(raw: Json) -> Check:
    states = {"success": CheckState.GREEN, "pending": CheckState.PENDING}
    found = raw.get("state")
    state = states.get(found, CheckState.RED) if isinstance(found, str) else CheckState.PENDING
    check = _check(raw, "context", state, text_or(raw, "target_url"))
    return replace(check, app=_part(raw, "creator", "login"), conclusion=text_or(raw, "state"))


def _part(raw: Json, key: str, name: str) -> str:
    """A text of what stands there; empty where none does."""
    found = raw.get(key)
    return text_or(found, name) if isinstance(found, dict) else ""


def _check(raw: Json, name: str, state: CheckState, url: str) -> Check:
    """One without a name is nobody's, and keeps whoever waits for all of them waiting."""
    if isinstance(raw.get(name), str):
        return Check(text(raw, name), state, url)
    passed_over(raw, "a check", f"{name} is no text")
    return Check(UNREADABLE, CheckState.PENDING, url)


def checks(runs: Iterable[object], statuses: Iterable[object]) -> list[Check]:
    return [
        *(check_run(row if isinstance(row, dict) else {}) for row in runs),
        *(commit_status(row if isinstance(row, dict) else {}) for row in statuses),
    ]


def is_pull_request(raw: Json) -> bool:
    """Among issues GitHub also lists pull requests."""
    return raw.get("pull_request") is not None


def issue(raw: Json) -> Issue:
    whole(raw, "number")
    return _issue(raw, number(raw, "number"), text(raw, "state"))


def listed_issue(raw: Json) -> Issue:
    """One of a listing: it is there, whatever can be read of it, and open unless it says otherwise."""
    try:
        known = number(raw, "number")
    except Odd as odd:
        passed_over(raw, "an issue", str(odd))
        known = 0
    return _issue(raw, known, text_or(raw, "state", "open"))


def issues(rows: Iterable[object]) -> list[Issue]:
    objects = (row if isinstance(row, dict) else {} for row in rows)
    return [listed_issue(raw) for raw in objects if not is_pull_request(raw)]


def _issue(raw: Json, known: int, state: str) -> Issue:
    return Issue(
        number=known,
        title=text_or(raw, "title", UNREADABLE),
        body=text_or(raw, "body"),
        author=login(raw, "user"),
        state=state,
        state_reason=text_or(raw, "state_reason") or None,
        labels=names(raw, "labels"),
        created_at=_instant_if_any(raw, "created_at") or _LONG_AGO,
        updated_at=_instant_if_any(raw, "updated_at") or _LONG_AGO,
        closed_at=_instant_if_any(raw, "closed_at"),
        url=text_or(raw, "html_url"),
    )


def comment(raw: Json) -> Comment:
    whole(raw, "id")
    return Comment(number(raw, "id"), login(raw, "user"), text_or(raw, "body"), text_or(raw, "html_url"))


def release(raw: Json, assets: Iterable[object]) -> Release:
    """Assets whose upload is not finished are not yet part of it, and what cannot be read is none."""
    uploaded = (asset for asset in assets if not isinstance(asset, dict) or asset.get("state") == "uploaded")
    return Release(
        id=number(raw, "id"),
        tag=text(raw, "tag_name"),
        name=text_or(raw, "name"),
        body=text_or(raw, "body"),
        draft=flag(raw, "draft"),
        prerelease=flag(raw, "prerelease"),
        published_at=instant_or_none(raw, "published_at"),
        assets=tuple(each(uploaded, _asset, "a release's asset")),
        url=text_or(raw, "html_url"),
    )


def discussion(raw: Json) -> Discussion:
    return Discussion(
        id=text(raw, "id"),
        number=number(raw, "number"),
        title=text_or(raw, "title"),
        body=text_or(raw, "body"),
        author=login(raw, "author"),
        category=text(part(raw, "category"), "name"),
        url=text_or(raw, "url"),
    )


def _asset(raw: Json) -> Asset:
    return Asset(number(raw, "id"), text(raw, "name"), number(raw, "size"), text_or(raw, "digest") or None)


def _is_bot(raw: Json) -> bool:
    user = raw.get("user")
    return isinstance(user, dict) and user.get("type") == "Bot"


def _instant_if_any(raw: Json, key: str) -> datetime | None:
    """None also where it is none: nothing depends on it."""
    try:
        return instant(raw, key)
    except Odd:
        return None
