"""Cursors: how far was read, together with what was read."""

import pytest

from sops.kit.stores import Transaction
from storage import SqlStore
from tests.contract.storage.samples import an_event


async def where(store: SqlStore, name: str = "matrix") -> str | None:
    return await store.read(lambda tx: tx.cursors.get(name))


async def test_nothing_was_read_before_the_first_time(store: SqlStore) -> None:
    assert await where(store) is None


async def test_each_reading_is_where_it_was_last_put(store: SqlStore) -> None:
    for name, value in (("matrix", "s1"), ("another", "s7"), ("matrix", "s2")):
        await store.transact(lambda tx, n=name, v=value: tx.cursors.put(n, v))  # type: ignore[misc]
    assert await where(store) == "s2"
    assert await where(store, "another") == "s7"


async def test_it_does_not_move_where_its_events_are_not_kept(store: SqlStore) -> None:
    def half(tx: Transaction) -> None:
        tx.inbox.accept(an_event("e1", "words"), "ops")
        tx.cursors.put("matrix", "s1")
        raise OSError("the disk is full")

    with pytest.raises(OSError, match="disk"):
        await store.transact(half)
    assert await where(store) is None
    assert await store.read(lambda tx: tx.inbox.accepted("e1")) is None


async def test_readings_are_found_by_how_they_begin_and_may_be_over(store: SqlStore) -> None:
    for name in ("matrix/@b_t/behind/!a", "matrix/@b_t/behind/!b", "matrix/@bot/behind/!a", "matrix/@b_t"):
        await store.transact(lambda tx, n=name: tx.cursors.put(n, "s1"))  # type: ignore[misc]
    begin = "matrix/@b_t/behind/"
    assert list(await store.read(lambda tx: tx.cursors.under(begin))) == [f"{begin}!a", f"{begin}!b"]
    await store.transact(lambda tx: tx.cursors.drop(f"{begin}!a"))
    assert list(await store.read(lambda tx: tx.cursors.under(begin))) == [f"{begin}!b"]
