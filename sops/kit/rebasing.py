"""What another severity does to the clocks that run: to who is called while nobody answers, and to the next update.

A raise calls at once, by the ladder of the new severity, and from then on no call reaches fewer than were called
before it (`paging.floor_of`). That ladder is counted from when the incident was first as bad as that, or worse, while
nobody answered: what never was begins anew, and what is made less of and more of in turn goes on where it would be.
So between two calls there is never more time than the ladder of the severity it has allows, and each raise reaches a
superset of whom every call since the declaration, or since it was reopened, reached; but for who passed it on.
"""

from datetime import datetime

from sops.kit import paging
from sops.kit.clocks import ClockState
from sops.kit.model import Severity
from sops.kit.run import Run
from sops.kit.timing import ACKNOWLEDGE, FIX, UPDATE, due, fix_since, started, stopped


def rebased(run: Run, at: datetime) -> Run:
    """After a change of severity: where it is worse, people are called at once, and an update is due the sooner.

    Where it is less, clocks count from where they did, and nobody is called for what was called already. A fix is due
    from its beginning in either case.
    """
    for name, state in run.clocks.items():
        if not state.running:
            continue
        if name == ACKNOWLEDGE:
            run = _called_on(run, state, at)
        elif name == UPDATE:
            run = _owed_by(run, state, at)
        elif name == FIX:
            run = started(run, FIX, at) if due(FIX, run, fix_since(run)) else stopped(run, FIX, at)
    if UPDATE not in run.clocks or not run.clocks[UPDATE].running:
        waiting = run.clocks.get(ACKNOWLEDGE)
        acknowledged = waiting is not None and not waiting.running
        resolved = run.record("verify").signed
        if acknowledged and not resolved:
            run = started(run, UPDATE, at)
    return run


def _worse(run: Run, state: ClockState) -> bool:
    return paging.rated(run) < (state.severity or Severity.P1)


def _called_on(run: Run, before: ClockState, at: datetime) -> Run:
    """While nobody answers: the ladder of the severity it has now, from when it was first as bad."""
    known = paging.rated_since(run, before)
    since = min((began for severity, began in known.items() if severity <= paging.rated(run)), default=at)
    run = paging.with_rated(run, known)
    again = since if since > before.started_at else None
    run = started(run, ACKNOWLEDGE, before.started_at, calls_from=again)
    if _worse(run, before):
        return paging.going_on(run, before, floor=paging.floor_of(run, before, at))
    return paging.going_on(run, before, number=_called_already(run), floor={})


def _called_already(run: Run) -> int:
    """The step of the ladder that was due when somebody was called last; what is due since then is called."""
    ladder, last = paging.ladder_of(run), paging.last_call(run)
    return paging.due_by(run, ladder, run.clocks[ACKNOWLEDGE], last) if ladder and last else -1


def _owed_by(run: Run, before: ClockState, at: datetime) -> Run:
    """The next update of what is worse is due within its own time, and never later than it was; else from the last."""
    if due(UPDATE, run, at) is None:
        return stopped(run, UPDATE, at)
    if not _worse(run, before):
        return started(run, UPDATE, before.started_at)
    run = started(run, UPDATE, before.started_at, calls_from=at)
    state = run.clocks[UPDATE]
    if not at < before.due_at < state.due_at:
        return run
    return run.but(clocks={**run.clocks, UPDATE: state.model_copy(update={"due_at": before.due_at})})
