"""What officers decided, joined with the operations: the table that the learnt layers train on."""

from dataclasses import dataclass

import polars as pl

from yunque.services.aml_desk import Desk
from yunque.services.aml_judge import evaluate_past
from yunque.solutions.aml.features.enrich import enrich
from yunque.solutions.aml.store.answers import Answer, read_answers
from yunque.solutions.aml.store.dispositions import Recorded, read_dispositions, verdicts
from yunque.solutions.aml.store.history import read_past

HEAVIEST = 200.0  # what one drawn row may speak for, however small the share drawn
SEEN = {"id_operacion": pl.String, "muestra": pl.Boolean, "parte_sorteada": pl.Float64}


@dataclass(frozen=True, kw_only=True)
class Labelled:
    """Operations with a verdict, and all operations.

    Attributes:
        table: enriched operations that somebody decided on, with `sospecha` and `peso`.
        all_rows: every operation of the tenant, enriched.
        decisions: how many decisions and signatures there are.
    """

    table: pl.DataFrame
    all_rows: pl.DataFrame
    decisions: int


def labelled(desk: Desk) -> Labelled:
    """Join the newest verdict that holds of each operation with the operation's features.

    A row that was drawn below the line speaks for one over the share drawn: without that weight a model
    would learn what alerts look like, not what suspicion looks like.
    """
    records = read_dispositions(desk.database, desk.tenant)
    past = read_past(desk.database, desk.tenant)
    if past.operations.is_empty():
        empty = pl.DataFrame(schema={"sospecha": pl.Boolean})
        return Labelled(table=empty, all_rows=empty, decisions=len(records))
    rows = enrich(evaluate_past(past, desk).operations, desk.catalogue)
    told = told_by(records).join(
        drawn_rows(read_answers(desk.database, desk.tenant)), on="id_operacion", how="left"
    )
    weight = pl.when(pl.col("muestra").fill_null(value=False)).then(1.0 / pl.col("parte_sorteada"))
    weighted = told.select(
        "id_operacion", "sospecha", peso=weight.otherwise(1.0).fill_null(1.0).clip(1.0, HEAVIEST)
    )
    table = rows.join(weighted, on="id_operacion", how="inner", maintain_order="left")
    return Labelled(table=table, all_rows=rows, decisions=len(records))


def told_by(records: tuple[Recorded, ...]) -> pl.DataFrame:
    """Give `id_operacion` and whether the verdict says suspicion."""
    found = [(name, is_suspicious) for name, (is_suspicious, _) in verdicts(records).items()]
    return pl.DataFrame(found, schema={"id_operacion": pl.String, "sospecha": pl.Boolean}, orient="row")


def drawn_rows(answers: tuple[Answer, ...]) -> pl.DataFrame:
    """Give the operations that were drawn below the line, and the share that was drawn."""
    parts = [pl.DataFrame(schema=SEEN)]
    for answer in answers:
        share = (answer.facts.get("politica") or {}).get("muestra_bajo_umbral")
        if share and "muestra" in answer.rows.columns:
            drawn = answer.rows.select("id_operacion", pl.col("muestra").fill_null(value=False))
            parts.append(drawn.with_columns(parte_sorteada=pl.lit(float(share))))
    return pl.concat(parts).unique("id_operacion", keep="last", maintain_order=True)
