"""How two versions of a table differ: columns, rows, and how the values of each column are spread."""

from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from yunque.data.profile import to_json_value

BINS = 20
MOST_LEVELS = 50  # that have a bin of their own
SHOWN = 10
STRONG = 0.2  # of the population stability index: a shift that a reader should look at
FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class ColumnChange:
    """One column that both versions have.

    Attributes:
        name: its name.
        kind_before, kind_after: types as the tables hold them.
        missing_before, missing_after: shares of missing cells.
        stability: population stability index between the two spreads; 0 is the same. Siddiqi, 2006.
        usual: what it would be about, at most, if both were drawn from the same (its noise).
        distance: largest gap between the cumulative shares (Kolmogorov-Smirnov); None for categories.
        middle_before, middle_after: medians, or the most frequent levels.
        new_levels, lost_levels: at most 10 each; of categories.
    """

    name: str
    kind_before: str
    kind_after: str
    missing_before: float
    missing_after: float
    stability: float | None = None
    usual: float = 0.0
    distance: float | None = None
    middle_before: Any = None
    middle_after: Any = None
    new_levels: tuple[str, ...] = ()
    lost_levels: tuple[str, ...] = ()

    @property
    def moved(self) -> bool:
        """Whether the values are spread otherwise, beyond what two samples of one table would show."""
        return self.stability is not None and self.stability >= max(STRONG, 2.0 * self.usual)


@dataclass(frozen=True, kw_only=True)
class TableChange:
    """What changed from one version to the other.

    Attributes:
        rows_before, rows_after: counts.
        rows_kept, rows_added, rows_removed: counted by their content over the common columns, whatever their
            order; None where a column changed its type, so that no row can be the same.
        columns_added, columns_removed, kinds_changed: names.
        columns: the common ones, those that moved most first.
    """

    rows_before: int
    rows_after: int
    rows_kept: int | None
    rows_added: int | None
    rows_removed: int | None
    columns_added: tuple[str, ...]
    columns_removed: tuple[str, ...]
    kinds_changed: tuple[str, ...]
    columns: tuple[ColumnChange, ...] = field(default=())

    @property
    def is_same(self) -> bool:
        """Whether both hold the same rows and columns."""
        nothing = not (self.columns_added or self.columns_removed or self.kinds_changed)
        return nothing and self.rows_added == 0 and self.rows_removed == 0

    def to_dict(self) -> dict[str, Any]:
        """Give it as JSON values."""
        document = asdict(self) | {"is_same": self.is_same}
        document["columns"] = [asdict(column) | {"moved": column.moved} for column in self.columns]
        return document


def compare_tables(before: pl.DataFrame, after: pl.DataFrame) -> TableChange:
    """Compare two checked tables; neither order of rows nor of columns counts."""
    common = [name for name in before.columns if name in after.columns]
    changed = tuple(name for name in common if before[name].dtype != after[name].dtype)
    kept = _rows_in_common(before.select(common), after.select(common)) if common and not changed else None
    columns = [compare_columns(before[name], after[name]) for name in common]
    return TableChange(
        rows_before=before.height,
        rows_after=after.height,
        rows_kept=kept,
        rows_added=None if kept is None else after.height - kept,
        rows_removed=None if kept is None else before.height - kept,
        columns_added=tuple(name for name in after.columns if name not in before.columns),
        columns_removed=tuple(name for name in before.columns if name not in after.columns),
        kinds_changed=changed,
        columns=tuple(sorted(columns, key=lambda column: -(column.stability or 0.0))),
    )


def _rows_in_common(before: pl.DataFrame, after: pl.DataFrame) -> int:
    """Count rows that both hold, by hashes of their content; one that stands twice in both counts twice."""
    counts = [
        frame.hash_rows(seed=1).alias("row").to_frame().group_by("row").agg(pl.len().alias(name))
        for frame, name in ((before, "one"), (after, "other"))
    ]
    both = counts[0].join(counts[1], on="row")
    return int(both.select(pl.min_horizontal("one", "other").sum()).item() or 0)


