"""A table under examination: what every check may look at, worked out once."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

import numpy as np
import polars as pl

from yunque.data.bins import MOST_LEVELS, Bins, FloatArray, IntArray, bin_codes, bin_column
from yunque.data.finding import Finding
from yunque.data.schema import Column, Schema
from yunque.data.single_column import MOST_CELLS, Goal, Strength, strength

SAMPLE_ROWS = 20_000
FEW_INTEGERS = 20


@dataclass(frozen=True, kw_only=True)
class ColumnStrength:
    """One feature column, binned, with what it foretells alone.

    Attributes:
        name: of the column.
        bins, codes: its bins, and the bin of each sampled row.
        strengths: one per goal of the table.
    """

    name: str
    bins: Bins
    codes: IntArray
    strengths: tuple[Strength, ...]

    @property
    def skill(self) -> float:
        """Share of the constant's loss that the column takes away; the best goal counts."""
        return max(each.skill for each in self.strengths)

    @property
    def auc(self) -> float:
        """Area under the ROC curve of a two-class target; nan otherwise."""
        return self.strengths[0].auc


@dataclass(frozen=True, kw_only=True)
class Examined:
    """The rows and facts that checks share.

    Attributes:
        schema: columns and roles.
        frame: typed rows whose target is known; all rows when there is no usable target column.
        rows_without_target: rows left out of `frame`.
        target: the target column when the frame has it, else None.
        is_regression: whether the target is a value rather than a class.
        folds: folds of the training to come.
        seed: seeds samples and folds.
        as_of: the present, naive UTC, given by the caller; None when unknown.
    """

    schema: Schema
    frame: pl.DataFrame
    rows_without_target: int
    target: Column | None
    is_regression: bool
    folds: int
    seed: int
    as_of: datetime | None

    @cached_property
    def present(self) -> frozenset[str]:
        """Names of the columns that the frame holds."""
        return frozenset(self.frame.columns)

    @cached_property
    def features(self) -> tuple[Column, ...]:
        """Feature columns that the frame holds."""
        return tuple(column for column in self.schema.features if column.name in self.present)

    @cached_property
    def target_values(self) -> pl.Series:
        """The target of every row."""
        assert self.target is not None  # noqa: S101 - checks that need a target run only with one
        return self.frame.get_column(self.target.name)

    @cached_property
    def sample(self) -> pl.DataFrame:
        """At most 20,000 rows, in the order of the table."""
        if self.frame.height <= SAMPLE_ROWS:
            return self.frame
        return self.frame[self.sample_rows]

    @cached_property
    def sample_rows(self) -> IntArray:
        """Positions of the sampled rows in `frame`."""
        n = self.frame.height
        if n <= SAMPLE_ROWS:
            return np.arange(n)
        return np.sort(np.random.default_rng(self.seed).choice(n, SAMPLE_ROWS, replace=False))

    @cached_property
    def goals(self) -> tuple[Goal, ...]:
        """The target of the sample: classes; or values and their ranks, which outliers cannot hide."""
        return goals_of(self.target_values[self.sample_rows], self.is_regression, self.folds, self.seed)

    @cached_property
    def strengths(self) -> tuple[ColumnStrength, ...]:
        """What each feature foretells alone, in the order of the columns."""
        return tuple(self.measure(self.sample.get_column(column.name)) for column in self.features)

    def measure(self, series: pl.Series) -> ColumnStrength:
        """Measure what one column of the sampled rows foretells alone."""
        classes = max(1, self.goals[0].n_classes)
        most = min(MOST_LEVELS, MOST_CELLS // (classes * self.goals[0].n_folds))
        bins = bin_column(series, most_levels=max(2, most))
        codes = bin_codes(bins, series)
        found = tuple(strength(bins, codes, goal) for goal in self.goals)
        return ColumnStrength(name=series.name, bins=bins, codes=codes, strengths=found)


@dataclass(frozen=True, kw_only=True)
class Check:
    """One check; a file in `data/checks` ends with CHECK = Check(...).

    Attributes:
        name: begins the ids of its findings.
        order: when it runs; later checks may leave out what earlier ones have said.
        needs_target: it runs only when the target is there and has two values at least.
        run: (table, findings so far) -> its findings.
    """

    name: str
    order: int
    needs_target: bool = True
    run: Callable[[Examined, Sequence[Finding]], Iterable[Finding]]


def goals_of(target: pl.Series, is_regression: bool, folds: int, seed: int) -> tuple[Goal, ...]:
    """Turn a target without missing values into goals with random folds.

    Args:
        target: (n,) values or classes.
        is_regression: values give two goals, standardised values and ranks; classes give one.
        folds: number of folds, at least 2.
        seed: seeds the folds.
    """
    folds = max(2, folds)
    fold = np.random.default_rng(seed + 1).permutation(np.arange(len(target)) % folds)
    if is_regression:
        values = target.cast(pl.Float64).to_numpy()
        ranks = target.rank("average").to_numpy() / max(1, len(target))
        return tuple(Goal(y=_standardised(y), n_classes=0, fold=fold, n_folds=folds) for y in (values, ranks))
    y = class_codes(target)
    return (Goal(y=y, n_classes=int(y.max(initial=0)) + 1, fold=fold, n_folds=folds),)


def _standardised(y: FloatArray) -> FloatArray:
    """Give values with mean 0 and deviation 1; infinite ones count as the largest finite ones."""
    finite = y[np.isfinite(y)]
    if len(finite) == 0 or not np.abs(finite).max() > 0:
        return np.zeros(len(y))
    y = np.clip(y, finite.min(), finite.max()) / np.abs(finite).max()
    spread = float(y.std())
    return np.asarray((y - y.mean()) / spread if spread > 0 else np.zeros(len(y)))


def class_codes(target: pl.Series) -> IntArray:
    """Number the distinct values of a column without missing values, in sorted order from 0."""
    plain = target.cast(pl.UInt8) if target.dtype == pl.Boolean else target
    return plain.rank("dense").to_numpy().astype(np.int64) - 1


def looks_like_regression(target: pl.Series) -> bool:
    """Tell values from classes when nobody said which.

    Words and booleans are classes, and so are two whole numbers. Other numbers are values, unless they are
    at most 20 different whole numbers that lie close together.
    """
    if not target.dtype.is_numeric():
        return False
    distinct = target.drop_nulls().unique().sort()
    if distinct.dtype.is_float() and not bool((distinct == distinct.round()).all()):
        return True
    if len(distinct) <= 2:
        return False
    span = float(distinct[-1]) - float(distinct[0]) + 1
    return distinct.dtype.is_float() or len(distinct) > FEW_INTEGERS or span > 2 * len(distinct)
