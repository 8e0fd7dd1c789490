"""The model registry: versions, their aliases, and the record of who changed what."""

import sqlalchemy as sa
from alembic import op

from yunque.runtime.database import Json, Moment

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create the three tables of the registry."""
    op.create_table(
        "model_version",
        sa.Column("name", sa.String(200), primary_key=True),
        sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("bundle_key", sa.String(600), nullable=False),
        sa.Column("bundle_digest", sa.String(80), nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("facts", Json, nullable=False),
    )
    op.create_table(
        "model_alias",
        sa.Column("name", sa.String(200), primary_key=True),
        sa.Column("alias", sa.String(64), primary_key=True),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("changed_at", Moment, nullable=False),
        sa.ForeignKeyConstraint(["name", "version"], ["model_version.name", "model_version.version"]),
    )
    op.create_table(
        "model_event",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.String(200), nullable=False, index=True),
        sa.Column("version", sa.Integer, nullable=True),
        sa.Column("event", sa.String(64), nullable=False),
        sa.Column("actor", sa.String(200), nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("at", Moment, nullable=False),
        sa.Column("details", Json, nullable=False),
    )
