"""What a client's last days looked like: the highest suspicion among the operations just before each one."""

from datetime import timedelta

import numpy as np
import numpy.typing as npt
import polars as pl

from yunque.solutions.aml.features.history import History
from yunque.solutions.aml.features.sliding import largest

Numbers = npt.NDArray[np.float64]
DAYS = 14  # families of laundering patterns in AMLworld last one to six days; structuring lasts weeks
FINE = 1_000_000


def highest_before(rows: pl.DataFrame, p: Numbers) -> Numbers:
    """Give, for each row, the highest `p` of the client's rows before it within 14 days; 0 where none.

    Only rows that stand before in the order of the law are looked at: later ones change nothing.

    Args:
        rows: `cliente_id`, `fecha` and `orden`, in any order.
        p: (n,) from 0 to 1, kept to the millionth; NaN counts as 0.
    """
    if rows.is_empty():
        return np.zeros(0)
    placed = rows.select("cliente_id", "fecha", "orden").with_columns(
        _p=pl.Series(np.rint(np.nan_to_num(p) * FINE).astype(np.int64)),
        _row=pl.int_range(rows.height, dtype=pl.Int64),
        _client=pl.col("cliente_id").rank("dense").cast(pl.Int64),
    )
    kept = placed.sort("_client", "orden")
    history = History.of(kept, pl.col("_client"))
    first, here = history.since(DAYS), history.here
    before = np.concatenate((np.zeros(1, dtype=np.int64), kept["_p"].to_numpy()[:-1]))
    found = largest(np.minimum(first + 1, here), before)
    out = np.zeros(rows.height)
    out[kept["_row"].to_numpy()] = np.where(first < here, found, 0) / FINE
    return out


def with_recent(mine: pl.DataFrame, enriched: pl.DataFrame) -> pl.DataFrame:
    """Give a file's rows, and after them the earlier rows that `highest_before` needs of the same clients.

    Args:
        mine: enriched rows of the file.
        enriched: enriched rows of all files up to it, with the same columns.
    """
    if mine.is_empty():
        return mine
    spans = mine.group_by("cliente_id").agg(_first=pl.col("fecha").min(), _last=pl.col("fecha").max())
    others = enriched.join(mine.select("id_operacion"), on="id_operacion", how="anti", maintain_order="left")
    near = others.join(spans, on="cliente_id", how="inner", maintain_order="left").filter(
        pl.col("fecha").is_between(pl.col("_first") - timedelta(days=DAYS), pl.col("_last"))
    )
    return pl.concat([mine, near.select(mine.columns)])
