"""The record as an auditor meets it: verified, tampered with, exported, from the command line."""

import asyncio
import itertools
import json
import re
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sops.kit.conversation import Actor, Event, Place
from sops.kit.message import Card, line
from sops.kit.stores import Outgoing, Transaction
from storage import SqlStore

STORY = """
@guest #ops: /incident declare P1 payments return 500
@oncall1 in INC-1: ack
@oncall1 in INC-1: !update clearing the <b>log</b>
@oncall2 #ops: /incident declare P3 a typo
"""


def sopwith(*words: str) -> subprocess.CompletedProcess[str]:
    code = "import sys; from bot.cli import main; sys.argv[0] = 'sopwith'; main()"
    return subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The database after the story."""
    home = tmp_path_factory.mktemp("audit")
    script = home / "story.sop"
    script.write_text(STORY)
    played = sopwith("demo", "--script", str(script), "--home", str(home))
    assert played.returncode == 0, played.stderr
    return home / "sopwith.db"


@pytest.fixture
def database(told: Path, tmp_path: Path) -> Iterator[sqlite3.Connection]:
    """A copy that somebody with all rights may change; the triggers are out of the way."""
    with sqlite3.connect(told) as source, sqlite3.connect(tmp_path / "copy.db") as copy:
        source.backup(copy)
        for (name,) in copy.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            copy.execute(f'DROP TRIGGER "{name}"')
        copy.commit()
        yield copy
    source.close()
    copy.close()


def audited(database: sqlite3.Connection) -> subprocess.CompletedProcess[str]:
    database.commit()
    (path,) = [row[2] for row in database.execute("PRAGMA database_list")]
    return sopwith("audit", "verify", "--storage", f"sqlite:///{path}")


def run_id(database: sqlite3.Connection, name: str) -> str:
    (found,) = database.execute("SELECT id FROM run WHERE name = ?", (name,)).fetchone()
    return str(found)


def test_an_untouched_record_is_whole(told: Path) -> None:
    answer = sopwith("audit", "verify", "--storage", f"sqlite:///{told}")
    assert answer.returncode == 0
    assert re.search(r"^The record is whole: [1-9]\d* entries in 2 runs\.", answer.stdout)
    assert "What is stored of 2 of them is what their entries tell." in answer.stdout
    assert "Its end cannot be proved" in answer.stdout


def test_a_changed_entry_is_named(database: sqlite3.Connection) -> None:
    database.execute(
        "UPDATE ledger_entry SET actor = 'somebody else' WHERE run_id = ? AND seq = 2", (run_id(database, "INC-1"),)
    )
    answer = audited(database)
    assert answer.returncode == 1
    assert "INC-1, entry 2" in answer.stdout


def test_a_changed_payload_is_named(database: sqlite3.Connection) -> None:
    database.execute(
        'UPDATE ledger_entry SET payload = \'{"title":"nothing"}\' WHERE run_id = ? AND seq = 1',
        (run_id(database, "INC-2"),),
    )
    assert "INC-2, entry 1" in audited(database).stdout


@pytest.mark.parametrize("seq", ["2", "(SELECT max(seq) FROM ledger_entry WHERE run_id = :run)"])
def test_a_removed_entry_is_named_also_the_last(database: sqlite3.Connection, seq: str) -> None:
    run = run_id(database, "INC-1")
    (number,) = database.execute(f"SELECT {seq}", {"run": run} if ":run" in seq else {}).fetchone()
    database.execute("DELETE FROM ledger_entry WHERE run_id = ? AND seq = ?", (run, number))
    answer = audited(database)
    assert answer.returncode == 1
    assert f"INC-1, entry {number}" in answer.stdout


def test_an_inserted_entry_is_named(database: sqlite3.Connection) -> None:
    database.execute(
        "INSERT INTO ledger_entry SELECT run_id, seq + 100, at, kind, actor, payload, payload_hash, previous, hash"
        " FROM ledger_entry WHERE run_id = ? AND seq = 1",
        (run_id(database, "INC-1"),),
    )
    answer = audited(database)
    assert answer.returncode == 1
    assert "INC-1, entry" in answer.stdout


def test_the_database_itself_refuses_to_change_the_record(told: Path, tmp_path: Path) -> None:
    with sqlite3.connect(told) as source, sqlite3.connect(tmp_path / "copy.db") as copy:
        source.backup(copy)
        for statement in ("UPDATE ledger_entry SET actor = 'x'", "DELETE FROM ledger_entry"):
            with pytest.raises(sqlite3.DatabaseError):
                copy.execute(statement)
    source.close()
    copy.close()


def test_json_lines_hold_every_hash(told: Path) -> None:
    answer = sopwith("audit", "export", "--storage", f"sqlite:///{told}", "--run", "inc-1")
    entries = [json.loads(line) for line in answer.stdout.splitlines()]
    assert [entry["seq"] for entry in entries] == list(range(1, len(entries) + 1))
    assert all(later["previous"] == earlier["hash"] for earlier, later in itertools.pairwise(entries))
    assert {entry["run"] for entry in entries} == {"INC-1"}


def test_markdown_tells_the_story_and_defuses_what_people_typed(told: Path) -> None:
    answer = sopwith("audit", "export", "--storage", f"sqlite:///{told}", "--markdown")
    assert "# INC-1: payments return 500" in answer.stdout
    assert "acknowledged and took command" in answer.stdout
    assert "<b>" not in answer.stdout
    assert answer.stdout.index("INC-1") < answer.stdout.index("INC-2")


def test_a_database_that_is_not_there_is_not_made_and_not_called_whole(tmp_path: Path) -> None:
    answer = sopwith("audit", "verify", "--storage", f"sqlite:///{tmp_path / 'typo.db'}")
    assert answer.returncode == 2
    assert "no database" in answer.stderr
    assert not (tmp_path / "typo.db").exists()


def test_upgrade_makes_the_tables_and_may_be_repeated(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'new.db'}"
    assert [sopwith("db", "upgrade", "--storage", url).returncode for _ in range(2)] == [0, 0]
    assert sopwith("audit", "verify", "--storage", url).returncode == 0


def test_a_database_that_cannot_be_made_is_a_sentence(tmp_path: Path) -> None:
    answer = sopwith("db", "upgrade", "--storage", f"sqlite:///{tmp_path / 'no' / 'such' / 'place.db'}")
    assert answer.returncode == 2
    assert "Traceback" not in answer.stderr


def test_what_was_not_handled_or_delivered_is_listed_without_its_words(tmp_path: Path) -> None:
    storage = f"sqlite:///{tmp_path / 'sopwith.db'}"
    asyncio.run(given_up(storage))
    found = sopwith("doctor", "post", "--storage", storage)
    assert found.returncode == 1, found.stderr
    assert "not handled: message of console:U1 in console:#ops, 2026-04-20T08:00+00:00" in found.stdout
    assert "not delivered: post run/1 to console:#ops: no such channel" in found.stdout
    assert "passed over in matrix: 3 events that were not to be read" in found.stderr
    assert "secret" not in found.stdout


async def given_up(storage: str) -> None:
    """A database with one event and one message that were given up."""
    store, place, at = (
        SqlStore(storage),
        Place(platform="console", channel="#ops"),
        datetime(2026, 4, 20, 8, tzinfo=UTC),
    )
    await store.open()
    event = Event(
        dedupe_key="one", kind="message", actor=Actor(platform="console", id="U1"), place=place, text="secret", at=at
    )

    def give_up(tx: Transaction) -> None:
        tx.inbox.accept(event, "console:#ops:")
        item = tx.inbox.take("console:#ops:", "me", 60)
        assert item is not None
        tx.inbox.park(item)
        tx.tallies.add("passed-over/matrix", 3)
        tx.outbox.put(Outgoing("post", "run/1", place, Card(lines=(line("secret"),))), at)
        [found] = tx.outbox.deliverable(at)
        delivery = tx.outbox.take(found.row, "me", 60, at)
        assert delivery is not None
        tx.outbox.dead(delivery, "no such channel")

    await store.transact(give_up)
    await store.close()
