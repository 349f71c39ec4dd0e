"""Opening: tables that match the models, made once by whoever comes first, and the promised settings."""

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, inspect
from sqlalchemy.exc import IntegrityError

from sops.kit.errors import ConfigurationError
from sops.kit.run import RunState
from storage import SqlStore, migrate
from storage.engine import engines, migration_engine, parse
from storage.migrations import HEAD
from storage.migrations.run import newest
from storage.tables import Base
from tests.contract.storage.samples import NOW, a_message, a_run, an_event, sql

HERE = Path(__file__).parents[3]


def test_the_named_revision_is_the_newest() -> None:
    assert newest() == HEAD


def test_the_migrations_make_what_the_models_declare(url: str) -> None:
    engine = migration_engine(parse(url))
    with engine.begin() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, Base.metadata) == []
    engine.dispose()


def test_the_migrations_name_every_constraint_and_index_as_the_models_do(url: str, empty_url: str) -> None:
    """Also what Alembic does not compare: checks, conditions of partial indexes, numbering."""
    engine = migration_engine(parse(empty_url))
    with engine.begin() as connection:
        Base.metadata.create_all(connection)
        declared = _described(connection)
    engine.dispose()
    engine = migration_engine(parse(url))
    with engine.begin() as connection:
        assert _described(connection) == declared
    engine.dispose()


def _described(connection: Connection) -> dict[tuple[str, str], Any]:
    seen = inspect(connection)
    asked = (
        seen.get_columns,
        seen.get_pk_constraint,
        seen.get_check_constraints,
        seen.get_unique_constraints,
        seen.get_foreign_keys,
        seen.get_indexes,
    )
    return {(table, ask.__name__): _plain(ask(table)) for table in Base.metadata.tables for ask in asked}


def _plain(found: Any) -> Any:
    """In an order that does not depend on how it was made; types and conditions as text, to compare them."""
    if isinstance(found, list):
        return sorted((_plain(each) for each in found), key=str)
    return json.dumps(found, default=str, sort_keys=True)


FOUR = """
import os, sys
import storage.migrations.run  # once for all, so that they meet at the database and not at the imports
from storage import migrate

children = []
for _ in range(4):
    child = os.fork()
    if child == 0:
        migrate(sys.argv[1])
        os._exit(0)
    children.append(child)
sys.exit(sum(os.waitpid(child, 0)[1] != 0 for child in children))
"""


def test_four_processes_may_start_at_once_on_an_empty_database(empty_url: str) -> None:
    environment = {**os.environ, "PYTHONPATH": str(HERE)}
    command = [sys.executable, "-W", "error", "-c", FOUR, empty_url]
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    assert [row[0] for row in sql(empty_url, "SELECT version_num FROM alembic_version")] == [HEAD]


async def test_stores_that_open_at_once_on_an_empty_database_all_work(empty_url: str) -> None:
    stores = [SqlStore(empty_url) for _ in range(4)]
    await asyncio.gather(*(store.open() for store in stores))
    accepted = await asyncio.gather(
        *(store.transact(lambda tx: tx.inbox.accept(an_event("e1"), "ops")) for store in stores)
    )
    assert sum(accepted) == 1
    await asyncio.gather(*(store.close() for store in stores))


def test_migrating_again_changes_nothing(url: str) -> None:
    sql(url, "INSERT INTO counter (name, value) VALUES ('REL', 7)")
    migrate(url)
    assert [tuple(row) for row in sql(url, "SELECT name, value FROM counter")] == [("REL", 7)]


def test_a_database_of_a_newer_build_is_left_alone(empty_url: str) -> None:
    migrate(empty_url)
    sql(empty_url, "UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(ConfigurationError, match=r"revision 9999.*newer"):
        migrate(empty_url)
    assert sql(empty_url, "SELECT version_num FROM alembic_version")[0][0] == "9999"


def test_a_failing_upgrade_leaves_the_database_as_it_was(empty_url: str) -> None:
    sql(empty_url, "CREATE TABLE deadline (id INTEGER)")  # in the way of the first revision, half-way through it
    with pytest.raises(Exception, match="already exists"):
        migrate(empty_url)
    engine = migration_engine(parse(empty_url))
    with engine.connect() as connection:
        assert inspect(connection).get_table_names() == ["deadline"]
    engine.dispose()


@pytest.mark.parametrize(
    ("bad", "says"),
    [
        ("sqlite://", "needs a file"),
        ("sqlite:///:memory:", "needs a file"),
        ("mysql://host/db", "mysql is not supported"),
        ("not a url", "is not a URL"),
    ],
)
def test_a_url_that_names_no_usable_database_is_refused(bad: str, says: str) -> None:
    with pytest.raises(ConfigurationError, match=says):
        SqlStore(bad)


async def test_a_database_that_cannot_be_reached_is_named_without_its_password(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for url in (f"sqlite:///{tmp_path}/file/sopwith.db", f"postgresql://me:hush@/db?host={tmp_path}"):
        with pytest.raises(ConfigurationError, match="cannot be opened") as raised:
            await SqlStore(url).open()
        assert "hush" not in str(raised.value)


async def test_a_store_that_is_not_open_says_so(url: str) -> None:
    store = SqlStore(url)
    for use in (store.transact, store.read):
        with pytest.raises(ConfigurationError, match="not open"):
            await use(lambda tx: tx.runs.awake())
    await store.close()
    await store.open()
    await store.close()
    await store.close()


async def test_what_was_stored_is_there_after_closing_and_opening(url: str) -> None:
    first = SqlStore(url)
    await first.open()
    await first.transact(lambda tx: tx.runs.add(a_run(state=RunState.HELD)))
    await first.transact(lambda tx: tx.outbox.put(a_message("m1"), NOW))
    await first.close()
    second = SqlStore(url)
    await second.open()
    assert await second.read(lambda tx: tx.runs.get("r1")) == a_run(state=RunState.HELD)
    assert len(await second.read(lambda tx: tx.outbox.deliverable(NOW))) == 1
    await second.close()


def test_sqlite_keeps_what_it_committed(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'sopwith.db'}"
    migrate(url)
    found = engines(parse(url))
    expected = {"journal_mode": "wal", "synchronous": 2, "busy_timeout": 5000}
    for engine in (found.write, found.read):
        with engine.begin() as connection:
            settings = {name: connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in expected}
        assert settings == expected
    with found.write.begin() as connection:
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1
    found.dispose()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE inbox SET state = 'bogus'",
        "UPDATE outbox SET state = 'bogus'",
        "UPDATE outbox SET kind = 'bogus'",
        "UPDATE deadline SET state = 'bogus'",
        "UPDATE run_wake SET run_id = 'nobody'",
    ],
)
async def test_the_database_refuses_what_no_reader_would_understand(store: SqlStore, url: str, statement: str) -> None:
    from tests.contract.storage.test_storage_transactions import fill

    await store.transact(fill)
    found = engines(parse(url))
    with pytest.raises(IntegrityError), found.write.begin() as connection:
        connection.exec_driver_sql(statement)
    found.dispose()
