"""Advances one run: for each step whose turn it is, gates → probe → intent → perform → probe → evidence.

Each arrow is a transaction of its own, so a crash between any two of them leaves a run that the next look takes
up where it was: what was intended is probed before anything is done again. Nothing here remembers anything.
"""

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from weakref import WeakValueDictionary

from bot.chat import replies
from bot.engine import approving
from bot.engine.approving import Approvals, View
from bot.engine.desk import Desk, Desks, claim_of
from bot.engine.far_end import Worlds
from sops.kit import timing
from sops.kit.action import Action, Conflict, Done, News, Probe, Todo, World
from sops.kit.approvals import Request, RequestState
from sops.kit.errors import ClaimLost, FarEndError, FarEndRefused, OutcomeUnknown, SignatureInvalid, StaleRun
from sops.kit.gate import Approved, Condition, Gate, SignedOff, Waiting
from sops.kit.model import Role, Step, Unknown
from sops.kit.run import Obligation, Run, RunState, StepRecord, StepState
from sops.kit.stores import Transaction

LEASE = 120.0  # seconds a worker may be silent before another takes the run over
AGAIN = timedelta(seconds=30)  # after a far end failed, or an outcome is unknown
LONGEST_WAIT = timedelta(minutes=10)  # between tries while a far end is in trouble
PEOPLE = timedelta(days=1)  # what waits for people is woken by what they say; this is only the net
TRIES_UNTIL_TOLD = 3


@dataclass(frozen=True)
class Look:
    """What a look at the gates of a step found. `ready`: what stands before the approval holds."""

    notes: tuple[str, ...]
    facts: dict[str, Any]
    news: tuple[News, ...]
    windows: tuple[tuple[str, datetime, datetime | None], ...]
    every: timedelta


