"""The engine: pumps over the database. Whatever wakes it, it only ever looks there for what to do.

inbox → commands; deadlines → reminders; woken runs → steps; outbox → messages. `drain` pumps until nothing is
left to do now, one thing after the other. `serve` does the same work whenever somebody wakes it, and arms the alarm
for the next due instant; there conversations, clocks, runs, chats and looks at the forge are pumped side by side, so
that whoever waits for a far end keeps nobody else waiting.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from bot.engine.again import Pauses
from bot.engine.alive import Alive
from bot.engine.caught import caught, survived
from bot.engine.clocks import Clocks
from bot.engine.digests import Digests
from bot.engine.keeping import Keeping
from bot.engine.mail import FORGE, Intake, is_beside
from bot.engine.postman import Postman
from bot.engine.sealing import Sealing
from bot.engine.side_by_side import SideBySide
from bot.engine.turns import Turns
from sops.kit.conversation import Event
from sops.kit.ports import Alarm, Clock
from sops.kit.stores import InboxItem, Store, Transaction

LEASE = 120.0  # seconds a process may be silent before another handles what it was at; see `keeping`
TALKS = 64  # conversations whose events are handled at the same time
RUNS_EACH = 16  # for each run that may be at the far end, so many may wait for that or need nothing of it
Handle = Callable[[InboxItem], Awaitable[None]]
Advance = Callable[[str], Awaitable[bool]]
Stroke = Callable[[], Awaitable[bool]]
Due = Callable[[datetime], Awaitable[datetime | None]]


@dataclass(frozen=True)
class Poll:
    """What is looked for without anybody's news, and how often."""

    look: Callable[[], Awaitable[None]]
    every: timedelta


@dataclass(frozen=True)
class Bounds:
    """How many go on at the same time: runs at the far end, and beginnings of runs, which look there as well."""

    runs: int = 8
    beginnings: int = 8


class Pump:
    """Something to be done again and again, whenever it is wanted, until a stroke finds nothing to do.

    `due` says when, after the instant it looked last, there will be something by itself; `next` is what it said. While
    the pump works it is None: it looks again before it rests, and nobody need wake it for what has become due.
    """

    def __init__(self, stroke: Stroke, due: Due) -> None:
        self.stroke = stroke
        self.due = due
        self.next: datetime | None = None
        self.wanted = asyncio.Event()


