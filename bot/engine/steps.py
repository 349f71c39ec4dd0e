"""What a look does to a run: each function is one transaction's worth of change, said and noted with it."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from bot.chat import replies
from bot.engine import afresh, evidence, outages, requests
from bot.engine.desk import Desk, claim_of
from bot.engine.looks import Look
from bot.engine.outages import TellAfter
from sops.kit import timing
from sops.kit.action import Action, Conflict, Done, News, Owed, Probe, Todo
from sops.kit.approvals import Request
from sops.kit.errors import AtFarEnd, FarEndError, OutcomeUnknown
from sops.kit.model import Piece, Step, Unknown
from sops.kit.run import Obligation, Run, RunState, StepState
from sops.kit.secrecy import concealed

AGAIN = timedelta(seconds=30)  # after a far end failed, or an outcome is unknown
LONGEST_WAIT = timedelta(minutes=10)  # between tries while a far end is in trouble
TRIES_UNTIL_TOLD = 3
TELL_AFTER = TellAfter()
SETTINGS = "the settings"  # who leaves out a step that is switched off


def unknown_in(step: Step) -> str:
    """The name of a piece of the step that this build does not have; empty if it has all."""
    return next((piece.name for piece in step.pieces() if isinstance(piece, Unknown)), "")


def key_of(index: int, piece: Piece) -> str:
    """Under which a deed of a step, the `index`th, keeps its intent and its evidence."""
    return f"{index}:{type(piece).__name__}"


def unpark(desk: Desk) -> None:
    desk.run = desk.run.but(state=RunState.ACTIVE)
    desk.note("unparked")


def park(desk: Desk, step: Step, kind: str) -> None:
    desk.run = desk.run.but(state=RunState.PARKED).with_record(step.id, note=f"unknown: {kind}")
    desk.note("parked", step=step.id, unknown=kind)
    desk.say(replies.news.parked(desk.run, step, kind))


def skip(desk: Desk, step: Step, why: str, *, by: str = "") -> None:
    """Leave it out, visibly; `by` says who wanted that, if it is not the step's own condition."""
    desk.run = desk.run.with_record(step.id, state=StepState.SKIPPED, note=why, by=by, text=why, since=desk.now)
    if step.stops:
        desk.run = timing.stopped(desk.run, step.stops, desk.now)
    desk.note("skipped", step=step.id, why=why)


def enter(desk: Desk, step: Step) -> None:
    state = StepState.WAITING if step.waits else StepState.RUNNING
    desk.run = desk.run.with_record(step.id, state=state, since=desk.now)


def go_on(desk: Desk, step: Step, look: Look) -> None:
    """The step's gates hold: what they saw is recorded, before anything is done on the strength of it."""
    evidence.note(desk, step, look.evidence)
    learn(desk, look.facts, look.news)


def learn(desk: Desk, facts: dict[str, Any], news: tuple[News, ...]) -> None:
    desk.run = desk.run.with_facts({name: value for name, value in facts.items() if desk.run.facts.get(name) != value})
    for item in news:
        tell_news(desk, item)


def tell_news(desk: Desk, item: News) -> None:
    """Say it in the thread, and in the channel where others should know; keep it in the ledger."""
    desk.note("news", news=item.kind, **item.about)
    desk.say(replies.news.news(desk.run, item))
    if replies.news.for_channel(item):
        desk.tell(replies.news.news(desk.run, item))


def wait(desk: Desk, step: Step, look: Look) -> bool:
    """Note what is missing. True if the step is no longer waiting (somebody skipped it meanwhile)."""
    record = desk.run.record(step.id)
    if record.state.over or desk.run.state not in {RunState.ACTIVE, RunState.HELD}:
        return True
    learn(desk, look.facts, look.news)
    if record.intent is None:  # else it is the deed that is failed at, which was not tried again here
        outages.over(desk, step)
    note = "; ".join(look.notes)
    if look.halts != record.halts:
        desk.run = desk.run.with_record(step.id, halts=look.halts)
    if note != record.note or record.state is not StepState.WAITING or record.tries:
        desk.run = desk.run.with_record(step.id, note=note, state=StepState.WAITING, tries=0)
    if look.stuck != record.stuck:
        desk.run = desk.run.with_record(step.id, stuck=look.stuck)
        if look.stuck:
            desk.say(replies.news.stuck(desk.run, step, look.stuck))
    for clock, start, until in look.windows:
        desk.run = timing.window(desk.run, clock, start, until, desk.now)
    return False


