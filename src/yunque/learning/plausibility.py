"""What single columns and pairs of columns can give: the yardstick for a score that seems too good."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import polars as pl

from yunque.data.bins import Bins, IntArray, bin_codes, bin_column
from yunque.data.single_column import Goal, strength

PAIRED_COLUMNS = 10
BINS_PER_SIDE = 12
MOST_COLUMNS = 200
BY_CHANCE = 1_000
FEWEST_DISTINCT = 100


@dataclass(frozen=True, kw_only=True)
class Ceiling:
    """What columns can give, as shares of the constant's loss that they take away on rows not learnt from.

    Attributes:
        alone: what each column gives by itself, 0 at least.
        synergies: sum of what pairs of the ten most important columns give beyond their two columns.
    """

    alone: Mapping[str, float]
    synergies: float

    @property
    def singles(self) -> float:
        """What the columns add up to if nothing is said twice."""
        return sum(self.alone.values())

    @property
    def best(self) -> str:
        """The column that gives most."""
        return max(self.alone, key=self.alone.__getitem__, default="")


def ceiling(sample: pl.DataFrame, columns: Sequence[str], goal: Goal) -> Ceiling:
    """Measure columns one by one, and the first ten two by two.

    Args:
        sample: some rows of the table.
        columns: feature columns, most important first; 200 at most are measured.
        goal: the target of the same rows.
    """
    skills: dict[str, float] = {}
    coarse: dict[str, tuple[IntArray, int]] = {}
    for name in columns[:MOST_COLUMNS]:
        series = sample.get_column(name)
        bins = bin_column(series, most_levels=_most_levels(goal))
        codes = bin_codes(bins, series)
        skills[name] = max(0.0, strength(bins, codes, goal).skill)
        if len(coarse) < PAIRED_COLUMNS:
            coarse[name] = _coarse(bins, codes)
    synergies = 0.0
    for first, second in combinations(coarse, 2):
        (left, width), (right, height) = coarse[first], coarse[second]
        grid = Bins(edges=None, levels=tuple(map(str, range(width * height - 1))))
        together = strength(grid, left * height + right, goal).skill
        synergies += max(0.0, together - skills[first] - skills[second])
    return Ceiling(alone=skills, synergies=synergies)


def distinct_rows(frame: pl.DataFrame, columns: Sequence[str]) -> IntArray:
    """Give the first of all rows that agree in every column, where that cannot be by chance.

    Rows that are on both sides of a split lend a column, too, a skill that it does not have. Where the
    columns have so few values that rows must agree, all rows are given.
    """
    codes = frame.select(columns).hash_rows()
    first = np.flatnonzero(codes.is_first_distinct().to_numpy())
    values = sum(float(np.log(max(1, frame.get_column(name).n_unique()))) for name in columns)
    by_chance = values < np.log(BY_CHANCE * max(1, frame.height))
    return np.arange(frame.height) if by_chance or len(first) < FEWEST_DISTINCT else first


def _coarse(bins: Bins, codes: IntArray) -> tuple[IntArray, int]:
    """Give at most 12 bins: quantiles merged, or the most frequent levels beside all others."""
    if not bins.is_ordered:
        return np.where(codes < BINS_PER_SIDE, codes, 0), min(bins.count, BINS_PER_SIDE)
    fine = max(1, bins.count - 1)
    merged = np.where(codes == 0, 0, 1 + (codes - 1) * min(fine, BINS_PER_SIDE) // fine)
    return merged, min(fine, BINS_PER_SIDE) + 1


def _most_levels(goal: Goal) -> int:
    return max(2, 2_000_000 // (max(1, goal.n_classes) * goal.n_folds))
