"""Features 32 and 33: an amount among those of earlier operations of the same rule and kind."""

import numpy as np
import polars as pl

from yunque.solutions.aml.features.sliding import peers

GROUP = ("regla", "tipo_operacion")
LEAST = 10  # fewer peers tell nothing
STEPS = 100
SPREAD = 0.1


def earlier_peers(frame: pl.DataFrame) -> pl.DataFrame:
    """Compare with all peers dated before the day of each row: what training uses.

    Returns:
        `orden`, `desviacion_par`, `percentil_par`.
    """
    kept = frame.select("orden", "fecha", "monto_log", *GROUP).sort(
        *GROUP, "fecha", "orden", nulls_last=False
    )
    codes = kept.select(pl.struct(GROUP).rle_id().cast(pl.Int64)).to_series().to_numpy()
    values = kept["monto_log"].to_numpy()
    start = np.searchsorted(codes, codes, side="left").astype(np.int64)
    end = np.searchsorted(codes, codes, side="right").astype(np.int64)
    day = kept["fecha"].to_physical().cast(pl.Int64).to_numpy()
    found = peers(start, end, day, values, values[np.lexsort((values, codes))], LEAST)
    return kept.select("orden").with_columns(
        desviacion_par=pl.Series(found[:, 0]), percentil_par=pl.Series(found[:, 1])
    )


def peer_table(frame: pl.DataFrame) -> pl.DataFrame:
    """Freeze what peers look like at the end of training: count, median, spread, hundredths of each group."""
    value = pl.col("monto_log")
    grid = {f"q{step:03d}": value.quantile(step / STEPS, interpolation="lower") for step in range(STEPS + 1)}
    spread = (value - value.median()).abs().median()
    found = frame.group_by(GROUP).agg(n=pl.len(), mediana=value.median(), mad=spread, **grid)
    return found.sort(GROUP, nulls_last=False)


def frozen_peers(frame: pl.DataFrame, table: pl.DataFrame) -> pl.DataFrame:
    """Compare with the peers of training: what inference uses, so that no upload changes another's features.

    Returns:
        `orden`, `desviacion_par`, `percentil_par`; a group that training did not know well tells nothing.
    """
    known = table.filter(pl.col("n") >= LEAST)
    grids = known.select(f"q{step:03d}" for step in range(STEPS + 1)).to_numpy()
    numbered = known.select(*GROUP, "mediana", "mad").with_row_index("_grupo")
    joined = frame.select("orden", "monto_log", *GROUP).join(
        numbered, on=GROUP, how="left", nulls_equal=True, maintain_order="left"
    )
    value, group = joined["monto_log"].to_numpy(), joined["_grupo"].fill_null(len(grids)).to_numpy()
    share = np.full(len(value), 0.5)
    for number, grid in enumerate(grids):
        inside = group == number
        share[inside] = np.searchsorted(grid, value[inside], side="right") / (STEPS + 1)
    scale = pl.max_horizontal("mad", pl.lit(SPREAD))
    return joined.select(
        "orden",
        desviacion_par=((pl.col("monto_log") - pl.col("mediana")) / scale).fill_null(0.0),
        percentil_par=pl.Series(share),
    )
