"""A post that was sent, and of which nobody knows whether it arrived, is looked for before it is sent again."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.add_column("outbox", sa.Column("uncertain", sa.Boolean(), nullable=False, server_default=sa.false()))
