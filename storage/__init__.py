"""The memory: runs, inbox, outbox, deadlines, claims and the ledger, on SQLite or PostgreSQL."""

from storage.owner import owned
from storage.reading import SqlReader
from storage.store import SqlStore
from storage.upgrade import migrate

__all__ = ["SqlReader", "SqlStore", "migrate", "owned"]
