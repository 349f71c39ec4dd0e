"""Runs, their names, and the engine's attention."""

import asyncio
from datetime import timedelta, timezone

import pytest

from sops.kit.errors import StaleRun
from sops.kit.run import RunState
from sops.kit.stores import Transaction
from storage import SqlStore
from tests.contract.storage.samples import NOW, a_run


async def test_a_run_comes_back_as_it_was_stored(store: SqlStore) -> None:
    run = a_run(facts={"version": "1.8.0", "notes": "naïve – “quoted” 🛠 \x00", "list": [1, 2.5, None, True]})
    await store.transact(lambda tx: tx.runs.add(run))
    found = await store.read(lambda tx: tx.runs.get("r1"))
    assert found == run
    assert await store.transact(lambda tx: tx.runs.get("r1")) == run
    assert await store.read(lambda tx: tx.runs.by_name("REL-1")) == run
    assert found.created_at.utcoffset() == timedelta(0)
    assert found.created_at.microsecond == 123456


async def test_an_instant_from_elsewhere_is_the_same_instant(store: SqlStore) -> None:
    abroad = NOW.astimezone(timezone(timedelta(hours=8)))
    await store.transact(lambda tx: tx.runs.add(a_run(created_at=abroad)))
    assert (await store.read(lambda tx: tx.runs.get("r1"))).created_at == NOW


async def test_a_run_nobody_added_is_not_found(store: SqlStore) -> None:
    def look(tx: Transaction) -> None:
        assert tx.runs.by_name("REL-9") is None
        for ask in (tx.runs.get, tx.runs.wake, tx.runs.wakes):
            with pytest.raises(KeyError):
                ask("nobody")

    await store.transact(look)


async def test_names_are_counted_for_each_prefix(store: SqlStore) -> None:
    names = await store.transact(lambda tx: [tx.runs.next_name(prefix) for prefix in ("REL", "INC", "REL", "REL")])
    assert names == ["REL-1", "INC-1", "REL-2", "REL-3"]


async def test_no_name_is_given_out_twice(store: SqlStore, other_store: SqlStore) -> None:
    names = await asyncio.gather(
        *(each.transact(lambda tx: tx.runs.next_name("INC")) for _ in range(25) for each in (store, other_store))
    )
    assert sorted(names) == sorted(f"INC-{number}" for number in range(1, 51))


async def test_saving_raises_the_revision(store: SqlStore) -> None:
    await store.transact(lambda tx: tx.runs.add(a_run()))
    await store.transact(lambda tx: tx.runs.save(tx.runs.get("r1").but(title="Another")))
    run = await store.read(lambda tx: tx.runs.get("r1"))
    assert (run.title, run.revision) == ("Another", 1)


async def test_a_run_that_changed_since_it_was_read_is_not_overwritten(store: SqlStore) -> None:
    await store.transact(lambda tx: tx.runs.add(a_run()))
    read_early = await store.read(lambda tx: tx.runs.get("r1"))
    await store.transact(lambda tx: tx.runs.save(tx.runs.get("r1").but(title="Theirs")))
    with pytest.raises(StaleRun):
        await store.transact(lambda tx: tx.runs.save(read_early.but(title="Ours")))
    assert (await store.read(lambda tx: tx.runs.get("r1"))).title == "Theirs"


async def test_only_runs_that_are_not_over_are_open_oldest_first(store: SqlStore) -> None:
    def fill(tx: Transaction) -> None:
        for number in range(1, 13):
            tx.runs.add(a_run(f"id-{20 - number}", f"REL-{number}"))
        for name, state in (("REL-2", RunState.DONE), ("REL-5", RunState.CANCELLED), ("REL-6", RunState.PARKED)):
            run = tx.runs.by_name(name)
            assert run is not None
            tx.runs.save(run.but(state=state))

    await store.transact(fill)
    assert [run.name for run in await store.read(lambda tx: tx.runs.all())] == [f"REL-{n}" for n in range(1, 13)]
    opened = [run.name for run in await store.read(lambda tx: tx.runs.open())]
    assert opened == [f"REL-{n}" for n in range(1, 13) if n not in {2, 5}]


