"""Together or not at all; nothing is lost between two who write at once."""

import asyncio
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import func, select

from sops.kit.stores import Transaction
from storage import SqlStore
from storage.tables import Base
from tests.contract.storage.samples import NOW, a_deadline, a_message, a_run, an_event, sql

HERE = Path(__file__).parents[3]


class Upset(Exception):
    """Raised by work that wants to be rolled back."""


def fill(tx: Transaction) -> None:
    """One of everything."""
    tx.runs.add(a_run(name=tx.runs.next_name("REL")))
    tx.runs.wake("r1")
    tx.inbox.accept(an_event("e1"), "ops")
    tx.outbox.put(a_message("m1"), NOW)
    tx.deadlines.put(a_deadline())
    tx.claims.take("r1", "me", 60)
    tx.ledger.append("r1", at=NOW, kind="started", actor="ann", payload={"version": "1.8.0"})
    tx.ledger.seal(NOW)


def rows(url: str) -> int:
    """How many rows there are in all tables together."""
    counts = [select(func.count()).select_from(table) for table in Base.metadata.sorted_tables]
    return sum(sql(url, count)[0][0] for count in counts)


async def test_what_is_committed_is_all_there(store: SqlStore, url: str) -> None:
    await store.transact(fill)
    assert rows(url) == 10


async def test_work_that_raises_leaves_nothing_behind(store: SqlStore, url: str) -> None:
    def work(tx: Transaction) -> None:
        fill(tx)
        raise Upset

    with pytest.raises(Upset):
        await store.transact(work)
    assert rows(url) == 0


async def test_work_that_raises_takes_no_neighbour_down(store: SqlStore) -> None:
    """Also when they share a commit, because they were submitted at once."""

    def work(number: int, tx: Transaction) -> int:
        tx.inbox.accept(an_event(f"e{number}"), f"c{number}")
        if number % 3 == 0:
            raise Upset
        return number

    waiting = [store.transact(lambda tx, n=n: work(n, tx)) for n in range(30)]  # type: ignore[misc]  # a default binds n
    results = await asyncio.gather(*waiting, return_exceptions=True)
    assert [isinstance(result, Upset) for result in results] == [n % 3 == 0 for n in range(30)]
    accepted = set(await store.read(lambda tx: tx.inbox.waiting()))
    assert accepted == {f"c{n}" for n in range(30) if n % 3}


async def test_a_statement_the_database_refuses_rolls_back_too(store: SqlStore, url: str) -> None:
    await store.transact(lambda tx: tx.runs.add(a_run("r0", "REL-1")))

    def work(tx: Transaction) -> None:
        tx.inbox.accept(an_event("e1"), "ops")
        tx.runs.add(a_run("r1", "REL-1"))

    results = await asyncio.gather(
        store.transact(work), store.transact(lambda tx: tx.inbox.accept(an_event("e2"), "c")), return_exceptions=True
    )
    assert type(results[0]).__name__ == "IntegrityError"
    assert results[1] is True
    assert await store.read(lambda tx: tx.inbox.waiting()) == ["c"]


async def test_two_who_count_at_once_lose_no_count(store: SqlStore, other_store: SqlStore) -> None:
    await store.transact(lambda tx: tx.runs.add(a_run(facts={"count": 0})))

    def count(tx: Transaction) -> None:
        run = tx.runs.get("r1")
        tx.runs.save(run.with_facts({"count": run.facts["count"] + 1}))

    await asyncio.gather(*(each.transact(count) for _ in range(20) for each in (store, other_store)))
    run = await store.read(lambda tx: tx.runs.get("r1"))
    assert run.facts["count"] == 40
    assert run.revision == 40


async def test_two_who_wait_for_each_other_both_get_through(store: SqlStore, other_store: SqlStore) -> None:
    """PostgreSQL calls it a deadlock and rolls one back; its work is done again."""
    for run_id in ("r1", "r2"):
        await store.transact(lambda tx, run_id=run_id: tx.runs.add(a_run(run_id, run_id, facts={"count": 0})))  # type: ignore[misc]  # a default binds run_id

    def count_both(tx: Transaction, order: tuple[str, str]) -> None:
        for run_id in order:
            run = tx.runs.get(run_id)
            tx.runs.save(run.with_facts({"count": run.facts["count"] + 1}))

    await asyncio.gather(
        *(store.transact(lambda tx: count_both(tx, ("r1", "r2"))) for _ in range(5)),
        *(other_store.transact(lambda tx: count_both(tx, ("r2", "r1"))) for _ in range(5)),
    )
    runs = await store.read(lambda tx: tx.runs.all())
    assert [run.facts["count"] for run in runs] == [10, 10]


