"""The first tables, and the triggers that keep the record append-only."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
INSTANT = sa.DateTime(timezone=True)

#: Tables nobody may change or shorten.
RECORD = ("ledger_entry", "ledger_seal")


def upgrade() -> None:
    _runs()
    _claims()
    _inbox()
    _outbox()
    _deadlines()
    _ledger()
    if op.get_bind().dialect.name == "sqlite":
        _forbid_on_sqlite()
    else:
        _forbid_on_postgresql()


def _partial(name: str, table: str, columns: list[str], condition: str) -> None:
    where = sa.text(condition)
    op.create_index(name, table, columns, sqlite_where=where, postgresql_where=where)


def _column(name: str, kind: Any = sa.String, *, nullable: bool = False, **options: Any) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=nullable, **options)


def _runs() -> None:
    op.create_table(
        "run",
        _column("number", ID),
        _column("id"),
        _column("name"),
        _column("sop"),
        _column("state"),
        _column("over", sa.Boolean()),
        _column("revision", sa.BigInteger()),
        _column("created_at", INSTANT),
        _column("body", sa.Text()),
        sa.PrimaryKeyConstraint("number", name="pk_run"),
        sa.UniqueConstraint("id", name="uq_run_id"),
        sa.UniqueConstraint("name", name="uq_run_name"),
        sqlite_autoincrement=True,
    )
    _partial("ix_run_open", "run", ["number"], "NOT over")
    op.create_table(
        "run_wake",
        _column("run_id"),
        _column("wakes", sa.BigInteger()),
        _column("looked", sa.BigInteger()),
        _column("position", sa.BigInteger()),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name="fk_run_wake_run_id"),
        sa.PrimaryKeyConstraint("run_id", name="pk_run_wake"),
    )
    _partial("ix_run_wake_awake", "run_wake", ["position", "run_id"], "wakes > looked")
    op.create_table(
        "counter",
        _column("name"),
        _column("value", sa.BigInteger()),
        sa.PrimaryKeyConstraint("name", name="pk_counter"),
    )


def _claims() -> None:
    op.create_table(
        "claim",
        _column("key"),
        _column("owner"),
        _column("fence", sa.BigInteger()),
        _column("until", sa.Float()),
        sa.PrimaryKeyConstraint("key", name="pk_claim"),
    )


def _inbox() -> None:
    op.create_table(
        "inbox",
        _column("seq", ID),
        _column("dedupe_key"),
        _column("conversation"),
        _column("event", sa.Text()),
        _column("state"),
        _column("attempts", sa.Integer()),
        _column("error", sa.Text()),
        sa.CheckConstraint("state IN ('waiting', 'done', 'parked')", name=op.f("ck_inbox_state")),
        sa.PrimaryKeyConstraint("seq", name="pk_inbox"),
        sa.UniqueConstraint("dedupe_key", name="uq_inbox_dedupe_key"),
        sqlite_autoincrement=True,
    )
    _partial("ix_inbox_waiting", "inbox", ["conversation", "seq"], "state = 'waiting'")
    _partial("ix_inbox_parked", "inbox", ["seq"], "state = 'parked'")


def _outbox() -> None:
    op.create_table(
        "outbox",
        _column("id", ID),
        _column("kind"),
        _column("logical_id"),
        _column("queue"),
        _column("root", nullable=True),
        _column("run_id", nullable=True),
        _column("platform"),
        _column("channel"),
        _column("message", sa.Text()),
        _column("state"),
        _column("attempts", sa.Integer()),
        _column("not_before", INSTANT, nullable=True),
        _column("error", sa.Text()),
        _column("ref", nullable=True),
        _column("queued_at", INSTANT),
        _column("delivered_at", INSTANT, nullable=True),
        sa.CheckConstraint("kind IN ('post', 'edit', 'whisper')", name=op.f("ck_outbox_kind")),
        sa.CheckConstraint("state IN ('queued', 'sent', 'dead')", name=op.f("ck_outbox_state")),
        sa.PrimaryKeyConstraint("id", name="pk_outbox"),
        sa.UniqueConstraint("kind", "logical_id", name="uq_outbox_kind_logical_id"),
        sqlite_autoincrement=True,
    )
    _partial("ix_outbox_queued", "outbox", ["queue", "id"], "state = 'queued'")
    _partial("ix_outbox_dead", "outbox", ["id"], "state = 'dead'")
    _partial("ix_outbox_ref", "outbox", ["ref", "channel", "platform"], "kind = 'post' AND ref IS NOT NULL")


def _deadlines() -> None:
    key = ("run_id", "clock", "generation", "threshold")
    op.create_table(
        "deadline",
        _column("id", ID),
        _column("run_id"),
        _column("clock"),
        _column("generation", sa.Integer()),
        _column("threshold", sa.Integer()),
        _column("due_at", INSTANT),
        _column("payload", sa.Text()),
        _column("state"),
        sa.CheckConstraint("state IN ('pending', 'fired', 'cancelled')", name=op.f("ck_deadline_state")),
        sa.PrimaryKeyConstraint("id", name="pk_deadline"),
        sa.UniqueConstraint(*key, name="uq_deadline_run_id_clock_generation_threshold"),
        sqlite_autoincrement=True,
    )
    _partial("ix_deadline_due", "deadline", ["due_at", "id"], "state = 'pending'")


def _ledger() -> None:
    op.create_table(
        "ledger_entry",
        _column("run_id"),
        _column("seq", sa.BigInteger(), autoincrement=False),
        _column("at"),
        _column("kind"),
        _column("actor"),
        _column("payload", sa.Text()),
        _column("payload_hash"),
        _column("previous"),
        _column("hash"),
        sa.PrimaryKeyConstraint("run_id", "seq", name="pk_ledger_entry"),
    )
    op.create_table(
        "ledger_head",
        _column("run_id"),
        _column("seq", sa.BigInteger()),
        _column("hash"),
        _column("sealed", sa.BigInteger()),
        sa.PrimaryKeyConstraint("run_id", name="pk_ledger_head"),
    )
    op.create_table(
        "ledger_seal",
        _column("number", sa.BigInteger(), autoincrement=False),
        _column("at"),
        _column("heads", sa.Text()),
        _column("previous"),
        _column("hash"),
        sa.PrimaryKeyConstraint("number", name="pk_ledger_seal"),
    )


def _forbid_on_sqlite() -> None:
    for table in RECORD:
        for verb in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table}"
                f" BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
            )


def _forbid_on_postgresql() -> None:
    op.execute(
        "CREATE FUNCTION append_only() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END $$"
    )
    for table in RECORD:
        for verb, each in (("UPDATE", "ROW"), ("DELETE", "ROW"), ("TRUNCATE", "STATEMENT")):
            op.execute(
                f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table}"
                f" FOR EACH {each} EXECUTE FUNCTION append_only()"
            )
