"""Durable jobs: the jobs, their attempts and events, uploads, and webhooks with their outbox."""

import sqlalchemy as sa
from alembic import op

from yunque.runtime.database import Json, Moment

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Create the tables of the queue."""
    op.create_table(
        "job",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("tenant", sa.String(64), nullable=False),
        sa.Column("kind", sa.String(64), nullable=False),
        sa.Column("payload", Json, nullable=False),
        sa.Column("idempotency_key", sa.String(200)),
        sa.Column("request_hash", sa.String(64), nullable=False),
        sa.Column("upload_id", sa.String(36)),
        sa.Column("retry_of", sa.String(36)),
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
        sa.Column("result_prefix", sa.String(600)),
        sa.Column("result", Json),
        sa.Column("error_code", sa.String(64)),
        sa.Column("error_message", sa.Text),
        sa.Column("error_key", sa.String(600)),
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
    op.create_index("ix_job_line", "job", ["state", sa.text("priority DESC"), "turn", "created_at"])
    op.create_index("ix_job_tenant_state", "job", ["tenant", "state", "priority", "turn"])
    op.create_index("ix_job_lease", "job", ["state", "lease_until"])
    op.create_index("ix_job_tenant_created", "job", ["tenant", "created_at"])
    op.create_table(
        "attempt",
        sa.Column("job_id", sa.String(36), sa.ForeignKey("job.id"), primary_key=True),
        sa.Column("fence", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("tenant", sa.String(64), nullable=False),
        sa.Column("owner", sa.String(200), nullable=False),
        sa.Column("started_at", Moment, nullable=False),
        sa.Column("ended_at", Moment),
        sa.Column("outcome", sa.String(32)),
        sa.Column("reason", sa.Text),
        sa.Column("log_key", sa.String(600)),
    )
    op.create_table(
        "job_event",
        sa.Column("job_id", sa.String(36), sa.ForeignKey("job.id"), primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("tenant", sa.String(64), nullable=False),
        sa.Column("at", Moment, nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("body", Json, nullable=False),
    )
    op.create_table(
        "job_pause",
        sa.Column("kind", sa.String(64), primary_key=True),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("at", Moment, nullable=False),
    )
    op.create_table(
        "upload",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("tenant", sa.String(64), nullable=False, index=True),
        sa.Column("key", sa.String(600), nullable=False),
        sa.Column("file_name", sa.Text, nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("created_at", Moment, nullable=False),
    )
    op.create_table(
        "webhook_endpoint",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("tenant", sa.String(64), nullable=False, index=True),
        sa.Column("url", sa.Text, nullable=False),
        sa.Column("secrets", Json, nullable=False),
        sa.Column("is_active", sa.Boolean, nullable=False),
        sa.Column("created_at", Moment, nullable=False),
    )
    op.create_table(
        "outbox",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("tenant", sa.String(64), nullable=False),
        sa.Column("job_id", sa.String(36), sa.ForeignKey("job.id"), nullable=False),
        sa.Column("endpoint_id", sa.String(36), sa.ForeignKey("webhook_endpoint.id"), nullable=False),
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
    op.create_index("ix_outbox_due", "outbox", ["state", "next_at"])
