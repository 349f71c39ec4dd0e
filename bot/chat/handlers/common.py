"""Commands every run knows: start, hold, resume, retry, sign-offs, skipping, waiving, notes."""

from collections.abc import Mapping
from types import MappingProxyType

from bot.chat import commands, replies
from bot.chat.handlers import two_people, without_it
from bot.chat.handlers.base import Handler, Refused, Speaker
from bot.chat.replies import refusals
from bot.engine.debts import meet
from bot.engine.desk import Desk
from bot.engine.steps import owe
from sops.kit import paging, timing
from sops.kit.action import Action
from sops.kit.approvals import RequestState
from sops.kit.gate import Approved, Gate, SignedOff
from sops.kit.model import Severity, Step
from sops.kit.run import Obligation, Run, RunState, StepState
from sops.kit.timing import ACKNOWLEDGE, DUE, PASSED, UPDATE

LONGEST_SNOOZE = MappingProxyType({Severity.P0: 15, Severity.P1: 30})  # minutes, of an acknowledged one
#: A waiver is of what people saw, kept under this fact: another head, or another debt, is in the way again.
AS_SEEN = MappingProxyType({"checks": "head", "same-as-soaked": "head", "no-debt": "owed"})
NEVER_SKIPPED = frozenset({"ack", "verify", "close"})  # clocks and the end of the run hang on them


def step_of(run: Run, name: str) -> Step:
    """The step of that id. Raises KeyError."""
    step = run.step(name)
    if step is None:
        raise KeyError(name)
    return step


def signature(step: Step) -> SignedOff | None:
    """The sign-off a step asks for, if it does."""
    return next((piece for piece in step.waits if isinstance(piece, SignedOff)), None)


def sign(desk: Desk, me: Speaker, step: Step, text: str) -> None:
    """Put the speaker's name and words to the step."""
    desk.run = desk.run.with_record(step.id, signed=True, by=me.handle, text=text, since=desk.now)


def without_draft(run: Run) -> Run:
    """The run without the public word that was shown and not confirmed; its code is worth nothing any more."""
    return run.but(facts={name: value for name, value in run.facts.items() if name != "draft"})


def remember(desk: Desk, me: Speaker, kind: str, what: str, *, step: str = "", **before: str) -> None:
    """Keep the act of record that `!undo` would take back, with what was so `before` it."""
    act = {"kind": kind, "what": what, "step": step, "by": me.handle, "at": desk.now.isoformat()}
    desk.run = desk.run.with_facts({"last.act": {**before, **act, "iteration": str(desk.run.iteration)}})


def start(desk: Desk, me: Speaker, _: commands.Start) -> Refused | None:
    if desk.run.state is not RunState.PLANNED:
        return Refused(refusals.refused(refusals.NOT_PLANNED))
    owners = desk.run.owners if me.handle in desk.run.owners else (*desk.run.owners, me.handle)
    desk.run = desk.run.but(state=RunState.ACTIVE, owners=owners).with_facts({"restrained": False})
    desk.note("started", me.record)
    desk.say(replies.answers.started(desk.run, me.handle))
    return None


def hold(desk: Desk, me: Speaker, command: commands.Hold) -> Refused | None:
    if desk.run.state is not RunState.ACTIVE:
        return Refused(
            refusals.refused(
                refusals.HELD_ALREADY if desk.run.state is RunState.HELD else refusals.not_active(desk.run)
            )
        )
    desk.run = desk.run.held(me.handle, desk.now, command.reason)
    desk.note("hold", me.record, text=command.reason)
    desk.say(replies.answers.held(me.handle, command.reason))
    return None


def resume(desk: Desk, me: Speaker, _: commands.Resume) -> Refused | None:
    if desk.run.state is not RunState.HELD:
        return Refused(refusals.refused(refusals.NOT_HELD))
    desk.run = desk.run.but(state=RunState.ACTIVE, hold=None).with_facts({"restrained": False})
    desk.note("resume", me.record)
    desk.say(replies.answers.resumed(me.handle))
    return None


def retry(desk: Desk, me: Speaker, _: commands.Retry) -> Refused | None:
    """Failed steps get another look; an ended or used-up request of theirs is asked again."""
    run = desk.run
    if run.state is not RunState.ACTIVE:
        return Refused(refusals.refused(refusals.HELD if run.state is RunState.HELD else refusals.not_active(run)))
    for step in run.current():
        failed = run.record(step.id).state is StepState.FAILED
        if failed:
            run = run.with_record(step.id, state=StepState.PENDING, note="", remedy="", attempt=0)
        ended = {RequestState.EXPIRED, RequestState.REJECTED} | ({RequestState.CONSUMED} if failed else set())
        run = run.but(
            requests=tuple(
                r.but(state=RequestState.VOID, ended=r.ended or "asked again")
                if r.step == step.id and r.iteration == run.iteration and r.state in ended
                else r
                for r in run.requests
            )
        )
    desk.run = run
    desk.note("retry", me.record)
    desk.say(replies.answers.retrying())
    return None


