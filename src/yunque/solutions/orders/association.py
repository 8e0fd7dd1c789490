"""How strongly two columns go together, and whether a column tells anything of the channel beyond chance."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

Codes = npt.NDArray[np.int64]
BINS = 10
FEWEST_EXPECTED = 5.0


@dataclass(frozen=True, kw_only=True)
class Signal:
    """What a column tells of the answer.

    Attributes:
        nats: mutual information with the answer, less what chance alone would give.
        p: how often chance would give as much (G-test); 1 where there is nothing to test.
    """

    nats: float
    p: float


def codes_of(series: pl.Series, bins: int = BINS) -> Codes:
    """Give each value a code from 0: a level each, or a tenth of the range of a number; missing is a code."""
    if series.dtype.is_numeric():
        values = series.cast(pl.Float64).to_numpy()
        known = values[np.isfinite(values)]
        distinct = np.unique(known)
        edges = (
            distinct[1:]
            if len(distinct) <= bins
            else np.unique(np.quantile(known, np.arange(1, bins) / bins))
        )
        found = np.searchsorted(edges, values, side="right") + 1
        return np.where(np.isfinite(values), found, 0).astype(np.int64)
    return series.cast(pl.String).fill_null("").rank("dense").cast(pl.Int64).to_numpy() - 1


def cramers_v(left: Codes, right: Codes) -> float:
    """Give Cramér's V with its bias taken out (Bergsma, 2013): 0 for nothing in common, 1 for the same."""
    table = _table(left, right)
    rows, columns, n = table.shape[0], table.shape[1], table.sum()
    if min(rows, columns) < 2 or n < 2:
        return 0.0
    expected = table.sum(axis=1, keepdims=True) * table.sum(axis=0, keepdims=True) / n
    phi = float(((table - expected) ** 2 / expected).sum() / n)
    free = max(0.0, phi - (rows - 1) * (columns - 1) / (n - 1))
    r, c = rows - (rows - 1) ** 2 / (n - 1), columns - (columns - 1) ** 2 / (n - 1)
    least = min(r, c) - 1
    return float(np.sqrt(free / least)) if least > 0 else 0.0


def pearson(left: pl.Series, right: pl.Series) -> float:
    """Give Pearson's correlation over rows where both are known; 0 where one does not vary."""
    both = pl.DataFrame({"l": left.cast(pl.Float64), "r": right.cast(pl.Float64)}).drop_nulls()
    found = both.select(pl.corr("l", "r")).item() if both.height > 2 else None
    return float(found) if found is not None and np.isfinite(found) else 0.0


def signal(codes: Codes, answers: Codes, within: Codes | None = None) -> Signal:
    """Say what a column tells of the answer, within levels of another column where one is given.

    The G statistic is twice the rows times the mutual information; under chance it follows a chi-square whose
    degrees of freedom are counted over the levels that occur. Rows must not repeat one client: its attributes
    would count once for each of its orders.
    """
    from scipy.stats import chi2

    total, free = 0.0, 0
    for part in _parts(within, len(codes)):
        table = _pooled(_table(codes[part], answers[part]))
        if min(table.shape) < 2:
            continue
        expected = table.sum(axis=1, keepdims=True) * table.sum(axis=0, keepdims=True) / table.sum()
        total += 2.0 * float((table[table > 0] * np.log(table[table > 0] / expected[table > 0])).sum())
        free += (table.shape[0] - 1) * (table.shape[1] - 1)
    if free == 0 or not len(codes):
        return Signal(nats=0.0, p=1.0)
    return Signal(nats=(total - free) / (2.0 * len(codes)), p=float(chi2.sf(total, free)))


def _parts(within: Codes | None, rows: int) -> Sequence[npt.NDArray[np.int64]]:
    if within is None:
        return [np.arange(rows)]
    order = np.argsort(within, kind="stable")
    return np.split(order, np.flatnonzero(np.diff(within[order])) + 1)


def _pooled(table: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Put levels of few rows together: a chi-square needs about five expected a cell (Cochran, 1954)."""
    if not table.size:
        return table
    rows = table.sum(axis=1)
    rare = rows * (table.sum(axis=0).min() / table.sum()) < FEWEST_EXPECTED
    return np.vstack([table[~rare], table[rare].sum(axis=0)]) if rare.sum() > 1 else table


def _table(left: Codes, right: Codes) -> npt.NDArray[np.float64]:
    """Count pairs; levels that do not occur have no row."""
    _, l_codes = np.unique(left, return_inverse=True)
    _, r_codes = np.unique(right, return_inverse=True)
    width = int(r_codes.max(initial=-1)) + 1
    cells = np.bincount(l_codes * width + r_codes, minlength=(int(l_codes.max(initial=-1)) + 1) * width)
    return cells.reshape(-1, width).astype(np.float64)
