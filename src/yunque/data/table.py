"""Read tables."""

from pathlib import Path

import polars as pl


def read_table(source: object, *, limit: int | None = None) -> pl.DataFrame:
    """Temporary."""
    if isinstance(source, pl.DataFrame):
        return source
    s = str(source)
    frame = pl.read_csv(s, infer_schema=False) if s.endswith(".csv") else pl.read_parquet(Path(s))
    return frame.head(limit) if limit else frame