def sign_off(desk: Desk, me: Speaker, command: commands.SignOff) -> Refused | None:
    """`!done STEP evidence`: a step's sign-off, or an obligation met."""
    debt = next((debt for debt in desk.run.obligations if debt.id == command.step and debt.open), None)
    if debt is not None:
        return _meet(desk, me, debt, command.evidence)
    step = desk.run.find(command.step)
    if step is None:
        return Refused(refusals.refused(refusals.step_unknown(command.step, desk.run)))
    wanted = signature(step)
    refusal = _why_not(desk.run, step, wanted, command.evidence)
    if refusal or wanted is None:
        return Refused(refusals.refused(refusal))
    sign(desk, me, step, command.evidence)
    remember(desk, me, "sign-off", step.id, step=step.id)
    desk.note("sign-off", me.record, step=step.id, text=command.evidence)
    desk.say(replies.answers.signed_off(step, me.handle))
    return None


def _why_not(run: Run, step: Step, wanted: SignedOff | None, evidence: str) -> str:
    """Why this step cannot be signed off now; empty if it can."""
    record = run.record(step.id)
    stopped = record.state is StepState.FAILED  # what was signed did not do: it may be said anew
    if record.state.over or (record.signed and not stopped):
        return refusals.step_closed(step)
    if wanted is None:
        return refusals.step_automatic(step)
    if step not in run.current():
        return refusals.step_early(step)
    missing = replies.parts.missing_facts(run, wanted.needs)
    if missing:
        return refusals.needs(step, missing)
    if wanted.names and wanted.names not in run.facts:
        return refusals.digest_unknown(step)
    named = wanted.wanted(run)
    if named and named not in evidence.lower():
        return refusals.digest_unnamed(step, named)
    return refusals.evidence_missing(step) if wanted.evidence and not evidence else ""


def _meet(desk: Desk, me: Speaker, debt: Obligation, evidence: str) -> Refused | None:
    """A sentence meets what nothing can see; of the rest the caller has seen that it is there."""
    if not evidence and not debt.probe:
        return Refused(refusals.refused(refusals.debt_evidence(debt)))
    meet(desk, debt, me.handle, evidence or replies.answers.SEEN, me.record)
    return None


def skip(desk: Desk, me: Speaker, command: commands.Skip) -> Refused | None:
    return _leave_out(desk, me, command.step, command.reason)


def waive(desk: Desk, me: Speaker, command: commands.Waive) -> Refused | None:
    return _leave_out(desk, me, command.step, command.reason)


def _leave_out(desk: Desk, me: Speaker, name: str, reason: str) -> Refused | None:
    """A sign-off may be skipped by one person, anything the bot does or waits for by two, an approval by nobody."""
    run = desk.run
    debt = next((debt for debt in run.obligations if debt.id == name and debt.open), None)
    if debt is not None:
        return _waive_debt(desk, me, debt, reason)
    step = run.find(name)
    if step is None and (other := without_it.unread_here(desk, name)) is not None:
        return without_it.go_on(desk, me, other, reason)
    refusal = _stays(run, step) if step else refusals.step_unknown(name, run)
    if refusal or step is None:
        return Refused(refusals.refused(refusal))
    what, about = f"waive.{step.id}", run.facts.get(AS_SEEN.get(step.id, ""))
    first = two_people.asked_by(desk, what, about)
    if signature(step) is not None and not any(isinstance(piece, Gate) and piece.firm for piece in step.waits):
        _skipped(desk, me, step, reason, "skip")
        desk.say(replies.answers.skipped(step, me.handle))
    elif first == me.handle:
        return Refused(refusals.refused(replies.answers.waiver_same(step, two_people.others(desk, me))))
    elif not first:
        two_people.ask(desk, me, what, about, reason)
        desk.note("waiver-asked", me.record, step=step.id, text=reason)
        desk.say(replies.answers.waiver_asked(run, step, me.handle, reason, two_people.others(desk, me)))
    else:
        _skipped(desk, me, step, reason, "waive", (first, two_people.why(desk, what)))
        two_people.agreed(desk, what)
        desk.say(replies.answers.waived(step, first, me.handle))
        for piece in step.waits:
            owe(desk, piece.owes(run, run.record(step.id).note) if isinstance(piece, Gate) else ())
    return None


