"""Pull requests: blocking calls, made in a thread."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from urllib.parse import quote

from github.Repository import Repository

from adapters.github import convert, fields
from adapters.github.fields import Json, Odd, passed_over
from adapters.github.listing import rows
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
    ours = (raw for raw in listed if not isinstance(raw, dict) or _is_own_branch(raw))
    found = _read(ours)
    return [pull for pull in found if (pull.head_ref, pull.base_ref) == (head, base)]


def still_open(repo: Repository) -> list[PullRequest]:
    return _read(rows(repo, "pulls", state="open", sort="created", direction="desc"))


def merged_since(repo: Repository, base: str, since: datetime) -> list[PullRequest]:
    """Newest first. GitHub lists closed ones by when they were last updated, which is never before the merge."""
    listed = rows(repo, "pulls", base=base, state="closed", sort="updated", direction="desc")
    found = _read(listed)
    merged = [(pull.merged_at, pull) for pull in found if pull.merged_at is not None and pull.merged_at >= since]
    return [pull for _, pull in sorted(merged, key=lambda each: each[0], reverse=True)]


def edit(repo: Repository, number: int, body: str) -> None:
    repo.requester.requestJsonAndCheck("PATCH", f"{repo.url}/pulls/{number}", input={"body": body})


def close(repo: Repository, number: int) -> None:
    repo.get_pull(number).edit(state="closed")


def request_reviewers(repo: Repository, number: int, logins: Sequence[str]) -> None:
    repo.get_pull(number).create_review_request(reviewers=list(logins))


def reviews(repo: Repository, number: int) -> list[Review]:
    return convert.reviews(rows(repo, f"pulls/{number}/reviews"))


def merge(repo: Repository, number: int, head_sha: str, title: str, message: str) -> str:
    """The merge commit's SHA. GitHub compares `head_sha` with the head in the same step as it merges."""
    done = repo.get_pull(number).merge(message, title, "merge", head_sha)
    return fields.text(convert.whole(done.raw_data, "sha"), "sha")


def authors(repo: Repository, number: int) -> frozenset[str]:
    """Everyone who wrote a commit of it. Raises FarEndError when the list of commits is not complete."""
    raw = repo.get_pull(number).raw_data
    listed, count = _commits(repo, raw, number), fields.number(raw, "commits")
    if len(listed) != count:
        raise FarEndError(f"pull request {number} has {count} commits and GitHub lists {len(listed)}")
    return frozenset(who for commit in listed for who in _wrote(commit))


def _commits(repo: Repository, raw: Json, number: int) -> list[Json]:
    if fields.number(raw, "commits") <= LISTED_COMMITS:
        return rows(repo, f"pulls/{number}/commits")
    base, head = (fields.text(fields.part(raw, each), "sha") for each in ("base", "head"))
    return rows(repo, f"compare/{quote(base)}...{quote(head)}", item="commits")


def _wrote(raw: Json) -> Iterator[str]:
    """An account GitHub does not know is null or an empty object. GitHub's own web committer wrote nothing.

    Raises Odd where it cannot be read: somebody may have written it.
    """
    commit = fields.part(fields.whole_object(raw, "a commit"), "commit")
    yield _who(raw.get("author"), commit.get("author"))
    committer = _who(raw.get("committer"), commit.get("committer"))
    if committer not in (_WEB_LOGIN, f"email:{_WEB_EMAIL}"):
        yield committer
    for email in _CO_AUTHOR.findall(fields.text(commit, "message")):
        yield f"email:{email.lower()}"


def _who(account: Json | None, signature: Json | None) -> str:
    if account and account.get("login"):
        return fields.text(account, "login")
    email = fields.text(signature, "email") if signature and signature.get("email") else ""
    return f"email:{email.strip().lower()}"


def _is_own_branch(raw: Json) -> bool:
    """Or one of which nobody can say: it is then left out as unreadable."""
    try:
        head, base = fields.part(raw, "head"), fields.part(raw, "base")
        known = head.get("repo")
        return known is not None and fields.number(known, "id") == fields.number(fields.part(base, "repo"), "id")
    except (Odd, AttributeError):
        passed_over(raw, "a pull request", "its repository is no object")
        return False


def _read(listed: Iterable[Json]) -> list[PullRequest]:
    return fields.each(listed, convert.pull_request, "a pull request")
