"""The stage's side of bots in processes of their own: bears them, talks to them, and sees how they end."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path

from adapters.console import ConsoleChat
from bot.demo.stage import Died
from sops.kit.conversation import Actor, Event, Place
from sops.kit.errors import FarEndRefused
from sops.kit.message import Card
from sops.kit.run import Run
from tests.chaos.fate import Fate, Point
from tests.chaos.theatre import House, StartBot
from tests.chaos.wire import SECONDS, Message, Wire

ROOT = Path(__file__).parents[2]


@asynccontextmanager
async def in_a_process(house: House, fate: Fate) -> AsyncIterator[StartBot]:
    """Bots that die by SIGKILL."""
    nursery = Nursery()

    async def start() -> BotInProcess:
        bot = BotInProcess(house, fate, nursery)
        await bot.start()
        return bot

    try:
        yield start
    finally:
        nursery.close()


class Nursery:
    """The process that bears the bots, one at a time; `module` says of which kind."""

    def __init__(self, module: str = "tests.chaos.bot_process") -> None:
        self._control, theirs = socket.socketpair()
        self._control.settimeout(SECONDS)
        command = [sys.executable, "-m", module, str(theirs.fileno())]
        self._process = subprocess.Popen(command, pass_fds=[theirs.fileno()], cwd=ROOT)
        theirs.close()

    def bear(self) -> Wire:
        """A new bot, that waits to be told who it is."""
        ours, theirs = socket.socketpair()
        with theirs:
            socket.send_fds(self._control, [b"!"], [theirs.fileno()])
        return Wire(ours)

    def buried(self) -> int:
        """How the last one ended: its exit code, or the negative number of a signal."""
        told = b""
        while not told.endswith(b"\n"):
            told += self._control.recv(16) or b"0\n"
        return int(told)

    def close(self) -> None:
        self._control.close()
        self._process.wait(SECONDS)


class BotInProcess:
    """One bot, for the stage. What it says is shown in the stage's room."""

    def __init__(self, house: House, fate: Fate, nursery: Nursery, chat: ConsoleChat | None = None) -> None:
        self._house = house
        self._fate = fate
        self._nursery = nursery
        self._chat = chat or ConsoleChat(house.room, house.settings.policy.zone)
        self._wire = nursery.bear()
        self._pid = 0
        self._over = False

    async def start(self) -> None:
        """Raises Died if it dies before it is up."""
        settings = self._house.settings
        told = settings.model_dump(mode="json") | {"token": settings.token.get_secret_value()}
        fate = {"planned": sorted(self._fate.planned), "count": self._fate.count}
        born = {"settings": told, "home": str(self._house.home), **fate}
        self._pid = int(await self._ask(born) or 0)

    async def accept(self, event: Event) -> None:
        self._fate.hear(event)
        await self._ask({"do": "accept", "event": event.model_dump_json()})

    async def drain(self) -> None:
        await self._ask({"do": "drain"})

    async def next_due(self) -> datetime | None:
        due = await self._ask({"do": "next_due"})
        return datetime.fromisoformat(due) if due else None

    async def run(self, name: str) -> Run | None:
        run = await self._ask({"do": "run", "name": name})
        return Run.model_validate_json(run) if run else None

    async def kill(self) -> None:
        if not self._over:
            os.kill(self._pid, signal.SIGKILL)
            self._bury()

    async def _ask(self, message: Message) -> str | None:
        """Its answer. What it says meanwhile is shown. Raises Died when it was killed over it."""
        fate = self._fate
        self._wire.send({**message, "now": self._house.clock.now().isoformat(), "line": fate.line, "heard": fate.heard})
        while True:
            try:
                reply = await asyncio.to_thread(self._wire.receive)  # others may be at work meanwhile
            except EOFError:
                self._bury()
                raise AssertionError("the bot was killed unasked") from None
            if "answer" in reply:
                answer: str | None = reply["answer"]
                return answer
            if "died" in reply:
                self._bury()
                fate.died(Point(*reply["died"]))
                fate.count = Counter(reply["count"])
                raise Died
            self._wire.send(await self._show(reply))

    async def _show(self, said: Message) -> Message:
        place, card = Place.model_validate_json(said["place"]), Card.model_validate_json(said["card"])
        try:
            match said["chat"]:
                case "post":
                    return {"ref": await self._chat.post(said["key"], place, card)}
                case "edit":
                    await self._chat.edit(said["key"], place, said["ref"], card)
                case "is_private":
                    return {"ref": "yes" if await self._chat.is_private(place) else ""}
                case "remove":
                    return {"ref": "yes" if await self._chat.remove(place, said["ref"]) else ""}
                case "whisper":
                    await self._chat.whisper(said["key"], place, Actor.model_validate_json(said["to"]), card)
        except FarEndRefused as refusal:
            return {"refused": str(refusal)}
        return {}

    def _bury(self) -> None:
        """It ended, and by SIGKILL."""
        self._over = True
        self._wire.close()
        code = self._nursery.buried()
        assert code == -signal.SIGKILL, f"the bot ended with {code}"