def _stays(run: Run, step: Step) -> str:
    """Why this step cannot be left out now; empty if it can."""
    if run.state.over:
        return refusals.OVER
    again = step.id in AS_SEEN and "merge" in {each.id for each in run.current()}
    if run.record(step.id).state.over and not again:
        return refusals.step_closed(step)
    if any(isinstance(piece, Approved) for piece in step.waits):
        return refusals.APPROVAL_NOT_SKIPPED
    if step.id == "post-mortem" and run.severity is not Severity.P3:
        return refusals.POST_MORTEM_OWED
    if step not in run.current() and not again:
        return refusals.step_early(step)
    wanted = signature(step)
    if wanted is not None and wanted.verb in NEVER_SKIPPED:
        return refusals.say_instead(step, wanted.verb)
    if step.then or any(isinstance(piece, Action) and piece.essential for piece in step.deeds):
        return replies.answers.not_waivable(step)
    return refusals.under_way(step) if is_under_way(run, step) else ""


def is_under_way(run: Run, step: Step) -> bool:
    """The bot set out to do it and does not know yet whether it is done; what is left to people is no such thing."""
    return bool(run.record(step.id).intent) and not run.policy.left_to_people(run.sop, step.id)


def _waive_debt(desk: Desk, me: Speaker, debt: Obligation, reason: str) -> Refused | None:
    """What is owed may be let go by two people who steer the run."""
    what = f"waive.{debt.id}"
    first = two_people.asked_by(desk, what)
    able = two_people.others(desk, me)
    if first == me.handle:
        return Refused(refusals.refused(replies.answers.waiver_same_debt(debt, able)))
    if not first:
        two_people.ask(desk, me, what, reason=reason)
        desk.note("waiver-asked", me.record, id=debt.id, text=reason)
        desk.say(replies.answers.debt_waiver_asked(debt, me.handle, reason, able))
        return None
    by, why = replies.answers.both((first, two_people.why(desk, what)), (me.handle, reason))
    two_people.agreed(desk, what)
    return _meet(desk, me, debt, f"waived by {by}: {why}")


def _skipped(desk: Desk, me: Speaker, step: Step, reason: str, kind: str, *first: tuple[str, str]) -> None:
    """`first` is who asked for it before, and why; whoever approves the run reads of both."""
    by, why = replies.answers.both(*first, (me.handle, reason))
    desk.run = desk.run.with_record(step.id, state=StepState.SKIPPED, by=by, text=why, note=why)
    if step.id in AS_SEEN:
        desk.run = desk.run.with_facts({f"{step.id}.waived": desk.run.facts.get(AS_SEEN[step.id])})
    if step.stops:
        desk.run = timing.stopped(desk.run, step.stops, desk.now)
    desk.note(kind, me.record, step=step.id, text=reason, **({"agreed": first[0][0]} if first else {}))


def note(desk: Desk, me: Speaker, command: commands.Note) -> Refused | None:
    desk.run = timing.worked(desk.run, desk.now)
    desk.note("note", me.record, text=command.text)
    desk.say(replies.answers.noted())
    return None


def snooze(desk: Desk, me: Speaker, command: commands.Snooze) -> Refused | None:
    """Whoever was called has the next word wait, but never past the due instant. What is urgent is not silenced."""
    run = desk.run
    calling = run.clocks.get(ACKNOWLEDGE)
    waits = calling is not None and calling.running
    if waits and paging.rated(run) in timing.URGENT:
        return Refused(refusals.refused(replies.calling.NEVER_SNOOZED))
    if me.handle not in {*paging.called(run), run.owner}:
        return Refused(refusals.refused(replies.calling.only_called(run)))
    minutes = LONGEST_SNOOZE.get(paging.rated(run), 240)
    if command.span.total_seconds() > minutes * 60:
        return Refused(refusals.refused(refusals.snooze_too_long(minutes)))
    until = desk.now + command.span
    desk.tx.deadlines.postpone(run.id, UPDATE, until=until, below=DUE)
    if calling is not None and waits:
        until = min(until, calling.due_at) if desk.now < calling.due_at else until
        desk.tx.deadlines.postpone(run.id, ACKNOWLEDGE, until=until, below=PASSED)
    desk.note("snooze", me.record, until=until.isoformat())
    desk.say(replies.answers.snoozed(until))
    return None


HANDLERS: Mapping[type[commands.Command], Handler] = {
    commands.Start: start,
    commands.Hold: hold,
    commands.Resume: resume,
    commands.Retry: retry,
    commands.SignOff: sign_off,
    commands.Skip: skip,
    commands.Waive: waive,
    commands.Note: note,
    commands.Snooze: snooze,
}