def intend(desk: Desk, step: Step, key: str, action: Action, todo: Todo, request: Request | None) -> Run:
    """Store that the deed is about to be done. Raises LookupError if it may no longer be."""
    record = desk.run.record(step.id)
    if desk.run.state is not RunState.ACTIVE or record.state.over:
        raise LookupError(step.id)
    if request is not None and not requests.use(desk, request):
        raise LookupError(request.code)
    afresh.begun(desk, step)
    desk.run = desk.run.with_facts(todo.facts).with_record(
        step.id, state=StepState.RUNNING, intent=key, intended_at=desk.now, attempt=record.attempt + 1, note=todo.what
    )
    desk.note("intent", step=step.id, action=key, iteration=desk.run.iteration, attempt=record.attempt + 1)
    return desk.run


def ask_people(desk: Desk, step: Step, action: Action) -> None:
    """The settings leave this deed to people: they are told what to do; looking again finds it done."""
    private = concealed(desk.run) and not action.reveals
    wanted = (*([replies.news.in_private_alone(desk.run)] if private else []), *action.by_hand(desk.run))
    desk.run = desk.run.with_record(step.id, note=replies.news.by_hand_note(action.says(desk.run)))
    desk.note("left-to-people", step=step.id, what=list(wanted))
    desk.say(replies.news.by_hand(desk.run, step, wanted))


def record_found(
    desk: Desk,
    step: Step,
    key: str,
    action: Action,
    found: Probe,
    request: Request | None,
    unknown: OutcomeUnknown | None = None,
    tell_after: TellAfter = TELL_AFTER,
) -> bool:
    """Store what the probe found. True if the deed is done. What was there already uses an approval up as well.

    `unknown` is what came of the try before that, where nobody knows.
    """
    record = desk.run.record(step.id)
    if record.state.over:
        return True
    if unknown is not None and isinstance(found, Todo):
        outages.met(desk, step, unknown, tell_after)
        return False
    outages.over(desk, step)
    if request is not None and isinstance(found, Done) and not requests.use(desk, request):
        return False
    if isinstance(found, Done):
        desk.run = desk.run.with_facts(found.facts).with_record(
            step.id, performed={**record.performed, key: found.facts}, intent=None, attempt=0, tries=0, note=""
        )
        desk.note("effect", step=step.id, action=key, what=action.says(desk.run), evidence=found.facts)
        owe(desk, found.owed)
        settle(desk, found)
        for item in found.news:
            tell_news(desk, item)
        return True
    if isinstance(found, Conflict):
        desk.run = desk.run.with_record(
            step.id, state=StepState.FAILED, note=found.reason, remedy=found.remedy, intent=None, attempt=0
        )
        desk.note("conflict", step=step.id, action=key, reason=found.reason)
        desk.say(replies.news.conflict(desk.run, step, found))
        return False
    if record.attempt == TRIES_UNTIL_TOLD and not action.patient:
        desk.say(replies.news.still_trying(desk.run, step, found.what))
    return False


def stop(desk: Desk, step: Step, fact: str) -> None:
    """The step needs what nobody found out, because what would have was left out; people decide."""
    found = replies.reality.unlearned(step, fact)
    desk.run = desk.run.with_record(
        step.id, state=StepState.FAILED, note=found.reason, remedy=found.remedy, intent=None, attempt=0
    )
    desk.note("conflict", step=step.id, action="", reason=found.reason)
    desk.say(replies.news.conflict(desk.run, step, found))


def take_word(desk: Desk, step: Step) -> None:
    """The step is done, as two people say. What of it cannot be seen has no evidence but their word."""
    record = desk.run.record(step.id)
    if record.state.over:
        return
    unseen = [piece for index, piece in enumerate(step.deeds) if key_of(index, piece) not in record.performed]
    if not unseen:
        finish(desk, step)
        return
    desk.run = done(desk, step).with_record(step.id, note=replies.reality.BY_HAND)
    for piece in unseen:
        owe(desk, piece.owes(desk.run) if isinstance(piece, Action) else ())


def owe_what_is_left(desk: Desk) -> None:
    """The run ends here: what belongs to something public, and nobody left out by name, stays owed."""
    for step in desk.run.steps:
        if not (desk.run.record(step.id).state is StepState.SKIPPED and desk.run.record(step.id).by):
            for piece in step.deeds:
                owe(desk, piece.owes(desk.run) if isinstance(piece, Action) else ())


