"""One database transaction, as the engine sees it."""

from collections.abc import Callable
from functools import cached_property
from typing import TypeVar

from sqlalchemy import Connection

from sops.kit.stores import Transaction
from storage.claims import SqlClaims
from storage.cursors import SqlCursors
from storage.deadlines import SqlDeadlines
from storage.inbox import SqlInbox
from storage.ledger import SqlLedger
from storage.outbox import SqlOutbox
from storage.runs import SqlRuns
from storage.tallies import SqlTallies

T = TypeVar("T")
Work = Callable[[Transaction], T]


class SqlTransaction:
    """See `sops.kit.stores.Transaction`. Whoever opens the connection's transaction also ends it.

    Reading work takes no locks: PostgreSQL refuses them in a transaction that only reads.
    """

    def __init__(self, connection: Connection, *, reading: bool = False) -> None:
        self._connection = connection
        self._reading = reading

    @cached_property
    def runs(self) -> SqlRuns:
        return SqlRuns(self._connection, locks=not self._reading)

    @cached_property
    def claims(self) -> SqlClaims:
        return SqlClaims(self._connection)

    @cached_property
    def inbox(self) -> SqlInbox:
        return SqlInbox(self._connection)

    @cached_property
    def outbox(self) -> SqlOutbox:
        return SqlOutbox(self._connection)

    @cached_property
    def cursors(self) -> SqlCursors:
        return SqlCursors(self._connection)

    @cached_property
    def tallies(self) -> SqlTallies:
        return SqlTallies(self._connection)

    @cached_property
    def deadlines(self) -> SqlDeadlines:
        return SqlDeadlines(self._connection)

    @cached_property
    def ledger(self) -> SqlLedger:
        return SqlLedger(self._connection)
