"""The final class: the higher of what the layers say and of the floor of every rule that fired."""

import polars as pl

from yunque.solutions.aml.law.evaluate import ORDER
from yunque.solutions.aml.layers import BY_ROW, RECENT, RISK, Learnt, risk

INCOMPLETE = "limpio_con_datos_faltantes"  # clean as far as can be told, and what is missing is said
CLEAN = ORDER[0]
ALERTS = ("inusual", "preocupante")
BESIDE = (RECENT, "segmento", *BY_ROW, "sorteada")
SCORES = {"p_sospecha": pl.Float64, "anomalia": pl.Float64, "riesgo": pl.Float64, "clase_ml": pl.String}


def classify(operations: pl.DataFrame, learnt: Learnt) -> pl.DataFrame:
    """Add `p_sospecha`, `anomalia`, `riesgo`, `clase_ml` and `clase` to evaluated operations.

    The layers say "limpio", "inusual" or "preocupante", never "relevante", which is arithmetic; they can only
    raise. Without layers scores and `clase_ml` are null and the floor stands.
    """
    return raised(with_scores(operations, learnt))


def raised(scored: pl.DataFrame) -> pl.DataFrame:
    """Add `clase` to operations with `piso`, `estado`, `falta_dato`, `clase_ml`: the higher of two."""
    lacks = pl.col("estado").is_not_null() | pl.col("falta_dato").is_not_null() | pl.col("efectivo_sin_regla")
    higher = pl.max_horizontal(level("piso"), level("clase_ml").fill_null(0))
    final = higher.replace_strict(dict(enumerate(ORDER)), return_dtype=pl.String)
    clean = final == CLEAN
    classed = scored.with_columns(
        clase=pl.when(clean & lacks.fill_null(value=False)).then(pl.lit(INCOMPLETE)).otherwise(final)
    )
    return with_sample(classed)


def with_sample(classed: pl.DataFrame) -> pl.DataFrame:
    """Say which of the drawn rows lie below the line: nobody would look at them but for the draw."""
    if "sorteada" not in classed.columns:
        return classed
    below = ~pl.col("clase").is_in(ALERTS)
    drawn = pl.col("sorteada").fill_null(value=False)
    return classed.with_columns(muestra=drawn & below).drop("sorteada")


def with_scores(operations: pl.DataFrame, learnt: Learnt) -> pl.DataFrame:
    """Add the layers' numbers and class; attempts that never happened are not scored."""
    if learnt.scores is None:
        return operations.with_columns(pl.lit(None, kind).alias(name) for name, kind in SCORES.items())
    scores = learnt.scores
    told = scores.table.columns
    beside = [name for name in (RISK, *BESIDE) if name in told]
    by_row = BY_ROW[0] in beside
    unusual, worrying = (
        (pl.col(name) for name in BY_ROW) if by_row else (pl.lit(scores.unusual), pl.lit(scores.worrying))
    )
    said = (
        pl.when(pl.col("riesgo") >= worrying)
        .then(pl.lit("preocupante"))
        .when(pl.col("riesgo") >= unusual)
        .then(pl.lit("inusual"))
        .when(pl.col("riesgo").is_not_null())
        .then(pl.lit(CLEAN))
    )
    table = scores.table.select("id_operacion", pl.col("p_sospecha", "anomalia").cast(pl.Float64), *beside)
    joined = operations.join(table, on="id_operacion", how="left", maintain_order="left")
    with_risk = joined if RISK in told else joined.with_columns(risk().alias(RISK))
    return with_risk.with_columns(pl.col(RISK).cast(pl.Float64)).with_columns(clase_ml=said)


def level(name: str) -> pl.Expr:
    """The rank of a class."""
    ranks = {text: rank for rank, text in enumerate(ORDER)}
    return pl.col(name).replace_strict(ranks, default=None, return_dtype=pl.Int64)