async def test_reading_work_cannot_write(store: SqlStore, url: str) -> None:
    for attempt in (fill, lambda tx: tx.claims.take("a", "me", 1), lambda tx: tx.inbox.accept(an_event("e"), "c")):
        with pytest.raises(Exception, match=r"(?i)read-?\s?only"):
            await store.read(attempt)
    assert rows(url) == 0


async def test_a_reader_sees_one_moment_and_stops_nobody(store: SqlStore) -> None:
    loop = asyncio.get_running_loop()

    def look(tx: Transaction) -> tuple[list[str], list[str]]:
        before = list(tx.inbox.waiting())
        written = asyncio.run_coroutine_threadsafe(
            store.transact(lambda other: other.inbox.accept(an_event("e1"), "ops")), loop
        )
        assert written.result(timeout=30)
        return before, list(tx.inbox.waiting())

    assert await store.read(look) == ([], [])
    assert await store.read(lambda tx: tx.inbox.waiting()) == ["ops"]


KILLED = """
import asyncio, os, signal, sys
from storage import SqlStore
from storage.tables import Base
from tests.contract.storage.samples import an_event, a_message, a_run, NOW

def work(tx):
    tx.runs.add(a_run("r2", tx.runs.next_name("REL")))
    tx.outbox.put(a_message("m2"), NOW)
    for number in range(50):
        tx.ledger.append("r1", at=NOW, kind="note", actor="ann", payload={"text": "x" * 4000})
    os.kill(os.getpid(), signal.SIGKILL)

async def main():
    store = SqlStore(sys.argv[1])
    await store.open()
    await store.transact(lambda tx: tx.inbox.accept(an_event("e2"), "child"))
    await store.transact(work)

asyncio.run(main())
"""


async def test_a_kill_in_the_middle_of_a_transaction_leaves_the_database_whole(store: SqlStore, url: str) -> None:
    await store.transact(fill)
    environment = {**os.environ, "PYTHONPATH": str(HERE)}
    child = await asyncio.to_thread(
        subprocess.run, [sys.executable, "-c", KILLED, url], env=environment, capture_output=True, check=False
    )
    assert child.returncode == -signal.SIGKILL, child.stderr.decode()
    assert await store.read(lambda tx: list(tx.inbox.waiting())) == ["ops", "child"]
    assert [run.id for run in await store.read(lambda tx: tx.runs.all())] == ["r1"]
    assert len(await store.read(lambda tx: tx.ledger.entries("r1"))) == 1
    assert await store.read(lambda tx: tx.ledger.verify()) == []
    assert await store.transact(lambda tx: tx.runs.next_name("REL")) == "REL-2"
    if url.startswith("sqlite"):
        assert [row[0] for row in sql(url, "PRAGMA integrity_check")] == ["ok"]


async def test_where_writers_wait_the_urgent_goes_first(store: SqlStore, backend: str) -> None:
    """One that is under way is not interrupted. On PostgreSQL nobody waits, so there is no order."""
    order: list[str] = []
    begun, go_on = threading.Event(), threading.Event()

    def slow(_: Transaction) -> None:
        begun.set()
        go_on.wait(10)

    def note(name: str) -> Callable[[Transaction], None]:
        return lambda _: order.append(name)

    first = asyncio.create_task(store.transact(slow))
    await asyncio.to_thread(begun.wait, 10)
    others = [asyncio.create_task(store.transact(note(f"patient {n}"))) for n in range(3)]
    await asyncio.sleep(0)
    urgent = asyncio.create_task(store.transact(note("urgent"), urgent=True))
    await asyncio.sleep(0)
    go_on.set()
    await asyncio.gather(first, urgent, *others)
    expected = ["urgent", "patient 0", "patient 1", "patient 2"]
    assert order == expected if backend == "sqlite" else sorted(order) == sorted(expected)
