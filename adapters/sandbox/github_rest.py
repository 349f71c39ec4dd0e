"""The forge's REST interface: which routes there are, and how a refusal is written down."""

from collections.abc import Sequence

from adapters.sandbox import (
    rest_advisories,
    rest_commits,
    rest_git,
    rest_issues,
    rest_milestones,
    rest_pulls,
    rest_releases,
    rest_repository,
    rest_workflows,
)
from adapters.sandbox.api import Json, Reply, Route
from adapters.sandbox.refusal import Refusal

_MODULES = (
    rest_repository,
    rest_pulls,
    rest_issues,
    rest_milestones,
    rest_commits,
    rest_git,
    rest_releases,
    rest_workflows,
    rest_advisories,
)
_DOCUMENTATION = "https://forge.example/docs/rest"


def routes() -> Sequence[Route]:
    """Every route. Within a module a more specific path stands before one whose parameter would swallow it."""
    return [route for module in _MODULES for route in module.ROUTES]


def refusal(no: Refusal) -> Reply:
    body: Json = {"message": no.message, "documentation_url": _DOCUMENTATION, "status": str(no.status)}
    if no.errors:
        body["errors"] = list(no.errors)
    return Reply(no.status, body)
