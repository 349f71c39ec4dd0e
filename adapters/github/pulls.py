"""Pull requests: blocking calls, made in a thread."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from github.Repository import Repository

from adapters.github import convert
from adapters.github.listing import Json, rows
from sops.kit.errors import FarEndError
from sops.kit.patterns import Pattern
from sops.kit.world import PullRequest, Review

LISTED_COMMITS = 250
"""GitHub's listing of a pull request's commits ends here, without a word."""

_CO_AUTHOR = Pattern(r"(?im)^\s*co-authored-by:[^<\n]*<\s*([^<>\s]+)\s*>")
_WEB_LOGIN, _WEB_EMAIL = "web-flow", "noreply@github.com"


def between(repo: Repository, owner: str, head: str, base: str) -> list[PullRequest]:
    """Newest first. GitHub drops a filter it cannot read and lists forks of one owner alike, so both are checked."""
    listed = rows(repo, "pulls", head=f"{owner}:{head}", base=base, state="all", sort="created", direction="desc")
    ours = (raw for raw in listed if _is_own_branch(raw))
    found = (convert.pull_request(raw) for raw in ours)
    return [pull for pull in found if (pull.head_ref, pull.base_ref) == (head, base)]


def still_open(repo: Repository) -> list[PullRequest]:
    return [convert.pull_request(raw) for raw in rows(repo, "pulls", state="open", sort="created", direction="desc")]


def merged_since(repo: Repository, base: str, since: datetime) -> list[PullRequest]:
    """Newest first. GitHub lists closed ones by when they were last updated, which is never before the merge."""
    listed = rows(repo, "pulls", base=base, state="closed", sort="updated", direction="desc")
    found = [convert.pull_request(raw) for raw in listed]
    merged = [(pull.merged_at, pull) for pull in found if pull.merged_at is not None and pull.merged_at >= since]
    return [pull for _, pull in sorted(merged, key=lambda each: each[0], reverse=True)]


def edit(repo: Repository, number: int, body: str) -> None:
    repo.requester.requestJsonAndCheck("PATCH", f"{repo.url}/pulls/{number}", input={"body": body})


def close(repo: Repository, number: int) -> None:
    repo.get_pull(number).edit(state="closed")


def request_reviewers(repo: Repository, number: int, logins: Sequence[str]) -> None:
    repo.get_pull(number).create_review_request(reviewers=list(logins))


def reviews(repo: Repository, number: int) -> list[Review]:
    return [convert.review(raw) for raw in rows(repo, f"pulls/{number}/reviews")]


def merge(repo: Repository, number: int, head_sha: str, title: str, message: str) -> str:
    """The merge commit's SHA. GitHub compares `head_sha` with the head in the same step as it merges."""
    done = repo.get_pull(number).merge(message, title, "merge", head_sha)
    return str(convert.whole(done.raw_data, "sha")["sha"])


def authors(repo: Repository, number: int) -> frozenset[str]:
    """Everyone who wrote a commit of it. Raises FarEndError when the list of commits is not complete."""
    raw = repo.get_pull(number).raw_data
    listed = _commits(repo, raw)
    if len(listed) != raw["commits"]:
        raise FarEndError(f"pull request {number} has {raw['commits']} commits and GitHub lists {len(listed)}")
    return frozenset(who for commit in listed for who in _wrote(commit))


def _commits(repo: Repository, raw: Json) -> list[Json]:
    if raw["commits"] <= LISTED_COMMITS:
        return rows(repo, f"pulls/{raw['number']}/commits")
    return rows(repo, f"compare/{raw['base']['sha']}...{raw['head']['sha']}", item="commits")


def _wrote(raw: Json) -> Iterator[str]:
    """An account GitHub does not know is null or an empty object. GitHub's own web committer wrote nothing."""
    commit = raw["commit"]
    yield _who(raw.get("author"), commit.get("author"))
    committer = _who(raw.get("committer"), commit.get("committer"))
    if committer not in (_WEB_LOGIN, f"email:{_WEB_EMAIL}"):
        yield committer
    for email in _CO_AUTHOR.findall(commit["message"]):
        yield f"email:{email.lower()}"


def _who(account: Json | None, signature: Json | None) -> str:
    if account and account.get("login"):
        return str(account["login"])
    return f"email:{((signature or {}).get('email') or '').strip().lower()}"


def _is_own_branch(raw: Json) -> bool:
    head = raw["head"].get("repo")
    return head is not None and head["id"] == raw["base"]["repo"]["id"]
