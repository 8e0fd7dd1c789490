"""Editions of the law's tables that analyses used, so that an old one can be run again by its own edition."""

import sqlalchemy as sa
from alembic import op

from yunque.runtime.database import Json, Moment

revision = "0008"
down_revision = "0007"

_TABLE = "aml_catalogue"


def upgrade() -> None:
    """Create the table and refuse every change to its rows; it holds no tenant's data."""
    op.create_table(
        _TABLE,
        sa.Column("sha256", sa.String(64), primary_key=True),
        sa.Column("at", Moment, nullable=False),
        sa.Column("content", Json, nullable=False),
    )
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            f"CREATE TRIGGER {_TABLE}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {_TABLE} "
            "FOR EACH STATEMENT EXECUTE FUNCTION yunque_aml_is_append_only()"
        )
        op.execute(f"GRANT SELECT ON {_TABLE} TO yunque_tenant")
        return
    for change in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER {_TABLE}_no_{change} BEFORE {change} ON {_TABLE} "
            "BEGIN SELECT RAISE(ABORT, 'rows of this table are never changed or removed'); END"
        )
