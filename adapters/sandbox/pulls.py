"""Pull requests: opening, following their branches, reviews, and merges that are real git merges."""

from adapters.sandbox import checks, issues
from adapters.sandbox.core import Core
from adapters.sandbox.git_objects import Signature
from adapters.sandbox.git_repository import ZERO
from adapters.sandbox.people import PEOPLE
from adapters.sandbox.project import OWNER
from adapters.sandbox.refusal import Refusal, invalid, not_found, refused
from adapters.sandbox.state import Issue, Pull, Review
from sops.kit.errors import HeadMoved

_DECIDING = ("APPROVED", "CHANGES_REQUESTED")
_MAY_REVIEW = ("write", "admin")


def find(core: Core, number: int) -> tuple[Issue, Pull]:
    """Raises Refusal 404 when `number` is not a pull request."""
    issue = core.state.issues.get(number)
    if issue is None or issue.pull is None:
        raise not_found()
    return issue, issue.pull


def create(
    core: Core, *, head: str, base: str, title: str, body: str | None, author: str, draft: bool = False
) -> Issue:
    """Open a pull request within the repository; raises Refusal 422 as the forge would."""
    branches = core.git.branches()
    head = head.removeprefix(f"{OWNER}:")
    if head not in branches:
        raise invalid("PullRequest", "head")
    if base not in branches:
        raise invalid("PullRequest", "base")
    if any(i.state == "open" for i in core.state.pulls() if _between(i, head, base)):
        raise refused("PullRequest", f"A pull request already exists for {OWNER}:{head}.")
    head_sha, base_sha = branches[head], branches[base]
    if core.git.is_ancestor(head_sha, base_sha):
        raise refused("PullRequest", f"No commits between {base} and {head}")
    issue = issues.create(core, title=title, body=body, author=author)
    issue.pull = Pull(core.state.next_id(), head, head_sha, base, base_sha, draft=draft)
    checks.queue(core, head_sha)
    return issue


def follow_branch(core: Core, branch: str, old: str | None, new: str | None) -> None:
    """What a moved, new or deleted branch means for the open pull requests from and into it."""
    for issue in core.state.pulls():
        pull = issue.pull
        if pull is None or issue.state != "open":
            continue
        if pull.base_ref == branch:
            _follow_base(core, issue, pull, old, new)
        elif pull.head_ref == branch:
            _follow_head(core, issue, pull, new)


def base_commit(core: Core, issue: Issue, pull: Pull) -> str:
    """What the pull request is measured against: the base branch while it is open, what it was afterwards."""
    return core.git.branches().get(pull.base_ref, pull.base_sha) if issue.state == "open" else pull.base_sha


def fork_point(core: Core, issue: Issue, pull: Pull) -> str:
    base = base_commit(core, issue, pull)
    return core.git.merge_base(base, pull.head_sha) or base


def mergeable(core: Core, pull: Pull) -> bool:
    base = core.git.branches().get(pull.base_ref)
    return base is not None and core.git.merged_tree(base, pull.head_sha) is not None


def blockers(core: Core, pull: Pull) -> list[str]:
    """What the base branch's rules still ask for, one sentence each."""
    if pull.base_ref not in core.rules.protected:
        return []
    sentences = checks.lacking(core, pull.head_sha)
    required = core.rules.required_reviews
    latest = deciding_reviews(pull)
    if required and any(review.state == "CHANGES_REQUESTED" for review in latest):
        sentences.append("Changes have been requested.")
    if sum(review.state == "APPROVED" for review in latest) < required:
        plural = "review is" if required == 1 else "reviews are"
        sentences.append(f"At least {required} approving {plural} required by reviewers with write access.")
    return sentences


def deciding_reviews(pull: Pull) -> list[Review]:
    """The latest approval or request for changes of everyone who may write."""
    latest = {review.login: review for review in pull.reviews if review.state in _DECIDING}
    return [review for login, review in latest.items() if PEOPLE[login].permission in _MAY_REVIEW]


