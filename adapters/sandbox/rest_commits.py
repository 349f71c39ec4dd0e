"""REST: commits, what is reported on them, and comparisons."""

from adapters.sandbox import checks
from adapters.sandbox import shapes_git as shape
from adapters.sandbox import shapes_pull as pull_shape
from adapters.sandbox import shapes_repository as repository_shape
from adapters.sandbox.api import WEB, Call, Json, Reply, Route, ok, page, repository_url
from adapters.sandbox.core import Core
from adapters.sandbox.git_objects import CommitObject
from adapters.sandbox.project import MAIN
from adapters.sandbox.refusal import Refusal, not_found


def list_commits(core: Core, call: Call) -> Reply:
    start = _resolve(core, call.query.get("sha") or MAIN)
    return page(call, core.git.log(None, start), lambda commit: shape.commit(core, commit))


def get_commit(core: Core, call: Call) -> Reply:
    commit = core.git.commit(_resolve(core, call.params["ref"]))
    return ok({**shape.commit(core, commit), **_difference(core, commit)})


def list_check_runs(core: Core, call: Call) -> Reply:
    """The latest run of each check, or every one with filter=all."""
    sha = _resolve(core, call.params["ref"])
    runs = checks.on(core, sha, every=call.query.get("filter") == "all")
    if call.query.get("check_name"):
        runs = [run for run in runs if run.name == call.query["check_name"]]
    return page(call, runs, lambda run: pull_shape.check_run(core, run), wrap="check_runs")


def get_status(core: Core, call: Call) -> Reply:
    """No one reports statuses here, only checks; the forge then says pending, of nothing."""
    sha = _resolve(core, call.params["ref"])
    url = f"{repository_url(core)}/commits/{sha}"
    return ok(
        {
            "state": "pending",
            "statuses": [],
            "sha": sha,
            "total_count": 0,
            "repository": repository_shape.repository(core),
            "commit_url": url,
            "url": f"{url}/status",
        }
    )


def list_pulls(core: Core, call: Call) -> Reply:
    """Pull requests that brought the commit in, or would."""
    sha = _resolve(core, call.params["commit_sha"])
    found = []
    for issue in core.state.pulls():
        pull = issue.pull
        if pull is not None and (sha == pull.merge_sha or _brings(core, pull.base_sha, pull.head_sha, sha)):
            found.append((issue, pull))
    return page(call, found, lambda pair: pull_shape.summary(core, *pair))


def compare(core: Core, call: Call) -> Reply:
    left, dots, right = call.params["basehead"].partition("...")
    if not dots:
        raise not_found()
    base, head = _resolve(core, left), _resolve(core, right)
    ahead, behind = core.git.log(base, head)[::-1], core.git.log(head, base)
    fork = core.git.merge_base(base, head)
    if fork is None:
        raise not_found()
    url = f"{repository_url(core)}/compare/{call.params['basehead']}"
    page_url = f"{WEB}/compare/{call.params['basehead']}"
    return ok(
        {
            "url": url,
            "html_url": page_url,
            "permalink_url": page_url,
            "diff_url": f"{page_url}.diff",
            "patch_url": f"{page_url}.patch",
            "base_commit": shape.commit(core, core.git.commit(base)),
            "merge_base_commit": shape.commit(core, core.git.commit(fork)),
            "status": _relation(len(ahead), len(behind)),
            "ahead_by": len(ahead),
            "behind_by": len(behind),
            "total_commits": len(ahead),
            "commits": [shape.commit(core, commit) for commit in ahead],
            "files": [shape.change(core, change, head) for change in core.git.changes(fork, head)],
        }
    )


def _resolve(core: Core, revision: str) -> str:
    found = core.git.resolve(revision)
    if found is None:
        raise Refusal(422, f"No commit found for SHA: {revision}")
    return found


def _brings(core: Core, base: str, head: str, sha: str) -> bool:
    return core.git.is_ancestor(sha, head) and not core.git.is_ancestor(sha, base)


def _difference(core: Core, commit: CommitObject) -> Json:
    """The files a commit changed against its first parent; a root commit shows none here."""
    changes = core.git.changes(commit.parents[0], commit.sha) if commit.parents else []
    additions = sum(change.additions for change in changes)
    deletions = sum(change.deletions for change in changes)
    return {
        "stats": {"additions": additions, "deletions": deletions, "total": additions + deletions},
        "files": [shape.change(core, change, commit.sha) for change in changes],
    }


def _relation(ahead: int, behind: int) -> str:
    if ahead and behind:
        return "diverged"
    return "ahead" if ahead else "behind" if behind else "identical"


_COMMITS = "/repos/{owner}/{repo}/commits"
_REF = frozenset({"ref"})
ROUTES = (
    Route("GET", _COMMITS, list_commits),
    Route("GET", f"{_COMMITS}/{{ref}}/check-runs", list_check_runs, _REF),
    Route("GET", f"{_COMMITS}/{{ref}}/status", get_status, _REF),
    Route("GET", f"{_COMMITS}/{{commit_sha}}/pulls", list_pulls),
    Route("GET", f"{_COMMITS}/{{ref}}", get_commit, _REF),
    Route("GET", "/repos/{owner}/{repo}/compare/{basehead}", compare, frozenset({"basehead"})),
)
