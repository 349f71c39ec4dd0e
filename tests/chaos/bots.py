"""The bot of one house as processes, one after the other, that are killed or come to rest."""

import asyncio
import os
import signal
from collections.abc import Mapping
from pathlib import Path
from typing import Self

from tests.chaos.killing import Nursery
from tests.chaos.wire import Wire


class Bots:
    """`module` is what bears them; `settings` are as they are spelled, with their secrets."""

    def __init__(self, home: Path, settings: Mapping[str, object], module: str) -> None:
        self._home = home
        self._settings = dict(settings)
        self._nursery = Nursery(module)
        self._wire: Wire | None = None
        self._pid = 0

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._wire is not None:
            self._wire.close()  # whoever is still there takes it for the end
        await asyncio.to_thread(self._nursery.close)

    async def start(self) -> None:
        """A new bot on the old data; returns once it serves."""
        self._wire = wire = self._nursery.bear()
        wire.send({"settings": self._settings, "home": str(self._home)})
        self._pid = int((await asyncio.to_thread(wire.receive))["answer"])

    async def kill(self) -> None:
        assert self._wire is not None
        os.kill(self._pid, signal.SIGKILL)
        assert await asyncio.to_thread(self._nursery.buried) == -signal.SIGKILL
        self._wire.close()
        self._wire = None

    async def rest(self) -> None:
        """Let the bot do whatever there is left to do, and end."""
        assert self._wire is not None
        self._wire.send({"do": "rest"})
        while (await asyncio.to_thread(self._wire.receive))["answer"] != "at rest":
            pass
        assert await asyncio.to_thread(self._nursery.buried) == 0
        self._wire.close()
        self._wire = None
