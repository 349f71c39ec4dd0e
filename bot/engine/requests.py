"""Requests for approval, as a desk changes them: asked, voided, granted, held back, expired, used up."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from bot.chat import replies
from bot.chat.replies import breakglass
from bot.engine import emergency, held_up
from bot.engine.desk import Desk
from sops.kit import timing
from sops.kit.action import World
from sops.kit.approvals import Request, RequestState, code_of, digest_of
from sops.kit.binding import TREE
from sops.kit.covered import approval_of, asking
from sops.kit.gate import Approved
from sops.kit.model import Severity, Step
from sops.kit.people import People
from sops.kit.run import Obligation, Run, RunState
from sops.kit.timing import OVERRIDE

LATE = timedelta(minutes=1)  # a grace found over later than this begins anew, so that !stop has its chance
TOO_OFTEN = 2  # so many voids without a change of the release's own are told with why
OWN = ("head", "version", "pull request", "left out")


def latest(run: Run, step_id: str) -> Request | None:
    """The newest request for that step in this iteration."""
    asked = [request for request in run.requests if request.step == step_id and request.iteration == run.iteration]
    return asked[-1] if asked else None


def live(run: Run) -> tuple[Request, ...]:
    """Requests that can still be answered or stopped."""
    return tuple(request for request in run.requests if request.live)


def given_before(run: Run, gate: Approved) -> Request | None:
    """The yes of an earlier step that covers this too: nothing it was bound to has changed since it was used."""
    asked = latest(run, gate.already) if gate.already else None
    if asked is None or not asked.holds:
        return None
    then, bound = asked.subject, asked.subject.get("bound", {})
    now = {"head": run.facts.get("head", ""), "tree": run.facts.get(TREE, ""), "version": run.version}
    same = all(then.get(name, "") == value for name, value in now.items())
    return asked if same and all(bound.get(name) == run.facts.get(name) for name in gate.binds) else None


def turns(run: Run, now: datetime) -> list[datetime]:
    """The instants to come at which time alone changes a request: its grace ends, or it expires."""
    times = [r.grace_until if r.state is RequestState.GRANTED else r.expires_at for r in live(run)]
    times += [r.grace_until for r in run.requests if r.again]
    times += [at for r in live(run) if r.state is RequestState.OPEN for at in r.reminders]
    times += [r.override_at for r in live(run) if r.state is RequestState.OPEN]
    return [at for at in times if at is not None and at > now]


def replaced(run: Run, request: Request) -> Run:
    """The run with the request of that number replaced; while it lives, what its step waits for says how it stands."""
    old = next(r for r in run.requests if r.seq == request.seq)
    run = run.but(requests=tuple(request if r.seq == request.seq else r for r in run.requests))
    before, now = (replies.approvals.approval_missing(each) for each in (old, request))
    note = run.record(request.step).note
    if not request.live or before not in note:
        return run
    return run.with_record(request.step, note=note.replace(before, now))


def quorum_of(run: Run, step: Step, gate: Approved) -> int:
    """The setting, or the document's number; never less than one."""
    first = step if approval_of(step) else asking(run, step.id) or step
    usual = gate.p0 if gate.p0 is not None and run.severity is Severity.P0 else gate.n
    name = f"{run.sop}.{gate.like or first.id}"
    return max(1, run.policy.approvals.get(f"{name}.{run.severity}", run.policy.approvals.get(name, usual)))


@dataclass(frozen=True)
class View:
    """One look at a step that needs approval: the run, what the gates just learned of it, and the world."""

    stored: Run
    facts: dict[str, Any]
    step: Step
    gate: Approved
    world: World
    fence: int

    @property
    def run(self) -> Run:
        """The run as it is known after this look."""
        return self.stored.with_facts(self.facts)


def grant_if_enough(desk: Desk, request: Request) -> Request:
    """Granted once the quorum is reached; at least one yes must have been given in the thread.

    The next look begins the grace, when nothing else is in the way.
    """
    spoken = any(yes.via == "thread" for yes in request.yeses)
    if request.state is not RequestState.OPEN or len(request.people) < request.quorum or not spoken:
        return request
    granted = request.but(state=RequestState.GRANTED, held_back=False)
    desk.run = replaced(desk.run, granted)
    desk.note("granted", code=granted.code, by=list(granted.people))
    return granted


