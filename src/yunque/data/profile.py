"""Column statistics of a checked table: the reference that drift is measured against."""

import datetime as dt
from itertools import pairwise
from typing import Any

import polars as pl

from yunque.data.contract import Contract
from yunque.data.schema import Column, Kind, Role

FORMAT = 1
TOP_LEVELS = 50
BINS = 20
_QUANTILES = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)
_TIMES = frozenset({Kind.DATE, Kind.TIMESTAMP})


def profile(contract: Contract, checked_frame: pl.DataFrame) -> dict[str, Any]:
    """Describe a checked table as JSON values.

    Returns:
        {"format": 1, "rows": n, "example": first complete row of features, "columns": {name: statistics}}.
        Every column has kind, role, n (present), missing. Numbers add min, max, mean, std, quantiles, edges
        and counts: `counts[i]` cells lie in (edges[i-1], edges[i]], the first and last bin being open, so
        len(counts) = len(edges) + 1. Dates add the same over ISO texts, without mean and std. Categories and
        booleans add distinct, levels (the 50 most frequent with counts) and other (cells of all others).
        Texts add distinct, mean characters and words. Ignored columns and ids have the counts only.
    """
    columns = {
        column.name: _column_profile(column, checked_frame[column.name])
        for column in contract.schema
        if column.name in checked_frame.columns
    }
    return {
        "format": FORMAT,
        "rows": checked_frame.height,
        "example": example_row(contract, checked_frame),
        "columns": columns,
    }


def example_row(contract: Contract, checked_frame: pl.DataFrame) -> dict[str, Any]:
    """Give the features of the first row without missing values (or with the fewest) as JSON values."""
    names = [column.name for column in contract.schema.features if column.name in checked_frame.columns]
    if not names or not checked_frame.height:
        return {}
    features = checked_frame.select(names).head(100_000)
    missing = features.select(pl.sum_horizontal(pl.all().is_null().cast(pl.UInt32)).alias("missing"))
    place = missing["missing"].arg_min() or 0
    return {name: to_json_value(value) for name, value in features.row(place, named=True).items()}


def to_json_value(value: Any) -> Any:
    """Give a typed cell as JSON holds it: dates and timestamps as ISO text."""
    return value.isoformat() if isinstance(value, dt.date) else value


def _column_profile(column: Column, series: pl.Series) -> dict[str, Any]:
    present = series.drop_nulls()
    facts: dict[str, Any] = {
        "kind": str(column.kind),
        "role": str(column.role),
        "n": len(present),
        "missing": series.null_count(),
    }
    if column.role in (Role.ID, Role.IGNORE) or not len(present):
        return facts
    if column.kind in (Kind.NUMBER, Kind.INTEGER):
        return facts | _moments(present) | _spread(present)
    if column.kind in _TIMES:
        return facts | _spread(present)
    if column.kind is Kind.TEXT:
        return facts | _text_facts(present)
    return facts | _level_counts(present)


def _moments(present: pl.Series) -> dict[str, Any]:
    numbers = present.cast(pl.Float64)
    spread = numbers.std() if len(numbers) > 1 else 0.0
    return {"mean": numbers.mean(), "std": spread}


def _spread(present: pl.Series) -> dict[str, Any]:
    """Range, quantiles and a histogram whose edges are quantiles (fewer where values repeat)."""
    ordered = present.sort()
    quantiles = {str(share): to_json_value(ordered[_place(share, len(ordered))]) for share in _QUANTILES}
    inner = [_place(number / BINS, len(ordered)) for number in range(1, BINS)]
    edges = ordered.gather(inner).unique().sort()
    up_to = [0, *ordered.search_sorted(edges, side="right").to_list(), len(ordered)]
    return {
        "min": to_json_value(ordered[0]),
        "max": to_json_value(ordered[-1]),
        "quantiles": quantiles,
        "edges": [to_json_value(edge) for edge in edges],
        "counts": [after - before for before, after in pairwise(up_to)],
    }


def _place(share: float, rows: int) -> int:
    return min(rows - 1, int(share * rows))


def _text_facts(present: pl.Series) -> dict[str, Any]:
    return {
        "distinct": present.n_unique(),
        "mean_characters": present.str.len_chars().mean(),
        "mean_words": present.str.count_matches(r"\S+").mean(),
    }


def _level_counts(present: pl.Series) -> dict[str, Any]:
    counts = present.cast(pl.String).alias("level").value_counts()
    top = counts.sort(["count", "level"], descending=[True, False]).head(TOP_LEVELS)
    levels = dict(zip(top["level"].to_list(), top["count"].to_list(), strict=True))
    return {"distinct": counts.height, "levels": levels, "other": len(present) - sum(levels.values())}
