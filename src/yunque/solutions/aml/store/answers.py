"""What the layers said of an analysis, kept once: a re-run gives the same bytes, decisions refer to it."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from typing import Any
from zipfile import ZipFile, ZipInfo

import polars as pl
import sqlalchemy as sa

from yunque.errors import StorageError
from yunque.runtime.database import Database, insert_unless_there
from yunque.solutions.aml.store.history import parquet
from yunque.solutions.aml.store.learnt_tables import ANSWER

FORMAT = 1


@dataclass(frozen=True, kw_only=True)
class Answer:
    """The layers' part of a result.

    Attributes:
        analysis_id: of which analysis.
        rows: one row an operation: id, client, day, class, scores, thresholds, whether it is a sample.
        facts: mode, layers, model and policy, as JSON.
        at: when it was kept; None before.
    """

    analysis_id: str
    rows: pl.DataFrame
    facts: Mapping[str, Any]
    at: datetime | None = None


def keep_answer(database: Database, tenant: str, answer: Answer) -> None:
    """Keep an answer; one that is there already stays."""
    content = _packed(answer)
    with database.writing() as connection:
        insert_unless_there(
            connection,
            ANSWER,
            {
                "tenant": tenant,
                "analysis_id": answer.analysis_id,
                "at": database.now(connection),
                "sha256": hashlib.sha256(content).hexdigest(),
                "format": FORMAT,
                "content": content,
            },
        )


def read_answer(database: Database, tenant: str, analysis_id: str) -> Answer | None:
    """Give an analysis' answer; None where none was kept.

    Raises:
        StorageError: its bytes changed, or it is of a newer format.
    """
    query = sa.select(ANSWER).where(ANSWER.c.tenant == tenant, ANSWER.c.analysis_id == analysis_id)
    with database.reading_as(tenant) as connection:
        row = connection.execute(query).first()
    return None if row is None else _unpacked(row)


def read_answers(
    database: Database, tenant: str, *, since: datetime | None = None, until: datetime | None = None
) -> tuple[Answer, ...]:
    """Give the answers kept from `since` on and before `until`, oldest first.

    Raises:
        StorageError: as `read_answer`.
    """
    query = sa.select(ANSWER).where(ANSWER.c.tenant == tenant).order_by(ANSWER.c.at, ANSWER.c.analysis_id)
    if since is not None:
        query = query.where(ANSWER.c.at >= since)
    if until is not None:
        query = query.where(ANSWER.c.at < until)
    with database.reading_as(tenant) as connection:
        return tuple(_unpacked(row) for row in connection.execute(query))


def _packed(answer: Answer) -> bytes:
    buffer = BytesIO()
    facts = json.dumps(dict(answer.facts), ensure_ascii=False, sort_keys=True).encode()
    with ZipFile(buffer, "w") as archive:
        for name, content in (("rows.parquet", parquet(answer.rows)), ("facts.json", facts)):
            archive.writestr(ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0)), content)
    return buffer.getvalue()


def _unpacked(row: sa.Row[Any]) -> Answer:
    content = bytes(row.content)
    if row.format != FORMAT or hashlib.sha256(content).hexdigest() != row.sha256:
        raise StorageError(f"The answer of the analysis {row.analysis_id!r} is not what was written.")
    with ZipFile(BytesIO(content)) as archive:
        return Answer(
            analysis_id=row.analysis_id,
            rows=pl.read_parquet(archive.read("rows.parquet")),
            facts=json.loads(archive.read("facts.json")),
            at=row.at,
        )
