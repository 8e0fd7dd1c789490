"""Any column as a few ordered bins or levels: the common ground of checks, baselines and the leak alarm."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]

MOST_BINS = 64
MOST_LEVELS = 20_000
LARGEST = 1e100


@dataclass(frozen=True, kw_only=True)
class Bins:
    """How the values of one column fall into bins.

    Bin 0 holds missing values, and levels that were not seen or are too rare to be kept.

    Attributes:
        edges: of ordered columns: bin i (from 1) holds edges[i-2] < value <= edges[i-1]; None for levels.
        levels: of unordered columns: level i has bin i+1; None for ordered columns.
    """

    edges: FloatArray | None
    levels: tuple[str, ...] | None

    @property
    def count(self) -> int:
        """Number of bins, the one of missing values included."""
        return 1 + (len(self.levels or ()) if self.edges is None else len(self.edges) + 1)

    @property
    def is_ordered(self) -> bool:
        """Whether neighbouring bins may be merged."""
        return self.edges is not None


def bin_column(series: pl.Series, *, most_levels: int = MOST_LEVELS) -> Bins:
    """Find bins for a column: its distinct values, 64 quantiles of an ordered one, or its levels.

    Args:
        series: a column of a checked table.
        most_levels: levels kept, most frequent first.
    """
    if is_ordered(series.dtype):
        return Bins(edges=_edges(as_numbers(series)), levels=None)
    counts = series.drop_nulls().cast(pl.String).alias("level").value_counts(name="rows")
    kept = counts.sort("rows", "level", descending=[True, False]).get_column("level").head(most_levels)
    return Bins(edges=None, levels=tuple(kept.to_list()))


def bin_codes(bins: Bins, series: pl.Series) -> IntArray:
    """Give the bin of each value, as (n,) int64."""
    if bins.edges is not None:
        numbers = as_numbers(series)
        codes = np.searchsorted(bins.edges, numbers, side="left") + 1
        return np.where(np.isnan(numbers), 0, codes).astype(np.int64)
    if not bins.levels:
        return np.zeros(len(series), dtype=np.int64)
    places = pl.Series(np.arange(1, len(bins.levels) + 1), dtype=pl.Int64)
    text = series.cast(pl.String)
    return (
        text.replace_strict(pl.Series(bins.levels), places, default=0, return_dtype=pl.Int64)
        .fill_null(0)
        .to_numpy()
    )


def as_numbers(series: pl.Series) -> FloatArray:
    """Give an ordered column as float64 with nan for missing; dates in days, timestamps in microseconds.

    Values beyond 1e100, the infinite ones too, count as 1e100, so that their squares can be summed.
    """
    plain = series if series.dtype.is_numeric() else series.to_physical().cast(pl.Float64)
    return np.asarray(np.clip(plain.to_numpy().astype(np.float64), -LARGEST, LARGEST))


def first_seen(series: pl.Series) -> IntArray:
    """Number the values of a column, missing included, from 0 in the order in which they first appear."""
    physical = (
        series.cast(pl.Categorical).to_physical() if series.dtype == pl.String else series.to_physical()
    )
    if physical.dtype.is_float():
        raw = as_numbers(physical)
    else:
        raw = physical.cast(pl.Int64).fill_null(np.iinfo(np.int64).min).to_numpy()
    _, first, inverse = np.unique(raw, return_index=True, return_inverse=True)
    place = np.empty(len(first), dtype=np.int64)
    place[np.argsort(first, kind="stable")] = np.arange(len(first))
    return place[inverse]


def is_ordered(dtype: pl.DataType) -> bool:
    """Tell whether values of a type have an order that means something."""
    return dtype.is_numeric() or dtype.is_temporal() or dtype == pl.Boolean


def _edges(numbers: FloatArray) -> FloatArray:
    known = np.sort(numbers[~np.isnan(numbers)])
    if len(known) == 0:
        return np.zeros(0)
    distinct = known[np.append(True, np.diff(known) > 0)]
    if len(distinct) <= MOST_BINS:
        return np.asarray((distinct[:-1] + distinct[1:]) / 2.0)
    at = (np.arange(1, MOST_BINS) * len(known)) // MOST_BINS
    return np.unique(known[at][known[at] < known[-1]])
