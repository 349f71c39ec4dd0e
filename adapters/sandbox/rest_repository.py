"""REST: the repository, its branches and what they require, people and their rights."""

from adapters.sandbox import shapes_git as git_shape
from adapters.sandbox import shapes_repository as shape
from adapters.sandbox.api import Call, Json, Reply, Route, ok, page, repository_url
from adapters.sandbox.core import Core
from adapters.sandbox.people import PEOPLE, Person
from adapters.sandbox.refusal import Refusal, not_found

_RULESET = {"ruleset_id": 9200, "ruleset_source_type": "Repository", "ruleset_source": "acme/skylark"}
_RATE = {"limit": 5000, "remaining": 4999, "used": 1}


def get_repository(core: Core, call: Call) -> Reply:
    return ok({**shape.repository(core), "permissions": shape.permissions(call.by.role)})


def get_viewer(core: Core, call: Call) -> Reply:
    return ok(shape.private_user(core, call.by.login))


def get_user(core: Core, call: Call) -> Reply:
    return ok(shape.public_user(core, _person(call).login))


def get_rate_limit(core: Core, call: Call) -> Reply:
    rate = {**_RATE, "reset": int(core.now().timestamp()) + 3600}
    return ok({"resources": {"core": rate, "search": rate, "graphql": rate}, "rate": rate})


def list_branches(core: Core, call: Call) -> Reply:
    branches = sorted(core.git.branches().items())
    if call.query.get("protected") in ("true", "false"):
        wanted = call.query["protected"] == "true"
        branches = [branch for branch in branches if (branch[0] in core.rules.protected) == wanted]
    return page(call, branches, lambda branch: git_shape.branch_summary(core, *branch))


def get_branch(core: Core, call: Call) -> Reply:
    name, sha = _branch(core, call)
    url = f"{repository_url(core)}/branches/{name}"
    protected = name in core.rules.protected
    return ok(
        {
            **git_shape.branch_summary(core, name, sha),
            "commit": git_shape.commit(core, core.git.commit(sha)),
            "_links": {"self": url, "html": url},
            "protection": {
                "enabled": protected,
                "required_status_checks": {
                    "enforcement_level": "non_admins" if protected else "off",
                    "contexts": list(core.rules.checks) if protected else [],
                    "checks": _required(core) if protected else [],
                },
            },
            "protection_url": f"{url}/protection",
        }
    )


def get_protection(core: Core, call: Call) -> Reply:
    name = _protected(core, call)
    url = f"{repository_url(core)}/branches/{name}/protection"
    protection: Json = {
        "url": url,
        "required_status_checks": _status_checks(core, url),
        "enforce_admins": {"url": f"{url}/enforce_admins", "enabled": True},
        "allow_force_pushes": {"enabled": False},
        "allow_deletions": {"enabled": False},
        "required_linear_history": {"enabled": False},
    }
    if core.rules.required_reviews:
        protection["required_pull_request_reviews"] = {
            "url": f"{url}/required_pull_request_reviews",
            "dismiss_stale_reviews": False,
            "require_code_owner_reviews": False,
            "required_approving_review_count": core.rules.required_reviews,
        }
    return ok(protection)


def get_required_checks(core: Core, call: Call) -> Reply:
    name = _protected(core, call)
    return ok(_status_checks(core, f"{repository_url(core)}/branches/{name}/protection"))


_QUEUE: Json = {
    "check_response_timeout_minutes": 60,
    "grouping_strategy": "ALLGREEN",
    "max_entries_to_build": 5,
    "max_entries_to_merge": 5,
    "merge_method": "MERGE",
    "min_entries_to_merge": 1,
    "min_entries_to_merge_wait_minutes": 5,
}


def list_rules(core: Core, call: Call) -> Reply:
    """The rule set's share; a branch without rules, or without existence, has an empty list."""
    if call.params["branch"] not in core.rules.protected:
        return page(call, [], dict)
    rules: list[Json] = [
        {"type": "deletion"},
        {"type": "non_fast_forward"},
        {
            "type": "pull_request",
            "parameters": {
                "required_approving_review_count": core.rules.required_reviews,
                "dismiss_stale_reviews_on_push": False,
                "require_code_owner_review": False,
                "require_last_push_approval": False,
                "required_review_thread_resolution": False,
                "allowed_merge_methods": ["merge"],
            },
        },
    ]
    if call.params["branch"] in core.rules.queued:
        rules.append({"type": "merge_queue", "parameters": dict(_QUEUE)})
    if core.rules.checks:
        required = [{"context": name} for name in core.rules.checks]
        parameters = {"required_status_checks": required, "strict_required_status_checks_policy": False}
        rules.append({"type": "required_status_checks", "parameters": parameters})
    return page(call, rules, lambda rule: {**rule, **_RULESET})


def get_collaborator(core: Core, call: Call) -> Reply:
    """204 for people with a role on the repository; a reader is none."""
    if _person(call).role == "read":
        raise not_found()
    return Reply(204)


def get_permission(core: Core, call: Call) -> Reply:
    person = _person(call)
    account = shape.user(core, person.login)
    return ok(
        {
            "permission": person.permission,
            "role_name": person.role,
            "user": {**account, "role_name": person.role, "permissions": shape.permissions(person.role)},
        }
    )


def _person(call: Call) -> Person:
    person = PEOPLE.get(call.params["username"])
    if person is None:
        raise not_found()
    return person


def _branch(core: Core, call: Call) -> tuple[str, str]:
    name = call.params["branch"]
    sha = core.git.branches().get(name)
    if sha is None:
        raise Refusal(404, "Branch not found")
    return name, sha


def _protected(core: Core, call: Call) -> str:
    name, _ = _branch(core, call)
    if name not in core.rules.protected:
        raise Refusal(404, "Branch not protected")
    return name


def _required(core: Core) -> list[Json]:
    return [{"context": name, "app_id": None} for name in core.rules.checks]


def _status_checks(core: Core, url: str) -> Json:
    return {
        "url": f"{url}/required_status_checks",
        "strict": False,
        "contexts": list(core.rules.checks),
        "contexts_url": f"{url}/required_status_checks/contexts",
        "checks": _required(core),
    }


_REPO = "/repos/{owner}/{repo}"
_BRANCH = frozenset({"branch"})
ROUTES = (
    Route("GET", _REPO, get_repository),
    Route("GET", "/user", get_viewer),
    Route("GET", "/users/{username}", get_user),
    Route("GET", "/rate_limit", get_rate_limit),
    Route("GET", f"{_REPO}/branches", list_branches),
    Route("GET", f"{_REPO}/branches/{{branch}}/protection/required_status_checks", get_required_checks, _BRANCH),
    Route("GET", f"{_REPO}/branches/{{branch}}/protection", get_protection, _BRANCH),
    Route("GET", f"{_REPO}/branches/{{branch}}", get_branch, _BRANCH),
    Route("GET", f"{_REPO}/rules/branches/{{branch}}", list_rules, _BRANCH),
    Route("GET", f"{_REPO}/collaborators/{{username}}/permission", get_permission),
    Route("GET", f"{_REPO}/collaborators/{{username}}", get_collaborator),
)
