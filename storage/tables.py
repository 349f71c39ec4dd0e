"""The tables. Models declare columns; the modules of each concern use the Core tables below, which are faster.

Text whose bytes are hashed, and JSON the database never looks into, is stored as text exactly as written.
Instants are aware, in UTC, with microseconds. The ledger keeps its instants as text, because they are hashed too.
"""

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Float,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    false,
    text,
)
from sqlalchemy.types import TypeEngine
from sqlmodel import Field, SQLModel

#: SQLite numbers rows by itself only in a column of type INTEGER.
Id: TypeEngine[Any] = BigInteger().with_variant(Integer(), "sqlite")

NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(SQLModel):
    """What every table of ours shares: its metadata, so that nobody else's tables are migrated."""

    metadata: ClassVar[MetaData] = MetaData(naming_convention=NAMES)


def _one_of(column: str, *values: str) -> CheckConstraint:
    listed = ", ".join(f"'{value}'" for value in values)
    return CheckConstraint(f"{column} IN ({listed})", name=column)


def _where(condition: str) -> dict[str, Any]:
    """Makes an index partial. A query uses it only if it spells the condition the same way."""
    return {"sqlite_where": text(condition), "postgresql_where": text(condition)}


class RunRow(Base, table=True):
    """A run as JSON, and what is searched for. `number` is the order in which runs were added."""

    __tablename__ = "run"
    __table_args__ = (
        Index("ix_run_open", "number", **_where("NOT over")),
        Index("ix_run_owing", "number", **_where("owing")),
        Index("ix_run_version", "version", "number"),
        Index("ix_run_embargoed", "number", **_where("embargoed AND NOT over")),
        {"sqlite_autoincrement": True},
    )

    number: int | None = Field(default=None, primary_key=True, sa_type=Id)
    id: str = Field(unique=True)
    name: str = Field(unique=True)
    sop: str
    state: str
    over: bool
    version: str = Field(default="", sa_column_kwargs={"server_default": text("''")})
    owing: bool = Field(default=False, sa_column_kwargs={"server_default": false()})
    embargoed: bool = Field(default=False, sa_column_kwargs={"server_default": false()})
    revision: int = Field(sa_type=BigInteger)
    created_at: datetime
    body: str = Field(sa_type=Text)


class RunWake(Base, table=True):
    """Whether somebody asked to look at a run: `wakes` counts the requests, `looked` those that were answered.

    A table of its own, so that asking never waits for the run's row. `position` orders open requests.
    """

    __tablename__ = "run_wake"
    __table_args__ = (Index("ix_run_wake_awake", "position", "run_id", **_where("wakes > looked")),)

    run_id: str = Field(primary_key=True, foreign_key="run.id")
    wakes: int = Field(default=0, sa_type=BigInteger)
    looked: int = Field(default=0, sa_type=BigInteger)
    position: int = Field(default=0, sa_type=BigInteger)


class Counter(Base, table=True):
    """The last number given to a run's short name, by prefix; and tallies (see `storage.tallies`)."""

    __tablename__ = "counter"

    name: str = Field(primary_key=True)
    value: int = Field(sa_type=BigInteger)


class Claim(Base, table=True):
    """A lease. `until` is in seconds since 1970 by the database's clock; `fence` outlives the lease."""

    __tablename__ = "claim"

    key: str = Field(primary_key=True)
    owner: str
    fence: int = Field(sa_type=BigInteger)
    until: float = Field(sa_type=Float)


class InboxRow(Base, table=True):
    """An accepted event. Handled ones stay, because their dedupe keys do."""

    __tablename__ = "inbox"
    __table_args__ = (
        _one_of("state", "waiting", "done", "parked"),
        Index("ix_inbox_waiting", "conversation", "seq", **_where("state = 'waiting'")),
        Index("ix_inbox_parked", "seq", **_where("state = 'parked'")),
        {"sqlite_autoincrement": True},
    )

    seq: int | None = Field(default=None, primary_key=True, sa_type=Id)
    dedupe_key: str = Field(unique=True)
    conversation: str
    event: str = Field(sa_type=Text)
    state: str = "waiting"
    attempts: int = 0
    error: str = Field(default="", sa_type=Text)