def decision(core: Core, pull: Pull) -> str | None:
    """The forge's reviewDecision: None where nothing is required and nobody decided."""
    latest = deciding_reviews(pull)
    if any(review.state == "CHANGES_REQUESTED" for review in latest):
        return "CHANGES_REQUESTED"
    required = core.rules.required_reviews if pull.base_ref in core.rules.protected else 0
    approvals = sum(review.state == "APPROVED" for review in latest)
    if approvals and approvals >= required:
        return "APPROVED"
    return "REVIEW_REQUIRED" if required else None


def review(core: Core, issue: Issue, pull: Pull, *, by: str, state: str, body: str = "") -> Review:
    """Record a submitted review of the current head."""
    if by == issue.author and state in _DECIDING:
        verb = "approve" if state == "APPROVED" else "request changes on"
        raise Refusal(422, "Unprocessable Entity", (f"Can not {verb} your own pull request",))
    given = Review(core.state.next_id(), by, state, body, pull.head_sha, core.now())
    pull.reviews.append(given)
    if by in pull.requested:
        pull.requested.remove(by)
    issue.updated_at = core.now()
    core.ring()
    return given


def merge(
    core: Core, number: int, *, by: str, sha: str | None = None, title: str | None = None, message: str | None = None
) -> str:
    """Merge with a merge commit (first parent base, second parent head); returns its SHA.

    Raises Refusal 409 when the head is not `sha`, 405 when the rules or a conflict forbid it.
    """
    issue, pull = find(core, number)
    if pull.merge_sha is not None or issue.state != "open" or pull.draft:
        raise Refusal(405, "Pull Request is not mergeable")
    if sha is not None and sha != pull.head_sha:
        raise Refusal(409, "Head branch was modified. Review and try the merge again.")
    if pull.base_ref in core.rules.queued:
        raise Refusal(405, "Changes must be made through the merge queue")
    sentences = blockers(core, pull)
    if sentences:
        raise Refusal(405, " ".join(sentences))
    base = core.git.branches()[pull.base_ref]
    tree = core.git.merged_tree(base, pull.head_sha)
    if tree is None:
        raise Refusal(405, "Pull Request is not mergeable")
    merged = core.git.objects.write_commit(
        tree=tree,
        parents=(base, pull.head_sha),
        author=core.signature(by),
        committer=Signature("Forge", "noreply@forge.example", core.now()),
        message=_merge_message(issue, pull, title, message),
    )
    _move_for_merge(core, pull, base, merged)
    pull.base_sha = base
    _mark_merged(core, issue, pull, merged, by)
    return merged


def _between(issue: Issue, head: str, base: str) -> bool:
    return issue.pull is not None and (issue.pull.head_ref, issue.pull.base_ref) == (head, base)


def _follow_head(core: Core, issue: Issue, pull: Pull, new: str | None) -> None:
    if new is None:
        issues.close(core, issue, by=issue.author)
    else:
        pull.head_sha = new
        issue.updated_at = core.now()
        checks.queue(core, new)


def _follow_base(core: Core, issue: Issue, pull: Pull, old: str | None, new: str | None) -> None:
    if new is None:
        issues.close(core, issue, by=issue.author)
    elif core.git.is_ancestor(pull.head_sha, new):
        pull.base_sha = old or pull.base_sha
        _mark_merged(core, issue, pull, new, issue.author)


def _mark_merged(core: Core, issue: Issue, pull: Pull, merged: str, by: str) -> None:
    issues.close(core, issue, by=by)
    pull.merge_sha, pull.merged_at, pull.merged_by = merged, core.now(), by
    core.ring()


def _move_for_merge(core: Core, pull: Pull, base: str, merged: str) -> None:
    moves = [(f"refs/heads/{pull.base_ref}", merged, base)]
    if core.rules.delete_branch_on_merge and pull.head_ref not in core.rules.permanent:
        moves.append((f"refs/heads/{pull.head_ref}", ZERO, pull.head_sha))
    try:
        core.git.move_refs(moves)
    except HeadMoved as moved:
        raise Refusal(409, "Base branch was modified. Review and try the merge again.") from moved


def _merge_message(issue: Issue, pull: Pull, title: str | None, message: str | None) -> str:
    first = title or f"Merge pull request #{issue.number} from {OWNER}/{pull.head_ref}"
    rest = issue.title if message is None else message
    return f"{first}\n\n{rest}" if rest else first
