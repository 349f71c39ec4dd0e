"""Every storage test runs on both databases, each time on a fresh one."""

import shutil
from collections.abc import AsyncIterator, Iterator
from itertools import count
from pathlib import Path

import pytest
from psycopg import sql

from storage import SqlStore, migrate
from storage.tables import Base
from tests.postgres import PostgresServer

_numbers = count(1)


@pytest.fixture(scope="session")
def postgres_database(postgres: PostgresServer) -> tuple[PostgresServer, str]:
    """One migrated database, emptied before each test: much faster than one each."""
    migrate(postgres.create_database("migrated"))
    return postgres, "migrated"


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "migrated.db"
    migrate(f"sqlite:///{path}")
    return path


@pytest.fixture(params=["sqlite", "postgresql"])
def backend(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def empty_url(backend: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database without any table."""
    if backend == "sqlite":
        yield f"sqlite:///{tmp_path / 'empty.db'}"
        return
    server: PostgresServer = request.getfixturevalue("postgres")
    name = f"empty_{next(_numbers)}"
    yield server.create_database(name)
    server.drop_database(name)


@pytest.fixture
def url(backend: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database with empty tables."""
    if backend == "sqlite":
        shutil.copy(request.getfixturevalue("sqlite_template"), tmp_path / "sopwith.db")
        yield f"sqlite:///{tmp_path / 'sopwith.db'}"
        return
    server, name = request.getfixturevalue("postgres_database")
    with server.connect(name) as connection:
        connection.execute("SET session_replication_role = replica")  # without triggers
        for table in Base.metadata.tables:
            connection.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(table)))
    yield server.url_for(name)


@pytest.fixture
async def store(url: str) -> AsyncIterator[SqlStore]:
    opened = SqlStore(url)
    await opened.open()
    yield opened
    await opened.close()


@pytest.fixture
async def other_store(url: str) -> AsyncIterator[SqlStore]:
    """A second replica on the same database."""
    opened = SqlStore(url)
    await opened.open()
    yield opened
    await opened.close()
