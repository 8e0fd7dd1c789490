"""The tables beside the law: what analyses answered, what officers decided, what policies there were."""

import sqlalchemy as sa

from yunque.runtime.database import METADATA, Json, Moment

ANSWER = sa.Table(
    "aml_answer",
    METADATA,
    sa.Column("tenant", sa.String(64), primary_key=True),
    sa.Column("analysis_id", sa.String(64), primary_key=True),
    sa.Column("at", Moment, nullable=False),
    sa.Column("sha256", sa.String(64), nullable=False),
    sa.Column("format", sa.Integer, nullable=False),
    sa.Column("content", sa.LargeBinary, nullable=False),
)
DISPOSITION = sa.Table(
    "aml_disposition",
    METADATA,
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
    sa.Index("ix_aml_disposition_operation_id", "tenant", "operation_id"),
)
POLICY = sa.Table(
    "aml_policy",
    METADATA,
    sa.Column("tenant", sa.String(64), primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("at", Moment, nullable=False),
    sa.Column("event", sa.String(40), nullable=False),
    sa.Column("actor", sa.String(200), nullable=False),
    sa.Column("content", Json, nullable=False),
)