async def test_those_nobody_outside_may_learn_of_are_found_until_they_are_over_or_public(store: SqlStore) -> None:
    def fill(tx: Transaction) -> None:
        for number in range(1, 6):
            tx.runs.add(a_run(f"r{number}", f"REL-{number}", private=number != 1))
        tx.runs.save(tx.runs.get("r2").but(state=RunState.DONE))
        tx.runs.save(tx.runs.get("r3").with_facts({"disclosed": True}))

    await store.transact(fill)
    assert [run.id for run in await store.read(lambda tx: tx.runs.embargoed())] == ["r4", "r5"]


async def three(store: SqlStore) -> None:
    def fill(tx: Transaction) -> None:
        for number in (1, 2, 3):
            tx.runs.add(a_run(f"r{number}", f"REL-{number}"))

    await store.transact(fill)


async def awake(store: SqlStore) -> list[str]:
    return list(await store.read(lambda tx: tx.runs.awake()))


async def wake(store: SqlStore, *run_ids: str) -> None:
    for run_id in run_ids:
        await store.transact(lambda tx, run_id=run_id: tx.runs.wake(run_id))  # type: ignore[misc]  # a default binds run_id


async def test_runs_are_looked_at_in_the_order_they_were_woken(store: SqlStore) -> None:
    await three(store)
    assert await awake(store) == []
    await wake(store, "r3", "r1", "r3", "r2")
    assert await awake(store) == ["r3", "r1", "r2"]


async def test_one_that_was_looked_at_goes_to_the_end_when_woken_again(store: SqlStore) -> None:
    await three(store)
    await wake(store, "r1", "r2")
    await store.transact(lambda tx: tx.runs.asleep("r1", since=tx.runs.wakes("r1")))
    assert await awake(store) == ["r2"]
    await wake(store, "r1")
    assert await awake(store) == ["r2", "r1"]


async def test_a_request_made_while_the_engine_looks_is_not_forgotten(store: SqlStore) -> None:
    await three(store)
    await wake(store, "r1")
    seen = await store.read(lambda tx: tx.runs.wakes("r1"))
    await wake(store, "r1")
    await store.transact(lambda tx: tx.runs.asleep("r1", since=seen))
    assert await awake(store) == ["r1"]
    await store.transact(lambda tx: tx.runs.asleep("r1", since=seen + 1))
    assert await awake(store) == []


async def test_a_late_sleeper_does_not_bring_back_an_answered_request(store: SqlStore) -> None:
    await three(store)
    await wake(store, "r1", "r1")
    await store.transact(lambda tx: tx.runs.asleep("r1", since=2))
    await store.transact(lambda tx: tx.runs.asleep("r1", since=1))
    assert await awake(store) == []


async def test_everything_open_can_be_woken_at_once(store: SqlStore) -> None:
    await three(store)
    await store.transact(lambda tx: tx.runs.save(tx.runs.get("r2").but(state=RunState.DONE)))
    await wake(store, "r3")
    await store.transact(lambda tx: tx.runs.wake_open())
    assert await awake(store) == ["r3", "r1"]
    assert await store.read(lambda tx: [tx.runs.wakes(f"r{n}") for n in (1, 2, 3)]) == [1, 0, 2]


async def test_many_who_wake_at_once_are_all_counted(store: SqlStore, other_store: SqlStore) -> None:
    await three(store)
    await asyncio.gather(
        *(store.transact(lambda tx: tx.runs.wake_open()) for _ in range(10)),
        *(other_store.transact(lambda tx: tx.runs.wake("r2")) for _ in range(10)),
    )
    assert await store.read(lambda tx: [tx.runs.wakes(f"r{n}") for n in (1, 2, 3)]) == [10, 20, 10]


async def test_of_runs_woken_together_the_one_begun_first_comes_first(store: SqlStore) -> None:
    def add(tx: Transaction) -> None:
        for number, run_id in enumerate(("zebra", "antelope", "mole"), 1):
            tx.runs.add(a_run(run_id, f"REL-{number}"))
        tx.runs.wake_open()

    await store.transact(add)
    assert await awake(store) == ["zebra", "antelope", "mole"]
