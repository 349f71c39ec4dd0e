"""What is the matter with the database itself, and not with what was asked of it: locked, full, read-only, gone.

SQLite tells by its result codes (https://www.sqlite.org/rescode.html), PostgreSQL by the class of its error: psycopg
raises OperationalError for lost connections, full disks, shutdowns and starts (classes 08, 53, 57 and 58).
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as NoConnection

from sops.kit.errors import StoreTrouble

_PRIMARY = 0xFF  # the rest of a result code says more about the same
_SQLITE = frozenset(
    {
        *(sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_FULL),
        *(sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PROTOCOL, sqlite3.SQLITE_NOMEM),
        *(sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB),
    }
)
READ_ONLY = "25006"  # PostgreSQL, on a replica that was not promoted yet
LONGEST = 200


def is_trouble(error: BaseException) -> bool:
    """Whether the same may be asked again, unchanged, once the database is well."""
    if isinstance(error, StoreTrouble | NoConnection):
        return True
    if not isinstance(error, DBAPIError):
        return False
    cause = error.orig
    if isinstance(cause, sqlite3.Error):
        return getattr(cause, "sqlite_errorcode", 0) & _PRIMARY in _SQLITE
    if error.connection_invalidated or isinstance(error, OperationalError | InterfaceError):
        return True
    return getattr(cause, "sqlstate", None) == READ_ONLY


def trouble(error: BaseException) -> StoreTrouble:
    """The error as our own. It repeats what the database said of itself, which holds nothing that was bound."""
    if isinstance(error, StoreTrouble):
        return error
    said = str(error.orig if isinstance(error, DBAPIError) else error).strip().partition("\n")[0][:LONGEST]
    found = StoreTrouble(f"the database cannot be used for now: {said or type(error).__name__}")
    found.__cause__ = error
    return found


@contextmanager
def told() -> Iterator[None]:
    """Trouble leaves as StoreTrouble, everything else as it is."""
    try:
        yield
    except SQLAlchemyError as error:
        if is_trouble(error):
            raise trouble(error) from error
        raise
