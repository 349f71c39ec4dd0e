"""A bot that serves by itself in this process, on a clock that moves when told. Nobody waits but for its words."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any, cast

from adapters.console import ConsoleChat, Room
from adapters.sandbox.clock import VirtualClock
from bot.engine.again import Pauses
from bot.engine.engine import Engine
from bot.engine.far_end import FarEnd
from bot.settings import Settings
from bot.wiring import Ports, assemble
from bot.wiring.sandbox import sandbox_people
from sops.kit.policy import Policy
from sops.kit.run import Run
from storage import SqlStore
from tests.unit.runs import NOW

LONG = 60  # seconds a test may wait for what ought to come at once


class Silent:
    """A far end that takes what it is asked and never answers; `asked` is what nobody answered yet."""

    def __init__(self, noted: Callable[[], None]) -> None:
        self.asked: list[str] = []
        self._noted = noted

    def __getattr__(self, name: str) -> Any:
        async def never(*_: object, **__: object) -> None:
            self.asked.append(name)
            self._noted()
            try:
                await asyncio.get_running_loop().create_future()
            finally:
                self.asked.remove(name)

        return never


class Bell:
    """An alarm that rings when the test says that time has passed."""

    def __init__(self) -> None:
        self.ring: Callable[[], None] = lambda: None

    async def start(self, wake: Callable[[], None]) -> None:
        self.ring = wake

    def arm(self, at: object) -> None:
        pass

    async def stop(self) -> None:
        pass


class Service:
    """The engine, its room and its people. `far` is whatever it reaches."""

    def __init__(self, store: SqlStore, policy: Policy, look_in: float) -> None:
        self.store = store
        self.clock = VirtualClock(NOW)
        self.room = Room()
        self.room.on_show.append(lambda *_: self.stir())
        self.far = Silent(self.stir)
        self.bell = Bell()
        self._stirred = asyncio.Event()
        settings = Settings(
            channels={"releases": "#releases", "ops": "#ops"}, people=sandbox_people(), policy=policy, runs_at_once=8
        )
        silent = cast("Any", self.far)
        chat = ConsoleChat(self.room, policy.zone)
        ports = Ports(store, FarEnd(silent, silent, silent), {"console": chat}, store.close)
        self.engine: Engine = assemble(settings, self.clock, ports, look_in=look_in, pauses=lambda: Pauses(self._pause))
        self.pauses = 0

    def go_on(self) -> None:
        self._serving = asyncio.create_task(self.engine.serve(self.bell))

    async def halt(self) -> None:
        """What was begun is broken off."""
        self._serving.cancel()
        await asyncio.gather(self._serving, return_exceptions=True)

    async def _pause(self, _: float) -> None:
        self.pauses += 1
        self.stir()
        await asyncio.sleep(0)

    def stir(self) -> None:
        self._stirred.set()

    async def until(self, holds: Callable[[], bool]) -> None:
        """Something was shown, or asked of the far end, after which it holds."""
        async with asyncio.timeout(LONG):
            while not holds():
                self._stirred.clear()
                await self._stirred.wait()

    async def until_said(self, text: str, times: int = 1) -> None:
        await self.until(lambda: self.text().count(text) >= times)

    def text(self) -> str:
        return "\n".join(line for post in self.room.posts if post.author == "sopwith" for line in post.lines)

    async def say(self, handle: str, where: str, text: str) -> None:
        channel, thread = where, None
        if where.startswith("in "):
            await self.until(lambda: self.room.thread(where[3:]) is not None)
            channel, thread = found = cast("tuple[str, str]", self.room.thread(where[3:]))
            while await self.store.read(lambda tx: tx.outbox.sent_as("console", *found)) is None:
                pass  # it is shown, and about to be known
        event = await self.room.speak(handle, channel, thread, text, self.clock.now())
        assert event is not None
        await self.engine.accept(event)

    def passes(self, **span: float) -> None:
        self.clock.move_to(self.clock.now() + timedelta(**span))
        self.bell.ring()

    async def run(self, name: str) -> Run:
        found = await self.store.read(lambda tx: tx.runs.by_name(name))
        assert found is not None
        return found


@asynccontextmanager
async def serving(
    store: SqlStore, policy: Policy | None = None, before: Any = None, look_in: float = 0.0
) -> AsyncIterator[Service]:
    """It serves inside the context; `before` is done to the memory first. Nobody waits for the far end at all."""
    service = Service(store, policy or Policy(), look_in)
    if before is not None:
        await store.transact(before)
    service.go_on()
    try:
        yield service
    finally:
        await service.halt()
