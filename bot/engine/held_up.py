"""For how long a yes could not be followed: far ends failed, or the bot was down.

What people decide (a hold, a freeze) and what a procedure waits for (checks, a build) is none of it. Pure.
"""

from datetime import datetime, timedelta
from typing import Any

from sops.kit.approvals import HeldUp, Request, RequestState
from sops.kit.covered import gate_of, permanent
from sops.kit.run import Run
from sops.kit.secrecy import revealed

DOWNTIME = "downtime of the bot"


def counted(run: Run, by: str, since: datetime, until: datetime) -> Run:
    """The run knows of that span, for each yes by which something permanent is still to follow. None counts twice."""
    changed = {request.seq: _with(request, by, since, until) for request in run.requests if _waits(run, request)}
    if all(changed[request.seq] == request for request in run.requests if request.seq in changed):
        return run
    return run.but(requests=tuple(changed.get(request.seq, request) for request in run.requests))


def so_far(run: Run, request: Request, now: datetime) -> HeldUp | None:
    """With what goes on at this moment; None where nothing held it up."""
    gate = gate_of(run, request)
    for step in run.current():
        failing = run.record(step.id).failing
        if failing is not None and gate is not None and step.id in (request.step, *gate.covers):
            request = _with(request, failing.at, failing.since, now)
    return request.held


def long(run: Run, request: Request, now: datetime) -> bool:
    """It was held up for so long that people should hear of it before it goes ahead."""
    held = so_far(run, request, now)
    return held is not None and held.span - held.told >= run.policy.yes_is_fresh


def too_old(run: Run, request: Request, now: datetime) -> bool:
    """It was held up for long, and its yes is so old by now that it is asked for again; not of what everybody reads."""
    return not revealed(run) and long(run, request, now) and now - request.given_at >= run.policy.yes_stands


def as_noted(held: HeldUp | None) -> dict[str, Any]:
    """For the record."""
    return {"held_up": {"by": list(held.by), "seconds": int(held.span.total_seconds())}} if held else {}


def _waits(run: Run, request: Request) -> bool:
    """It was agreed to, and something permanent of it is still to come."""
    agreed = request.state is RequestState.GRANTED or request.holds
    gate = gate_of(run, request) if agreed and request.iteration == run.iteration else None
    covers = gate.covers if gate else ()
    return any(step.id in covers and permanent(step) and not run.record(step.id).state.over for step in run.steps)


def _with(request: Request, by: str, since: datetime, until: datetime) -> Request:
    held = request.held
    begin = max(since, request.told_until, held.until if held else since)
    if until <= begin:
        return request
    names = dict.fromkeys((*(held.by if held else ()), by))
    span = until - begin + (held.span if held else timedelta())
    told = held.told if held else timedelta()
    return request.but(held=HeldUp(by=tuple(names), span=span, until=until, told=told))