class Advancer:
    """Takes one run as far as it goes now."""

    def __init__(self, desks: Desks, worlds: Worlds, approvals: Approvals, owner: str) -> None:
        self._desks = desks
        self._worlds = worlds
        self._approvals = approvals
        self._owner = owner
        self._busy: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def advance(self, run_id: str) -> bool:
        """Advance the run and note when to look again; False if another worker is at it.

        Within this process callers wait for each other: the claim is the process's, so it alone would not do.
        """
        lock = self._busy.setdefault(run_id, asyncio.Lock())
        async with lock:
            return await self._advance(run_id)

    async def _advance(self, run_id: str) -> bool:
        fence, seen = await self._desks.store.transact(lambda tx: self._claim(tx, run_id))
        if fence is None:
            return False
        try:
            every = await self._work(run_id, fence)
            # If anything else is raised the claim stays ours, and we may take it again.
            await self._desks.at(run_id, lambda desk: _rest(desk, every, seen, fence), fence=fence)
        except (ClaimLost, StaleRun):
            return False
        return True

    def _claim(self, tx: Transaction, run_id: str) -> tuple[int | None, int]:
        return tx.claims.take(claim_of(run_id), self._owner, LEASE), tx.runs.wakes(run_id)

    async def _work(self, run_id: str, fence: int) -> timedelta:
        """Step after step until nothing moves; returns how soon looking again may pay."""
        while True:
            run = await self._desks.run(run_id)
            if run.state is RunState.PARKED and not any(unknown_in(step) for step in run.current()):
                await self._desks.at(run_id, _unpark, fence=fence)
                continue
            if run.state is RunState.HELD:
                return min([await self._watch(run, step, fence) for step in run.current()], default=PEOPLE)
            if run.state is not RunState.ACTIVE:
                return PEOPLE
            waits: list[timedelta] = []
            for step in run.current():
                moved = await self._step(run, step, fence)
                if moved is None:
                    break
                waits.append(moved)
            else:
                return min(waits, default=PEOPLE)

    async def _step(self, run: Run, step: Step, fence: int) -> timedelta | None:
        """Work on one step. None if the run moved (look at it afresh); else when to look again."""
        unknown = unknown_in(step)
        if unknown:
            await self._desks.at(run.id, lambda desk: _park(desk, step, unknown), fence=fence)
            return None
        if isinstance(step.only_if, Condition) and not step.only_if.holds(run):
            why = step.only_if.otherwise(run)
            await self._desks.at(run.id, lambda desk: _skip(desk, step, why), fence=fence)
            return None
        if run.record(step.id).state is StepState.PENDING:
            await self._desks.at(run.id, lambda desk: _enter(desk, step), fence=fence)
            return None
        if run.record(step.id).state is StepState.FAILED:
            return PEOPLE
        try:
            return await self._wait_or_act(run, step, fence)
        except (FarEndError, FarEndRefused) as problem:
            trouble = str(problem)
            return await self._desks.at(run.id, lambda desk: _trouble(desk, step, trouble), fence=fence)

    async def _watch(self, run: Run, step: Step, fence: int) -> timedelta:
        """A hold stops the hands, not the eyes: gates that do not hold go on being noticed and told."""
        if run.record(step.id).state is not StepState.WAITING or unknown_in(step):
            return PEOPLE
        world = self._worlds.now()
        every = PEOPLE
        for gate in step.waits:
            if not isinstance(gate, Gate):
                continue
            every = min(every, gate.every(run))
            try:
                found = await gate.check(run, world)
            except (FarEndError, FarEndRefused):
                return AGAIN
            if isinstance(found, Waiting):
                windows = (found.window,) if found.window else ()
                await self._note(run.id, step, Look((found.note,), found.facts, found.news, windows, every), fence)
        return every

    async def _wait_or_act(self, run: Run, step: Step, fence: int) -> timedelta | None:
        world = self._worlds.now()
        look, request = await self._look(run, step, world, fence)
        if look.notes or any(isinstance(piece, Approved) and request is None for piece in step.waits):
            return None if await self._note(run.id, step, look, fence) else look.every
        if not step.deeds:  # what was learned is told with the end of the step, or a crash in between tells it twice
            await self._desks.at(run.id, lambda desk: _finish(desk, step, look), fence=fence)
            return None
        if look.facts or look.news:
            await self._desks.at(run.id, lambda desk: _learn(desk, look.facts, look.news), fence=fence)
        for index, piece in enumerate(step.deeds):
            if isinstance(piece, Action) and not await self._deed(run.id, step, index, piece, request, fence):
                return AGAIN
        await self._desks.at(run.id, lambda desk: _finish(desk, step), fence=fence)
        return None

    async def _note(self, run_id: str, step: Step, look: Look, fence: int) -> bool:
        return await self._desks.at(run_id, lambda desk: _wait(desk, step, look), fence=fence)

    async def _look(self, run: Run, step: Step, world: World, fence: int) -> tuple[Look, Request | None]:
        """Ask every gate, in order; an approval is asked for once the gates listed before it hold.

        Once the approval is consumed the gates no longer matter, only a conflict does.
        """
        wanted = next((piece for piece in step.waits if isinstance(piece, Approved)), None)
        asked = approving.latest(run, step.id) if wanted else None
        if asked is not None and asked.state is RequestState.CONSUMED:
            return Look((), {}, (), (), PEOPLE), asked
        notes: list[str] = []
        facts: dict[str, Any] = {}
        news: list[News] = []
        windows = []
        every = PEOPLE
        ready = True
        for piece in step.waits:
            if piece is wanted:
                ready = not notes
            elif isinstance(piece, SignedOff) and not run.record(step.id).signed:
                notes.append(piece.ask)
            elif isinstance(piece, Gate):
                found = await piece.check(run.with_facts(facts), world)
                facts.update(found.facts)
                news.extend(found.news)
                every = min(every, piece.every(run))
                if isinstance(found, Waiting):
                    notes.append(found.note)
                    windows += [found.window] if found.window else []
        granted = None
        if wanted is not None:
            view = View(run, facts, step, wanted, world, fence)
            standing = await self._approvals.standing(view, ready=ready, clear=not notes)
            granted = standing.granted
            notes += [standing.note] if granted is None else []
        missing = tuple(note for note in notes if note)
        return Look(missing, facts, tuple(news), tuple(windows), every), granted

    async def _deed(
        self, run_id: str, step: Step, index: int, action: Action, request: Request | None, fence: int
    ) -> bool:
        """Probe, perform if there is something to do, probe again. True once the evidence is stored."""
        key = f"{index}:{type(action).__name__}"
        run = await self._desks.run(run_id)
        if key in run.record(step.id).performed:
            return True
        found = await action.probe(run, self._worlds.now())
        record = run.record(step.id)
        if isinstance(found, Todo) and record.intent == key and action.keyless and _recent(record, self._worlds.now()):
            return False
        if isinstance(found, Todo):
            todo = found
            try:
                run = await self._desks.at(
                    run_id, lambda desk: _intend(desk, step, key, action, todo, request), fence=fence
                )
            except LookupError:
                return False
            refused = await self._perform(action, run)
            found = await action.probe(run, self._worlds.now())
            if isinstance(found, Todo) and refused:
                found = Conflict(refused, "mend what it names, then !retry")
        return await self._desks.at(run_id, lambda desk: _record(desk, step, key, action, found, request), fence=fence)

    async def _perform(self, action: Action, run: Run) -> str:
        """Perform it once; returns why the far end refused, empty if it did not. The probe afterwards decides."""
        try:
            await action.perform(run, self._worlds.now())
        except OutcomeUnknown:
            return ""
        except (FarEndRefused, SignatureInvalid) as refusal:
            return str(refusal)
        return ""


