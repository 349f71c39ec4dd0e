"""Advances one run: for each step whose turn it is, gates → probe → intent → perform → probe → evidence.

Each arrow is a transaction of its own, so a crash between any two of them leaves a run that the next look takes
up where it was: what was intended is probed before anything is done again. Nothing here remembers anything.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.engine import afresh, evidence, outages, requests, steps, unread
from bot.engine.approving import Approvals
from bot.engine.asking import asks_far_end
from bot.engine.debts import Debts
from bot.engine.desk import Desk, Desks, claim_of, renewal
from bot.engine.far_end import Worlds
from bot.engine.keeping import Keeping, Renew
from bot.engine.looks import PEOPLE, Look, Looking
from bot.engine.outages import TellAfter
from bot.engine.requests import View
from bot.engine.steps import AGAIN, key_of
from bot.engine.turns import Turns
from sops.kit.action import Action, Conflict, Done, Todo, World
from sops.kit.approvals import Request
from sops.kit.covered import approval_of
from sops.kit.errors import (
    AtFarEnd,
    ClaimLost,
    FarEndError,
    FarEndRefused,
    OutcomeUnknown,
    SignatureInvalid,
    StaleRun,
    Unlearned,
)
from sops.kit.gate import Condition, Gate, SignedOff, Waiting
from sops.kit.model import Step
from sops.kit.run import Run, RunState, StepRecord, StepState
from sops.kit.stores import Transaction
from sops.kit.unreadable import Unreadable
from sops.kit.urgency import asking_for

LEASE = 120.0  # seconds a process may be silent before another takes the run over; see `keeping`
SLOW = timedelta(seconds=20)  # so long without an answer is shown, at the next renewal of the lease


@dataclass
class _Asking:
    """A step that asks a far end since then. `shown`: people can see that it takes long."""

    step: Step
    since: datetime
    shown: bool = False


class Advancer:
    """Takes one run as far as it goes now; at most `at_once` runs are at the far end at the same time."""

    def __init__(
        self,
        desks: Desks,
        worlds: Worlds,
        approvals: Approvals,
        debts: Debts,
        owner: str,
        keeping: Keeping,
        at_once: int = 8,
        tell_after: TellAfter = steps.TELL_AFTER,
    ) -> None:
        self._desks = desks
        self._worlds = worlds
        self._approvals = approvals
        self._debts = debts
        self._owner = owner
        self._keeping = keeping
        self._tell_after = tell_after
        self._turns = Turns()
        self._asking: dict[str, _Asking] = {}
        self._far_end = asyncio.Semaphore(at_once)

    async def advance(self, run_id: str) -> bool:
        """Advance the run and note when to look again; False if another worker is at it.

        Within this process callers wait for each other: the claim is the process's, so it alone would not do.
        """
        async with self._turns.of(run_id):
            return await self._advance(run_id)

    async def _advance(self, run_id: str) -> bool:
        fence, seen = await self._desks.store.transact(lambda tx: self._claim(tx, run_id))
        if fence is None:
            return False
        try:
            every = await self._keeping.during(self._work(run_id, fence), self._renewal(run_id, fence), LEASE)
            over = await self._desks.at(run_id, lambda desk: steps.rest(desk, every, seen, fence), fence=fence)
        except ClaimLost:  # if anything else is raised the claim stays ours, and we may take it again
            return False
        except StaleRun:  # somebody spoke meanwhile; it is still awake, and looked at again
            return True
        if over:
            async with self._far_end:
                await self._debts.look_around()  # what a run brought about may be what others owe
        return True

    def _claim(self, tx: Transaction, run_id: str) -> tuple[int | None, int]:
        run = tx.runs.find(run_id)
        if isinstance(run, Unreadable):
            unread.put_off(tx, run, self._desks.clock.now())
            return None, 0
        return tx.claims.take(claim_of(run_id), self._owner, LEASE), tx.runs.wakes(run_id)

    def _renewal(self, run_id: str, fence: int) -> Renew:
        """The claim is kept; and where a far end was asked and says nothing, that is shown meanwhile."""
        keep = renewal(run_id, fence, LEASE)

        def renew(tx: Transaction) -> bool:
            kept, now = keep(tx), self._desks.clock.now()
            asked = self._asking.get(run_id)
            if kept and asked is not None and now - asked.since >= SLOW and not asked.shown:
                desk = Desk(tx, tx.runs.get(run_id), now, self._desks.people)
                outages.slow(desk, asked.step, asked.since)
                desk.finish()
                asked.shown = True
            return kept

        return renew

    @asynccontextmanager
    async def _at_far_end(self, run: Run, step: Step, fence: int) -> AsyncIterator[bool]:
        """A place at the far end; whether that had to be waited for."""
        asked = self._asking[run.id] = _Asking(step, self._desks.clock.now())
        try:
            had_to_wait = self._far_end.locked()
            async with self._far_end:
                with asking_for(run):
                    yield had_to_wait
            if asked.shown:
                await self._desks.at(run.id, lambda desk: outages.answered(desk, step), fence=fence)
        finally:
            self._asking.pop(run.id, None)

    async def _work(self, run_id: str, fence: int) -> timedelta:
        """Step after step until nothing moves; returns how soon looking again may pay."""
        while True:
            run = await self._desks.run(run_id)
            if run.state is RunState.PARKED and not any(steps.unknown_in(step) for step in run.current()):
                await self._desks.at(run_id, steps.unpark, fence=fence)
                continue
            if run.state is RunState.HELD:
                return min([await self._watch_there(run, step, fence) for step in run.current()], default=PEOPLE)
            if run.state is not RunState.ACTIVE:
                return PEOPLE
            waits: list[timedelta] = []
            for step in sorted(run.current(), key=lambda step: asks_far_end(run, step)):
                moved = await self._step(run, step, fence)
                if moved is None:
                    break
                waits.append(moved)
            else:
                return min(waits, default=PEOPLE)

    async def _step(self, run: Run, step: Step, fence: int) -> timedelta | None:
        """Work on one step. None if the run moved (look at it afresh); else when to look again."""
        unknown = steps.unknown_in(step)
        if unknown:
            await self._desks.at(run.id, lambda desk: steps.park(desk, step, unknown), fence=fence)
            return None
        if isinstance(step.only_if, Condition) and not step.only_if.holds(run):
            why = step.only_if.otherwise(run)
            await self._desks.at(run.id, lambda desk: steps.skip(desk, step, why), fence=fence)
            return None
        off = run.policy.off.get(f"{run.sop}.{step.id}")
        if off is not None:
            await self._desks.at(run.id, lambda desk: steps.skip(desk, step, off, by=steps.SETTINGS), fence=fence)
            return None
        if run.record(step.id).state is StepState.PENDING:
            await self._desks.at(run.id, lambda desk: steps.enter(desk, step), fence=fence)
            return None
        if run.record(step.id).state is StepState.FAILED:
            return PEOPLE
        try:
            if not asks_far_end(run, step):
                return await self._wait_or_act(run, step, fence)
            async with self._at_far_end(run, step, fence) as had_to_wait:
                if had_to_wait and (await self._desks.run(run.id)).revision != run.revision:
                    return None  # people spoke meanwhile
                return await self._there(run, step, fence)
        except Unlearned as gap:
            fact = gap.fact
            await self._desks.at(run.id, lambda desk: steps.stop(desk, step, fact), fence=fence)
            return None
        except (FarEndError, FarEndRefused) as problem:
            return await self._trouble(run.id, step, problem, fence)

    async def _trouble(self, run_id: str, step: Step, problem: AtFarEnd, fence: int) -> timedelta:
        return await self._desks.at(
            run_id, lambda desk: steps.trouble(desk, step, problem, self._tell_after), fence=fence
        )

    async def _there(self, run: Run, step: Step, fence: int) -> timedelta | None:
        """The same, where the far end is asked for it."""
        if run.record(step.id).claimed:
            await self._take_word(run, step, fence)
            return None
        return await self._wait_or_act(run, step, fence)

    async def _watch_there(self, run: Run, step: Step, fence: int) -> timedelta:
        if not asks_far_end(run, step):
            return await self._watch(run, step, fence)
        async with self._at_far_end(run, step, fence):
            return await self._watch(run, step, fence)

    async def _take_word(self, run: Run, step: Step, fence: int) -> None:
        """Two people say that it was done by hand: what can be seen of it is learned, as if the bot had done it."""
        for index, piece in enumerate(step.deeds):
            if isinstance(piece, Action):
                await self._see(run.id, step, key_of(index, piece), piece, fence)
        await self._desks.at(run.id, lambda desk: steps.take_word(desk, step), fence=fence)

    async def _see(self, run_id: str, step: Step, key: str, action: Action, fence: int) -> None:
        """Keep what the probe finds, if it finds it done."""
        run = await self._desks.run(run_id)
        found = await action.probe(run, self._worlds.of(run, action))
        if isinstance(found, Done):
            await self._desks.at(
                run_id, lambda desk: steps.record_found(desk, step, key, action, found, None), fence=fence
            )

    async def _watch(self, run: Run, step: Step, fence: int) -> timedelta:
        """A hold stops the hands, not the eyes: gates that do not hold go on being noticed and told."""
        if run.record(step.id).state is not StepState.WAITING or steps.unknown_in(step):
            return PEOPLE
        world = self._worlds.of(run)
        every = PEOPLE
        for gate in step.waits:
            if not isinstance(gate, Gate):
                continue
            every = min(every, gate.every(run))
            try:
                found = await gate.check(run, world)
            except Unlearned:
                return AGAIN
            except (FarEndError, FarEndRefused) as problem:
                return await self._trouble(run.id, step, problem, fence)
            if isinstance(found, Waiting):
                windows = (found.window,) if found.window else ()
                stuck = run.record(step.id).stuck  # told when the hands are free again
                look = Look((found.note,), found.facts, found.news, windows, every, stuck, halts=gate.halts)
                await self._note(run.id, step, look, fence)
        return every

    async def _wait_or_act(self, run: Run, step: Step, fence: int) -> timedelta | None:
        if any(isinstance(piece, Gate) and piece.debts for piece in step.waits):
            await self._debts.look_around()
        world = self._worlds.of(run)
        look, request = await self._look(run, step, world, fence)
        if look.notes or (request is None and afresh.gate_for(run, step) is not None):
            return None if await self._note(run.id, step, look, fence) else look.every
        if not step.deeds:  # what was learned is told with the end of the step, or a crash in between tells it twice
            ended = await self._desks.at(run.id, lambda desk: steps.finish(desk, step, look, request), fence=fence)
            return None if ended else AGAIN
        if look.facts or look.news or evidence.is_new(run, step, look.evidence):
            await self._desks.at(run.id, lambda desk: steps.go_on(desk, step, look), fence=fence)
        for index, piece in enumerate(step.deeds):
            if isinstance(piece, Action) and not await self._deed(run.id, step, index, piece, request, fence):
                if run.policy.left_to_people(run.sop, step.id):
                    return run.policy.look_every
                now = await self._desks.run(run.id)
                return None if afresh.asks(now, step) else steps.later(now.record(step.id).attempt)
        await self._desks.at(run.id, lambda desk: steps.finish(desk, step), fence=fence)
        return None

    async def _note(self, run_id: str, step: Step, look: Look, fence: int) -> bool:
        return await self._desks.at(run_id, lambda desk: steps.wait(desk, step, look), fence=fence)

    async def _look(self, run: Run, step: Step, world: World, fence: int) -> tuple[Look, Request | None]:
        """Ask every gate, in order; an approval is asked for once the gates listed before it hold.

        Once the approval is consumed the gates no longer matter, only a conflict does.
        """
        wanted = afresh.gate_for(run, step)
        asked = requests.latest(run, step.id) if wanted else None
        if asked is not None and asked.holds:
            return Look((), {}, (), (), PEOPLE), asked
        begun = run.record(step.id).intent or run.record(step.id).performed
        if wanted is not None and begun and (before := requests.given_before(run, wanted)):
            return Look((), {}, (), (), PEOPLE), before
        so_far, ready = Looking(), True
        for piece in step.waits:
            if piece is wanted:
                ready = so_far.askable
            elif isinstance(piece, SignedOff):
                so_far.asked(run, step, piece)
            elif isinstance(piece, Gate):
                found = await piece.check(run.with_facts(so_far.facts), world)
                so_far.found(run, piece, found, world.now)
        if elsewhere := afresh.waits_on(run, step):
            so_far.notes.append(elsewhere)
        granted, ready = None, ready and not (so_far.notes and approval_of(step) is None)
        if wanted is not None:
            view = View(run, so_far.facts, step, wanted, world, fence)
            others = tuple(so_far.notes)
            before = requests.given_before(view.run, wanted)
            if before is not None and not others:
                return so_far.look(), before
            if before is not None:
                return so_far.look(), None
            standing = await self._approvals.standing(view, ready=ready, others=others, until=so_far.until)
            granted = standing.granted
            so_far.notes += [standing.note] if granted is None else []
        return so_far.look(), granted

    async def _deed(
        self, run_id: str, step: Step, index: int, action: Action, request: Request | None, fence: int
    ) -> bool:
        """Probe, perform if there is something to do, probe again. True once the evidence is stored."""
        key = key_of(index, action)
        run = await self._desks.run(run_id)
        if key in run.record(step.id).performed:
            return True
        unknown: OutcomeUnknown | None = None
        found = await action.probe(run, self._worlds.of(run, action))
        record = run.record(step.id)
        if isinstance(found, Todo) and record.intent == key and action.keyless and _recent(record, self._worlds.now()):
            return False
        by_people = run.policy.left_to_people(run.sop, step.id)
        if isinstance(found, Todo) and by_people and record.intent == key:
            return False
        if isinstance(found, Todo) and not by_people and not await self._may_follow(run, step, action, fence):
            return False
        if isinstance(found, Todo):
            todo = found
            try:
                run = await self._desks.at(
                    run_id, lambda desk: steps.intend(desk, step, key, action, todo, request), fence=fence
                )
            except LookupError:
                return False
            if by_people:
                await self._desks.at(run_id, lambda desk: steps.ask_people(desk, step, action), fence=fence)
                return False
            answer = await self._perform(action, run)
            unknown = answer if isinstance(answer, OutcomeUnknown) else None
            found = await action.probe(run, self._worlds.of(run, action))
            if isinstance(found, Todo) and isinstance(answer, Done | Conflict):
                found = answer
        return await self._desks.at(
            run_id,
            lambda desk: steps.record_found(desk, step, key, action, found, request, unknown, self._tell_after),
            fence=fence,
        )

    async def _may_follow(self, run: Run, step: Step, action: Action, fence: int) -> bool:
        """Whether it may be done on the strength of a yes that it could not follow for a while."""
        if not action.public or not afresh.held_long(run, step, self._worlds.now().now):
            return True
        return await self._desks.at(run.id, lambda desk: afresh.may_follow(desk, step), fence=fence)

    async def _perform(self, action: Action, run: Run) -> Done | Conflict | OutcomeUnknown | None:
        """Perform it once; returns what the far end's answer means where the probe afterwards finds nothing."""
        try:
            return await action.perform(run, self._worlds.of(run, action))
        except OutcomeUnknown as unknown:
            return unknown
        except (FarEndRefused, SignatureInvalid) as refusal:
            return action.refused(run, str(refusal))


def _recent(record: StepRecord, world: World) -> bool:
    """The last try is so fresh that its effect may still appear; without a key it must not be repeated yet."""
    return record.intended_at is not None and world.now - record.intended_at < AGAIN
