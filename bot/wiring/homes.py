"""The chats of a service. Each is reached, opened and heard for itself, again and again, whatever befalls another."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

import structlog

from bot.engine.again import Pauses
from bot.engine.caught import survived
from bot.engine.engine import Engine
from bot.wiring.late import LateChat
from sops.kit.errors import ConfigurationError, FarEndError
from sops.kit.ports import Chat, Traits

_log = structlog.get_logger(__name__)


class Account(Protocol):
    """One account of ours on a chat, connected."""

    @property
    def chat(self) -> Chat: ...
    async def let_in(self, engine: Engine) -> None:
        """Let events in; may be tried again. Raises ConfigurationError for what waiting does not mend."""
        ...

    async def run(self) -> None:
        """Hear until cancelled."""
        ...

    async def close(self) -> None: ...


class Home:
    """The bot's home on one chat. `chat` is there at once; what is said to it arrives once the chat was reached."""

    def __init__(self, platform: str, traits: Traits, connect: Callable[[], Awaitable[Account]]) -> None:
        self.chat = LateChat(platform, traits)
        self.open = False
        self._connect = connect
        self._account: Account | None = None

    async def reach(self, engine: Engine) -> None:
        """One try, which goes on from the last. Raises ConfigurationError for what waiting does not mend."""
        if self._account is None:
            self._account = await self._connect()
            self.chat.found(self._account.chat)
        if not self.open:
            await self._account.let_in(engine)
            self.open = True

    async def hear(self) -> None:
        """Until cancelled, or until something goes wrong. It must have been reached."""
        if self._account is not None:
            await self._account.run()

    async def close(self) -> None:
        if self._account is not None:
            await self._account.close()


class Homes:
    """All of them. `pauses` makes what says how long each is left alone after a failure."""

    def __init__(self, homes: Sequence[Home], engine: Engine, pauses: Callable[[], Pauses] = Pauses) -> None:
        self._homes = tuple(homes)
        self._engine = engine
        self._pauses = pauses
        self._opened = asyncio.Event()
        self._shut_out: set[Home] = set()

    async def reach(self) -> None:
        """One try for each, side by side. Raises ConfigurationError where the settings are wrong."""
        for problem in await asyncio.gather(*(self._tried(home, self._reach(home)) for home in self._homes)):
            if problem is not None:
                raise problem

    async def opened(self) -> None:
        """Once events come in from one of them."""
        await self._opened.wait()

    async def live_in(self, home: Home) -> None:
        """Until cancelled, whatever goes wrong there. Raises ConfigurationError if it was never open to us.

        A token that is not known any more ends its own home, which is tried again now and then as long as there is
        another; it is raised where none is left.
        """
        pauses = self._pauses()
        while True:
            was_open = home.open
            self._shut_out.discard(home)
            problem = await self._tried(home, self._live(home))
            if problem is not None:
                _log.error("the chat does not let the bot in", chat=home.chat.platform, reason=str(problem))
                self._shut_out.add(home)
                if not was_open or len(self._shut_out) == len(self._homes):
                    raise problem
            await pauses.pause()

    async def _live(self, home: Home) -> None:
        await self._reach(home)
        await home.hear()

    async def _reach(self, home: Home) -> None:
        await home.reach(self._engine)
        self._opened.set()

    async def _tried(self, home: Home, work: Awaitable[None]) -> ConfigurationError | None:
        """What the settings are to blame for; anything else is logged, and worth another try."""
        platform = home.chat.platform
        found: list[ConfigurationError] = []

        async def work_there() -> None:
            try:
                await work
            except ConfigurationError as problem:
                found.append(problem)
            except FarEndError as problem:
                _log.warning("the chat does not answer", chat=platform, reason=str(problem))

        await survived(work_there(), chat=platform)
        return found[0] if found else None
