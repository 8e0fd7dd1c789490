"""Anti-money-laundering: each tenant's operations and the chained audit log, both only ever added to."""

import sqlalchemy as sa
from alembic import op

from yunque.runtime.database import Json, Moment

revision = "0005"
down_revision = "0004"

_TABLES = ("aml_part", "aml_audit")


def upgrade() -> None:
    """Create the two tables and refuse every change to their rows."""
    op.create_table(
        "aml_part",
        sa.Column("tenant", sa.String(64), primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("analysis_id", sa.String(64), nullable=False),
        sa.Column("rows", sa.BigInteger, nullable=False),
        sa.Column("at", Moment, nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("format", sa.Integer, nullable=False),
        sa.Column("content", sa.LargeBinary, nullable=False),
        sa.UniqueConstraint("tenant", "analysis_id"),
    )
    op.create_table(
        "aml_audit",
        sa.Column("tenant", sa.String(64), primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("at", Moment, nullable=False),
        sa.Column("actor", sa.String(200), nullable=False),
        sa.Column("action", sa.String(64), nullable=False),
        sa.Column("subject", sa.String(200), nullable=False),
        sa.Column("details", Json, nullable=False),
        sa.Column("previous", sa.String(64), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
    )
    if op.get_bind().dialect.name == "postgresql":
        op.execute(_POSTGRES_FUNCTION)
        for table in _TABLES:
            op.execute(_POSTGRES_TRIGGER.format(table=table))
            op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
            op.execute(
                f"CREATE POLICY own_rows ON {table} FOR SELECT TO PUBLIC "
                "USING (tenant = yunque_current_tenant())"
            )
            op.execute(f"GRANT SELECT ON {table} TO yunque_tenant")
        return
    for table in _TABLES:
        for change in ("UPDATE", "DELETE"):
            op.execute(_SQLITE_TRIGGER.format(table=table, change=change))


_POSTGRES_FUNCTION = """
CREATE FUNCTION yunque_aml_is_append_only() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'rows of this table are never changed or removed'; END $$
"""

_POSTGRES_TRIGGER = """
CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}
FOR EACH STATEMENT EXECUTE FUNCTION yunque_aml_is_append_only()
"""

_SQLITE_TRIGGER = """
CREATE TRIGGER {table}_no_{change} BEFORE {change} ON {table}
BEGIN SELECT RAISE(ABORT, 'rows of this table are never changed or removed'); END
"""