def owe(desk: Desk, every: Sequence[Owed]) -> None:
    """What is not known to be owed yet is from now on."""
    known = {obligation.id for obligation in desk.run.obligations}
    for owed in every:
        if owed.id in known:
            continue
        debt = Obligation(
            id=owed.id,
            text=owed.text,
            role=owed.role,
            blocks=owed.blocks,
            since=desk.now,
            probe=owed.probe.dump() if owed.probe else {},
        )
        desk.run = desk.run.but(obligations=(*desk.run.obligations, debt))
        desk.run = timing.started(desk.run, f"{timing.OWED}{owed.id}", desk.now)
        desk.note("obligation", id=owed.id, text=owed.text, blocks=owed.blocks)
        desk.say(replies.news.owed(desk.run, debt))


def settle(desk: Desk, found: Done) -> None:
    """What was owed and is met by it is owed no longer."""
    for debt in desk.run.obligations:
        if not debt.open or debt.id not in found.met:
            continue
        met = debt.model_copy(update={"met_by": "sopwith", "evidence": found.met[debt.id]})
        desk.run = desk.run.but(obligations=tuple(met if d.id == debt.id else d for d in desk.run.obligations))
        desk.run = timing.stopped(desk.run, f"{timing.OWED}{debt.id}", desk.now)
        desk.note("obligation-met", id=debt.id, evidence=met.evidence)
        desk.say(replies.answers.obligation_met(met))


def trouble(desk: Desk, step: Step, problem: AtFarEnd, tell_after: TellAfter) -> timedelta:
    """A far end failed before anything was done, or while looking; try again, later and later, and not before the
    time is over for which it wants to be left alone.
    """
    tries = desk.run.record(step.id).tries + 1
    desk.run = desk.run.with_record(step.id, note=str(problem), tries=tries)
    outages.met(desk, step, problem, tell_after)
    alone = problem.retry_after if isinstance(problem, FarEndError) else None
    return max(later(tries), timedelta(seconds=alone or 0.0))


def later(tries: int) -> timedelta:
    """How long to wait after so many tries: twice as long each time, up to the longest wait."""
    wait: timedelta = AGAIN * (2 ** min(max(tries, 1) - 1, 5))
    return min(wait, LONGEST_WAIT)


def finish(desk: Desk, step: Step, look: Look | None = None, request: Request | None = None) -> bool:
    """The step is done: its clocks start and stop, and the run goes back if the step says so.

    False if the approval it ends on may no longer be used.
    """
    if desk.run.record(step.id).state.over:
        return True
    outages.over(desk, step)
    if request is not None and not requests.use(desk, request):
        return False
    if look is not None:
        go_on(desk, step, look)
    desk.run = done(desk, step)
    told = replies.news.step_done(desk.run, step)
    if told is not None and not replies.summary.quiet(desk.run):
        desk.say(told)
    if step.then is not None:
        desk.run = desk.run.next_iteration(step.then, desk.now)
        desk.note("iteration", number=desk.run.iteration, back_to=step.then)
        desk.say(replies.news.next_candidate(desk.run))
    return True


def done(desk: Desk, step: Step) -> Run:
    """The desk's run with the step done and its clocks moved."""
    run = desk.run.with_record(step.id, state=StepState.DONE, note="", remedy="")
    if desk.run.record(step.id).since is None:
        run = run.with_record(step.id, since=desk.now)
    desk.note("done", step=step.id)
    if step.stops:
        run = timing.stopped(run, step.stops, desk.now)
    if step.starts and not (step.starts in run.clocks and run.clocks[step.starts].running):
        run = timing.started(run, step.starts, desk.now)
    return run


def _complete(run: Run) -> bool:
    """Every step is over, and so is every run begun for this one."""
    return all(run.record(step.id).state.over for step in run.steps) and not any(c.open for c in run.children)


def rest(desk: Desk, every: timedelta, seen: int, fence: int) -> bool:
    """Nothing moves now: finish the run if nothing is left, else note when to look again; let go of the claim.

    True if the run is over.
    """
    if desk.run.facts.get("trouble"):
        desk.run = desk.run.with_facts({"trouble": ""})
    run = desk.run
    desk.keep_reminding()
    desk.tx.claims.release(claim_of(run.id), fence)
    desk.tx.runs.asleep(run.id, since=seen)
    if run.state is RunState.ACTIVE and _complete(run):
        state = RunState.CANCELLED if run.facts.get("cancelled") else RunState.DONE
        desk.run = run.but(state=state, ended_at=desk.now)
        desk.note("ended", state=state)
        if state is RunState.DONE:  # that it was cancelled was told when it was; this was its clearing away
            if not replies.summary.quiet(desk.run):
                desk.say(replies.news.ended(desk.run))
            desk.tell(replies.news.ended(desk.run))
    elif run.state in {RunState.ACTIVE, RunState.HELD}:
        desk.look_at(min([desk.now + every, *requests.turns(run, desk.now)]))
    return desk.run.state.over
