"""The database fails for a while under a bot that serves: it goes on when that is over; what was accepted is done."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from bot.engine.edge import TRIES
from sops.kit.conversation import Actor, Event, Place
from sops.kit.errors import StoreTrouble
from storage import SqlStore, migrate
from tests.integration.engine.service import Service, serving
from tests.postgres import PostgresServer
from tests.unit.runs import NOW


@dataclass
class Database:
    """One that can be made to fail, and mended."""

    store: SqlStore
    fail: Callable[[], Awaitable[None]]
    mend: Callable[[], Awaitable[None]]


def pragma(store: SqlStore, setting: str) -> None:
    """On the one connection that writes."""
    assert store._engines is not None
    connection = store._engines.write.raw_connection()
    connection.cursor().execute(f"PRAGMA {setting}")
    connection.close()


@pytest.fixture(params=["locked", "read-only", "full", "gone"])
async def database(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Database]:
    if request.param == "gone":
        server: PostgresServer = request.getfixturevalue("postgres")
        url = server.create_database("hiccups")
        migrate(url)
        store = SqlStore(url)
        await store.open()
        yield Database(store, lambda: asyncio.to_thread(server.stop), lambda: asyncio.to_thread(server.start))
        await store.close()
        server.drop_database("hiccups")
        return
    store = SqlStore(f"sqlite:///{tmp_path / 'sopwith.db'}")
    await store.open()
    pragma(store, "busy_timeout = 0")  # else each try would take five seconds
    other = sqlite3.connect(tmp_path / "sopwith.db", isolation_level=None, check_same_thread=False)
    bad, good = {
        "locked": ("", ""),
        "read-only": ("query_only = ON", "query_only = OFF"),
        "full": ("max_page_count = 1", "max_page_count = 1000000"),
    }[request.param]

    async def fail() -> None:
        if bad:
            pragma(store, bad)
        else:
            other.execute("BEGIN IMMEDIATE")

    async def mend() -> None:
        if good:
            pragma(store, good)
        else:
            other.execute("ROLLBACK")

    yield Database(store, fail, mend)
    other.close()
    await store.close()


def said(number: int, text: str) -> Event:
    place, whom = Place(platform="console", channel="#ops"), Actor(platform="console", id="guest")
    return Event(dedupe_key=f"early/{number}", kind="command", place=place, actor=whom, text=text, at=NOW)


async def still(here: Service, failures: int) -> None:
    """So many more pumps, conversations and runs failed."""
    upto = here.pauses + failures
    await here.until(lambda: here.pauses >= upto)


async def test_what_was_accepted_is_done_when_it_is_over_and_what_is_due_is_told(database: Database) -> None:
    async with serving(database.store) as here:
        await here.say("guest", "#ops", "/incident declare P0 payments return 500")
        await here.until_said("Acknowledge by")
        await here.halt()
        await here.engine.accept(said(1, "/incident declare P1 search is slow"))
        await database.fail()
        with pytest.raises(StoreTrouble):  # who sent it is told nothing, and sends it again
            await here.engine.accept(said(2, "/incident declare P2 a typo " + "x" * 20_000))
        here.clock.move_to(NOW + timedelta(minutes=20))
        here.go_on()
        await still(here, 3 * TRIES)
        await database.mend()
        await here.until_said("@oncall2")
        await here.until_said("INC-2 declared (P1): search is slow")
        await here.engine.accept(said(2, "/incident declare P2 a typo"))
        await here.until_said("INC-3 declared (P2): a typo")
        await here.say("oncall1", "in INC-1", "ack")
        await here.until_said("oncall1 has it")
    parked = await database.store.read(lambda tx: tx.inbox.parked())
    assert (list(parked), here.text().count("search is slow") > 0) == ([], True)
