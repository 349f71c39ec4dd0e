"""Fires deadlines: what is due becomes reminders, in one transaction with the ledger (design: How an event travels).

Several marks of one clock that are due together speak once, for the highest. What is found late (after downtime)
says so; when more than one late reminder concerns a channel, they become one message there.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from bot.chat import replies
from bot.engine.caught import caught
from bot.engine.debts import Debts
from bot.engine.desk import Desk
from bot.engine.threads import Thread, root_of, threads
from sops.kit import timing
from sops.kit.conversation import Place
from sops.kit.gate import Approved, SignedOff
from sops.kit.message import Card
from sops.kit.model import Piece, Role, Step
from sops.kit.people import People
from sops.kit.ports import Clock
from sops.kit.run import Run
from sops.kit.stores import Deadline, Outgoing, Store, Transaction

_log = structlog.get_logger(__name__)
BATCH = 1000  # at once, so that after downtime each channel reads one message
LATE = timedelta(minutes=5)
MOST_REMINDED = 5  # people one reminder mentions, where it is nobody's alone


def answering_for(run: Run, people: People) -> str:
    """Whoever owns the run, unless they may not steer it, as a reporter may not; then the first who may."""
    roles = run.policy.escalation if run.prefix == replies.phrases.INCIDENT else run.leaders
    able = [person.handle for person in people.holding(*roles)]
    return run.owner if run.owner in able or not able else able[0]


@dataclass(frozen=True)
class Reminder:
    """What one due deadline says to whom; `whom` is a handle, or empty."""

    run: Run
    deadline: Deadline
    card: Card
    whom: str
    late: timedelta


class Clocks:
    """The consumer behind the alarm: claims due rows until none is left."""

    def __init__(self, store: Store, clock: Clock, people: People, debts: Debts) -> None:
        self._store = store
        self._clock = clock
        self._people = people
        self._debts = debts

    async def fire(self, lasting: bool | None = None) -> bool:
        """Fire what is due; False if nothing was.

        With `lasting` only what is owed, which is looked at before anybody is reminded; without, as False, all else,
        which waits for no look.
        """
        if not await self._is_due(lasting):
            return False
        if lasting is not False:
            await self._debts.look_before_reminding()
        fire_all = self._store.transact(lambda tx: self._fire(tx, BATCH, lasting))
        if await caught(fire_all, deadlines="batch") is not None:
            await self._one_by_one(lasting)
        return True

    async def _is_due(self, lasting: bool | None) -> bool:
        due = await self._store.read(lambda tx: tx.deadlines.next_due(lasting=lasting))
        return due is not None and due <= self._clock.now()

    async def _one_by_one(self, lasting: bool | None) -> None:
        """After a failure: every deadline by itself; one that fails again is passed over, so that it stops no other."""
        while await self._is_due(lasting):
            if await caught(self._store.transact(lambda tx: self._fire(tx, 1, lasting)), deadlines="one") is not None:
                passed = await self._store.transact(
                    lambda tx: tx.deadlines.take_due(self._clock.now(), 1, lasting=lasting)
                )
                _log.error("deadline passed over", deadline=passed)

    def _fire(self, tx: Transaction, most: int, lasting: bool | None) -> bool:
        now = self._clock.now()
        due = tx.deadlines.take_due(now, most, lasting=lasting)
        speaking: list[Reminder] = []
        for deadline in _loudest(due):
            if deadline.clock == timing.LOOK:
                tx.runs.wake(deadline.run_id)
                continue
            desk = Desk(tx, tx.runs.get(deadline.run_id), now, self._people)
            speaking += self._fire_one(desk, deadline)
            desk.finish()
        self._speak(tx, speaking, now)
        return bool(due)

    def _fire_one(self, desk: Desk, deadline: Deadline) -> list[Reminder]:
        """The reminder of one deadline, its ledger entry written; none if it has nothing to say."""
        run = desk.run
        state = run.clocks.get(deadline.clock)
        if state is None or not state.running or state.generation != deadline.generation:
            return []
        if deadline.clock == timing.SOAK:
            desk.tx.runs.wake(run.id)
            return self._digest(desk, deadline)
        whom = self._whom(run, deadline)
        late = desk.now - deadline.due_at
        desk.note(
            "reminder",
            clock=deadline.clock,
            generation=deadline.generation,
            mark=deadline.threshold,
            to=whom,
            due=state.due_at.isoformat(),
        )
        if whom and deadline.clock == timing.ACKNOWLEDGE:
            desk.run = run.with_facts({"paged": [*run.facts.get("paged", []), [whom, desk.now.isoformat()]]})
        if deadline.clock == timing.UPDATE and deadline.threshold >= timing.DUE:
            desk.run = timing.update_missed(desk.run, state.due_at, desk.now)
        following = _next_mark(desk.run, deadline, self._ladder(run))
        card = replies.clocks.reminder(run, deadline, whom, following, desk.now)
        desk.offer_again(_reminder_key(run, deadline), card, instead_of=f"{run.id}/reminder/{deadline.clock}/")
        return [Reminder(desk.run, deadline, card, whom, late)]

    def _digest(self, desk: Desk, deadline: Deadline) -> list[Reminder]:
        """A soak speaks on days when something changed, and the day before its end."""
        changes = desk.run.facts.get("soak.changes", [])
        if deadline.threshold == timing.DUE or (deadline.threshold != timing.EVE and not changes):
            return []
        card = replies.clocks.digest(desk.run, deadline.threshold, changes, desk.now)
        desk.run = desk.run.with_facts({"soak.changes": []})
        desk.note("digest", mark=deadline.threshold, changes=len(changes))
        return [Reminder(desk.run, deadline, card, "", desk.now - deadline.due_at)]

    def _whom(self, run: Run, deadline: Deadline) -> str:
        """Whose turn it is: up the ladder for what nobody answers, else who answers for the run.

        A missed update goes round, the commander first each time.
        """
        ladder = self._ladder(run)
        if deadline.clock == timing.UPDATE:
            answering = list(dict.fromkeys([*([run.owner] if run.owner else []), *ladder])) or [""]
            return answering[timing.missed_updates(run) % len(answering)]
        if timing.lasting(deadline.clock):
            debt = next(debt for debt in run.obligations if f"{timing.OWED}{debt.id}" == deadline.clock)
            able = [person.handle for person in self._people.holding(debt.role)]
            return run.owner if run.owner in able or not able else able[0]
        if deadline.clock == timing.FIRST_REVIEW:
            return self._reviewers(run, deadline)
        if (row := run.step(timing.row_of(deadline.clock))) is not None:
            return self._whose_row(run, row)
        if deadline.clock == timing.REPORT and deadline.threshold > timing.DUE:
            return self._in_turn(run, deadline.threshold - timing.DUE)
        if deadline.clock != timing.ACKNOWLEDGE:
            return answering_for(run, self._people) or (ladder[0] if ladder else "")
        return next_to_page(run, ladder)

    def _in_turn(self, run: Run, turn: int) -> str:
        """For what its first owner left unanswered: those who may also steer the run, then the owner's peers, round."""
        owner, *others = run.leaders
        peers = [person.handle for person in self._people.holding(owner)]
        able = list(dict.fromkeys([*(person.handle for person in self._people.holding(*others)), *peers]))
        return able[(turn - 1) % len(able)] if able else ""

    def _reviewers(self, run: Run, deadline: Deadline) -> str:
        """Reviewers hear first, all of them; once it is overdue, maintainers and they in turn. Never the author."""
        roles = (
            (Role.REVIEWER, Role.MAINTAINER) if deadline.threshold <= timing.DUE else (Role.MAINTAINER, Role.REVIEWER)
        )
        author = self._people.author(str(run.facts.get("login", "")))
        able = [person for person in self._people.holding(*roles) if person.handle != author]
        reviewers = [person.handle for person in able if Role.REVIEWER in person.roles]
        if deadline.threshold <= timing.DUE and reviewers:
            return " ".join(reviewers[:MOST_REMINDED])
        return able[max(0, deadline.threshold - timing.DUE - 1) % len(able)].handle if able else ""

    def _whose_row(self, run: Run, row: Step) -> str:
        """Whoever may do it: the run's owner if they are one of those, else all of them; never one who said yes."""
        roles = {role for piece in row.waits for role in _answering(piece)}
        asked = next((request for request in run.requests if request.step == row.id and request.live), None)
        spent = {*asked.people, *asked.excluded} if asked else set()
        able = [person.handle for person in self._people.holding(*roles) if person.handle not in spent]
        if run.owner in able:
            return run.owner
        return " ".join(able[:MOST_REMINDED]) or answering_for(run, self._people)

    def _ladder(self, run: Run) -> tuple[str, ...]:
        return tuple(person.handle for person in self._people.holding(*run.policy.escalation))

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
            key = _reminder_key(run, deadline)
            post = Outgoing("post", key, run.place, card, run.id, root=root_of(run.id), private=run.embargoed)
            tx.outbox.put(thread.copied(post), now)

    def _speak_once(self, tx: Transaction, missed: Sequence[Reminder], where: tuple[str, str], now: datetime) -> None:
        """One message in the channel for everything that was missed there."""
        place = Place(platform=where[0], channel=where[1])
        marks = "+".join(f"{r.run.id[:8]}.{r.deadline.clock}.{r.deadline.generation}" for r in missed)
        card = replies.clocks.missed([(r.run, r.deadline, r.whom) for r in missed])
        key = f"missed/{now.isoformat()}/{':'.join(where)}/{marks}"
        private = any(reminder.run.embargoed for reminder in missed)
        tx.outbox.put(Outgoing("post", key, place, card, private=private), now)


