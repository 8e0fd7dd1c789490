"""What analyses answered, what compliance officers decided, and what threshold policies there were."""

import sqlalchemy as sa
from alembic import op

from yunque.runtime.database import Json, Moment

revision = "0007"
down_revision = "0006"

_TABLES = ("aml_answer", "aml_disposition", "aml_policy")


def upgrade() -> None:
    """Create the three tables; their rows are added and never changed or removed."""
    op.create_table(
        "aml_answer",
        sa.Column("tenant", sa.String(64), primary_key=True),
        sa.Column("analysis_id", sa.String(64), primary_key=True),
        sa.Column("at", Moment, nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("format", sa.Integer, nullable=False),
        sa.Column("content", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "aml_disposition",
        sa.Column("tenant", sa.String(64), primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("at", Moment, nullable=False),
        sa.Column("analysis_id", sa.String(64), nullable=False),
        sa.Column("operation_id", sa.String(200), nullable=False),
        sa.Column("client_id", sa.String(200), nullable=False),
        sa.Column("shown_class", sa.String(40), nullable=False),
        sa.Column("verdict", sa.String(40), nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("reference", sa.String(200)),
        sa.Column("actor", sa.String(200), nullable=False),
        sa.Column("signs", sa.Integer),
        sa.Column("facts", Json, nullable=False),
    )
    op.create_index("ix_aml_disposition_operation_id", "aml_disposition", ["tenant", "operation_id"])
    op.create_table(
        "aml_policy",
        sa.Column("tenant", sa.String(64), primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("at", Moment, nullable=False),
        sa.Column("event", sa.String(40), nullable=False),
        sa.Column("actor", sa.String(200), nullable=False),
        sa.Column("content", Json, nullable=False),
    )
    _guard()


def _guard() -> None:
    if op.get_bind().dialect.name == "postgresql":
        for table in _TABLES:
            op.execute(
                f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
                "FOR EACH STATEMENT EXECUTE FUNCTION yunque_aml_is_append_only()"
            )
            op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
            op.execute(
                f"CREATE POLICY own_rows ON {table} FOR SELECT TO PUBLIC "
                "USING (tenant = yunque_current_tenant())"
            )
            op.execute(f"GRANT SELECT ON {table} TO yunque_tenant")
        return
    for table in _TABLES:
        for change in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_no_{change} BEFORE {change} ON {table} "
                "BEGIN SELECT RAISE(ABORT, 'rows of this table are never changed or removed'); END"
            )