def _recent(record: StepRecord, world: World) -> bool:
    """The last try is so fresh that its effect may still appear; without a key it must not be repeated yet."""
    return record.intended_at is not None and world.now - record.intended_at < AGAIN


def unknown_in(step: Step) -> str:
    """The name of a piece of the step that this build does not have; empty if it has all."""
    return next((piece.name for piece in step.pieces() if isinstance(piece, Unknown)), "")


def _unpark(desk: Desk) -> None:
    desk.run = desk.run.but(state=RunState.ACTIVE)
    desk.note("unparked")


def _park(desk: Desk, step: Step, kind: str) -> None:
    desk.run = desk.run.but(state=RunState.PARKED).with_record(step.id, note=f"unknown: {kind}")
    desk.note("parked", step=step.id, unknown=kind)
    desk.say(replies.parked(desk.run, step, kind))


def _skip(desk: Desk, step: Step, why: str) -> None:
    desk.run = desk.run.with_record(step.id, state=StepState.SKIPPED, note=why, since=desk.now)
    if step.stops:
        desk.run = timing.stopped(desk.run, step.stops, desk.now)
    desk.note("skipped", step=step.id, why=why)


def _enter(desk: Desk, step: Step) -> None:
    state = StepState.WAITING if step.waits else StepState.RUNNING
    desk.run = desk.run.with_record(step.id, state=state, since=desk.now)


def _learn(desk: Desk, facts: dict[str, Any], news: tuple[News, ...]) -> None:
    desk.run = desk.run.with_facts({name: value for name, value in facts.items() if desk.run.facts.get(name) != value})
    for item in news:
        tell_news(desk, item)


def tell_news(desk: Desk, item: News) -> None:
    """Say it in the thread, and in the channel where others should know; keep it in the ledger."""
    desk.note("news", news=item.kind, **item.about)
    desk.say(replies.news(desk.run, item))
    if replies.for_channel(item):
        desk.tell(replies.news(desk.run, item))


def _wait(desk: Desk, step: Step, look: Look) -> bool:
    """Note what is missing. True if the step is no longer waiting (somebody skipped it meanwhile)."""
    record = desk.run.record(step.id)
    if record.state.over or desk.run.state not in {RunState.ACTIVE, RunState.HELD}:
        return True
    _learn(desk, look.facts, look.news)
    note = "; ".join(look.notes)
    if note != record.note or record.state is not StepState.WAITING or record.tries:
        desk.run = desk.run.with_record(step.id, note=note, state=StepState.WAITING, tries=0)
    for clock, start, until in look.windows:
        desk.run = timing.window(desk.run, clock, start, until, desk.now)
    return False


def _intend(desk: Desk, step: Step, key: str, action: Action, todo: Todo, request: Request | None) -> Run:
    """Store that the deed is about to be done. Raises LookupError if it may no longer be."""
    record = desk.run.record(step.id)
    if desk.run.state is not RunState.ACTIVE or record.state.over:
        raise LookupError(step.id)
    if request is not None and not approving.use(desk, request):
        raise LookupError(request.code)
    desk.run = desk.run.with_facts(todo.facts).with_record(
        step.id, state=StepState.RUNNING, intent=key, intended_at=desk.now, attempt=record.attempt + 1, note=todo.what
    )
    desk.note("intent", step=step.id, action=key, iteration=desk.run.iteration, attempt=record.attempt + 1)
    return desk.run


