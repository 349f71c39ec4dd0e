"""The record: every entry in its place, and whatever was done to it behind our back is found and named."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta, timezone
from typing import Any

import pytest
from sqlalchemy import Executable, Table, and_, func, literal, select
from sqlalchemy.exc import DBAPIError

from sops.kit.ledger import FIRST_SEAL, text_hash
from sops.kit.stores import Fault, LedgerEntry, Transaction
from storage import SqlStore
from storage.tables import LEDGER_ENTRY, LEDGER_HEAD, LEDGER_SEAL, Base
from tests.contract.storage.samples import NOW, a_run, later, sql

RECORD = ("ledger_entry", "ledger_seal", "ledger_signature")


def add(tx: Transaction, *runs: str) -> None:
    for number, run_id in enumerate(runs, 1):
        tx.runs.add(a_run(run_id, f"REL-{number}"))


async def note(store: SqlStore, text: str, run_id: str = "r1") -> None:
    payload = {"text": text, "z": 1, "a": [None, True, 2.5]}
    await store.transact(lambda tx: tx.ledger.append(run_id, at=NOW, kind="note", actor="ann", payload=payload))


async def verify(store: SqlStore) -> list[tuple[str, int | None, str]]:
    faults: Sequence[Fault] = await store.read(lambda tx: tx.ledger.verify())
    return [(fault.run, fault.seq, fault.what) for fault in faults]


@pytest.fixture
async def record(store: SqlStore) -> SqlStore:
    """Run r1 has five entries, the first three and then the fourth sealed; r2 has four, the first three sealed."""

    def add(tx: Transaction) -> None:
        tx.runs.add(a_run("r1", "REL-1"))
        tx.runs.add(a_run("r2", "INC-7"))

    await store.transact(add)
    for round_number in range(3):
        await note(store, f"entry {round_number}", "r1")
        await note(store, f"entry {round_number}", "r2")
    await store.transact(lambda tx: tx.ledger.seal(NOW))
    await note(store, "entry 3", "r1")
    await store.transact(lambda tx: tx.ledger.seal(later(days=1)))
    await store.transact(lambda tx: tx.ledger.sign(2, "with a key that is elsewhere"))
    await note(store, "entry 4", "r1")
    await note(store, "entry 3", "r2")
    assert await verify(store) == []
    return store


def tamper(url: str, *statements: Executable) -> None:
    """What somebody who may change the database can do: past the triggers, in one transaction."""
    if url.startswith("sqlite"):
        triggers = [f"{table}_no_{verb}" for table in RECORD for verb in ("update", "delete")]
        sql(url, *(f"DROP TRIGGER IF EXISTS {trigger}" for trigger in triggers), *statements)
    else:
        sql(url, "SET LOCAL session_replication_role = replica", *statements)


def change(run_id: str, seq: int, /, **values: Any) -> Executable:
    entry = and_(LEDGER_ENTRY.c.run_id == run_id, LEDGER_ENTRY.c.seq == seq)
    return LEDGER_ENTRY.update().where(entry).values(values)


def remove(run_id: str, *seqs: int) -> Executable:
    return LEDGER_ENTRY.delete().where(LEDGER_ENTRY.c.run_id == run_id, LEDGER_ENTRY.c.seq.in_(seqs))


def copy(run_id: str, seq: int, to: int) -> Executable:
    """The same entry once more, with another number."""
    columns = [literal(to) if column.name == "seq" else column for column in LEDGER_ENTRY.c]
    found = select(*columns).where(LEDGER_ENTRY.c.run_id == run_id, LEDGER_ENTRY.c.seq == seq)
    return LEDGER_ENTRY.insert().from_select(LEDGER_ENTRY.c.keys(), found)


def move(table: Table, run_id: str, to: str) -> Executable:
    return table.update().where(table.c.run_id == run_id).values(run_id=to)


def head_at(entry: LedgerEntry) -> Executable:
    return LEDGER_HEAD.update().where(LEDGER_HEAD.c.run_id == entry.run_id).values(seq=entry.seq, hash=entry.hash)


def change_seal(number: int, /, **values: Any) -> Executable:
    return LEDGER_SEAL.update().where(LEDGER_SEAL.c.number == number).values(values)


def remove_seal(number: int) -> Executable:
    return LEDGER_SEAL.delete().where(LEDGER_SEAL.c.number == number)


async def test_an_entry_comes_back_as_it_was_written(store: SqlStore) -> None:
    payload = {"text": "naïve – 🛠 \x00 \ud800", "nested": {"b": [1, 2.5, None], "a": True}}
    abroad = NOW.astimezone(timezone(timedelta(hours=8)))
    await store.transact(lambda tx: add(tx, "r1"))
    await store.transact(lambda tx: tx.ledger.append("r1", at=abroad, kind="note", actor="ann", payload=payload))
    await note(store, "second")
    first, second = await store.read(lambda tx: tx.ledger.entries("r1"))
    assert (first.payload, first.at, first.kind, first.actor) == (payload, NOW, "note", "ann")
    assert (first.seq, second.seq) == (1, 2)
    assert second.previous == first.hash
    assert await verify(store) == []


async def test_chains_of_two_runs_start_differently(store: SqlStore) -> None:
    for run_id in ("r1", "r2"):
        await note(store, "same", run_id)
    [one], [two] = await store.read(lambda tx: [tx.ledger.entries(run_id) for run_id in ("r1", "r2")])
    assert one.previous != two.previous
    assert one.hash != two.hash


async def test_entries_written_at_once_form_one_chain(store: SqlStore, other_store: SqlStore) -> None:
    await store.transact(lambda tx: add(tx, "r1"))
    await asyncio.gather(*(note(each, str(n)) for n in range(20) for each in (store, other_store)))
    entries = await store.read(lambda tx: tx.ledger.entries("r1"))
    assert [entry.seq for entry in entries] == list(range(1, 41))
    assert await verify(store) == []


async def test_a_payload_that_is_no_json_is_refused(store: SqlStore) -> None:
    for payload in ({"at": NOW}, {"number": float("nan")}):
        with pytest.raises((TypeError, ValueError)):
            await store.transact(
                lambda tx, payload=payload: tx.ledger.append("r1", at=NOW, kind="note", actor="a", payload=payload)  # type: ignore[misc]  # a default binds payload
            )
    assert await store.read(lambda tx: tx.ledger.entries("r1")) == []


@pytest.mark.parametrize("name", RECORD)
async def test_the_database_refuses_to_change_or_shorten_the_record(record: SqlStore, url: str, name: str) -> None:
    table = Base.metadata.tables[name]
    for statement in (table.update().values({list(table.c)[-1]: "x"}), table.delete()):
        with pytest.raises(DBAPIError, match=f"{name} is append-only"):
            sql(url, statement)
    if url.startswith("postgresql"):
        with pytest.raises(DBAPIError, match=f"{name} is append-only"):
            sql(url, f"TRUNCATE {name}")
    assert await verify(record) == []


async def test_a_changed_payload_is_found(record: SqlStore, url: str) -> None:
    tamper(url, change("r2", 2, payload="{}"))
    assert await verify(record) == [("INC-7", 2, "its payload was changed")]


@pytest.mark.parametrize("values", [{"at": "2020-01-01T00:00:00.000000+00:00"}, {"kind": "approved"}, {"actor": "eve"}])
async def test_a_changed_entry_is_found(record: SqlStore, url: str, values: dict[str, str]) -> None:
    tamper(url, change("r1", 2, **values))
    assert await verify(record) == [("REL-1", 2, "was changed")]


async def test_a_changed_payload_with_its_hash_mended_is_found(record: SqlStore, url: str) -> None:
    tamper(url, change("r1", 2, payload="{}", payload_hash=text_hash("{}")))
    assert await verify(record) == [("REL-1", 2, "was changed")]


async def test_an_entry_replaced_by_a_valid_one_is_found(record: SqlStore, url: str) -> None:
    """Whoever can compute the hash of a false entry cannot make the next one follow it."""
    await _rewrite_entry_two(record, url)
    assert await verify(record) == [("REL-1", 3, "does not follow the entry before it: one of the two was replaced")]


async def _rewrite_entry_two(record: SqlStore, url: str) -> None:
    entries = await record.read(lambda tx: tx.ledger.entries("r1"))
    tamper(url, remove("r1", 2), head_at(entries[0]))
    await note(record, "false", "r1")
    tamper(url, head_at(entries[-1]))


async def test_a_tail_rewritten_from_scratch_is_found_by_its_seal(record: SqlStore, url: str) -> None:
    """The chain itself is sound again, head and all; only the seal remembers."""
    entries = await record.read(lambda tx: tx.ledger.entries("r1"))
    tamper(url, remove("r1", 3, 4, 5), head_at(entries[1]))
    for text in ("false 3", "false 4", "false 5"):
        await note(record, text, "r1")
    assert await verify(record) == [
        ("REL-1", 3, "is not the entry that seal 1 covers"),
        ("REL-1", 4, "is not the entry that seal 2 covers"),
    ]


async def test_a_removed_entry_is_found(record: SqlStore, url: str) -> None:
    tamper(url, remove("r1", 2))
    assert await verify(record) == [("REL-1", 2, "entry 2 is missing")]


async def test_a_hole_of_several_entries_is_one_fault(record: SqlStore, url: str) -> None:
    tamper(url, remove("r1", 1, 2))
    assert await verify(record) == [("REL-1", 1, "entries 1 to 2 are missing")]


async def test_a_removed_last_entry_is_found(record: SqlStore, url: str) -> None:
    tamper(url, remove("r1", 5))
    assert await verify(record) == [("REL-1", 5, "entry 5 is missing")]


async def test_a_tail_removed_together_with_its_head_is_found_by_the_seal(record: SqlStore, url: str) -> None:
    third = (await record.read(lambda tx: tx.ledger.entries("r1")))[2]
    tamper(url, remove("r1", 4, 5), head_at(third))
    assert await verify(record) == [("REL-1", 4, "is missing, though seal 2 covers it")]


async def test_a_whole_chain_that_was_removed_is_found(record: SqlStore, url: str) -> None:
    tamper(url, remove("r2", 1, 2, 3, 4), LEDGER_HEAD.delete().where(LEDGER_HEAD.c.run_id == "r2"))
    assert await verify(record) == [
        ("INC-7", None, "the head of its chain is missing"),
        ("INC-7", 3, "is missing, though seal 1 covers it"),
    ]


async def test_an_inserted_entry_is_found(record: SqlStore, url: str) -> None:
    tamper(url, copy("r1", 5, to=6))
    faults = await verify(record)
    assert {(run, seq) for run, seq, _ in faults} == {("REL-1", 6)}
    assert any("stands after the head of the chain" in what for _, _, what in faults)


async def test_an_entry_inserted_before_the_first_is_found(record: SqlStore, url: str) -> None:
    tamper(url, copy("r1", 1, to=0))
    assert await verify(record) == [("REL-1", 0, "stands after entry 0: inserted, or there twice")]


async def test_an_exchanged_order_is_found(record: SqlStore, url: str) -> None:
    tamper(url, *(change("r1", seq, seq=to) for seq, to in [(2, 90), (3, 2), (90, 3)]))
    faults = await verify(record)
    assert {(run, seq) for run, seq, what in faults if what == "was changed"} == {("REL-1", 2), ("REL-1", 3)}
    assert any("does not follow" in what for _, _, what in faults)


async def test_entries_of_another_run_do_not_pass(record: SqlStore, url: str) -> None:
    exchange = [("r1", "spare"), ("r2", "r1"), ("spare", "r2")]
    tamper(url, *(move(table, run_id, to) for table in (LEDGER_ENTRY, LEDGER_HEAD) for run_id, to in exchange))
    assert {run for run, _, what in await verify(record) if what == "was changed"} == {"REL-1", "INC-7"}


async def test_a_changed_head_is_found(record: SqlStore, url: str) -> None:
    sql(url, LEDGER_HEAD.update().where(LEDGER_HEAD.c.run_id == "r2").values(hash="x"))
    assert await verify(record) == [("INC-7", 4, "the head of the chain has another hash")]


async def test_a_changed_seal_is_found(record: SqlStore, url: str) -> None:
    tamper(url, change_seal(1, heads=func.replace(LEDGER_SEAL.c.heads, "r1", "r9")))
    assert ("seals", 1, "was changed") in await verify(record)


async def test_a_seal_that_cannot_be_read_is_found(record: SqlStore, url: str) -> None:
    tamper(url, change_seal(1, heads="[[1"))
    faults = await verify(record)
    assert ("seals", 1, "was changed") in faults
    assert ("seals", 1, "cannot be read") in faults


async def test_a_removed_first_seal_is_found(record: SqlStore, url: str) -> None:
    tamper(url, remove_seal(1))
    assert ("seals", 1, "seal 1 is missing") in await verify(record)


async def test_a_removed_last_seal_is_found(record: SqlStore, url: str) -> None:
    tamper(url, remove_seal(2))
    assert await verify(record) == [
        ("REL-1", 4, "is marked as the last one sealed, but the seals end at 3: a seal is missing")
    ]


async def test_a_time_that_is_none_and_a_payload_that_is_no_json_are_found(record: SqlStore, url: str) -> None:
    tamper(url, change("r1", 2, at="rubbish"), change("r1", 4, payload="[" * 100_000))
    assert await verify(record) == [
        ("REL-1", 2, "was changed"),
        ("REL-1", 2, "its time is none"),
        ("REL-1", 4, "its payload was changed"),
        ("REL-1", 4, "its payload is no JSON object"),
    ]
    entries = await record.read(lambda tx: tx.ledger.entries("r1"))
    assert [entry.seq for entry in entries] == [1, 2, 3, 4, 5]
    assert (entries[1].at.year, entries[3].payload) == (1970, {})


async def test_a_chain_without_a_run_is_named_by_its_id(store: SqlStore, url: str) -> None:
    await note(store, "hello", "house")
    tamper(url, change("house", 1, actor="eve"))
    assert await verify(store) == [
        ("house", 1, "was changed"),
        ("house", None, "has a record, and there is no such run: its row was deleted"),
    ]


async def test_a_run_without_a_chain_and_a_head_without_an_entry_are_found(store: SqlStore, url: str) -> None:
    await store.transact(lambda tx: add(tx, "r1", "r2"))
    tamper(url, LEDGER_HEAD.insert().values(run_id="r2", seq=0, hash="x", sealed=0, state=""))
    assert await verify(store) == [
        ("REL-2", None, "the head of its chain is no entry"),
        ("REL-1", None, "has no entry in the record: its chain was removed"),
    ]


async def test_seals_that_were_exchanged_are_found(record: SqlStore, url: str) -> None:
    tamper(url, *(change_seal(number, number=to) for number, to in [(1, 9), (2, 1), (9, 2)]))
    faults = await verify(record)
    assert ("seals", 2, "is older than the seal before it: the two were exchanged") in faults
    assert ("seals", 2, "covers no more of a chain than seal 1 did") in faults


async def test_a_seal_is_never_older_than_the_one_before_it(record: SqlStore) -> None:
    """A clock may be set back; that is no sign of anything."""
    await record.transact(lambda tx: tx.ledger.seal(later(days=-300)))
    assert await verify(record) == []


async def test_a_seal_covers_what_grew_and_nothing_twice(store: SqlStore, url: str) -> None:
    assert await store.transact(lambda tx: tx.ledger.seal(NOW)) == FIRST_SEAL
    await note(store, "one")
    head = await store.transact(lambda tx: tx.ledger.seal(NOW))
    assert await store.transact(lambda tx: tx.ledger.seal(later(days=1))) == head
    await note(store, "two")
    assert await store.transact(lambda tx: tx.ledger.seal(later(days=2))) != head
    assert [row[0] for row in sql(url, "SELECT number FROM ledger_seal ORDER BY number")] == [1, 2]


async def test_sealers_and_writers_at_once_leave_a_sound_record(store: SqlStore, other_store: SqlStore) -> None:
    runs = [f"r{n}" for n in range(5)]
    await store.transact(lambda tx: add(tx, *runs))
    await asyncio.gather(
        *(note(store, str(n), run_id) for n in range(6) for run_id in runs),
        *(each.transact(lambda tx: tx.ledger.seal(NOW)) for _ in range(5) for each in (store, other_store)),
    )
    await store.transact(lambda tx: tx.ledger.seal(NOW))
    assert await verify(store) == []
    assert await store.read(lambda tx: [len(tx.ledger.entries(run_id)) for run_id in runs]) == [6] * 5


async def test_a_long_record_is_verified(store: SqlStore) -> None:
    """Longer than what an audit holds at a time."""

    def fill(tx: Transaction) -> None:
        add(tx, "r1", "r2")
        for number in range(2500):
            tx.ledger.append("r1", at=NOW, kind="note", actor="ann", payload={"n": number})
        tx.ledger.append("r2", at=NOW, kind="note", actor="ann", payload={})

    await store.transact(fill)
    assert await verify(store) == []
