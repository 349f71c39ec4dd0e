"""What the two databases spell differently. Statements are built once, so that they are compiled once."""

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias, TypeVar

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Executable,
    Row,
    Table,
    bindparam,
    func,
    literal_column,
    select,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.dml import ReturningInsert

S = TypeVar("S", bound=Executable)
AnyRow: TypeAlias = Row[*tuple[Any, ...]]

#: By dialect, an INSERT that knows ON CONFLICT.
INSERT: Mapping[str, Callable[[Table], sqlite.Insert | postgresql.Insert]] = {
    "sqlite": sqlite.insert,
    "postgresql": postgresql.insert,
}

#: Seconds since 1970 by the database's own clock, also in the middle of a transaction.
DATABASE_CLOCK: Mapping[str, ColumnElement[float]] = {
    "sqlite": literal_column("((julianday('now') - 2440587.5) * 86400.0)"),
    "postgresql": literal_column("CAST(extract(epoch FROM clock_timestamp()) AS double precision)"),
}


def insert_new(table: Table, returned: Column[Any]) -> Mapping[str, ReturningInsert[Any]]:
    """By dialect: insert a row, or do nothing (and return no row) where one of its unique keys exists."""
    return {name: insert(table).on_conflict_do_nothing().returning(returned) for name, insert in INSERT.items()}


def pick(statements: Mapping[str, S], connection: Connection) -> S:
    """The statement for this connection's database."""
    return statements[connection.dialect.name]


#: The first of the two numbers of an advisory lock of ours: one alone is that of the upgrade.
_OURS = 7396
_ALONE = select(func.pg_advisory_xact_lock(_OURS, func.hashtext(bindparam("key"))))
_BESIDE = select(func.pg_advisory_xact_lock_shared(_OURS, func.hashtext(bindparam("key"))))


def lock(connection: Connection, key: str, *, shared: bool = False) -> None:
    """Until the transaction ends nobody else has that lock, or only as a shared one. SQLite has one writer anyway."""
    if connection.dialect.name == "postgresql":
        connection.execute(_BESIDE if shared else _ALONE, {"key": key})


def constant(value: str) -> ColumnElement[str]:
    """A literal in the SQL itself: the planner uses a partial index only where it sees the value."""
    return literal_column(f"'{value}'")