def begin_grace(desk: Desk, seq: int) -> Request:
    """From now on there is a short time to say !stop. Also when something that was in the way is gone, and, of what is
    left of one that is used, when it could not follow for long.
    """
    policy, request = desk.run.policy, request_of(desk, seq)
    held = held_up.so_far(desk.run, request, desk.now)
    until = desk.now + (policy.grace_p0 if desk.run.severity is Severity.P0 else policy.grace)
    again = request.state is RequestState.CONSUMED
    heard = held.model_copy(update={"told": held.span}) if held else None
    told = request.but(grace_until=until, armed_for=None, held_back=False, held=heard, again=again)
    desk.run = replaced(desk.run, told)
    desk.note("grace", code=told.code, until=until.isoformat(), **held_up.as_noted(held))
    desk.say(replies.approvals.grace(desk.run, told, held, desk.now))
    return told


def lapse_old(desk: Desk, seq: int) -> Run:
    """The yes is too old by now for what it could not be followed by: it is asked for anew."""
    request = request_of(desk, seq)
    held = held_up.so_far(desk.run, request, desk.now)
    used = request.state is RequestState.CONSUMED
    why = replies.approvals.too_old(request, desk.now)
    ended = request.but(lapsed=True, again=False) if used else request.but(state=RequestState.VOID, ended=why)
    desk.run = replaced(desk.run, ended)
    desk.note("approval-void", code=request.code, changed=[], why=why, **held_up.as_noted(held))
    desk.say(replies.approvals.asked_again(request, held, desk.now))
    return desk.run


def arm(desk: Desk, seq: int, instant: datetime) -> Request:
    """Approved ahead: it goes ahead by itself at that instant, or when the grace is over if that is later."""
    policy, request = desk.run.policy, request_of(desk, seq)
    grace = policy.grace_p0 if desk.run.severity is Severity.P0 else policy.grace
    armed = request.but(grace_until=max(instant, desk.now + grace), armed_for=instant, held_back=False)
    desk.run = replaced(desk.run, armed)
    desk.note("armed", code=armed.code, until=instant.isoformat())
    desk.say(replies.approvals.armed(desk.run, armed))
    return armed


def hold_back(desk: Desk, seq: int, others: Sequence[str]) -> Request:
    """Approved, but something else is in the way: the grace begins anew once that is gone."""
    request = request_of(desk, seq).but(grace_until=None, armed_for=None, held_back=True)
    desk.run = replaced(desk.run, request)
    desk.note("held-back", code=request.code, waits=list(others))
    desk.say(replies.approvals.held_back(request, others))
    return request


def request_of(desk: Desk, seq: int) -> Request:
    return next(request for request in desk.run.requests if request.seq == seq)


def ask(
    desk: Desk,
    view: View,
    subject: dict[str, Any],
    excluded: dict[str, str],
    covers: tuple[str, ...],
    until: datetime | None = None,
) -> Request:
    """A new request for exactly that; `covers` tells it in words. It expires some time after `until` it waits."""
    desk.run = desk.run.with_facts(view.facts)
    run, step, gate, digest = desk.run, view.step, view.gate, digest_of(subject)
    seq = len(run.requests) + 1
    request = Request(
        seq=seq,
        code=code_of(run.id, seq, digest),
        step=step.id,
        iteration=run.iteration,
        role=gate.by,
        also=gate.also,
        quorum=quorum_of(run, step, gate),
        subject=subject,
        digest=digest,
        effects=covers,
        excluded=excluded,
        made_at=desk.now,
        expires_at=max(desk.now, until or desk.now) + run.policy.approval_expires,
    )
    desk.run = run.but(requests=(*run.requests, request))
    desk.note(
        "approval-requested", code=request.code, step=step.id, digest=digest, subject=subject, effects=list(covers)
    )
    desk.say(replies.approvals.request(desk.run, request, desk.people), key=f"request/{seq}")
    return request


def void(desk: Desk, request: Request, changed: dict[str, tuple[Any, Any]], subject: dict[str, Any]) -> Run:
    """It is no request any more, since that changed and all is as `subject` says now."""
    why = replies.changes.what_changed(changed)
    ended = request.but(state=RequestState.VOID, ended=why)
    desk.run = replaced(desk.run, ended).with_record(request.step, note=replies.approvals.void_note(ended))
    desk.note("approval-void", code=request.code, changed=sorted(changed), why=why)
    desk.say(replies.approvals.request_void(desk.run, ended, merged=bool(subject["merged outside"])))
    if subject["head"] and len(others := _by_others(desk.run, ended, subject)) == TOO_OFTEN:
        desk.say(replies.binding.keeps_voiding(desk.run, others))
    return desk.run


def _by_others(run: Run, ended: Request, subject: Mapping[str, Any]) -> list[Request]:
    """The step's requests that became void although nothing of what is approved itself changed."""
    own = {name: subject.get(name) for name in OWN}
    return [
        each
        for each in run.requests
        if (each.step, each.iteration, each.state) == (ended.step, ended.iteration, RequestState.VOID)
        and own == {name: each.subject.get(name) for name in OWN}
    ]