class Engine:
    """One bot process. It may be dropped at any instant; another one on the same store takes over."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        intake: Intake,
        handle: Handle,
        clocks: Clocks,
        advance: Advance,
        postman: Postman,
        owner: str,
        sealing: Sealing,
        digests: Digests,
        keeping: Keeping,
        alive: Alive,
        poll: Poll | None = None,
        pauses: Callable[[], Pauses] = Pauses,
        bounds: Bounds = Bounds(),  # it never changes
    ) -> None:
        self._store = store
        self._clock = clock
        self.intake = intake
        self._handle = handle
        self._clocks = clocks
        self._advance = advance
        self._postman = postman
        self._owner = owner
        self._poll = poll
        self._sealing = sealing
        self._digests = digests
        self._keeping = keeping
        self._alive = alive
        self._pauses = pauses
        self._next_poll: datetime | None = None
        self._news = False
        self._hearing, self._moving = Pump(self._begin_talks, _by_itself), Pump(self._begin_runs, _by_itself)
        self._pumps = [
            self._hearing,
            self._moving,
            Pump(self._look_out, self._look_due),
            Pump(partial(clocks.fire, lasting=False), partial(self._deadline_due, lasting=False)),
            Pump(partial(clocks.fire, lasting=True), partial(self._deadline_due, lasting=True)),
            Pump(sealing.seal, self._seal_due),
            Pump(digests.tell, self._digest_due),
            Pump(alive.beat, alive.due),
            *(Pump(partial(postman.deliver, name), partial(postman.next_due, only=name)) for name in postman.platforms),
        ]
        heard, moved = partial(self._ended, self._hearing), partial(self._ended, self._moving)
        self._talks = SideBySide(TALKS, heard, pauses)
        self._news_heard = SideBySide(1, heard, pauses)
        self._beginnings = SideBySide(bounds.beginnings, heard, pauses)
        self._runs = SideBySide(bounds.runs * RUNS_EACH, moved, pauses)
        self._draining = asyncio.Lock()
        self._turns = Turns()

    async def recover(self) -> None:
        """After a start: look at every open run, since anything may have happened meanwhile."""

        def look_around(tx: Transaction) -> None:
            self._alive.again(tx)
            tx.ledger.seal(self._clock.now())
            tx.outbox.bury()
            tx.runs.wake_open()

        await self._store.transact(look_around)

    async def accept(self, event: Event) -> bool:
        """Journal an event and wake up; False if it is known already. Acknowledge only after this."""
        fresh = await self.intake.accept(event)
        self.wake()
        return fresh

    def wake(self) -> None:
        for pump in self._pumps:
            pump.wanted.set()

    async def drain(self) -> None:
        """Do everything there is to do now, one thing after the other."""
        async with self._draining:
            while await self._turn():
                pass
            await self._alive.beat()

    async def serve(self, alarm: Alarm) -> None:
        """Do whatever there is to do whenever woken, until cancelled. A far end that hangs delays nobody else.

        Whatever makes a pump fail, it pumps again after a while.
        """
        await alarm.start(self.wake)
        try:
            self.wake()
            async with asyncio.TaskGroup() as pumping:
                for pump in self._pumps:
                    pumping.create_task(self._keep_pumping(pump, alarm))
        finally:
            for each in (self._talks, self._news_heard, self._beginnings, self._runs):
                await each.stop()
            await alarm.stop()

    async def _keep_pumping(self, pump: "Pump", alarm: Alarm) -> None:
        pauses = self._pauses()
        while True:
            await pump.wanted.wait()
            pump.wanted.clear()
            if await survived(self._pump_and_arm(pump, alarm)) is not None:
                await pauses.pause()
                pump.wanted.set()

    async def _pump_and_arm(self, pump: "Pump", alarm: Alarm) -> None:
        pump.next, looked = None, self._clock.now()
        while await pump.stroke():
            looked = self._clock.now()
            for other in self._pumps:
                if other is not pump:
                    other.wanted.set()
        pump.next = await pump.due(looked)
        alarm.arm(_earliest(*(each.next for each in self._pumps)))

    async def next_due(self) -> datetime | None:
        """The next instant at which there will be something to do without anybody waking it, after a drain."""
        now = self._clock.now()
        daily = (self._sealing.due(), self._digests.due())
        return _earliest(await self._deadline_due(now), self._next_poll, *daily, await self._postman.next_due(now))

    async def _deadline_due(self, _: datetime, lasting: bool | None = None) -> datetime | None:
        """A deadline that is due is fired by whoever finds it, so that none is left behind."""
        return await self._store.read(lambda tx: tx.deadlines.next_due(lasting=lasting))

    async def _look_due(self, _: datetime) -> datetime | None:
        return self._next_poll

    async def _seal_due(self, _: datetime) -> datetime | None:
        return self._sealing.due()

    async def _digest_due(self, _: datetime) -> datetime | None:
        return self._digests.due()

    async def _turn(self) -> bool:
        """One stroke of everything; False if there was nothing to do."""
        strokes = [await self._before_moving(), await self._postman.deliver()]
        strokes += [await self._move_on(), await self._postman.deliver()]
        return any(strokes)

    async def _before_moving(self) -> bool:
        looked, heard, fired = await self._look_out(), await self._take_in(), await self._clocks.fire()
        return any([looked, heard, fired, await self._sealing.seal(), await self._digests.tell()])

    async def _look_out(self) -> bool:
        """Ask the forge for what it may not tell by itself, at its news and now and then; False if there is no need."""
        now = self._clock.now()
        if self._poll is None or not (self._news or self._next_poll is None or self._next_poll <= now):
            return False
        self._news = False
        await caught(self._poll.look(), poll="forge")
        self._next_poll = now + self._poll.every
        return True

    def _ended(self, pump: Pump, moved: bool, wanted: bool) -> None:
        """Something that went on beside the others came to its end; there may be more to do."""
        if moved:
            self.wake()
        elif wanted:
            pump.wanted.set()

    async def _begin_talks(self) -> bool:
        """Have every conversation with unhandled events handled, side by side, each in its order."""
        for conversation in await self._store.read(lambda tx: tx.inbox.waiting()):
            crew = self._beginnings if is_beside(conversation) else self._talks
            crew = self._news_heard if conversation == FORGE else crew
            crew.begin(conversation, partial(self._hear_out, conversation))
        return False

    async def _hear_out(self, conversation: str) -> bool:
        """Handle the events of the conversation, one after the other; False if there was none, or others are at it."""
        heard = False
        while await self._converse(conversation):
            heard = True
            self.wake()
        return heard

    async def _begin_runs(self) -> bool:
        """Have every run advanced that somebody asked to look at, side by side."""
        for run_id in await self._store.read(lambda tx: tx.runs.awake()):
            self._runs.begin(run_id, partial(self._advance, run_id))
        return False

    async def _take_in(self) -> bool:
        """Handle the oldest event of each conversation; False if there was none."""
        waiting = await self._store.read(lambda tx: tx.inbox.waiting())
        worked = False
        for conversation in waiting:
            worked = await self._converse(conversation) or worked
        return worked

    async def _converse(self, conversation: str) -> bool:
        """Handle the oldest event of the conversation; the lease on it ends with what marks the event handled."""
        async with self._turns.of(conversation):
            item = await self._store.transact(lambda tx: tx.inbox.take(conversation, self._owner, LEASE))
            if item is not None:
                await self._keeping.during(self._handle(item), lambda tx: tx.inbox.renew(item, LEASE), LEASE)
                self._news = self._news or conversation == FORGE
            return item is not None

    async def _move_on(self) -> bool:
        """Advance every run somebody asked to look at; False if there was none, or others are at them."""
        moved = False
        for run_id in await self._store.read(lambda tx: tx.runs.awake()):
            moved = await self._advance(run_id) or moved
        return moved


async def _by_itself(_: datetime) -> None:
    """It is never due: whoever brings something wakes it."""


def _earliest(*times: datetime | None) -> datetime | None:
    return min((at for at in times if at is not None), default=None)
