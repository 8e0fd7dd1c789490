"""Counting the levels of a category on training rows, in an order that does not depend on the rows' order."""

import polars as pl


def frequent_levels(series: pl.Series, *, least: int, most: int) -> list[tuple[str, int]]:
    """Give at most `most` levels seen at least `least` times with their counts.

    Most frequent first; equal counts in the order of their UTF-8 bytes. Missing values are no level.
    """
    level, count = "level", "count"
    counted = (
        series.drop_nulls()
        .alias(level)
        .to_frame()
        .group_by(level)
        .agg(pl.len().alias(count))
        .filter(pl.col(count) >= least)
        .sort([count, level], descending=[True, False])
        .head(most)
    )
    return list(zip(counted[level].to_list(), counted[count].to_list(), strict=True))