class OutboxRow(Base, table=True):
    """A message to deliver, or delivered. `queue` names what it waits in line with (see `storage.outbox`).

    A delivered edit leaves no row, so there is at most one edit of each message. `uncertain` posts were sent once and
    may be there already. What `calls` goes before what else is in its queue.
    """

    __tablename__ = "outbox"
    __table_args__ = (
        _one_of("kind", "post", "edit", "whisper"),
        _one_of("state", "queued", "sent", "dead"),
        UniqueConstraint("kind", "logical_id"),
        Index("ix_outbox_queued", "queue", "id", **_where("state = 'queued'")),
        Index("ix_outbox_dead", "id", **_where("state = 'dead'")),
        Index("ix_outbox_ref", "ref", "channel", "platform", **_where("kind = 'post' AND ref IS NOT NULL")),
        {"sqlite_autoincrement": True},
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=Id)
    kind: str
    logical_id: str
    queue: str
    root: str | None
    run_id: str | None
    platform: str
    channel: str
    message: str = Field(sa_type=Text)
    state: str = "queued"
    attempts: int = 0
    not_before: datetime | None = None
    error: str = Field(default="", sa_type=Text)
    ref: str | None = None
    queued_at: datetime
    delivered_at: datetime | None = None
    uncertain: bool = Field(default=False, sa_column_kwargs={"server_default": false()})
    calls: bool = Field(default=False, sa_column_kwargs={"server_default": false()})


class CursorRow(Base, table=True):
    """How far the bot has read somewhere, in the words of whoever tells."""

    __tablename__ = "cursor"

    name: str = Field(primary_key=True)
    value: str = Field(sa_type=Text)


class DeadlineRow(Base, table=True):
    """An instant a clock of a run gives; fires once."""

    __tablename__ = "deadline"
    __table_args__ = (
        UniqueConstraint("run_id", "clock", "generation", "threshold"),
        _one_of("state", "pending", "fired", "cancelled"),
        Index("ix_deadline_due", "due_at", "id", **_where("state = 'pending'")),
        {"sqlite_autoincrement": True},
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=Id)
    run_id: str
    clock: str
    generation: int
    threshold: int
    due_at: datetime
    payload: str = Field(sa_type=Text)
    state: str = "pending"


class LedgerEntryRow(Base, table=True):
    """One link of a run's chain; triggers forbid changing and deleting it."""

    __tablename__ = "ledger_entry"

    run_id: str = Field(primary_key=True)
    seq: int = Field(primary_key=True, sa_type=BigInteger, sa_column_kwargs={"autoincrement": False})
    at: str
    kind: str
    actor: str
    payload: str = Field(sa_type=Text)
    payload_hash: str
    previous: str
    hash: str


class LedgerHead(Base, table=True):
    """The last entry of each chain, locked while one is added. `sealed` is the seq the last seal covers.

    `state` names what the chain tells of its run up to now (see `sops.kit.retold`); empty where it tells nothing yet.
    """

    __tablename__ = "ledger_head"
    __table_args__ = (Index("ix_ledger_head_unsealed", "run_id", **_where("seq > sealed")),)

    run_id: str = Field(primary_key=True)
    seq: int = Field(sa_type=BigInteger)
    hash: str
    sealed: int = Field(default=0, sa_type=BigInteger)
    state: str = Field(default="", sa_column_kwargs={"server_default": text("''")})


class LedgerSeal(Base, table=True):
    """A link of the global chain. `heads` is the exact text of what it covers; triggers forbid changing it."""

    __tablename__ = "ledger_seal"

    number: int = Field(primary_key=True, sa_type=BigInteger, sa_column_kwargs={"autoincrement": False})
    at: str
    heads: str = Field(sa_type=Text)
    previous: str
    hash: str


class LedgerSignature(Base, table=True):
    """A signature of a seal, made with a key that is not in here; triggers forbid changing it."""

    __tablename__ = "ledger_signature"

    number: int = Field(primary_key=True, sa_type=BigInteger, sa_column_kwargs={"autoincrement": False})
    signature: str = Field(sa_type=Text)


def _table(name: str) -> Table:
    return Base.metadata.tables[name]


RUN = _table("run")
RUN_WAKE = _table("run_wake")
COUNTER = _table("counter")
CLAIM = _table("claim")
INBOX = _table("inbox")
OUTBOX = _table("outbox")
CURSOR = _table("cursor")
DEADLINE = _table("deadline")
LEDGER_ENTRY = _table("ledger_entry")
LEDGER_HEAD = _table("ledger_head")
LEDGER_SEAL = _table("ledger_seal")
LEDGER_SIGNATURE = _table("ledger_signature")
