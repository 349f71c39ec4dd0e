"""What calls somebody goes before whatever else waits for its channel."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.add_column("outbox", sa.Column("calls", sa.Boolean(), nullable=False, server_default=sa.false()))
