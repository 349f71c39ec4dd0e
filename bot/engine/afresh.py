"""What is left of a yes that was used, where it could not be followed for long: another grace, or another yes.

A yes covers several deeds, and a far end may fail between any two of them, or the bot be down. People have moved on by
then, so what cannot be taken back is told of once more, with how old the yes is (`policy.yes_is_fresh`); where that is
too old (`policy.yes_stands`), or somebody said !stop, what is left is asked for as the whole was.
"""

from dataclasses import replace
from datetime import datetime

from bot.chat import replies
from bot.engine import held_up, outages, requests
from bot.engine.desk import Desk
from bot.engine.requests import LATE
from sops.kit.approvals import Request, RequestState
from sops.kit.covered import approval_of, asking, covering, gate_of, permanent
from sops.kit.gate import Approved
from sops.kit.model import Step
from sops.kit.run import Run

_STANDS = {RequestState.OPEN, RequestState.GRANTED, RequestState.EXPIRED, RequestState.REJECTED}


def gate_for(run: Run, step: Step) -> Approved | None:
    """The approval the step asks for: its own, or one for what is left, where the yes it had holds no longer."""
    own = approval_of(step)
    if own is not None or not _lapsed(run, step) or waits_on(run, step):
        return own
    newest = covering(run, step)
    if newest is None or newest.holds:
        return None
    if newest.step == step.id:
        return gate_of(run, newest)
    first = asking(run, step.id)
    gate = approval_of(first) if first else None
    left = [name for name in gate.covers if not run.record(name).state.over] if gate else []
    return replace(gate, covers=tuple(left)) if gate else None


def asks(run: Run, step: Step) -> bool:
    """Another yes is needed before it goes on."""
    return approval_of(step) is None and (gate_for(run, step) is not None or bool(waits_on(run, step)))


def waits_on(run: Run, step: Step) -> str:
    """How the request stands that another step asked for this one as well; empty where there is none."""
    if approval_of(step) or not _lapsed(run, step):
        return ""
    newest = covering(run, step)
    elsewhere = newest is not None and newest.step != step.id and not run.record(newest.step).state.over
    if newest is None or not elsewhere or newest.state not in _STANDS:
        return ""
    return replies.approvals.approval_missing(newest)


def held_long(run: Run, step: Step, now: datetime) -> bool:
    """Whether its next permanent deed needs another word with people; see `may_follow`."""
    asked = covering(run, step)
    return asked is not None and asked.holds and (asked.again or held_up.long(run, asked, now))


def may_follow(desk: Desk, step: Step) -> bool:
    """Whether the next permanent deed of the step may be done now. If not, people are told, or asked."""
    asked = covering(desk.run, step)
    if asked is None or not asked.holds:
        return True
    if asked.again and asked.grace_until is not None:
        if desk.now < asked.grace_until:
            return False
        if desk.now - asked.grace_until <= LATE:
            return True
    elif not held_up.long(desk.run, asked, desk.now):
        return True
    if desk.run.record(step.id).intent is None:  # else it is the deed that fails, and was not tried again yet
        outages.over(desk, step)
    asked = requests.request_of(desk, asked.seq)
    if held_up.too_old(desk.run, asked, desk.now):
        requests.lapse_old(desk, asked.seq)
    else:
        told = requests.begin_grace(desk, asked.seq)
        desk.run = desk.run.with_record(step.id, note=replies.approvals.approval_missing(told))
    return False


def waiting(run: Run, asked: Request) -> tuple[Step, ...]:
    """The steps whose turn it is that go on by that request."""
    gate = gate_of(run, asked)
    if not asked.lapsed:
        return tuple(step for step in run.current() if step.id == asked.step)
    return tuple(step for step in run.current() if gate is not None and step.id in gate.covers and permanent(step))


def begun(desk: Desk, step: Step) -> None:
    """Its deed is about to be done: the grace it had is over."""
    asked = covering(desk.run, step)
    if asked is not None and asked.again:
        desk.run = requests.replaced(desk.run, asked.but(again=False))


def _lapsed(run: Run, step: Step) -> bool:
    """A yes by which it would go on does not hold for what is left."""
    if not permanent(step):
        return False
    old = (each for each in run.requests if each.lapsed and each.iteration == run.iteration)
    return any((gate := gate_of(run, each)) is not None and step.id in gate.covers for each in old)
