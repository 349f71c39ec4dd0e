"""REST: milestones."""

from adapters.sandbox import issues
from adapters.sandbox import shapes_issue as shape
from adapters.sandbox.api import Call, Reply, Route, instant, ok, optional_text, page, text
from adapters.sandbox.core import Core
from adapters.sandbox.refusal import invalid, not_found
from adapters.sandbox.state import Milestone

_KIND = "Milestone"


def list_milestones(core: Core, call: Call) -> Reply:
    wanted = call.query.get("state", "open")
    found = [m for m in core.state.milestones.values() if wanted in ("all", m.state)]
    return page(call, found, lambda milestone: shape.milestone(core, milestone))


def create_milestone(core: Core, call: Call) -> Reply:
    title = text(call.body, "title", _KIND)
    if any(milestone.title == title for milestone in core.state.milestones.values()):
        raise invalid(_KIND, "title", "already_exists")
    milestone = issues.new_milestone(core, title, by=call.by.login)
    _edit(core, call, milestone)
    return Reply(201, shape.milestone(core, milestone))


def get_milestone(core: Core, call: Call) -> Reply:
    return ok(shape.milestone(core, _found(core, call)))


def edit_milestone(core: Core, call: Call) -> Reply:
    milestone = _found(core, call)
    _edit(core, call, milestone)
    return ok(shape.milestone(core, milestone))


def _found(core: Core, call: Call) -> Milestone:
    milestone = core.state.milestones.get(call.number("milestone_number"))
    if milestone is None:
        raise not_found()
    return milestone


def _edit(core: Core, call: Call, milestone: Milestone) -> None:
    body = call.body
    if "title" in body:
        milestone.title = text(body, "title", _KIND)
    if "description" in body:
        milestone.description = optional_text(body, "description", _KIND)
    if "due_on" in body:
        due = optional_text(body, "due_on", _KIND)
        milestone.due_on = instant(due) if due else None
    state = body.get("state", milestone.state)
    if state not in ("open", "closed"):
        raise invalid(_KIND, "state")
    if state != milestone.state:
        milestone.state = state
        milestone.closed_at = core.now() if state == "closed" else None
    milestone.updated_at = core.now()


_ALL = "/repos/{owner}/{repo}/milestones"
_ONE = f"{_ALL}/{{milestone_number}}"
ROUTES = (
    Route("GET", _ALL, list_milestones),
    Route("POST", _ALL, create_milestone),
    Route("GET", _ONE, get_milestone),
    Route("PATCH", _ONE, edit_milestone),
)
