"""The tables behind durable jobs; the migrations create them, a test keeps both equal."""

import sqlalchemy as sa

from yunque.runtime.database import METADATA, Json, Moment

_ID = sa.String(36)
_TENANT = sa.String(64)
_KEY = sa.String(600)

JOB = sa.Table(
    "job",
    METADATA,
    sa.Column("id", _ID, primary_key=True),
    sa.Column("tenant", _TENANT, nullable=False),
    sa.Column("kind", sa.String(64), nullable=False),
    sa.Column("payload", Json, nullable=False),
    sa.Column("idempotency_key", sa.String(200)),
    sa.Column("request_hash", sa.String(64), nullable=False),
    sa.Column("upload_id", _ID),
    sa.Column("retry_of", _ID),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("priority", sa.Integer, nullable=False),
    sa.Column("turn", sa.BigInteger, nullable=False),
    sa.Column("run_after", Moment, nullable=False),
    sa.Column("fence", sa.Integer, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("max_attempts", sa.Integer, nullable=False),
    sa.Column("timeout_seconds", sa.Double, nullable=False),
    sa.Column("memory_bytes", sa.BigInteger, nullable=False),
    sa.Column("owner", sa.String(200)),
    sa.Column("lease_until", Moment),
    sa.Column("cancel_requested", sa.Boolean, nullable=False),
    sa.Column("progress", sa.Double, nullable=False),
    sa.Column("progress_message", sa.Text, nullable=False),
    sa.Column("events", sa.Integer, nullable=False),
    sa.Column("result_prefix", _KEY),
    sa.Column("result", Json),
    sa.Column("error_code", sa.String(64)),
    sa.Column("error_message", sa.Text),
    sa.Column("error_key", _KEY),
    sa.Column("request_id", sa.String(64)),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("started_at", Moment),
    sa.Column("finished_at", Moment),
    sa.UniqueConstraint("tenant", "idempotency_key"),
    sa.CheckConstraint("state IN ('queued','running','succeeded','failed','cancelled')", name="state"),
    sa.CheckConstraint("(state = 'running') = (lease_until IS NOT NULL)", name="lease"),
    sa.CheckConstraint(
        "(state IN ('succeeded','failed','cancelled')) = (finished_at IS NOT NULL)", name="finished"
    ),
)
sa.Index("ix_job_line", JOB.c.state, JOB.c.priority.desc(), JOB.c.turn, JOB.c.created_at)
sa.Index("ix_job_tenant_state", JOB.c.tenant, JOB.c.state, JOB.c.priority, JOB.c.turn)
sa.Index("ix_job_lease", JOB.c.state, JOB.c.lease_until)
sa.Index("ix_job_tenant_created", JOB.c.tenant, JOB.c.created_at)

ATTEMPT = sa.Table(
    "attempt",
    METADATA,
    sa.Column("job_id", _ID, sa.ForeignKey("job.id"), primary_key=True),
    sa.Column("fence", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("tenant", _TENANT, nullable=False),
    sa.Column("owner", sa.String(200), nullable=False),
    sa.Column("started_at", Moment, nullable=False),
    sa.Column("ended_at", Moment),
    sa.Column("outcome", sa.String(32)),
    sa.Column("reason", sa.Text),
    sa.Column("log_key", _KEY),
)

JOB_EVENT = sa.Table(
    "job_event",
    METADATA,
    sa.Column("job_id", _ID, sa.ForeignKey("job.id"), primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("tenant", _TENANT, nullable=False),
    sa.Column("at", Moment, nullable=False),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("body", Json, nullable=False),
)

PAUSE = sa.Table(
    "job_pause",
    METADATA,
    sa.Column("kind", sa.String(64), primary_key=True),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("at", Moment, nullable=False),
)

UPLOAD = sa.Table(
    "upload",
    METADATA,
    sa.Column("id", _ID, primary_key=True),
    sa.Column("tenant", _TENANT, nullable=False, index=True),
    sa.Column("key", _KEY, nullable=False),
    sa.Column("file_name", sa.Text, nullable=False),
    sa.Column("size", sa.BigInteger, nullable=False),
    sa.Column("sha256", sa.String(64), nullable=False),
    sa.Column("created_at", Moment, nullable=False),
)

ENDPOINT = sa.Table(
    "webhook_endpoint",
    METADATA,
    sa.Column("id", _ID, primary_key=True),
    sa.Column("tenant", _TENANT, nullable=False, index=True),
    sa.Column("url", sa.Text, nullable=False),
    sa.Column("secrets", Json, nullable=False),
    sa.Column("is_active", sa.Boolean, nullable=False),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("events", Json),
)

OUTBOX = sa.Table(
    "outbox",
    METADATA,
    sa.Column("id", _ID, primary_key=True),
    sa.Column("tenant", _TENANT, nullable=False),
    sa.Column("job_id", _ID, sa.ForeignKey("job.id"), nullable=False),
    sa.Column("endpoint_id", _ID, sa.ForeignKey("webhook_endpoint.id"), nullable=False),
    sa.Column("event", sa.String(32), nullable=False),
    sa.Column("body", Json, nullable=False),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("tries", sa.Integer, nullable=False),
    sa.Column("next_at", Moment, nullable=False),
    sa.Column("last_result", sa.Text),
    sa.Column("done_at", Moment),
    sa.UniqueConstraint("job_id", "event", "endpoint_id"),
    sa.CheckConstraint("state IN ('waiting','delivered','dead')", name="state"),
)
sa.Index("ix_outbox_due", OUTBOX.c.state, OUTBOX.c.next_at)

ACCOUNT = sa.Table(
    "account",
    METADATA,
    sa.Column("tenant", _TENANT, primary_key=True),
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

LEDGER = sa.Table(
    "ledger",
    METADATA,
    sa.Column("tenant", _TENANT, sa.ForeignKey("account.tenant"), primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("entry", sa.String(16), nullable=False),
    sa.Column("job_id", _ID),
    sa.Column("purchased_minor", sa.BigInteger, nullable=False),
    sa.Column("gifted_minor", sa.BigInteger, nullable=False),
    sa.Column("reserved_minor", sa.BigInteger, nullable=False),
    sa.Column("balance_minor", sa.BigInteger, nullable=False),
    sa.Column("units", sa.BigInteger, nullable=False),
    sa.Column("price_version", sa.String(100)),
    sa.Column("description", sa.Text, nullable=False),
    sa.Column("at", Moment, nullable=False),
    sa.Column("digest", sa.String(64), nullable=False),
    sa.Column("reference", sa.String(200)),
    sa.UniqueConstraint("job_id", "entry"),
    sa.CheckConstraint("entry IN ('purchase','gift','reserve','capture','release','refund')", name="entry"),
)

sa.Index("ix_ledger_reference", LEDGER.c.tenant, LEDGER.c.reference, unique=True)

PRICE = sa.Table(
    "price",
    METADATA,
    sa.Column("item", sa.String(64), primary_key=True),
    sa.Column("valid_from", sa.Date, primary_key=True),
    sa.Column("currency", sa.String(3), nullable=False),
    sa.Column("tiers", Json, nullable=False),
    sa.Column("quote_above", sa.BigInteger),
    sa.Column("source", sa.Text, nullable=False),
)
