"""What the learnt layers answered for a tenant's operations, as the newest analysis of each said it."""

from dataclasses import dataclass

import polars as pl

from yunque.runtime.database import Database
from yunque.solutions.aml.store.answers import read_answers

SCHEMA = {
    "id_operacion": pl.String,
    "clase_ml": pl.String,
    "p_sospecha": pl.Float64,
    "anomalia": pl.Float64,
    "riesgo": pl.Float64,
    "muestra": pl.Boolean,
}


@dataclass(frozen=True, kw_only=True)
class KeptScores:
    """Scores by operation, and a mark that changes when any of them does."""

    table: pl.DataFrame
    mark: str


def kept_scores(database: Database, tenant: str) -> KeptScores:
    """Give the scores of a tenant's operations; none where only the rules answered.

    Raises:
        StorageError: an answer is not what was written.
    """
    answers = read_answers(database, tenant)
    frames = [known(answer.rows) for answer in answers]
    table = pl.concat([pl.DataFrame(schema=SCHEMA), *frames])
    newest = table.unique("id_operacion", keep="last", maintain_order=True)
    return KeptScores(table=newest, mark=f"{len(answers)}:{answers[-1].at if answers else ''}")


def known(rows: pl.DataFrame) -> pl.DataFrame:
    """Give the columns of `SCHEMA`; those that an answer lacks are null."""
    lacking = [pl.lit(None, kind).alias(name) for name, kind in SCHEMA.items() if name not in rows.columns]
    return rows.with_columns(lacking).select(pl.col(name).cast(kind) for name, kind in SCHEMA.items())
