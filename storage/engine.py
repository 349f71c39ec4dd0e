"""How the two databases are opened. Nothing here connects before it is asked to."""

import sqlite3
import time
from dataclasses import dataclass
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection, DBAPICursor
from sqlalchemy.exc import ArgumentError
from sqlalchemy.pool import ConnectionPoolEntry, NullPool, QueuePool

from sops.kit.errors import ConfigurationError

#: Transactions of one process that may run at the same time. SQLite has one writer.
WRITERS = {"sqlite": 1, "postgresql": 8}
READERS = 4

#: An error names the statement, never what was bound to it: that may be under embargo.
_SILENT: dict[str, Any] = {"hide_parameters": True}

#: RETURNING, which claims and deadlines rest on, came with this version.
OLDEST_SQLITE = (3, 35, 0)


@dataclass(frozen=True)
class Engines:
    """One to write with, one that cannot. `dispose` closes every connection."""

    write: Engine
    read: Engine

    def dispose(self) -> None:
        self.read.dispose()
        self.write.dispose()


def parse(url: str) -> URL:
    """The URL with the driver we use. Raises ConfigurationError when it names no database we know."""
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise ConfigurationError("storage.url is not a URL like sqlite:///sopwith.db or postgresql://…") from None
    backend = parsed.get_backend_name()
    if backend in {"postgresql", "postgres"}:
        return parsed.set(drivername="postgresql+psycopg")
    if backend != "sqlite":
        raise ConfigurationError(f"storage.url: {backend} is not supported; use SQLite or PostgreSQL.")
    if parsed.database in {None, "", ":memory:"}:
        raise ConfigurationError("storage.url: SQLite needs a file, like sqlite:///sopwith.db.")
    if sqlite3.sqlite_version_info < OLDEST_SQLITE:
        raise ConfigurationError(f"SQLite {sqlite3.sqlite_version} is too old; 3.35 is the least that will do.")
    return parsed.set(drivername="sqlite+pysqlite")


_SWITCHES, _A_MOMENT = 250, 0.02  # tries, and seconds between them


def engines(url: URL) -> Engines:
    """Pools for a running store."""
    backend = url.get_backend_name()
    if backend == "sqlite":
        write = create_engine(url, poolclass=QueuePool, pool_size=WRITERS[backend], max_overflow=0, **_SILENT)
        read = create_engine(url, poolclass=QueuePool, pool_size=READERS, max_overflow=0, **_SILENT)
        _sqlite(write, begin="BEGIN IMMEDIATE", pragmas=("foreign_keys=ON",))
        _sqlite(read, begin="BEGIN DEFERRED", pragmas=("query_only=ON",))
        return Engines(write, read)
    write = create_engine(url, pool_size=WRITERS[backend] + READERS, max_overflow=0, pool_pre_ping=True, **_SILENT)
    read = write.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
    return Engines(write, read)


def migration_engine(url: URL) -> Engine:
    """For one connection that changes the tables. On SQLite a rebuilt table must not cascade into its children."""
    engine = create_engine(url, poolclass=NullPool, **_SILENT)
    if url.get_backend_name() == "sqlite":
        _sqlite(engine, begin="BEGIN IMMEDIATE", pragmas=("foreign_keys=OFF",))
    return engine


def _sqlite(engine: Engine, *, begin: str, pragmas: tuple[str, ...]) -> None:
    """Transactions begin as we say, not as the driver guesses; a commit is on disk when it returns."""
    settings = ("busy_timeout=5000", "synchronous=FULL", *pragmas)

    @event.listens_for(engine, "connect")
    def connect(connection: DBAPIConnection, record: ConnectionPoolEntry) -> None:
        # The standard driver's own attribute; None hands transactions over to us.
        connection.isolation_level = None
        cursor = connection.cursor()
        _write_ahead(cursor)
        for setting in settings:
            cursor.execute(f"PRAGMA {setting}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def start(connection: Connection) -> None:
        connection.exec_driver_sql(begin)


def _write_ahead(cursor: DBAPICursor) -> None:
    """Switch the file to write-ahead logging. Of several who open a new one at once SQLite lets none wait for that."""
    for _ in range(_SWITCHES):
        try:
            cursor.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError:
            time.sleep(_A_MOMENT)
    cursor.execute("PRAGMA journal_mode=WAL")
