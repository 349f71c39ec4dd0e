"""Open runs of which nobody outside may learn are found without reading all the others."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.add_column("run", sa.Column("embargoed", sa.Boolean(), nullable=False, server_default=sa.false()))
    run = sa.table("run", sa.column("body"), sa.column("embargoed"))
    private = sa.func.replace(run.c.body, " ", "").like('%"private":true%')  # more than are; each is looked at
    op.execute(run.update().where(private).values(embargoed=sa.true()))
    where = sa.text("embargoed AND NOT over")
    op.create_index("ix_run_embargoed", "run", ["number"], sqlite_where=where, postgresql_where=where)
