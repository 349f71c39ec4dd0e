"""Runs are found by the version they are about, and by whether something is owed."""

import json

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column("run", sa.Column("version", sa.String(), nullable=False, server_default=sa.text("''")))
    op.add_column("run", sa.Column("owing", sa.Boolean(), nullable=False, server_default=sa.false()))
    _fill()
    where = sa.text("owing")
    op.create_index("ix_run_owing", "run", ["number"], sqlite_where=where, postgresql_where=where)
    op.create_index("ix_run_version", "run", ["version", "number"])


def _fill() -> None:
    run = sa.table("run", sa.column("id"), sa.column("body"), sa.column("version"), sa.column("owing"))
    connection = op.get_bind()
    for run_id, body in connection.execute(sa.select(run.c.id, run.c.body)).all():
        stored = json.loads(body)
        owing = any(not debt["met_by"] for debt in stored.get("obligations", ()))
        values = {"version": stored.get("version", ""), "owing": owing}
        connection.execute(run.update().where(run.c.id == run_id).values(**values))
