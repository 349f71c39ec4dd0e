"""Deadlines: stored once, fired once, earliest first."""

import asyncio
from collections import Counter

from sops.kit.stores import Deadline, Transaction
from storage import SqlStore
from tests.contract.storage.samples import NOW, a_deadline, later


async def put(store: SqlStore, *deadlines: Deadline) -> list[bool]:
    return await store.transact(lambda tx: [tx.deadlines.put(deadline) for deadline in deadlines])


async def take(store: SqlStore, limit: int = 100) -> list[Deadline]:
    return list(await store.transact(lambda tx: tx.deadlines.take_due(NOW, limit)))


async def test_a_deadline_comes_back_as_it_was_put(store: SqlStore) -> None:
    deadline = a_deadline()
    assert await put(store, deadline) == [True]
    assert await store.read(lambda tx: tx.deadlines.pending("r1")) == [deadline]
    assert await take(store) == [deadline]


async def test_a_deadline_is_known_by_run_clock_generation_and_threshold(store: SqlStore) -> None:
    different = [a_deadline(50), a_deadline(run_id="r2"), a_deadline(clock="update"), a_deadline(generation=2)]
    assert await put(store, a_deadline(), *different, a_deadline(due=later(hours=1))) == [True] * 5 + [False]
    assert await store.read(lambda tx: tx.deadlines.next_due()) == NOW


async def test_one_that_fired_or_was_cancelled_is_not_put_again(store: SqlStore) -> None:
    await put(store, a_deadline(50), a_deadline(100, due=later(hours=1)))
    await take(store)
    await store.transact(lambda tx: tx.deadlines.cancel("r1"))
    assert await put(store, a_deadline(50), a_deadline(100)) == [False, False]
    assert await take(store) == []


async def test_only_what_is_due_fires_earliest_first_and_once(store: SqlStore) -> None:
    due = [a_deadline(n, due=later(seconds=-n)) for n in (1, 3, 2, 0)]
    await put(store, *due, a_deadline(4, due=later(microseconds=1)))
    assert [deadline.threshold for deadline in await take(store, 3)] == [3, 2, 1]
    assert [deadline.threshold for deadline in await take(store, 3)] == [0]
    assert await take(store) == []
    assert await store.read(lambda tx: tx.deadlines.next_due()) == later(microseconds=1)


async def test_a_firing_that_is_rolled_back_did_not_happen(store: SqlStore) -> None:
    await put(store, a_deadline())

    def work(tx: Transaction) -> None:
        assert tx.deadlines.take_due(NOW, 10)
        raise RuntimeError("no")

    assert isinstance((await asyncio.gather(store.transact(work), return_exceptions=True))[0], RuntimeError)
    assert len(await take(store)) == 1


async def test_cancelling_a_clock_leaves_the_others(store: SqlStore) -> None:
    others = [a_deadline(clock="update"), a_deadline(run_id="r2")]
    await put(store, a_deadline(50), a_deadline(100), *others)
    await store.transact(lambda tx: tx.deadlines.cancel("r1", "acknowledge"))
    assert await take(store) == others


async def test_cancelling_a_run_leaves_the_others(store: SqlStore) -> None:
    await put(store, a_deadline(), a_deadline(clock="update"), a_deadline(run_id="r2"))
    await store.transact(lambda tx: tx.deadlines.cancel("r1"))
    assert await take(store) == [a_deadline(run_id="r2")]
    assert await store.read(lambda tx: tx.deadlines.pending("r1")) == []


async def test_postponing_moves_only_earlier_reminders_of_the_clock(store: SqlStore) -> None:
    until = later(minutes=30)
    await put(
        store,
        a_deadline(50, due=later(minutes=10)),
        a_deadline(80, due=later(minutes=40)),
        a_deadline(100, due=later(minutes=20)),
        a_deadline(50, clock="update", due=later(minutes=5)),
    )
    await store.transact(lambda tx: tx.deadlines.postpone("r1", "acknowledge", until=until, below=100))
    pending = await store.read(lambda tx: tx.deadlines.pending("r1"))
    assert [(deadline.clock, deadline.threshold, deadline.due_at) for deadline in pending] == [
        ("update", 50, later(minutes=5)),
        ("acknowledge", 100, later(minutes=20)),
        ("acknowledge", 50, until),
        ("acknowledge", 80, later(minutes=40)),
    ]


async def test_two_takers_at_once_share_five_hundred_without_a_double(store: SqlStore, other_store: SqlStore) -> None:
    await put(store, *(a_deadline(n, due=later(seconds=-n)) for n in range(500)))

    async def empty(each: SqlStore) -> list[int]:
        taken: list[int] = []
        while found := await take(each, 7):
            taken += [deadline.threshold for deadline in found]
        return taken

    shares = await asyncio.gather(*(empty(each) for each in (store, other_store, store, other_store)))
    counted = Counter(number for share in shares for number in share)
    assert counted == dict.fromkeys(range(500), 1)
    assert sum(bool(share) for share in shares) > 1


async def test_nothing_is_due_when_nothing_is_pending(store: SqlStore) -> None:
    assert await store.read(lambda tx: tx.deadlines.next_due()) is None


async def test_one_deadline_is_passed_over_and_no_other(store: SqlStore) -> None:
    failed, earlier = a_deadline(80), a_deadline(50, due=later(minutes=-5))
    await put(store, failed, earlier)
    await store.transact(lambda tx: tx.deadlines.pass_over(failed))
    await store.transact(lambda tx: tx.deadlines.pass_over(failed))
    assert await take(store) == [earlier]