def _speaks_against(desk: Desk, request: Request) -> str:
    """Why what would go through by break-glass no longer may, as a sentence; empty where nothing does."""
    begun = request.override_at is not None and desk.now >= request.override_at
    if not begun or not request.overridden:
        return ""
    return emergency.against(desk, request, request.override_by, alone=request.override_alone)


def lapse(desk: Desk, request: Request, why: str) -> Request:
    """The override is as if it had never been asked for; the request goes on waiting for its yeses."""
    again = request.but(
        state=RequestState.OPEN,
        grace_until=None,
        armed_for=None,
        override_by="",
        override_at=None,
        override_reason="",
        override_alone=False,
    )
    desk.run = replaced(desk.run, again)
    desk.note("override-lapsed", code=request.code, by=request.override_by, why=why)
    desk.say(breakglass.lapsed(request, why))
    return again


def take_ground(desk: Desk, steps: Collection[str]) -> None:
    """What the requests of these steps stand on was taken back: they are void, and asked anew once it is back."""
    for request in live(desk.run):
        if request.step in steps:
            ended = request.but(state=RequestState.VOID, ended=replies.approvals.GROUND_TAKEN)
            desk.run = replaced(desk.run, ended)
            desk.note("approval-void", code=request.code, changed=[], why=ended.ended)
            desk.say(replies.approvals.request_void(desk.run, ended, merged="merge" in desk.run.facts))


def settle(desk: Desk, seq: int, people: People) -> Request:
    """What time and roles do to a live request: it expires, or a yes whose giver lost the role is dropped.

    Break-glass goes through when its wait is over, or lapses when the emergency is.
    """
    request = request_of(desk, seq)
    if not request.live:
        return request
    kept = tuple(yes for yes in request.yeses if people.has(yes.person, request.roles))
    if len(kept) != len(request.yeses):
        request = request.but(yeses=kept, state=RequestState.OPEN, grace_until=None, armed_for=None)
        desk.run = replaced(desk.run, request)
        desk.note("approval-reduced", code=request.code, left=list(request.people))
        desk.say(replies.approvals.yes_dropped(desk.run, request))
    if why := _speaks_against(desk, request):
        request = lapse(desk, request, why)
    if request.state is RequestState.OPEN and request.override_at is not None and desk.now >= request.override_at:
        request = request.but(state=RequestState.GRANTED)
        desk.run = replaced(desk.run, request)
        desk.note("granted", code=request.code, by=[request.override_by], override=request.override_reason)
    if desk.now >= request.expires_at:
        request = request.but(state=RequestState.EXPIRED, ended="it expired")
        desk.run = replaced(desk.run, request)
        desk.note("approval-expired", code=request.code)
        desk.say(replies.approvals.request_expired(desk.run, request))
    return _reminded(desk, request)


def _reminded(desk: Desk, request: Request) -> Request:
    """Before it expires who may answer hears of it again, twice in all; what came due together is said once."""
    due = sum(desk.now >= at for at in request.reminders)
    if request.state is not RequestState.OPEN or request.reminded >= due or desk.run.state is not RunState.ACTIVE:
        return request
    request = request.but(reminded=due)
    desk.run = replaced(desk.run, request)
    desk.say(replies.approvals.still_asked(desk.run, request, desk.people))
    return request


def use(desk: Desk, request: Request) -> bool:
    """Use the approval up, with the first effect's intent; False if it no longer may be used."""
    now = request_of(desk, request.seq)
    if now.state is RequestState.CONSUMED:
        return True
    if now.state is not RequestState.GRANTED or desk.run.state is not RunState.ACTIVE or _speaks_against(desk, now):
        return False
    desk.run = replaced(desk.run, now.but(state=RequestState.CONSUMED))
    override = breakglass.by(now) if now.overridden else ""
    desk.note("approval-consumed", code=now.code, by=list(now.people), override=override)
    if now.overridden:
        owe_review(desk, now)
    return True


def owe_review(desk: Desk, request: Request) -> None:
    """What went through by break-glass is looked at afterwards."""
    text = breakglass.owed(request)
    debt = Obligation(id=f"{OVERRIDE}-{request.code}", text=text, role=request.role, since=desk.now)
    desk.run = desk.run.but(obligations=(*desk.run.obligations, debt))
    desk.run = timing.started(desk.run, f"{timing.OWED}{debt.id}", desk.now)
    desk.note("obligation", id=debt.id, text=text, blocks="")
    desk.say(replies.news.owed(desk.run, debt))
