"""Tallies: counts that only grow, kept with what they count."""

from storage import SqlStore


async def test_they_add_up_and_are_found_by_how_they_begin(store: SqlStore) -> None:
    for name, count in (("passed-over/matrix", 2), ("passed-over/slack", 1), ("passed-over/matrix", 3), ("x", 1)):
        await store.transact(lambda tx, n=name, c=count: tx.tallies.add(n, c))  # type: ignore[misc]
    found = await store.read(lambda tx: tx.tallies.under("passed-over/"))
    assert found == {"passed-over/matrix": 5, "passed-over/slack": 1}


async def test_they_are_no_numbers_of_runs(store: SqlStore) -> None:
    await store.transact(lambda tx: tx.tallies.add("INC", 7))
    assert await store.transact(lambda tx: tx.runs.next_name("INC")) == "INC-1"
