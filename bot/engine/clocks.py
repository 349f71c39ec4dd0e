"""Fires deadlines: what is due becomes reminders, in one transaction with the ledger (design: How an event travels).

Several marks of one clock that are due together speak once, for the highest. What is found late (after downtime)
says so; when more than one late reminder concerns a channel, they become one message there.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial

import structlog

from bot.chat import replies
from bot.engine import unread
from bot.engine.calling import Caller, go_on
from bot.engine.caught import caught
from bot.engine.debts import Debts
from bot.engine.desk import Desk
from bot.engine.threads import Thread, reminder_message, reminders_of, root_of, threads
from bot.engine.whose import Whose
from sops.kit import paging, timing
from sops.kit.conversation import Place
from sops.kit.message import Card
from sops.kit.people import People
from sops.kit.ports import Clock
from sops.kit.run import Run
from sops.kit.stores import Deadline, Outgoing, Store, Transaction
from sops.kit.unreadable import Unreadable

_log = structlog.get_logger(__name__)
BATCH = 1000  # at once, so that after downtime each channel reads one message
LATE = timedelta(minutes=5)


@dataclass(frozen=True)
class Reminder:
    """What one due deadline says to whom; `whom` are handles with spaces between them, or empty."""

    run: Run
    deadline: Deadline
    card: Card
    whom: str
    late: timedelta


class Clocks:
    """The consumer behind the alarm: claims due rows until none is left."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        people: People,
        debts: Debts,
        channels: Mapping[str, Mapping[str, str]],
        calls: unread.Calls,
    ) -> None:
        self._store = store
        self._clock = clock
        self._people = people
        self._debts = debts
        self._caller = Caller(channels)
        self._unread = calls

    async def fire(self, lasting: bool | None = None) -> bool:
        """Fire what is due; False if nothing was.

        With `lasting` only what is owed, which is looked at before anybody is reminded; without, as False, all else,
        which waits for no look.
        """
        if not await self._is_due(lasting):
            return False
        if lasting is not False:
            await self._debts.look_before_reminding()
        fire_all = self._store.transact(partial(self._fire_due, lasting))
        if await caught(fire_all, deadlines="batch") is not None:
            await self._one_by_one(lasting)
        return True

    async def _is_due(self, lasting: bool | None) -> bool:
        due = await self._store.read(lambda tx: tx.deadlines.next_due(lasting=lasting))
        return due is not None and due <= self._clock.now()

    async def _one_by_one(self, lasting: bool | None) -> None:
        """After a failure: every deadline by itself; one that fails again is passed over, so that it stops no other."""
        while await self._is_due(lasting):
            if not await self._one(lasting):
                return

    async def _one(self, lasting: bool | None) -> bool:
        """Fire the first that is due, or pass it over; False if it could not even be said which that is.

        That one and no other: somebody else may have fired what was due before it meanwhile, or put something there.
        """
        taken: list[Deadline] = []

        def fire_one(tx: Transaction) -> None:
            taken[:] = tx.deadlines.take_due(self._clock.now(), 1, lasting=lasting)
            self._fire(tx, taken)

        if await caught(self._store.transact(fire_one), deadlines="one") is None:
            return True
        for deadline in taken:
            _log.error("deadline passed over", deadline=deadline)
            if await self._store.transact(lambda tx, each=deadline: tx.deadlines.pass_over(each)):  # type: ignore[misc]
                await caught(self._store.transact(partial(self._pass_over, deadline)), deadline=deadline.clock)
        return bool(taken)

    def _pass_over(self, deadline: Deadline, tx: Transaction) -> None:
        """What could not be told is told at the next mark: no clock falls silent over it."""
        if deadline.clock == timing.LOOK:
            return
        desk = Desk(tx, tx.runs.get(deadline.run_id), self._clock.now(), self._people)
        if deadline.clock in desk.run.clocks:
            go_on(desk, deadline)

    def _fire_due(self, lasting: bool | None, tx: Transaction) -> None:
        self._fire(tx, tx.deadlines.take_due(self._clock.now(), BATCH, lasting=lasting))

    def _fire(self, tx: Transaction, due: Sequence[Deadline]) -> None:
        now = self._clock.now()
        speaking: list[Reminder] = []
        for deadline in _loudest(due):
            if deadline.clock == timing.LOOK:
                tx.runs.wake(deadline.run_id)
                continue
            run = tx.runs.find(deadline.run_id)
            if isinstance(run, Unreadable):
                self._of_unreadable(tx, run, deadline, now)
                continue
            desk = Desk(tx, run, now, self._people)
            speaking += self._fire_one(desk, deadline)
            desk.finish()
        self._speak(tx, speaking, now)

    def _of_unreadable(self, tx: Transaction, run: Unreadable, deadline: Deadline, now: datetime) -> None:
        if deadline.clock == unread.CLOCK:
            self._unread.call(tx, run, deadline, now)
        else:
            unread.keep(tx, run, deadline, now)

    def _fire_one(self, desk: Desk, deadline: Deadline) -> list[Reminder]:
        """The reminder of one deadline, its ledger entry written; none if it has nothing to say."""
        run = desk.run
        state = run.clocks.get(deadline.clock)
        if state is None or not state.running or state.generation != deadline.generation:
            return []
        if timing.listed_only(run, deadline.clock):  # stored by an older build
            return []
        if (later := self._awaited(desk, deadline)) > desk.now:  # as after downtime that ended at night
            desk.tx.deadlines.again(deadline, later)
            return []
        if deadline.clock == timing.SOAK:
            desk.tx.runs.wake(run.id)
            return self._digest(desk, deadline)
        ladder = paging.ladder_of(run) if timing.calling(run, deadline.clock) else None
        if ladder is not None:
            card, whom = self._caller.call(desk, deadline, ladder)
        else:
            card, whom = self._remind(desk, deadline)
        desk.note(
            "reminder",
            clock=deadline.clock,
            generation=deadline.generation,
            mark=deadline.threshold,
            to=whom,
            due=state.due_at.isoformat(),
        )
        message = reminder_message(run.id, deadline)
        desk.offer_again(message, card, instead_of=reminders_of(run.id, deadline.clock))
        go_on(desk, deadline)
        return [Reminder(desk.run, deadline, card, whom, desk.now - deadline.due_at)]

    def _awaited(self, desk: Desk, deadline: Deadline) -> datetime:
        """From when on that may be told; where it is one person's, by where they are."""
        run, unhurried = desk.run, timing.unhurried(deadline.clock, deadline.threshold)
        zone = self._people.zone_of(self._asked(run, deadline, desk.now)) if unhurried else ""
        return timing.awaited(run, deadline.clock, desk.now, deadline.threshold, zone)

    def _asked(self, run: Run, deadline: Deadline, now: datetime) -> tuple[str, ...]:
        """Whom that mark reminds: the more people, the longer it is late."""
        due = run.clocks[deadline.clock].due_at
        return Whose(self._people, run, deadline).whom(
            timing.late_by(run, due, now) if deadline.threshold >= timing.DUE else -1
        )

    def _remind(self, desk: Desk, deadline: Deadline) -> tuple[Card, str]:
        """What that mark says, and to whom; the desk's run knows of an update that did not come."""
        run, state = desk.run, desk.run.clocks[deadline.clock]
        asked = self._asked(run, deadline, desk.now)
        if deadline.clock == timing.UPDATE and deadline.threshold >= timing.DUE:
            desk.run = paging.with_call(timing.update_missed(run, state.due_at, desk.now), asked, desk.now)
        whom = " ".join(asked)
        return replies.clocks.reminder(run, deadline, whom, desk.now), whom

    def _digest(self, desk: Desk, deadline: Deadline) -> list[Reminder]:
        """A soak speaks on days when something changed, and the day before its end."""
        changes = desk.run.facts.get("soak.changes", [])
        if deadline.threshold == timing.DUE or (deadline.threshold != timing.EVE and not changes):
            return []
        card = replies.clocks.digest(desk.run, deadline.threshold, changes, desk.now)
        desk.run = desk.run.with_facts({"soak.changes": []})
        desk.note("digest", mark=deadline.threshold, changes=len(changes))
        return [Reminder(desk.run, deadline, card, "", desk.now - deadline.due_at)]

    def _speak(self, tx: Transaction, reminders: Sequence[Reminder], now: datetime) -> None:
        """Each in every thread of its run; several that are late become one message in each of their channels."""
        said = [(reminder, thread) for reminder in reminders for thread in threads(reminder.run)]
        late = [(reminder, thread) for reminder, thread in said if reminder.late > LATE]
        for where in dict.fromkeys(_channel(thread) for _, thread in late):
            here = [reminder for reminder, thread in late if _channel(thread) == where]
            if len(here) > 1:
                self._speak_once(tx, here, where, now)
                said = [(r, t) for r, t in said if r.late <= LATE or _channel(t) != where]
        for reminder, thread in said:
            run, deadline = reminder.run, reminder.deadline
            card = replies.clocks.late(reminder.card, deadline.due_at) if reminder.late > LATE else reminder.card
            key = reminder_message(run.id, deadline)
            post = Outgoing("post", key, run.place, card, run.id, root=root_of(run.id), private=run.embargoed)
            post = replace(post, calls=paging.calls(run, reminder.card, now))
            tx.outbox.put(thread.copied(post), now)

    def _speak_once(self, tx: Transaction, missed: Sequence[Reminder], where: tuple[str, str], now: datetime) -> None:
        """One message in the channel for everything that was missed there."""
        place = Place(platform=where[0], channel=where[1])
        marks = "+".join(f"{r.run.id[:8]}.{r.deadline.clock}.{r.deadline.generation}" for r in missed)
        card = replies.clocks.missed([(r.run, r.deadline, r.whom) for r in missed])
        key = f"missed/{now.isoformat()}/{':'.join(where)}/{marks}"
        private = any(reminder.run.embargoed for reminder in missed)
        calls = any(paging.calls(reminder.run, reminder.card, now) for reminder in missed)
        tx.outbox.put(Outgoing("post", key, place, card, private=private, calls=calls), now)


def _channel(thread: Thread) -> tuple[str, str]:
    """Which channel it is in; two chats may have one of the same name."""
    return thread.place.platform, thread.place.channel


def _loudest(due: Sequence[Deadline]) -> list[Deadline]:
    """Of several marks of one clock, the highest."""
    loudest: dict[tuple[str, str], Deadline] = {}
    for deadline in due:
        key = (deadline.run_id, deadline.clock)
        if key not in loudest or deadline.threshold > loudest[key].threshold:
            loudest[key] = deadline
    return list(loudest.values())
