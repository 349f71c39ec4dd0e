"""REST: pull requests, their reviews, and their merge."""

from adapters.sandbox import issues, pulls
from adapters.sandbox import shapes_git as git_shape
from adapters.sandbox import shapes_pull as shape
from adapters.sandbox import shapes_repository as people_shape
from adapters.sandbox.api import Call, Json, Reply, Route, flag, ok, optional_text, page, text, texts
from adapters.sandbox.core import Core
from adapters.sandbox.people import PEOPLE
from adapters.sandbox.project import OWNER
from adapters.sandbox.refusal import Refusal, invalid, not_found, refused
from adapters.sandbox.state import Issue, Pull, Review

_KIND = "PullRequest"
_REVIEW_EVENTS = {"APPROVE": "APPROVED", "REQUEST_CHANGES": "CHANGES_REQUESTED", "COMMENT": "COMMENTED"}


def list_pulls(core: Core, call: Call) -> Reply:
    """By state, `owner:branch` head and base; newest first unless asked otherwise."""
    query = call.query
    found = [issue for issue in core.state.pulls() if _matches(issue, query.get("state", "open"))]
    if query.get("head"):
        found = [i for i in found if i.pull and query["head"] == f"{OWNER}:{i.pull.head_ref}"]
    if query.get("base"):
        found = [i for i in found if i.pull and i.pull.base_ref == query["base"]]
    if query.get("sort") == "updated":
        found.sort(key=lambda issue: issue.updated_at)
    default = "asc" if query.get("sort") == "updated" else "desc"
    if query.get("direction", default) == "desc":
        found.reverse()
    return page(call, [(i, i.pull) for i in found if i.pull], lambda pair: shape.summary(core, *pair))


def create_pull(core: Core, call: Call) -> Reply:
    issue = pulls.create(
        core,
        head=text(call.body, "head", _KIND),
        base=text(call.body, "base", _KIND),
        title=text(call.body, "title", _KIND),
        body=optional_text(call.body, "body", _KIND),
        author=call.by.login,
        draft=flag(call.body, "draft"),
    )
    return Reply(201, _full(core, issue))


def get_pull(core: Core, call: Call) -> Reply:
    issue, _ = _found(core, call)
    return ok(_full(core, issue))


def edit_pull(core: Core, call: Call) -> Reply:
    issue, pull = _found(core, call)
    if "title" in call.body:
        issue.title = text(call.body, "title", _KIND)
    if "body" in call.body:
        issue.body = optional_text(call.body, "body", _KIND)
    if "state" in call.body:
        _change_state(core, call, issue, pull)
    issue.updated_at = core.now()
    return ok(_full(core, issue))


def list_commits(core: Core, call: Call) -> Reply:
    """Oldest first, as the forge lists them."""
    issue, pull = _found(core, call)
    commits = core.git.log(pulls.base_commit(core, issue, pull), pull.head_sha)[::-1]
    return page(call, commits, lambda commit: git_shape.commit(core, commit))


def list_files(core: Core, call: Call) -> Reply:
    issue, pull = _found(core, call)
    changes = core.git.changes(pulls.fork_point(core, issue, pull), pull.head_sha)
    return page(call, changes, lambda change: git_shape.change(core, change, pull.head_sha))


def list_reviews(core: Core, call: Call) -> Reply:
    issue, pull = _found(core, call)
    return page(call, pull.reviews, lambda review: shape.review(core, issue, review))


def create_review(core: Core, call: Call) -> Reply:
    issue, pull = _found(core, call)
    event = str(call.body.get("event", "COMMENT"))
    if event not in _REVIEW_EVENTS:
        raise Refusal(422, "Unprocessable Entity", ("Event is invalid",))
    body = optional_text(call.body, "body", "PullRequestReview") or ""
    if event != "APPROVE" and not body:
        raise Refusal(422, "Unprocessable Entity", ("Body can't be blank",))
    given: Review = pulls.review(core, issue, pull, by=call.by.login, state=_REVIEW_EVENTS[event], body=body)
    return ok(shape.review(core, issue, given))


def get_requested(core: Core, call: Call) -> Reply:
    _, pull = _found(core, call)
    return ok({"users": [people_shape.user(core, login) for login in pull.requested], "teams": []})


def request_reviewers(core: Core, call: Call) -> Reply:
    issue, pull = _found(core, call)
    wanted = texts(call.body, "reviewers", _KIND)
    for login in wanted:
        if login not in PEOPLE or PEOPLE[login].role == "read":
            raise refused(_KIND, "Reviews may only be requested from collaborators.")
        if login == issue.author:
            raise refused(_KIND, "Review cannot be requested from pull request author.")
    pull.requested += [login for login in wanted if login not in pull.requested]
    return Reply(201, shape.summary(core, issue, pull))


def is_merged(core: Core, call: Call) -> Reply:
    _, pull = _found(core, call)
    if pull.merge_sha is None:
        raise not_found()
    return Reply(204)


def merge_pull(core: Core, call: Call) -> Reply:
    method = call.body.get("merge_method", "merge")
    if method != "merge":
        raise Refusal(405, f"{str(method).capitalize()} merges are not allowed on this repository.")
    sha = pulls.merge(
        core,
        call.number("pull_number"),
        by=call.by.login,
        sha=optional_text(call.body, "sha", _KIND),
        title=optional_text(call.body, "commit_title", _KIND),
        message=optional_text(call.body, "commit_message", _KIND),
    )
    return ok({"sha": sha, "merged": True, "message": "Pull Request successfully merged"})


def _matches(issue: Issue, state: str) -> bool:
    return state in ("all", issue.state)


def _found(core: Core, call: Call) -> tuple[Issue, Pull]:
    return pulls.find(core, call.number("pull_number"))


def _full(core: Core, issue: Issue) -> Json:
    _, pull = pulls.find(core, issue.number)
    return shape.pull_request(core, issue, pull)


def _change_state(core: Core, call: Call, issue: Issue, pull: Pull) -> None:
    wanted = call.body["state"]
    if wanted not in ("open", "closed"):
        raise invalid(_KIND, "state")
    if wanted == "closed" and issue.state == "open":
        issues.close(core, issue, by=call.by.login)
    elif wanted == "open" and issue.state == "closed":
        head = core.git.branches().get(pull.head_ref)
        if pull.merge_sha is not None or head is None:
            raise refused(_KIND, "state cannot be changed. The pull request cannot be reopened.")
        issues.reopen(core, issue)
        pulls.follow_branch(core, pull.head_ref, pull.head_sha, head)


_PULLS = "/repos/{owner}/{repo}/pulls"
_ONE = f"{_PULLS}/{{pull_number}}"
ROUTES = (
    Route("GET", _PULLS, list_pulls),
    Route("POST", _PULLS, create_pull),
    Route("GET", _ONE, get_pull),
    Route("PATCH", _ONE, edit_pull),
    Route("GET", f"{_ONE}/commits", list_commits),
    Route("GET", f"{_ONE}/files", list_files),
    Route("GET", f"{_ONE}/reviews", list_reviews),
    Route("POST", f"{_ONE}/reviews", create_review),
    Route("GET", f"{_ONE}/requested_reviewers", get_requested),
    Route("POST", f"{_ONE}/requested_reviewers", request_reviewers),
    Route("GET", f"{_ONE}/merge", is_merged),
    Route("PUT", f"{_ONE}/merge", merge_pull),
)