def _record(desk: Desk, step: Step, key: str, action: Action, found: Probe, request: Request | None) -> bool:
    """Store what the probe found. True if the deed is done. What was there already uses an approval up as well."""
    record = desk.run.record(step.id)
    if record.state.over:
        return True
    if request is not None and isinstance(found, Done) and not approving.use(desk, request):
        return False
    if isinstance(found, Done):
        desk.run = desk.run.with_facts(found.facts).with_record(
            step.id, performed={**record.performed, key: found.facts}, intent=None, attempt=0, tries=0, note=""
        )
        desk.note("effect", step=step.id, action=key, what=action.says(desk.run), evidence=found.facts)
        _owe(desk, found)
        for item in found.news:
            tell_news(desk, item)
        return True
    if isinstance(found, Conflict):
        desk.run = desk.run.with_record(
            step.id, state=StepState.FAILED, note=found.reason, remedy=found.remedy, intent=None, attempt=0
        )
        desk.note("conflict", step=step.id, action=key, reason=found.reason)
        desk.say(replies.conflict(desk.run, step, found))
        return False
    if record.attempt == TRIES_UNTIL_TOLD:
        desk.say(replies.still_trying(desk.run, step, found.what))
    return False


def _owe(desk: Desk, found: Done) -> None:
    known = {obligation.id for obligation in desk.run.obligations}
    for owed in found.owed:
        if owed.id in known:
            continue
        debt = Obligation(id=owed.id, text=owed.text, role=Role(owed.role), blocks=owed.blocks, since=desk.now)
        desk.run = desk.run.but(obligations=(*desk.run.obligations, debt))
        desk.note("obligation", id=owed.id, text=owed.text, blocks=owed.blocks)
        desk.say(replies.owed(desk.run, debt))


def _trouble(desk: Desk, step: Step, trouble: str) -> timedelta:
    """A far end failed before anything was done, or while looking; try again, later and later."""
    record = desk.run.record(step.id)
    tries = record.tries + 1
    desk.run = desk.run.with_record(step.id, note=trouble, tries=tries)
    if tries == TRIES_UNTIL_TOLD:
        desk.note("trouble", step=step.id, what=trouble)
        desk.say(replies.trouble(desk.run, step, trouble))
    wait: timedelta = AGAIN * (2 ** min(tries - 1, 5))
    return min(wait, LONGEST_WAIT)


def _finish(desk: Desk, step: Step, look: Look | None = None) -> None:
    """The step is done: its clocks start and stop, and the run goes back if the step says so."""
    if desk.run.record(step.id).state.over:
        return
    if look is not None:
        _learn(desk, look.facts, look.news)
    desk.run = done(desk, step)
    told = replies.step_done(desk.run, step)
    if told is not None:
        desk.say(told)
    if step.then is not None:
        desk.run = desk.run.next_iteration(step.then, desk.now)
        desk.note("iteration", number=desk.run.iteration, back_to=step.then)
        desk.say(replies.next_candidate(desk.run))


def done(desk: Desk, step: Step) -> Run:
    """The desk's run with the step done and its clocks moved."""
    run = desk.run.with_record(step.id, state=StepState.DONE, note="", remedy="")
    if desk.run.record(step.id).since is None:
        run = run.with_record(step.id, since=desk.now)
    desk.note("done", step=step.id)
    for clock in (step.stops, timing.SOAK if step.id == timing.SOAK else None):
        if clock:
            run = timing.stopped(run, clock, desk.now)
    if step.starts and not (step.starts in run.clocks and run.clocks[step.starts].running):
        run = timing.started(run, step.starts, desk.now)
    return run


def _rest(desk: Desk, every: timedelta, seen: int, fence: int) -> None:
    """Nothing moves now: finish the run if nothing is left, else note when to look again; let go of the claim."""
    run = desk.run
    desk.tx.claims.release(claim_of(run.id), fence)
    desk.tx.runs.asleep(run.id, since=seen)
    if run.state is RunState.ACTIVE and all(run.record(step.id).state.over for step in run.steps):
        desk.run = run.but(state=RunState.DONE, ended_at=desk.now)
        desk.note("ended", state=RunState.DONE)
        desk.say(replies.ended(desk.run))
        desk.tell(replies.ended(desk.run))
    elif run.state in {RunState.ACTIVE, RunState.HELD}:
        desk.look_at(min([desk.now + every, *approving.turns(run, desk.now)]))
