"""Webhooks that tell some kinds of events only, and credit that a reference makes repeatable."""

import sqlalchemy as sa
from alembic import op

from yunque.runtime.database import Json

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Add both columns; what is there stays as it is: every event, and entries without a reference."""
    op.add_column("webhook_endpoint", sa.Column("events", Json))
    op.add_column("ledger", sa.Column("reference", sa.String(200)))
    op.create_index("ix_ledger_reference", "ledger", ["tenant", "reference"], unique=True)
