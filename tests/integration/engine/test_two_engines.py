"""Two whole engines on one store: all that is left is what one would have left, nothing doubled and nothing lost.

Each is told every event, as chats deliver twice, and both work at the same time: on commands, clocks, looks, steps,
messages and the morning's seal. In this process they share a SQLite file, in two processes a PostgreSQL.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from bot.demo.stage import BotOnStage
from bot.wiring import BotHere, sandbox_ports
from sops.kit.conversation import Event
from sops.kit.run import Run
from storage import migrate
from tests.chaos.fate import Fate
from tests.chaos.killing import BotInProcess, Nursery
from tests.chaos.outcome import Outcome, differences
from tests.chaos.scenarios import INCIDENT, Scenario
from tests.chaos.theatre import House, StartBot, play
from tests.integration.engine.two import Counting
from tests.postgres import PostgresServer

#: An incident that is paged and written up, and a newcomer whom somebody has to look for; then a morning.
STORY = Scenario(
    "both",
    (
        *INCIDENT.lines,
        "@oncall2 #ops: /incident declare P3 a typo",
        "%forge contribute newcomer fix-typo",
        "%clock +1d",
    ),
    INCIDENT.policy.model_copy(update={"onboard_first_timers": True}),
)


#: A shorter one for processes, which take their time to begin: declared, paged, taken, told to the public; a morning.
BRIEF = Scenario("brief", (*INCIDENT.lines[:6], "%clock +1d"), INCIDENT.policy)


class Both:
    """Several bots, as one to the stage."""

    def __init__(self, bots: Sequence[BotOnStage], let_go: Callable[[], Awaitable[None]]) -> None:
        self._bots = bots
        self._let_go = let_go

    async def accept(self, event: Event) -> None:
        await asyncio.gather(*(bot.accept(event) for bot in self._bots))

    async def drain(self) -> None:
        await asyncio.gather(*(bot.drain() for bot in self._bots))

    async def next_due(self) -> datetime | None:
        times = [await bot.next_due() for bot in self._bots]
        return min((at for at in times if at is not None), default=None)

    async def run(self, name: str) -> Run | None:
        return await self._bots[0].run(name)

    async def kill(self) -> None:
        for bot in self._bots:
            await bot.kill()
        await self._let_go()


def with_a_record(house: House) -> House:
    """Its seal is told."""
    channels = {**house.settings.channels, "record": "#record"}
    return replace(house, settings=house.settings.model_copy(update={"channels": channels}))


async def nothing() -> None:
    """There is nothing to let go of."""


class Here:
    """So many engines in this process, around the same ports."""

    def __init__(self, engines: int) -> None:
        self._engines = engines
        self.chats: list[Counting] = []

    @asynccontextmanager
    async def crew(self, house: House, _: Fate) -> AsyncIterator[StartBot]:
        there = with_a_record(house)

        async def start() -> Both:
            chat = Counting(there.room, there.settings.policy.zone)
            self.chats.append(chat)
            ports = await sandbox_ports(there.settings, there.home, there.clock, {"console": chat})
            shared = replace(ports, close=nothing)
            bots = [BotHere(there.settings, there.clock, shared) for _ in range(self._engines)]
            for bot in bots:
                await bot.recover()
            return Both(bots, ports.close)

        yield start


class InProcesses:
    """Two engines in a process each."""

    def __init__(self) -> None:
        self.chats: list[Counting] = []

    @asynccontextmanager
    async def crew(self, house: House, fate: Fate) -> AsyncIterator[StartBot]:
        there = with_a_record(house)
        nurseries = [Nursery(), Nursery()]

        async def start() -> Both:
            chat = Counting(there.room, there.settings.policy.zone)
            self.chats.append(chat)
            homes = [there.home / f"bot{number}" for number in range(2)]
            for home in homes:
                await asyncio.to_thread(home.mkdir)
            bots = [
                BotInProcess(replace(there, home=home), fate, nursery, chat)
                for home, nursery in zip(homes, nurseries, strict=True)
            ]
            for bot in bots:
                await bot.start()
            return Both(bots, nothing)

        try:
            yield start
        finally:
            for nursery in nurseries:
                nursery.close()


@pytest.fixture(scope="module")
async def alone(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    """What one engine leaves."""
    return await play(tmp_path_factory.mktemp("alone"), STORY, Fate(), Here(1).crew)


def test_one_leaves_nothing_undone(alone: Outcome) -> None:
    assert {run["name"]: run["state"] for run in alone.runs} == {"INC-1": "done", "ONB-1": "active", "INC-2": "active"}
    said = [line for post in alone.said for line in post["lines"]]
    assert any("nobody has acknowledged" in line for line in said)
    assert any(post["where"] == "#record" for post in alone.said)


async def test_two_in_one_process_leave_the_same(alone: Outcome, tmp_path: Path) -> None:
    here = Here(2)
    ended = await play(tmp_path, STORY, Fate(), here.crew)
    assert not differences(ended, alone)
    assert [chat.doubled() for chat in here.chats] == [[]]


async def test_two_processes_leave_the_same(tmp_path: Path, postgres: PostgresServer) -> None:
    url = postgres.create_database("two")
    migrate(url)
    there, homes = InProcesses(), [tmp_path / "alone", tmp_path / "both"]
    for home in homes:
        await asyncio.to_thread(home.mkdir)
    alone = await play(homes[0], BRIEF, Fate(), Here(1).crew)
    ended = await play(homes[1], BRIEF, Fate(), there.crew, storage=url)
    assert not differences(ended, alone)
    assert [chat.doubled() for chat in there.chats] == [[]]
    postgres.drop_database("two")
