"""A bot in a process of its own, to be killed: `python -m tests.chaos.bot_process DESCRIPTOR`.

The process itself only imports everything once, and then bears one bot at a time by forking, so that a new bot costs
no more than a start. World, room and time stay with the stage: the far end is reached over HTTP and git as ever,
and what the bot says is shown by the stage's room, which knows a key it has seen.
"""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

from adapters.console import Room
from adapters.sandbox.clock import VirtualClock
from bot.settings import Settings
from bot.wiring import in_room, sandbox_ports
from sops.kit.conversation import Actor, Event, Place
from sops.kit.errors import FarEndRefused
from sops.kit.message import Card
from sops.kit.ports import Traits
from tests.chaos.fate import Fate, Point
from tests.chaos.mortal import MortalBot, mortal_bot
from tests.chaos.wire import Message, Wire


def main() -> None:
    bear(_serve)


def bear(serve: Callable[[socket.socket], Coroutine[Any, Any, None]]) -> None:
    """Bear a bot for every descriptor that is handed over; tell how each of them ended."""
    control = socket.socket(fileno=int(sys.argv[1]))
    while True:
        word, descriptors, _, _ = socket.recv_fds(control, 1, 1)
        if not word:
            return
        pid = os.fork()
        if pid == 0:
            control.close()
            asyncio.run(serve(socket.socket(fileno=descriptors[0])))
            return
        os.close(descriptors[0])
        _, status = os.waitpid(pid, 0)
        control.sendall(f"{os.waitstatus_to_exitcode(status)}\n".encode())


async def _serve(end: socket.socket) -> None:
    """Be born, then do what the stage asks until it has no more to ask."""
    wire = Wire(end)
    born = wire.receive()
    clock = VirtualClock(datetime.fromisoformat(born["now"]))
    fate = Fate([Point(*point) for point in born["planned"]], partial(_kill, wire))
    _take_up(fate, clock, born)
    fate.count.update(born["count"])
    settings = Settings(**born["settings"])
    ports = await sandbox_ports(settings, Path(born["home"]), clock, in_room(settings, Room()))
    bot = await mortal_bot(settings, clock, replace(ports, chats={"console": StageChat(wire)}), fate)
    wire.send({"answer": os.getpid()})
    while True:
        try:
            asked = wire.receive()
        except EOFError:
            return
        _take_up(fate, clock, asked)
        wire.send({"answer": await _do(bot, asked)})


def _take_up(fate: Fate, clock: VirtualClock, asked: Message) -> None:
    """The time it is, and where the script is."""
    clock.move_to(datetime.fromisoformat(asked["now"]))
    if fate.line != asked["line"]:
        fate.begin(asked["line"])
    fate.heard.update(asked["heard"])


async def _do(bot: MortalBot, asked: Message) -> str | None:
    match asked["do"]:
        case "accept":
            await bot.accept(Event.model_validate_json(asked["event"]))
        case "drain":
            await bot.drain()
        case "next_due":
            due = await bot.next_due()
            return due.isoformat() if due else None
        case "run":
            run = await bot.run(asked["name"])
            return run.model_dump_json() if run else None
    return None


def _kill(wire: Wire, point: Point, count: Mapping[str, int]) -> NoReturn:
    """The real thing: nothing of this process runs after it."""
    wire.send({"died": point, "count": count})
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("nobody survives SIGKILL")


class StageChat:
    """The chat port, whose server is the stage."""

    platform = "console"

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    async def post(self, key: str, place: Place, card: Card) -> str:
        return str(self._ask("post", key, place, card)["ref"])

    @property
    def traits(self) -> Traits:
        return Traits()

    async def find(self, _key: str, _place: Place, _since: datetime) -> str | None:
        raise AssertionError("a chat that knows its keys is not asked")

    def shown_at(self, _ref: str) -> datetime | None:
        return None

    async def edit(self, key: str, place: Place, ref: str, card: Card) -> None:
        self._ask("edit", key, place, card, ref=ref)

    async def whisper(self, key: str, place: Place, to: Actor, card: Card) -> None:
        self._ask("whisper", key, place, card, to=to.model_dump_json())

    async def called(self, name: str, among: Sequence[str]) -> str | None:
        return name if name in among else None

    async def is_private(self, place: Place) -> bool:
        return bool(self._ask("is_private", "", place, Card(lines=()))["ref"])

    async def remove(self, place: Place, ref: str) -> bool:
        return bool(self._ask("remove", "", place, Card(lines=()), ref=ref)["ref"])

    def _ask(self, how: str, key: str, place: Place, card: Card, **more: str) -> Message:
        said = {"chat": how, "key": key, "place": place.model_dump_json(), "card": card.model_dump_json(), **more}
        self._wire.send(said)
        answer = self._wire.receive()
        if "refused" in answer:
            raise FarEndRefused(answer["refused"])
        return answer


if __name__ == "__main__":
    main()
