"""Money: accounts, a ledger that is only ever added to, and dated prices."""

import sqlalchemy as sa
from alembic import op

from yunque.runtime.database import Json, Moment

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Create the tables of the ledger and refuse every change to an entry."""
    op.create_table(
        "account",
        sa.Column("tenant", sa.String(64), primary_key=True),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("purchased_minor", sa.BigInteger, nullable=False),
        sa.Column("gifted_minor", sa.BigInteger, nullable=False),
        sa.Column("reserved_minor", sa.BigInteger, nullable=False),
        sa.Column("entries", sa.Integer, nullable=False),
        sa.Column("last_digest", sa.String(64), nullable=False),
        sa.CheckConstraint("purchased_minor >= 0 AND gifted_minor >= 0", name="balance"),
        sa.CheckConstraint(
            "reserved_minor >= 0 AND reserved_minor <= purchased_minor + gifted_minor", name="reserved"
        ),
    )
    op.create_table(
        "ledger",
        sa.Column("tenant", sa.String(64), sa.ForeignKey("account.tenant"), primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("entry", sa.String(16), nullable=False),
        sa.Column("job_id", sa.String(36)),
        sa.Column("purchased_minor", sa.BigInteger, nullable=False),
        sa.Column("gifted_minor", sa.BigInteger, nullable=False),
        sa.Column("reserved_minor", sa.BigInteger, nullable=False),
        sa.Column("balance_minor", sa.BigInteger, nullable=False),
        sa.Column("units", sa.BigInteger, nullable=False),
        sa.Column("price_version", sa.String(100)),
        sa.Column("description", sa.Text, nullable=False),
        sa.Column("at", Moment, nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.UniqueConstraint("job_id", "entry"),
        sa.CheckConstraint(
            "entry IN ('purchase','gift','reserve','capture','release','refund')", name="entry"
        ),
    )
    op.create_table(
        "price",
        sa.Column("item", sa.String(64), primary_key=True),
        sa.Column("valid_from", sa.Date, primary_key=True),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("tiers", Json, nullable=False),
        sa.Column("quote_above", sa.BigInteger),
        sa.Column("source", sa.Text, nullable=False),
    )
    if op.get_bind().dialect.name == "postgresql":
        op.execute(_POSTGRES_FUNCTION)
        op.execute(_POSTGRES_TRIGGER)
    else:
        for change in ("UPDATE", "DELETE"):
            op.execute(_SQLITE_TRIGGER.format(change=change))


_POSTGRES_FUNCTION = """
CREATE FUNCTION yunque_ledger_is_append_only() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'ledger entries are never changed or removed'; END $$
"""

_POSTGRES_TRIGGER = """
CREATE TRIGGER ledger_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger
FOR EACH STATEMENT EXECUTE FUNCTION yunque_ledger_is_append_only()
"""

_SQLITE_TRIGGER = """
CREATE TRIGGER ledger_no_{change} BEFORE {change} ON ledger
BEGIN SELECT RAISE(ABORT, 'ledger entries are never changed or removed'); END
"""
