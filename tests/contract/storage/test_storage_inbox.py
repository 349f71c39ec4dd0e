"""The inbox: every event once, in order, and one that cannot be handled blocks nobody."""

import asyncio

from sops.kit.stores import Transaction
from storage import SqlStore
from tests.contract.storage.samples import an_event


async def accept(store: SqlStore, key: str, conversation: str = "ops") -> bool:
    return await store.transact(lambda tx: tx.inbox.accept(an_event(key, f"words of {key}"), conversation))


async def test_an_event_comes_back_as_it_was_accepted(store: SqlStore) -> None:
    assert await accept(store, "e1")
    item = await store.read(lambda tx: tx.inbox.oldest("ops"))
    assert item is not None
    assert item.event == an_event("e1", "words of e1")
    assert (item.conversation, item.attempts) == ("ops", 0)


async def test_a_second_event_of_one_key_changes_nothing(store: SqlStore) -> None:
    assert await accept(store, "e1")
    assert not await accept(store, "e1", "elsewhere")
    assert await store.read(lambda tx: list(tx.inbox.waiting())) == ["ops"]


async def test_a_key_stays_known_after_its_event_was_handled(store: SqlStore) -> None:
    await accept(store, "e1")
    await store.transact(lambda tx: tx.inbox.done(_seq(tx)))
    assert not await accept(store, "e1")
    assert await store.read(lambda tx: tx.inbox.oldest("ops")) is None


async def test_of_many_deliveries_of_one_event_one_is_accepted(store: SqlStore, other_store: SqlStore) -> None:
    results = await asyncio.gather(*(accept(each, "e1") for _ in range(10) for each in (store, other_store)))
    assert sorted(results) == [False] * 19 + [True]


async def test_events_are_handled_in_order_of_arrival(store: SqlStore) -> None:
    for key in ("b", "a", "c"):
        await accept(store, key)

    def handle(tx: Transaction) -> list[str]:
        handled = []
        while item := tx.inbox.oldest("ops"):
            handled.append(item.event.dedupe_key)
            tx.inbox.done(item.seq)
        return handled

    assert await store.transact(handle) == ["b", "a", "c"]
    assert await store.read(lambda tx: tx.inbox.waiting()) == []


async def test_the_conversation_that_waits_longest_comes_first(store: SqlStore) -> None:
    for key, conversation in (("1", "z"), ("2", "a"), ("3", "z"), ("4", "m")):
        await accept(store, key, conversation)
    assert await store.read(lambda tx: tx.inbox.waiting()) == ["z", "a", "m"]
    await store.transact(lambda tx: tx.inbox.done(_seq(tx, "z")))
    assert await store.read(lambda tx: tx.inbox.waiting()) == ["a", "z", "m"]


async def test_failures_are_counted(store: SqlStore) -> None:
    await accept(store, "e1")
    counts = [await store.transact(lambda tx: tx.inbox.failed(_seq(tx), "no")) for _ in range(3)]
    assert counts == [1, 2, 3]
    item = await store.read(lambda tx: tx.inbox.oldest("ops"))
    assert item is not None
    assert item.attempts == 3


async def test_a_parked_event_blocks_nobody_and_stays_visible(store: SqlStore) -> None:
    await accept(store, "e1")
    await accept(store, "e2")
    await store.transact(lambda tx: tx.inbox.park(_seq(tx)))
    item = await store.read(lambda tx: tx.inbox.oldest("ops"))
    assert item is not None
    assert item.event.dedupe_key == "e2"
    assert [parked.event.dedupe_key for parked in await store.read(lambda tx: tx.inbox.parked())] == ["e1"]
    assert not await accept(store, "e1")


def _seq(tx: Transaction, conversation: str = "ops") -> int:
    item = tx.inbox.oldest(conversation)
    assert item is not None
    return item.seq


async def test_a_forgotten_event_is_known_but_has_no_words(store: SqlStore) -> None:
    assert await accept(store, "e1")
    assert await accept(store, "e2")
    await store.transact(lambda tx: tx.inbox.forget(_seq(tx)))
    item = await store.read(lambda tx: tx.inbox.oldest("ops"))
    assert item is not None
    assert (item.event.text, item.event.about, item.event.actor) == ("", "", an_event("e1").actor)
    assert not await accept(store, "e1")
    await store.transact(lambda tx: tx.inbox.done(item.seq))
    left = await store.read(lambda tx: tx.inbox.oldest("ops"))
    assert left is not None
    assert left.event.text == "words of e2"
