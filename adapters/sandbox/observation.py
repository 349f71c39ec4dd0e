"""How the world goes on by itself: it looks at the refs, and lets happen what is due."""

from datetime import datetime

from adapters.sandbox import checks, pulls, releases, workflows
from adapters.sandbox.core import Core
from adapters.sandbox.project import FULL_NAME
from adapters.sandbox.state import CheckRun, WorkflowRun

_HEADS = "refs/heads/"
_TAGS = "refs/tags/"


def catch_up(core: Core) -> None:
    """Bring the world to this instant: pushes first, then everything due."""
    observe(core)
    tick(core)
    for each in core.beside.values():
        catch_up(each)


def observe(core: Core) -> None:
    """Follow up every ref that moved since the last look, whoever moved it."""
    refs = core.git.refs()
    before = core.state.refs
    if refs == before:
        return
    core.state.refs, core.state.pushed_at = refs, core.now()
    moved = [name for name in refs.keys() | before.keys() if refs.get(name) != before.get(name)]
    # Deletions last: a branch pushed into its base and deleted in one go was merged, not abandoned.
    for name in sorted(moved, key=lambda name: (name not in refs, name)):
        old, new = before.get(name), refs.get(name)
        if name.startswith(_HEADS) and new is not None and core.full_name != FULL_NAME:
            checks.queue(core, new)
        elif name.startswith(_HEADS):
            pulls.follow_branch(core, name.removeprefix(_HEADS), old, new)
        elif name.startswith(_TAGS) and new is not None:
            releases.follow_tag(core, name.removeprefix(_TAGS))
    core.ring()


def next_due(core: Core) -> datetime | None:
    """When the world will next change by itself."""
    every = (core, *core.beside.values())
    return min((due for each in every for due, _ in _pending(each)), default=None)


def tick(core: Core) -> None:
    """Let everything happen that is due, in its order and at its own instant."""
    now = core.clock.now()
    for due, coming in sorted(_pending(core), key=lambda pending: pending[0]):
        if due > now:
            break
        if isinstance(coming, CheckRun):
            checks.finish(core, coming, "success", due)
        elif isinstance(coming, WorkflowRun):
            workflows.finish(core, coming, due)
        elif core.state.publications.get(coming) == due:
            del core.state.publications[coming]
            releases.publish(core, coming, due)
        else:
            del core.state.late_latest[coming]
            releases.make_latest(core, coming)


def _pending(core: Core) -> list[tuple[datetime, CheckRun | WorkflowRun | str]]:
    """Checks and workflows that will end by themselves, tags that will be published or become the latest."""
    running = [(check.due, check) for check in core.state.checks if check.due is not None]
    dispatched = [(due, run) for run in core.state.workflow_runs if (due := workflows.due(run)) is not None]
    tags = [*core.state.publications.items(), *core.state.late_latest.items()]
    return [*running, *dispatched, *((due, tag) for tag, due in tags)]
