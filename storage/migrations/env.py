"""What Alembic needs to know of our tables. The connection, and its transaction, are the caller's."""

from typing import Any, Literal

import sqlalchemy as sa
from alembic import context
from alembic.autogenerate.api import AutogenContext
from sqlmodel.sql.sqltypes import AutoString, UTCDateTime

from storage.tables import Base


def render(kind: str, item: Any, autogen: AutogenContext) -> str | Literal[False]:
    """Revisions name plain types: they must stay what they are when a library's own types change."""
    if kind == "type" and isinstance(item, UTCDateTime):
        return "sa.DateTime(timezone=True)"
    if kind == "type" and isinstance(item, AutoString):
        return "sa.String()"
    return False


def run() -> None:
    connection: sa.Connection = context.config.attributes["connection"]
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        render_as_batch=True,
        transactional_ddl=True,
        render_item=render,
    )
    with context.begin_transaction():
        context.run_migrations()


run()
