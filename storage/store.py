"""The store: `sops.kit.stores.Store` on SQLite or PostgreSQL."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from sops.kit.errors import ConfigurationError
from storage.engine import READERS, WRITERS, Engines, engines, parse
from storage.transaction import SqlTransaction, Work
from storage.trouble import told
from storage.upgrade import migrate
from storage.writer import GroupWriter, PooledWriter, Writer

T = TypeVar("T")


class SqlStore:
    """Opened once, closed once. Work runs on the store's own threads, never on the event loop."""

    def __init__(self, url: str) -> None:
        """Raises ConfigurationError when `url` names no database we can use; does not connect."""
        self._url = url
        self._parsed = parse(url)
        self._engines: Engines | None = None
        self._writer: Writer | None = None
        self._readers: ThreadPoolExecutor | None = None

    async def open(self) -> None:
        """Create or upgrade the tables and get ready. Raises ConfigurationError when that cannot be."""
        await asyncio.to_thread(migrate, self._url)
        backend = self._parsed.get_backend_name()
        found = engines(self._parsed)
        self._engines = found
        self._writer = GroupWriter(found.write) if backend == "sqlite" else PooledWriter(found.write, WRITERS[backend])
        self._readers = ThreadPoolExecutor(READERS, thread_name_prefix="sopwith-read")

    async def transact(self, work: Work[T], *, urgent: bool = False) -> T:
        """On PostgreSQL `work` may be called again, from the start, after a deadlock."""
        if self._writer is None:
            raise ConfigurationError("The store is not open.")
        return await asyncio.wrap_future(self._writer.submit(work, urgent=urgent))

    async def read(self, work: Work[T]) -> T:
        if self._readers is None:
            raise ConfigurationError("The store is not open.")
        return await asyncio.wrap_future(self._readers.submit(self._look, work))

    def _look(self, work: Work[T]) -> T:
        if self._engines is None:
            raise ConfigurationError("The store is not open.")
        with told(), self._engines.read.begin() as connection:
            return work(SqlTransaction(connection, reading=True))

    async def close(self) -> None:
        """Finish what was begun and let go of the database; closing twice does nothing."""
        await asyncio.to_thread(self._shut)

    def _shut(self) -> None:
        if self._writer is not None and self._readers is not None and self._engines is not None:
            self._writer.close()
            self._readers.shutdown()
            self._engines.dispose()
        self._writer = self._readers = self._engines = None
