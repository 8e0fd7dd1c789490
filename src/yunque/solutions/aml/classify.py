"""The final class: the higher of what the layers say and of the floor of every rule that fired."""

import polars as pl

from yunque.solutions.aml.law.evaluate import ORDER
from yunque.solutions.aml.layers import Learnt, risk

INCOMPLETE = "limpio_con_datos_faltantes"  # clean as far as can be told, and what is missing is said
CLEAN = ORDER[0]
SCORES = {"p_sospecha": pl.Float64, "anomalia": pl.Float64, "riesgo": pl.Float64, "clase_ml": pl.String}


def classify(operations: pl.DataFrame, learnt: Learnt) -> pl.DataFrame:
    """Add `p_sospecha`, `anomalia`, `riesgo`, `clase_ml` and `clase` to evaluated operations.

    The layers say "limpio", "inusual" or "preocupante", never "relevante", which is arithmetic; they can only
    raise. Without layers scores and `clase_ml` are null and the floor stands.
    """
    scored = with_scores(operations, learnt)
    lacks = pl.col("estado").is_not_null() | pl.col("falta_dato").is_not_null() | pl.col("efectivo_sin_regla")
    higher = pl.max_horizontal(level("piso"), level("clase_ml").fill_null(0))
    final = higher.replace_strict(dict(enumerate(ORDER)), return_dtype=pl.String)
    clean = final == CLEAN
    return scored.with_columns(
        clase=pl.when(clean & lacks.fill_null(value=False)).then(pl.lit(INCOMPLETE)).otherwise(final)
    )


def with_scores(operations: pl.DataFrame, learnt: Learnt) -> pl.DataFrame:
    """Add the layers' numbers and class; attempts that never happened are not scored."""
    if learnt.scores is None:
        return operations.with_columns(pl.lit(None, kind).alias(name) for name, kind in SCORES.items())
    scores = learnt.scores
    said = (
        pl.when(pl.col("riesgo") >= scores.worrying)
        .then(pl.lit("preocupante"))
        .when(pl.col("riesgo") >= scores.unusual)
        .then(pl.lit("inusual"))
        .when(pl.col("riesgo").is_not_null())
        .then(pl.lit(CLEAN))
    )
    table = scores.table.select("id_operacion", "p_sospecha", "anomalia")
    joined = operations.join(table, on="id_operacion", how="left", maintain_order="left")
    return joined.with_columns(riesgo=risk()).with_columns(clase_ml=said)


def level(name: str) -> pl.Expr:
    """The rank of a class."""
    ranks = {text: rank for rank, text in enumerate(ORDER)}
    return pl.col(name).replace_strict(ranks, default=None, return_dtype=pl.Int64)