def compare_columns(before: pl.Series, after: pl.Series) -> ColumnChange:
    """Compare the same column of two versions."""
    facts: dict[str, Any] = {
        "name": before.name,
        "kind_before": _kind(before),
        "kind_after": _kind(after),
        "missing_before": before.null_count() / max(len(before), 1),
        "missing_after": after.null_count() / max(len(after), 1),
    }
    present = before.drop_nulls(), after.drop_nulls()
    if before.dtype != after.dtype or not all(len(each) for each in present):
        return ColumnChange(**facts)
    if before.dtype in (pl.String, pl.Boolean):
        return ColumnChange(**facts, **_levels(*present))
    return ColumnChange(**facts, **_spread(*present))


def _kind(series: pl.Series) -> str:
    return str(series.dtype).partition("(")[0].lower()


def _levels(before: pl.Series, after: pl.Series) -> dict[str, Any]:
    counts = [_counts(series) for series in (before, after)]
    named = list(counts[0])[:MOST_LEVELS]
    shares = [
        np.array(
            [found.get(level, 0) for level in named]
            + [sum(found.values()) - sum(found.get(level, 0) for level in named)]
        )
        for found in counts
    ]
    stability, usual = _stability(shares[0], shares[1])
    return {
        "stability": stability,
        "usual": usual,
        "middle_before": next(iter(counts[0])),
        "middle_after": next(iter(counts[1])),
        "new_levels": tuple(level for level in counts[1] if level not in counts[0])[:SHOWN],
        "lost_levels": tuple(level for level in counts[0] if level not in counts[1])[:SHOWN],
    }


def _counts(series: pl.Series) -> dict[str, int]:
    """Count levels, the most frequent first."""
    counted = series.cast(pl.String).alias("level").value_counts()
    ordered = counted.sort(["count", "level"], descending=[True, False])
    return dict(ordered.iter_rows())


def _spread(before: pl.Series, after: pl.Series) -> dict[str, Any]:
    one, other = (_numbers(series) for series in (before, after))
    edges = np.unique(np.quantile(one, np.arange(1, BINS) / BINS))
    counted = [
        np.bincount(np.searchsorted(edges, values, side="left"), minlength=edges.size + 1)
        for values in (one, other)
    ]
    stability, usual = _stability(counted[0], counted[1])
    return {
        "stability": stability,
        "usual": usual,
        "distance": _largest_gap(one, other),
        "middle_before": to_json_value(before.sort()[len(before) // 2]),
        "middle_after": to_json_value(after.sort()[len(after) // 2]),
    }


def _numbers(series: pl.Series) -> FloatArray:
    if not series.dtype.is_numeric():
        series = series.to_physical()
    values = series.cast(pl.Float64).to_numpy()
    return np.asarray(np.clip(np.nan_to_num(values, nan=0.0), -1e300, 1e300), np.float64)


def _stability(before: npt.NDArray[Any], after: npt.NDArray[Any]) -> tuple[float, float]:
    """Give the index, half a row added to every bin, and its 99th percentile under no change.

    Under no change it is about chi-squared with bins - 1 degrees, times 1/n + 1/m (Yurdakul, 2018); the
    percentile is that of a normal with the same mean and variance, and half as much again.
    """
    bins = before.size
    sizes = float(before.sum()), float(after.sum())
    shares = [(counts + 0.5) / (counts.sum() + 0.5 * bins) for counts in (before, after)]
    index = float(((shares[1] - shares[0]) * np.log(shares[1] / shares[0])).sum())
    freedom = max(bins - 1, 1)
    usual = (freedom + 3.5 * np.sqrt(2.0 * freedom)) * (1.0 / sizes[0] + 1.0 / sizes[1])
    return index, float(usual)


def _largest_gap(one: FloatArray, other: FloatArray) -> float:
    points = np.unique(np.concatenate((one, other)))
    left, right = np.sort(one), np.sort(other)
    gaps = (
        np.searchsorted(left, points, side="right") / left.size
        - np.searchsorted(right, points, side="right") / right.size
    )
    return float(np.abs(gaps).max(initial=0.0))
