"""Claims: one holder at a time, and a late one is found out. A lease of no seconds has run out at once."""

import asyncio

import pytest

from sops.kit.errors import ClaimLost
from sops.kit.stores import Transaction
from storage import SqlStore

LONG = 3600.0


async def take(store: SqlStore, owner: str, seconds: float = LONG, key: str = "conversation") -> int | None:
    return await store.transact(lambda tx: tx.claims.take(key, owner, seconds))


async def test_a_claim_belongs_to_one_owner(store: SqlStore) -> None:
    assert await take(store, "one") == 1
    assert await take(store, "two") is None
    assert await take(store, "two", key="another") == 1


async def test_of_many_who_reach_for_it_one_gets_it(store: SqlStore, other_store: SqlStore) -> None:
    fences = await asyncio.gather(
        *(take(each, f"owner {n}-{side}") for n in range(10) for side, each in enumerate((store, other_store)))
    )
    assert [fence for fence in fences if fence is not None] == [1]


async def test_an_owner_renews_its_claim(store: SqlStore) -> None:
    assert await take(store, "one", 0) == 1
    assert await take(store, "one") == 2
    assert await take(store, "one") == 3
    assert await take(store, "two") is None


async def test_whoever_is_at_work_renews_the_lease_unless_somebody_took_it_or_it_is_released(store: SqlStore) -> None:
    async def renew(fence: int) -> bool:
        return await store.transact(lambda tx: tx.claims.renew("conversation", fence, LONG))

    assert await take(store, "one", 0) == 1
    assert await renew(1)
    assert await take(store, "two") is None
    assert await take(store, "one", 0) == 2
    assert not await renew(1)
    assert await take(store, "two") == 3
    assert not await renew(2)
    await store.transact(lambda tx: tx.claims.release("conversation", 3))
    assert not await renew(3)
    assert await take(store, "one") == 4


async def test_a_late_holder_is_found_out(store: SqlStore) -> None:
    late = await take(store, "one", 0)
    assert late == 1
    await store.transact(lambda tx: tx.claims.check("conversation", 1))  # run out, but nobody took over
    assert await take(store, "two") == 2
    with pytest.raises(ClaimLost):
        await store.transact(lambda tx: tx.claims.check("conversation", 1))
    await store.transact(lambda tx: tx.claims.check("conversation", 2))


async def test_a_late_holder_does_not_release_its_successors_claim(store: SqlStore) -> None:
    await take(store, "one", 0)
    await take(store, "two")
    await store.transact(lambda tx: tx.claims.release("conversation", 1))
    assert await take(store, "three") is None


async def test_the_fence_rises_also_after_a_release(store: SqlStore) -> None:
    await take(store, "one")
    await store.transact(lambda tx: tx.claims.release("conversation", 1))
    assert await take(store, "two") == 2


async def test_nobody_holds_a_claim_that_was_never_taken(store: SqlStore) -> None:
    with pytest.raises(ClaimLost):
        await store.transact(lambda tx: tx.claims.check("nothing", 1))


async def test_a_new_process_forgets_every_lease_but_no_fence(store: SqlStore) -> None:
    await take(store, "one", key="a")
    await take(store, "one", key="b")
    await store.transact(lambda tx: tx.claims.forget_all())
    assert [await take(store, "two", key=key) for key in "ab"] == [2, 2]


async def test_a_lease_runs_by_the_databases_clock(store: SqlStore) -> None:
    """Two looks of one transaction see time pass; neither is the process's own clock."""

    def work(tx: Transaction) -> list[int | None]:
        first = tx.claims.take("a", "one", -1.0)
        return [
            first,
            tx.claims.take("a", "two", 0.0),
            tx.claims.take("a", "three", LONG),
            tx.claims.take("a", "four", 1),
        ]

    assert await store.transact(work) == [1, 2, 3, None]
