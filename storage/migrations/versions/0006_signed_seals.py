"""Seals are signed, the record tells how each run stands, and what no seal covers yet is found at once."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

_SIGNED = "ledger_signature"


def upgrade() -> None:
    op.add_column("ledger_head", sa.Column("state", sa.String(), nullable=False, server_default=sa.text("''")))
    grown = sa.text("seq > sealed")
    op.create_index("ix_ledger_head_unsealed", "ledger_head", ["run_id"], sqlite_where=grown, postgresql_where=grown)
    op.create_table(
        _SIGNED,
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("signature", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_ledger_signature"),
    )
    if op.get_bind().dialect.name == "sqlite":
        for verb in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {_SIGNED}_no_{verb.lower()} BEFORE {verb} ON {_SIGNED}"
                f" BEGIN SELECT RAISE(ABORT, '{_SIGNED} is append-only'); END"
            )
        return
    for verb, each in (("UPDATE", "ROW"), ("DELETE", "ROW"), ("TRUNCATE", "STATEMENT")):
        op.execute(
            f"CREATE TRIGGER {_SIGNED}_no_{verb.lower()} BEFORE {verb} ON {_SIGNED}"
            f" FOR EACH {each} EXECUTE FUNCTION append_only()"
        )