def _answering(piece: Piece) -> tuple[Role, ...]:
    """The roles of which one may answer."""
    if isinstance(piece, Approved):
        return (piece.by, piece.also) if piece.also else (piece.by,)
    return (piece.by,) if isinstance(piece, SignedOff) else ()


def _reminder_key(run: Run, deadline: Deadline) -> str:
    return f"{run.id}/reminder/{deadline.clock}/{deadline.generation}/{deadline.threshold}"


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


def next_to_page(run: Run, ladder: Sequence[str]) -> str:
    """Up the ladder, one person at a time, and round again once everybody was called without an answer."""
    if not ladder:
        return ""
    called = [who for who, _ in run.facts.get("paged", [])]
    left = [who for who in ladder if who not in called]
    return left[0] if left else ladder[len(called) % len(ladder)]


def _next_mark(run: Run, deadline: Deadline, ladder: Sequence[str]) -> tuple[str, datetime] | None:
    """Who hears next and when, if this goes on unanswered."""
    if deadline.clock != timing.ACKNOWLEDGE or not ladder:
        return None
    state = run.clocks[deadline.clock]
    later = [at for mark, at in timing.marks(run, deadline.clock, state) if mark > deadline.threshold]
    return (next_to_page(run, ladder), min(later)) if later else None
