"""Possible splitting: several operations just under a threshold whose total would owe a notice."""

import numpy as np
import polars as pl

from yunque.solutions.aml.law.accumulate import Acts
from yunque.solutions.aml.law.catalogue import Catalogue
from yunque.solutions.aml.law.exact import as_numbers, denominator, in_umas, running, window_starts, windowed

NEAR_SHARE = (4, 5)  # within 20 % under a threshold
NEAR_DAYS = 30
NEAR_COUNT = 3
SPLITTING = {
    "cerca": pl.Boolean,
    "cerca_30d_n": pl.Int64,
    "total_6m_umas": pl.Float64,
    "total_6m_c": pl.Int64,
    "fraccionamiento": pl.Boolean,
}


def near(threshold: str) -> pl.Expr:
    """Whether an act lies within 20 % under a threshold, in integers."""
    share, whole = NEAR_SHARE
    below = pl.col("acto_c") < pl.col(threshold)
    return (below & (pl.col("acto_c") * whole >= pl.col(threshold) * share)).fill_null(value=False)


def with_splitting(rows: pl.DataFrame, catalogue: Catalogue) -> pl.DataFrame:
    """Add the counts that rule R12 compares.

    Returns:
        the rows with the columns of `SPLITTING`: `cerca` (just under a threshold), `cerca_30d_n` (such acts
        of the client and rule in 30 days, this one included), `total_6m_*` (six months of all acts, counted
        or not) and `fraccionamiento` (three or more near, the total would owe a notice, what counts does
        not, be it this act or earlier ones).
    """
    acts = rows.filter(
        pl.col("es_cierre") & pl.col("acto_uma_c").is_not_null() & pl.col("aviso_uma").is_not_null()
    ).sort("cliente_n", "regla_n", "acto_fecha", "orden")
    found = (
        judge(acts, catalogue)
        if acts.height
        else acts.with_columns(**{name: pl.lit(None, kind) for name, kind in SPLITTING.items()})
    )
    joined = rows.join(found.select("orden", *SPLITTING), on="orden", how="left", maintain_order="left")
    return joined.with_columns(pl.col("cerca", "fraccionamiento").fill_null(value=False))


def judge(acts: pl.DataFrame, catalogue: Catalogue) -> pl.DataFrame:
    """Count and sum for sorted acts."""
    marked = acts.with_columns(cerca=near("ident_min_c") | near("aviso_min_c"))
    facts = Acts.of(marked, "acto_c")
    whole = denominator(catalogue)
    first = window_starts(facts.group, facts.day, facts.since)
    exact = in_umas(facts.cents, facts.uma, whole)
    umas = windowed(running(exact), first)
    counting = windowed(running(np.where(marked["se_acumula"].to_numpy(), exact, 0)), first)
    cents = windowed(running(facts.cents.astype(object)), first)
    counts = np.concatenate(([0], np.cumsum(marked["cerca"].to_numpy().astype(np.int64))))
    start = window_starts(facts.group, facts.day, facts.day - NEAR_DAYS)
    counted = counts[np.arange(len(start)) + 1] - counts[start]
    needed = facts.units.astype(object) * whole
    total = np.asarray(umas >= needed, dtype=np.bool_)
    counted_reach = np.asarray(counting >= needed, dtype=np.bool_)
    owed = pl.col("cumple_aviso") | pl.col("acum_alcanza").fill_null(value=False) | pl.Series(counted_reach)
    return marked.with_columns(
        cerca_30d_n=pl.Series(counted),
        total_6m_umas=pl.Series(as_numbers(umas, whole)),
        total_6m_c=pl.Series(cents.astype(np.int64)),
        fraccionamiento=pl.Series((counted >= NEAR_COUNT) & total) & ~owed,
    )
