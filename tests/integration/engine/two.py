"""Two engines, as wiring builds them, on one store in this process. Nothing of them happens unless a test asks."""

import asyncio
import sqlite3
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any, TypeVar, cast

from adapters.console import ConsoleChat, Room
from adapters.sandbox.clock import VirtualClock
from bot.engine.engine import Engine
from bot.engine.far_end import FarEnd
from bot.settings import Settings
from bot.wiring import Ports, assemble
from bot.wiring.sandbox import sandbox_people
from sops.kit.conversation import Actor, Place
from sops.kit.errors import FarEndError
from sops.kit.message import Card
from sops.kit.policy import Policy
from sops.kit.stores import Store, Transaction
from storage import SqlStore
from tests.unit.runs import NOW

T = TypeVar("T")
LONG = 60  # seconds a test may wait for what ought to come at once


class Counting(ConsoleChat):
    """A console that lets others go first whenever it shows something, and knows how often it was asked to.

    It is asked once for each message: that the room would not show a key twice helps nobody.
    """

    def __init__(self, room: Room, zone: str) -> None:
        super().__init__(room, zone)
        self.asked: Counter[str] = Counter()

    async def post(self, key: str, place: Place, card: Card) -> str:
        self.asked[f"post {key}"] += 1
        await asyncio.sleep(0)  # lets the other go first
        return await super().post(key, place, card)

    async def whisper(self, key: str, place: Place, to: Actor, card: Card) -> None:
        self.asked[f"whisper {key}"] += 1
        await asyncio.sleep(0)  # lets the other go first
        await super().whisper(key, place, to, card)

    def doubled(self) -> list[str]:
        return [what for what, times in self.asked.items() if times > 1]


class Standing:
    """A store whose caller stands still for as long as the test likes, after it took what it was to work on.

    `at` says what that is. Whoever renews its lease meanwhile is somebody else.
    """

    def __init__(self, store: Store, at: Callable[[object], bool]) -> None:
        self._store = store
        self._at = at
        self._who: asyncio.Task[Any] | None = None
        self._going = asyncio.Event()
        self.stands = asyncio.Event()
        self.trouble: Exception | None = None

    def go_on(self, trouble: Exception | None = None) -> None:
        """With `trouble`, the first thing it does then is to fail."""
        self.trouble = trouble
        self._going.set()

    async def transact(self, work: Callable[[Transaction], T], *, urgent: bool = False) -> T:
        await self._stand()
        result = await self._store.transact(work, urgent=urgent)
        if self._who is None and self._at(result):
            self._who = asyncio.current_task()
        return result

    async def read(self, work: Callable[[Transaction], T]) -> T:
        await self._stand()
        return await self._store.read(work)

    async def _stand(self) -> None:
        if self._who is not None and asyncio.current_task() is self._who:
            self.stands.set()
            await self._going.wait()
            trouble, self.trouble = self.trouble, None
            if trouble is not None:
                raise trouble

    async def close(self) -> None:
        await self._store.close()


class Pulse:
    """The time after which leases are renewed goes by when the test says so."""

    def __init__(self) -> None:
        self._waiting: list[asyncio.Future[None]] = []
        self._asleep = asyncio.Event()

    async def sleep(self, _: float) -> None:
        self._waiting.append(asyncio.get_running_loop().create_future())
        self._asleep.set()
        await self._waiting[-1]

    async def beat(self) -> None:
        """Whoever waits renews; returns once that is done and they wait again."""
        while not any(not each.done() for each in self._waiting):
            self._asleep.clear()
            await self._asleep.wait()
        waiting, self._waiting = self._waiting, []
        self._asleep.clear()
        for each in waiting:
            if not each.done():
                each.set_result(None)
        await self._asleep.wait()


class Away:
    """A far end that answers at once that it is in trouble."""

    def __getattr__(self, name: str) -> Any:
        async def never(*_: object, **__: object) -> None:
            raise FarEndError(f"{name}: nobody is there")

        return never


class Two:
    """`one`, whose store may stand still, and the `other`; both write in one room."""

    def __init__(self, store: SqlStore, file: Path, at: Callable[[object], bool]) -> None:
        self.store = store
        self._file = file
        self.clock = VirtualClock(NOW)
        self.room = Room()
        policy = Policy()
        self.chat = Counting(self.room, policy.zone)
        self.standing = Standing(store, at)
        self.pulse = Pulse()
        self._settings = Settings(channels={"releases": "#releases", "ops": "#ops"}, people=sandbox_people())
        self.one, self.other = self._engine(self.standing), self._engine(store)

    def _engine(self, store: Store) -> Engine:
        away = cast("Any", Away())
        ports = Ports(store, FarEnd(away, away, away), {"console": self.chat}, store.close)
        return assemble(self._settings, self.clock, ports, look_in=0.0, lasts=self.pulse.sleep)

    async def say(self, to: Engine, handle: str, where: str, text: str) -> None:
        channel, thread = where, None
        if where.startswith("in "):
            channel, thread = cast("tuple[str, str]", self.room.thread(where[3:]))
        event = await self.room.speak(handle, channel, thread, text, self.clock.now())
        assert event is not None
        await to.accept(event)

    async def one_stands_still(self) -> "asyncio.Task[None]":
        """It is at work on something, and was silent for so long that its lease ran out."""
        working = asyncio.create_task(self.one.drain())
        await within(self.standing.stands.wait())
        self.sql("UPDATE claim SET until = 1 WHERE until > 0")
        return working

    def sql(self, statement: str) -> list[tuple[Any, ...]]:
        """Behind the store's back."""
        with closing(sqlite3.connect(self._file)) as database:
            rows = database.execute(statement).fetchall()
            database.commit()
            return rows

    def text(self) -> str:
        return "\n".join(line for post in self.room.posts if post.author == "sopwith" for line in post.lines)


async def within(work: Awaitable[T]) -> T:
    async with asyncio.timeout(LONG):
        return await work


@asynccontextmanager
async def two(home: Path, at: Callable[[object], bool] = lambda _: False) -> AsyncIterator[Two]:
    file = home / "two.db"
    store = SqlStore(f"sqlite:///{file}")
    await store.open()
    try:
        yield Two(store, file, at)
    finally:
        await store.close()
