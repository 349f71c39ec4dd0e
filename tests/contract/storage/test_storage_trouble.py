"""What is the matter with the database itself is told as that, changes nothing, and is over when it is over."""

import asyncio
import shutil
import sqlite3
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from sops.kit.errors import StoreTrouble
from sops.kit.stores import Transaction
from storage import SqlStore
from tests.contract.storage.samples import NOW, a_message, an_event
from tests.postgres import PostgresServer

LONG = "x" * 20_000


@pytest.fixture
async def here(sqlite_template: Path, tmp_path: Path) -> AsyncIterator[tuple[SqlStore, Path]]:
    file = tmp_path / "sopwith.db"
    shutil.copy(sqlite_template, file)
    store = SqlStore(f"sqlite:///{file}")
    await store.open()
    pragma(store, "busy_timeout = 0")  # else each try would take five seconds
    yield store, file
    await store.close()


def pragma(store: SqlStore, setting: str) -> None:
    """On the one connection that writes."""
    assert store._engines is not None
    connection = store._engines.write.raw_connection()
    connection.cursor().execute(f"PRAGMA {setting}")
    connection.close()


def hear(name: str, words: str = "") -> Callable[[Transaction], bool]:
    def work(tx: Transaction) -> bool:
        tx.outbox.put(a_message(f"{name} {words}"), NOW)
        return tx.inbox.accept(an_event(name), "ops")

    return work


async def fails(store: SqlStore, said: str, *, at_once: int = 3) -> None:
    """Every piece of work that is submitted now is told of the trouble, also where it would share its commit."""
    asked = [store.transact(hear(f"lost {number}", LONG)) for number in range(at_once)]
    found = await asyncio.gather(*asked, return_exceptions=True)
    assert {type(each) for each in found} == {StoreTrouble}
    assert all(said in str(each) for each in found)


async def works(store: SqlStore) -> None:
    assert await store.transact(hear("after"))
    assert [item.event.dedupe_key for item in await store.read(lambda tx: tx.inbox.held("ops"))] == ["after"]


async def test_locked_by_somebody_else(here: tuple[SqlStore, Path]) -> None:
    store, file = here
    other = sqlite3.connect(file, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    await fails(store, "database is locked")
    other.execute("ROLLBACK")
    other.close()
    await works(store)


async def test_read_only(here: tuple[SqlStore, Path]) -> None:
    store, _ = here
    pragma(store, "query_only = ON")
    await fails(store, "attempt to write a readonly database")
    pragma(store, "query_only = OFF")
    await works(store)


async def test_full(here: tuple[SqlStore, Path]) -> None:
    store, _ = here
    pragma(store, "max_page_count = 1")  # as many as there are
    await fails(store, "database or disk is full")
    pragma(store, "max_page_count = 1000000")
    await works(store)


async def test_a_statement_that_is_wrong_is_no_trouble(store: SqlStore) -> None:
    def wrong(tx: Transaction) -> None:
        tx.inbox._connection.execute(text("SELECT 1 FROM nowhere"))  # type: ignore[attr-defined]  # the storage's own

    for ask in (store.transact, store.read):
        with pytest.raises(DBAPIError):
            await ask(wrong)


async def test_postgresql_stopped_and_started_again(
    postgres: PostgresServer, postgres_database: tuple[PostgresServer, str]
) -> None:
    with postgres.connect(postgres_database[1]) as connection:
        connection.execute("DELETE FROM inbox; DELETE FROM outbox")
    store = SqlStore(postgres.url_for(postgres_database[1]))
    await store.open()
    await store.transact(lambda tx: tx.inbox.waiting())
    postgres.stop()
    try:
        await fails(store, "the database cannot be used for now")
        with pytest.raises(StoreTrouble):
            await store.read(lambda tx: tx.inbox.waiting())
    finally:
        postgres.start()
    await works(store)
    await store.close()
