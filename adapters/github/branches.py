"""What GitHub requires of a branch and what was reported on a commit: blocking calls, made in a thread."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from github import GithubException
from github.Repository import Repository

from adapters.github import convert
from adapters.github.errors import is_rate_limit
from adapters.github.fields import Json, Odd, flag, number, part, text, whole_object
from adapters.github.listing import rows
from sops.kit.errors import FarEndRefused
from sops.kit.patterns import Pattern
from sops.kit.world import BranchRules, Check

_SHA = Pattern(r"[0-9a-f]{40}")


def rules(repo: Repository, branch: str) -> BranchRules:
    """Classic protection and rule sets together; the stricter of the two counts."""
    classic, rulesets = _classic(repo, branch), rows(repo, f"rules/branches/{quote(branch, safe='')}")
    required = [*_classic_checks(classic or {}), *_ruleset_checks(rulesets)]
    return BranchRules(
        required_checks=tuple(dict.fromkeys(required)),
        required_reviews=max(_classic_reviews(classic or {}), *_ruleset_reviews(rulesets), 0),
        protected=classic is not None or bool(rulesets),
        queued=any(rule["type"] == "merge_queue" for rule in rulesets),
    )


def is_private(repo: Repository) -> bool:
    """Not one that all of an enterprise may read, either."""
    _, raw = repo.requester.requestJsonAndCheck("GET", repo.url)
    found = whole_object(raw, "the repository")
    return flag(found, "private") and found.get("visibility", "private") == "private"


def checks(repo: Repository, sha: str) -> list[Check]:
    """Runs and statuses one by one: GitHub's combined state says “pending” where there is nothing at all."""
    if not _SHA.fullmatch(sha):
        raise FarEndRefused(f"{sha!r} is not a commit's full SHA")
    runs = rows(repo, f"commits/{sha}/check-runs", item="check_runs", filter="latest")
    statuses = rows(repo, f"commits/{sha}/status", item="statuses")
    return convert.checks(runs, statuses)


def _classic(repo: Repository, branch: str) -> Json | None:
    """Classic protection; None if there is none. Without the permission to read it (403, or a 404 that does not say
    so), what the branch itself shows of it."""
    path = f"branches/{quote(branch, safe='')}"
    try:
        return _get(repo, f"{path}/protection")
    except GithubException as error:
        if error.status not in (403, 404) or is_rate_limit(error):
            raise
        if _says(error, "Branch not protected"):
            return None
    try:
        shown = _get(repo, path)
    except GithubException as error:
        if error.status != 404:
            raise
        return None
    return shown.get("protection") or {} if shown.get("protected") else None


def _get(repo: Repository, path: str) -> Json:
    _, data = repo.requester.requestJsonAndCheck("GET", f"{repo.url}/{path}")
    return dict(data)


def _says(error: GithubException, sentence: str) -> bool:
    return isinstance(error.data, dict) and error.data.get("message") == sentence


def _classic_checks(raw: Json) -> Iterator[str]:
    required = raw.get("required_status_checks") or {}
    yield from map(_name, _list(required, "contexts"))
    yield from (text(check, "context") for check in _list(required, "checks"))


def _classic_reviews(raw: Json) -> int:
    reviews, count = raw.get("required_pull_request_reviews") or {}, "required_approving_review_count"
    return number(reviews, count) if reviews.get(count) is not None else 0


def _ruleset_checks(rulesets: list[Json]) -> Iterator[str]:
    for rule in rulesets:
        if text(rule, "type") == "required_status_checks":
            yield from (text(check, "context") for check in _list(part(rule, "parameters"), "required_status_checks"))


def _ruleset_reviews(rulesets: list[Json]) -> Iterator[int]:
    for rule in rulesets:
        if text(rule, "type") == "pull_request":
            yield number(part(rule, "parameters"), "required_approving_review_count")


def _list(raw: Json, key: str) -> list[Any]:
    """Raises Odd where it is anything else: what cannot be read may be required."""
    found = raw.get(key)
    if found is not None and not isinstance(found, list):
        raise Odd(f"{key} is no list")
    return found or []


def _name(raw: Any) -> str:
    return text({"context": raw}, "context")
