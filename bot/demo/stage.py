"""The stage: people, the world and its time on one side, a bot that may be killed and replaced on the other.

It knows the world, the room and the bot only by what it needs of them, so that the same scripts drive a bot in
this process, a bot in another one, or a bot behind a chat's own servers.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Protocol

from sops.kit.conversation import Actor, Event, Place
from sops.kit.errors import SopwithError
from sops.kit.run import Run

ROUNDS = 200  # of settling at one instant; more means that two things keep waking each other


class WorldOnStage(Protocol):
    """The far end, with a time of its own."""

    on_change: list[Callable[[], None]]

    def next_due(self) -> datetime | None: ...
    def tick(self) -> None: ...
    def observe(self) -> None: ...
    def forge_command(self, words: list[str]) -> str: ...


class MovableClock(Protocol):
    def now(self) -> datetime: ...
    def move_to(self, instant: datetime) -> None: ...


class BotOnStage(Protocol):
    """A bot that can be talked to, asked to do what there is to do, and killed."""

    async def accept(self, event: Event) -> None: ...
    async def drain(self) -> None: ...
    async def next_due(self) -> datetime | None: ...
    async def run(self, name: str) -> Run | None: ...
    async def kill(self) -> None: ...


class RoomOnStage(Protocol):
    """Where people speak; it knows which thread belongs to which run."""

    async def speak(self, handle: str, channel: str, thread: str | None, text: str, at: datetime) -> Event | None:
        """A person says something; the event the bot is to be told, unless the chat tells it by itself."""
        ...

    def thread(self, run: str, channel: str = "") -> tuple[str, str] | None:
        """The run's own thread, or its thread in that channel: the room's names of channel and root."""
        ...


class Died(BaseException):
    """The bot died while it was working, as a test wished. Not an error: nothing of the bot may catch it."""


class Stage:
    """Carries out directions. `start_bot` makes a new bot on the old data."""

    def __init__(
        self,
        world: WorldOnStage,
        clock: MovableClock,
        room: RoomOnStage,
        start_bot: Callable[[], Awaitable[BotOnStage]],
    ) -> None:
        self.world = world
        self.clock = clock
        self._room = room
        self._start_bot = start_bot
        self._bot: BotOnStage | None = None
        self._rung = False
        self._events = 0
        self.busy = asyncio.Lock()  # one thing at a time, where a person and the passing time both act
        world.on_change.append(self._ring)

    async def open(self) -> None:
        await self._start()
        await self.settle()

    async def close(self) -> None:
        if self._bot is not None:
            await self._bot.kill()
            self._bot = None

    @property
    def bot(self) -> BotOnStage:
        if self._bot is None:
            raise SopwithError("the bot is down")
        return self._bot

    async def say(self, handle: str, where: str, text: str) -> None:
        """A person speaks in `#channel`, `in RUN` or `in RUN #channel`, and everything that follows at once happens."""
        text = text.encode("utf-8", "replace").decode()  # no chat carries half a character
        channel, thread = where, None
        if where.startswith("in "):
            run, _, mirrored = where.removeprefix("in ").partition(" ")
            found = self._room.thread(run.upper(), mirrored)
            if found is None:
                raise SopwithError(f"there is no thread of {where.removeprefix('in ')} yet")
            channel, thread = found
        event = await self._room.speak(handle, channel, thread, text, self.clock.now())
        if event is not None:
            said = event
            await self._alive(lambda bot: bot.accept(said))
        await self.settle()

    async def forge(self, words: list[str]) -> str:
        said = self.world.forge_command(words)
        await self.settle()
        return said

    async def settle(self) -> None:
        """Let bot and world do everything there is to do at this instant."""
        for _ in range(ROUNDS):
            self.world.observe()
            rung, self._rung = self._rung, False
            if rung:
                await self._alive(lambda bot: bot.accept(self._news()))
            await self._alive(lambda bot: bot.drain())
            self.world.observe()
            if not self._rung:
                return
        raise SopwithError("the bot and the world keep waking each other")

    async def move(self, span: timedelta) -> None:
        """Time moves, visiting each due instant in its order."""
        target = self.clock.now() + span
        await self.settle()
        while await self._step(target):
            pass
        self.clock.move_to(target)
        self.world.tick()
        await self.settle()

    async def wait(self, run: str, step: str, at_most: timedelta) -> None:
        """Time moves from due instant to due instant until the step is current or the run has ended."""
        limit = self.clock.now() + at_most
        await self.settle()
        while not await self._reached(run, step):
            if not await self._step(limit):
                raise SopwithError(f"{run} did not reach {step} within {at_most}; {await self._where(run)}")

    async def crash(self) -> None:
        """The bot dies without warning and starts again on the same data."""
        await self.bot.kill()
        await self._start()
        await self.settle()

    async def down(self, span: timedelta) -> None:
        """The bot is down while the world and its time go on; what the world rings meanwhile is not heard."""
        await self.bot.kill()
        self._bot = None
        target = self.clock.now() + span
        while (due := self.world.next_due()) is not None and due <= target:
            self.clock.move_to(due)
            self.world.tick()
        self.clock.move_to(target)
        self.world.tick()
        self._rung = False
        await self._start()
        await self.settle()

    async def _step(self, limit: datetime) -> bool:
        """Move to the next due instant if there is one up to `limit`; False otherwise."""
        times = [at for at in (self.world.next_due(), await self._next_due()) if at is not None]
        due = max(min(times, default=limit), self.clock.now())
        if not times or due > limit:
            return False
        self.clock.move_to(due)
        self.world.tick()
        await self.settle()
        return True

    async def _next_due(self) -> datetime | None:
        """The bot's next instant. One that is over already was handled as far as it can be now."""
        due = await self.bot.next_due()
        return due if due is None or due > self.clock.now() else self.clock.now() + timedelta(seconds=1)

    async def _reached(self, name: str, step: str) -> bool:
        run = await self.bot.run(name)
        if run is None:
            raise SopwithError(f"there is no run {name}")
        if run.state.over:
            return True
        if run.step(step) is None:
            raise SopwithError(f"{name} has no step {step}; it has {', '.join(s.id for s in run.steps)}")
        return step in {found.id for found in run.current()} and run.record(step).since is not None

    async def _where(self, name: str) -> str:
        run = await self.bot.run(name)
        steps = [f"{step.id}: {run.record(step.id).note}" for step in run.current()] if run else []
        return f"it is {run.state if run else 'gone'} at {'; '.join(steps)}"

    async def _alive(self, deed: Callable[[BotOnStage], Awaitable[None]]) -> None:
        """Do it; when the bot dies over it, start it again and repeat, as a platform re-delivers."""
        while True:
            try:
                await deed(self.bot)
            except Died:
                await self.bot.kill()
                await self._start()
            else:
                return

    async def _start(self) -> None:
        while True:
            try:
                self._bot = await self._start_bot()
            except Died:
                continue
            return

    def _ring(self) -> None:
        self._rung = True

    def _news(self) -> Event:
        self._events += 1
        return Event(
            dedupe_key=f"forge/{self._events}",
            kind="forge",
            place=Place(platform="forge", channel=""),
            actor=Actor(platform="forge", id="webhook"),
            text="",
            at=self.clock.now(),
        )
