"""The inbox: every event once, in order, and one that cannot be handled blocks nobody."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from functools import partial

import pytest

from sops.kit.errors import AlreadyHandled, ClaimLost
from sops.kit.stores import HELD, InboxItem, Transaction
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
    await store.transact(lambda tx: tx.inbox.done(_taken(tx)))
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
        while item := tx.inbox.take("ops", "me", 60):
            handled.append(item.event.dedupe_key)
            tx.inbox.done(item)
        return handled

    assert await store.transact(handle) == ["b", "a", "c"]
    assert await store.read(lambda tx: tx.inbox.waiting()) == []


async def test_the_conversation_that_waits_longest_comes_first(store: SqlStore) -> None:
    for key, conversation in (("1", "z"), ("2", "a"), ("3", "z"), ("4", "m")):
        await accept(store, key, conversation)
    assert await store.read(lambda tx: tx.inbox.waiting()) == ["z", "a", "m"]
    await store.transact(lambda tx: tx.inbox.done(_taken(tx, "z")))
    assert await store.read(lambda tx: tx.inbox.waiting()) == ["a", "z", "m"]


async def test_failures_are_counted(store: SqlStore) -> None:
    await accept(store, "e1")
    counts = [await store.transact(lambda tx: tx.inbox.failed(_taken(tx), "no")) for _ in range(3)]
    assert counts == [1, 2, 3]
    item = await store.read(lambda tx: tx.inbox.oldest("ops"))
    assert item is not None
    assert item.attempts == 3


async def test_a_parked_event_blocks_nobody_and_stays_visible(store: SqlStore) -> None:
    await accept(store, "e1")
    await accept(store, "e2")
    await store.transact(lambda tx: tx.inbox.park(_taken(tx)))
    item = await store.read(lambda tx: tx.inbox.oldest("ops"))
    assert item is not None
    assert item.event.dedupe_key == "e2"
    assert [parked.event.dedupe_key for parked in await store.read(lambda tx: tx.inbox.parked())] == ["e1"]
    assert not await accept(store, "e1")


def _taken(tx: Transaction, conversation: str = "ops") -> InboxItem:
    item = tx.inbox.take(conversation, "me", 60)
    assert item is not None
    return item


async def test_a_forgotten_event_is_known_but_has_no_words(store: SqlStore) -> None:
    assert await accept(store, "e1")
    assert await accept(store, "e2")
    await store.transact(lambda tx: tx.inbox.forget(_taken(tx).seq))
    item = await store.read(lambda tx: tx.inbox.oldest("ops"))
    assert item is not None
    assert (item.event.text, item.event.about, item.event.actor) == ("", "", an_event("e1").actor)
    assert not await accept(store, "e1")
    await store.transact(lambda tx: tx.inbox.done(_taken(tx)))
    left = await store.read(lambda tx: tx.inbox.oldest("ops"))
    assert left is not None
    assert left.event.text == "words of e2"


async def test_an_event_is_taken_by_one_worker_and_marked_by_no_other(store: SqlStore, other_store: SqlStore) -> None:
    await accept(store, "e1")
    await accept(store, "e2")
    reaching = [each.transact(partial(_take, f"{n}")) for n, each in enumerate([store, other_store] * 5)]
    [first] = [item for item in await asyncio.gather(*reaching) if item is not None]
    assert first.event.dedupe_key == "e1"
    looked_at = await store.read(lambda tx: tx.inbox.oldest("ops"))
    assert looked_at == replace(first, fence=None)
    for mark in MARKS:
        with pytest.raises(ClaimLost):
            await other_store.transact(partial(_effect_and, mark, looked_at))
    await store.transact(lambda tx: tx.inbox.done(first))
    second = await other_store.transact(partial(_take, "another"))  # the lease ended with what marked it
    assert second is not None
    assert second.event.dedupe_key == "e2"


async def test_whoever_lost_the_lease_undoes_what_it_did(store: SqlStore, other_store: SqlStore) -> None:
    await accept(store, "e1")
    late = await store.transact(lambda tx: tx.inbox.take("ops", "late", 0))
    assert late is not None
    now = await other_store.transact(partial(_take, "other"))
    assert now is not None
    for mark in MARKS:
        with pytest.raises(ClaimLost):
            await store.transact(partial(_effect_and, mark, late))
    await other_store.transact(lambda tx: tx.inbox.done(now))
    for mark in MARKS:
        with pytest.raises(ClaimLost):
            await store.transact(partial(_effect_and, mark, late))
    assert await store.read(lambda tx: (tx.cursors.get("effect"), tx.inbox.waiting(), tx.inbox.parked())) == (
        None,
        [],
        [],
    )


async def test_what_was_handled_is_not_handled_again_by_who_still_has_the_claim(store: SqlStore) -> None:
    """As when two readers of one process share the claim of that process."""
    await accept(store, "e1")
    mine = await store.transact(partial(_take, "me"))
    assert mine is not None
    await store.transact(lambda tx: tx.inbox.done(mine))
    for mark in MARKS:
        with pytest.raises(AlreadyHandled):
            await store.transact(partial(_effect_and, mark, mine))
    assert await store.read(lambda tx: tx.cursors.get("effect")) is None


async def test_a_held_event_is_refiled_once(store: SqlStore) -> None:
    await accept(store, "e1", f"{HELD}ops")
    [held] = await store.read(lambda tx: tx.inbox.held(f"{HELD}ops"))
    await store.transact(lambda tx: tx.inbox.refile(held, "ops"))
    await store.transact(lambda tx: tx.inbox.refile(held, "elsewhere"))
    await store.transact(lambda tx: tx.inbox.drop(held))
    assert await store.read(lambda tx: tx.inbox.waiting()) == ["ops"]


Mark = Callable[[Transaction, InboxItem], object]
MARKS: tuple[Mark, ...] = (
    lambda tx, item: tx.inbox.check(item),
    lambda tx, item: tx.inbox.done(item),
    lambda tx, item: tx.inbox.failed(item, "no"),
    lambda tx, item: tx.inbox.park(item),
)


def _take(owner: str, tx: Transaction) -> InboxItem | None:
    return tx.inbox.take("ops", owner, 60)


def _effect_and(mark: Mark, item: InboxItem, tx: Transaction) -> None:
    tx.cursors.put("effect", "done")
    mark(tx, item)


async def test_what_waited_comes_behind_everything_that_was_accepted_meanwhile(store: SqlStore) -> None:
    await accept(store, "early", "held:ops")
    await accept(store, "later")
    (item,) = await store.read(lambda tx: tx.inbox.held("held:ops"))
    await store.transact(lambda tx: tx.inbox.readmit(item, "ops"))
    assert [each.event.dedupe_key for each in await store.read(lambda tx: tx.inbox.held("ops"))] == ["later", "early"]
    assert not await accept(store, "early")
