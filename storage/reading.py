"""A database that is only read: nothing of it is created, upgraded or changed, also not by a slip.

SQLite: the file is opened read-only. Where nobody has it open (there is no write-ahead log beside it) it is read as
unchangeable, since even a reader of such a file would leave files beside it, maybe another user's, which the bot could
not open. Tables of an earlier build are upgraded in a copy that is gone afterwards. Bytes that are no text are read
all the same, so that an audit can name them. PostgreSQL: every transaction is declared read-only.
"""

import asyncio
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path
from typing import TypeVar
from urllib.parse import quote

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry, NullPool

from sops.kit.errors import ConfigurationError, SopwithError
from storage.engine import parse
from storage.migrations import HEAD
from storage.transaction import SqlTransaction, Work
from storage.trouble import told
from storage.upgrade import check_known, migrate, revision

T = TypeVar("T")


class SqlReader:
    """See `sops.kit.stores.Store.read`; there is no `transact`. Opened once, closed once."""

    def __init__(self, url: str) -> None:
        """Raises ConfigurationError when `url` names no database we can use; does not connect."""
        self._parsed = parse(url)
        self._engine: Engine | None = None
        self._copy: tempfile.TemporaryDirectory[str] | None = None

    async def open(self) -> None:
        """Raises SopwithError when there is no such database, or it is none this build can read."""
        await asyncio.to_thread(self._open)

    async def read(self, work: Work[T]) -> T:
        return await asyncio.to_thread(self._read, work)

    async def close(self) -> None:
        await asyncio.to_thread(self._close)

    def _open(self) -> None:
        if self._parsed.get_backend_name() == "sqlite":
            self._open_file(Path(str(self._parsed.database)))
        else:
            self._engine = create_engine(
                self._parsed, poolclass=NullPool, isolation_level="REPEATABLE READ", hide_parameters=True
            ).execution_options(postgresql_readonly=True)
            if self._revision() != HEAD:
                raise SopwithError("The tables are of another build; look with that one, or run sopwith db upgrade.")

    def _open_file(self, path: Path) -> None:
        if not path.exists():
            raise SopwithError(f"There is no database at {path}.")
        self._engine = _readable(path)
        found = self._revision()
        if found == HEAD:
            return
        check_known(found)
        self._engine.dispose()
        self._copy = tempfile.TemporaryDirectory(prefix="sopwith-audit-")
        copy = Path(self._copy.name, "copy.db")
        with closing(sqlite3.connect(_uri(path), uri=True)) as source, closing(sqlite3.connect(copy)) as into:
            source.backup(into)
        migrate(f"sqlite:///{copy}")
        self._engine = _readable(copy)

    def _revision(self) -> str | None:
        if self._engine is None:
            raise ConfigurationError("The store is not open.")
        with told(), self._engine.connect() as connection:
            return revision(connection)

    def _read(self, work: Work[T]) -> T:
        if self._engine is None:
            raise ConfigurationError("The store is not open.")
        with told(), self._engine.begin() as connection:
            return work(SqlTransaction(connection, reading=True))

    def _close(self) -> None:
        if self._engine is not None:
            self._engine.dispose()
        if self._copy is not None:
            self._copy.cleanup()
        self._engine = self._copy = None


def _uri(path: Path) -> str:
    log = path.with_name(f"{path.name}-wal")
    unchanging = "" if log.exists() else "&immutable=1"
    return f"file:{quote(str(path.absolute()))}?mode=ro{unchanging}"


def _readable(path: Path) -> Engine:
    def connect() -> sqlite3.Connection:
        connection = sqlite3.connect(_uri(path), uri=True, isolation_level=None, check_same_thread=False)
        connection.text_factory = _text
        return connection

    engine = create_engine(URL.create("sqlite+pysqlite"), creator=connect, poolclass=NullPool, hide_parameters=True)

    @event.listens_for(engine, "connect")
    def settle(connection: DBAPIConnection, record: ConnectionPoolEntry) -> None:
        cursor = connection.cursor()
        cursor.execute("PRAGMA busy_timeout=5000")
        cursor.execute("PRAGMA query_only=ON")
        cursor.close()

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN DEFERRED")

    return engine


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")
