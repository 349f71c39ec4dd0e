"""A gap of a hundred thousand events: nothing lost or twice, each room in its order, none waiting for another."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from adapters.matrix import Homeserver, MatrixHome, NoEncryption, Rooms, Translator
from bot.engine.history import History
from bot.engine.mail import Intake
from storage import SqlStore
from tests.standins.long_history import LongHistory, Room

BOT = "@sopwith:example.org"
BUSY, OPS, QUIET = "!busy", "!ops", "!quiet"


def talk(number: int) -> str:
    """Each hundredth is meant for the bot."""
    return f"!note {number}" if number % 100 == 0 else "what a night"


def at(event: dict[str, Any]) -> datetime:
    return datetime.fromtimestamp(event["origin_server_ts"] / 1000, UTC)


class Here:
    """A bot's end of Matrix on one database; `heard` is what waits to be handled in a room, in its order."""

    def __init__(self, store: SqlStore, home: MatrixHome) -> None:
        self.store = store
        self.home = home
        self.running: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def run(self) -> None:
        self.running = asyncio.ensure_future(self.home.run())

    async def page(self, room: str) -> bool:
        return await self.home._backlog.read_on(room)

    async def heard(self, room: str) -> list[str]:
        items = await self.store.read(lambda tx: tx.inbox.held(f"matrix:{room}:"))
        return [item.event.text for item in items]

    async def behind(self) -> set[str]:
        return set(await self.home._door.behind())

    async def until(self, holds: Callable[[], Any]) -> None:
        async with asyncio.timeout(60):
            while not await holds():  # noqa: ASYNC110  # what is waited for happens beside us
                await asyncio.sleep(0.01)


@asynccontextmanager
async def awake(server: LongHistory, file: Path) -> AsyncIterator[Here]:
    store = SqlStore(f"sqlite:///{file / 'sopwith.db'}")
    await store.open()
    homeserver = Homeserver(server.url, BOT, "token")
    translator = Translator(BOT, str, at, Intake(store).known, homeserver.event)
    served = {room.removeprefix("!"): room for room in server.rooms}
    encryption = NoEncryption(Rooms(homeserver))
    door = History(Intake(store), f"matrix/{BOT}")
    pause = lambda _: asyncio.sleep(0.01)  # noqa: E731
    here = Here(store, MatrixHome(homeserver, encryption, translator, door, served, (), pause))
    try:
        yield here
    finally:
        here.running.cancel()
        await asyncio.gather(here.running, return_exceptions=True)
        await homeserver.close()
        await store.close()


@pytest.fixture
async def server() -> AsyncIterator[LongHistory]:
    there = LongHistory()
    there.rooms = {BUSY: Room(0, talk), OPS: Room(0, talk), QUIET: Room(0, talk)}
    async with there.open():
        yield there


async def test_it_is_read_on_from_where_it_was_left_and_nobody_elsewhere_waits(
    server: LongHistory, tmp_path: Path
) -> None:
    async with awake(server, tmp_path) as here:
        await here.home.hear()
    server.rooms[BUSY].length = 100_000
    async with awake(server, tmp_path) as here:
        await here.home.hear()
        for _ in range(7):
            assert await here.page(BUSY)
        server.say(QUIET, "!incident declare P0 all is lost")
        server.say(BUSY, "!note said meanwhile")
        await here.home.hear()
        assert await here.heard(QUIET) == ["!incident declare P0 all is lost"]
        assert await here.heard(BUSY) == [f"!note {number}" for number in range(0, 700, 100)]
    async with awake(server, tmp_path) as here:  # it died, and was started again
        assert await here.behind() == {BUSY}
        await here.page(BUSY)
        assert server.rooms[BUSY].asked == [number * 100 for number in range(8)]
        server.rooms[BUSY].length = server.rooms[BUSY].told = 1_001  # the rest is no different
        await here.home.catch_up()
        told = ["!note 99900", "!note said meanwhile"]  # by syncs, and not found in what was read
        assert await here.heard(BUSY) == [*(f"!note {number}" for number in range(0, 1_001, 100)), *told]
        assert await here.behind() == set()
        server.say(BUSY, "!note at last")
        await here.home.hear()
        assert (await here.heard(BUSY))[-2:] == ["!note said meanwhile", "!note at last"]


async def test_a_room_whose_history_hangs_holds_up_no_other_and_nothing_that_is_said_now(
    server: LongHistory, tmp_path: Path
) -> None:
    async with awake(server, tmp_path) as here:
        await here.home.hear()
        server.rooms[BUSY].length = server.rooms[OPS].length = 1_000
        server.rooms[BUSY].hangs = asyncio.Event()
        here.run()
        await here.until(lambda: _equal(here.behind(), {BUSY}))
        server.say(QUIET, "!help")
        await here.until(lambda: _equal(here.heard(QUIET), ["!help"]))
        assert await here.heard(OPS) == [f"!note {number}" for number in range(0, 1_000, 100)]
        server.rooms[BUSY].hangs.set()
        await here.until(lambda: _equal(here.behind(), set()))
        assert await here.heard(BUSY) == await here.heard(OPS)
        server.rooms[BUSY].length += 1_000  # a second gap, while it runs
        server.say(BUSY, "!note and again")
        await here.until(lambda: _equal(here.behind(), {BUSY}))
        await here.until(lambda: _equal(here.behind(), set()))
        assert await here.heard(BUSY) == [*(f"!note {n}" for n in range(0, 2_000, 100)), "!note and again"]


async def test_history_that_is_refused_is_given_up_in_the_end_and_the_room_is_heard(
    server: LongHistory, tmp_path: Path
) -> None:
    async with awake(server, tmp_path) as here:
        await here.home.hear()
        server.rooms[BUSY].length = 1_000
        server.rooms[BUSY].refused = True
        here.run()
        await here.until(lambda: _equal(here.heard(BUSY), ["!note 900"]))  # what the sync itself told
        assert server.rooms[BUSY].asked == [0] * 5
        server.say(BUSY, "!note later")
        await here.until(lambda: _equal(here.heard(BUSY), ["!note 900", "!note later"]))


async def _equal(found: Any, wanted: Any) -> bool:
    return bool(await found == wanted)
