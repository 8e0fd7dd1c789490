"""Judge one file of a tenant against the law and the past; writing and re-running share it."""

from dataclasses import dataclass
from typing import Any

import polars as pl

from yunque.services.aml_desk import Desk
from yunque.solutions.aml.features.enrich import EXTRA, enrich
from yunque.solutions.aml.features.names import LABEL
from yunque.solutions.aml.law.evaluate import Evaluation, evaluate
from yunque.solutions.aml.store.history import Kept, Past, read_part, read_past


@dataclass(frozen=True, kw_only=True)
class Judged:
    """A file and everything that bears on it.

    Attributes:
        kept: the file as it was read.
        past: the tenant's operations up to the file, the file included.
        found: the law's answer for all of them.
        enriched: the features of all of them.
        ids: the operations of the file.
    """

    kept: Kept
    past: Past
    found: Evaluation
    enriched: pl.DataFrame
    ids: pl.Series

    def mine(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Give the rows of the file's operations, with the lines they have in this file."""
        lines = self.kept.operations.select("id_operacion", linea="linea")
        joined = frame.drop("linea").join(lines, on="id_operacion", how="inner", maintain_order="left")
        return joined.select(frame.columns)


def judge(desk: Desk, number: int) -> Judged:
    """Judge part `number` of the tenant as of then: later files change nothing of the answer."""
    kept = read_part(desk.database, desk.tenant, number)
    past = read_past(desk.database, desk.tenant, upto=number)
    found = evaluate_past(past, desk)
    return Judged(
        kept=kept,
        past=past,
        found=found,
        enriched=enrich(found.operations, desk.catalogue),
        ids=kept.operations["id_operacion"],
    )


def evaluate_past(past: Past, desk: Desk) -> Evaluation:
    """Evaluate operations and put back beside them what features and results read."""
    found = evaluate(past.operations, desk.catalogue)
    names = [name for name in EXTRA if name in past.operations.columns and name != LABEL]
    beside = past.operations.select(*names, "parte")[found.operations["fila"].to_numpy()]
    whole = pl.concat([found.operations, beside], how="horizontal")
    return Evaluation(operations=whole, obligations=found.obligations, catalogue=found.catalogue)


def changed_before(desk: Desk, number: int, judged: Judged) -> tuple[dict[str, Any], ...]:
    """Give operations of earlier files whose obligations or floor this file changed."""
    earlier = read_past(desk.database, desk.tenant, upto=number - 1)
    if earlier.operations.is_empty():
        return ()
    before, after = answers(evaluate_past(earlier, desk)), answers(judged.found)
    told = before.join(after, on="id_operacion", how="inner", suffix="_ahora")
    differ = told.filter(
        (pl.col("piso") != pl.col("piso_ahora")) | (pl.col("reglas") != pl.col("reglas_ahora"))
    ).filter(~pl.col("id_operacion").is_in(judged.ids.implode()))
    return tuple(
        {
            "id_operacion": row["id_operacion"],
            "antes": {"piso": row["piso"], "reglas": row["reglas"]},
            "ahora": {"piso": row["piso_ahora"], "reglas": row["reglas_ahora"]},
        }
        for row in differ.sort("id_operacion").iter_rows(named=True)
    )


def answers(found: Evaluation) -> pl.DataFrame:
    """Give each operation's floor and obligations with their due days, as comparable values."""
    due = pl.concat_str("regla", pl.lit(" "), pl.col("vence").cast(pl.String).fill_null(""))
    owed = found.obligations.group_by("orden").agg(reglas=due.str.strip_chars().sort())
    joined = found.operations.select("orden", "id_operacion", "piso").join(owed, on="orden", how="left")
    return joined.with_columns(pl.col("reglas").fill_null(pl.lit([], pl.List(pl.String)))).drop("orden")
