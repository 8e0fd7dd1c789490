"""Whether a feature brings the means of keys closer to what it expects than chance allows."""

from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from yunque.data.bins import FloatArray, IntArray, as_numbers, bin_codes, bin_column
from yunque.data.keyed import Keyed

CLOSER_THAN_CHANCE = 0.8
CLOSER_THAN_CHANCE_OF_VALUES = 0.7
WITHOUT_IT = 0.9
STANDARD_ERRORS = 5.0
SMOOTHING = 5.0
FEWEST_VALUES = 40
KNOTS = 16


@dataclass(frozen=True, kw_only=True)
class Dispersion:
    """How far the means of keys lie from what is expected, over how far chance alone must put them.

    Attributes:
        ratio: 1 when what is left is chance, more when the key has a nature of its own that the feature does
            not know, and less when the feature knows how the chance fell.
        without: the same without the feature.
        error: standard error of the ratio.
        keys: keys with two rows at least.
        most: the ratio from which down the feature is suspect.
    """

    ratio: float
    without: float
    error: float
    keys: int
    most: float = CLOSER_THAN_CHANCE

    @property
    def is_closer_than_chance(self) -> bool:
        """Whether the feature has seen the outcomes."""
        far = 1.0 - self.ratio >= STANDARD_ERRORS * self.error
        return self.without >= WITHOUT_IT and self.ratio <= self.most and far


@dataclass(frozen=True, kw_only=True)
class Ratios:
    """The dispersion of each column of outcomes.

    Attributes:
        ratio: (C,) sum over keys of n times the squared mean residual, over the sum of the variances within
            keys: both expect the same when nothing but chance is left, however the variances differ between
            keys. nan where nothing varies within keys.
        error: (C,) standard errors, from the spread over keys.
        keys: keys with two rows at least.
    """

    ratio: FloatArray
    error: FloatArray
    keys: int


def ratios_of(residual: FloatArray, key: IntArray) -> Ratios:
    """Compare the means of keys with the noise that means of so many rows must have.

    Args:
        residual: (n, C) outcomes minus what is expected of them.
        key: (n,) number of each row's key, from 0 without holes.
    """
    rows = np.bincount(key).astype(np.float64)
    several = rows >= 2
    ratio, error = np.full((2, residual.shape[1]), np.nan)
    for place, side in enumerate(residual.T):
        sums = np.bincount(key, weights=side)[several]
        squares = np.bincount(key, weights=side**2)[several]
        between = sums**2 / rows[several]
        within = np.maximum(squares - between, 0.0) / (rows[several] - 1.0)
        if within.sum() > 1e-9 * len(within):
            ratio[place] = between.sum() / within.sum()
            error[place] = np.sqrt(((between - within) ** 2).sum()) / within.sum()
    return Ratios(ratio=ratio, error=error, keys=int(several.sum()))


@dataclass(frozen=True, kw_only=True)
class KeyedTest:
    """A keyed table made ready for testing many features.

    Attributes:
        keyed: the table, by key.
        outcomes: (n, C) centred numbers of its rows.
        half: (n,) 0 or 1 by key: what is expected of one half is learnt from the other.
        without: (C,) ratios when nothing, or only the size of the key, is known; the smaller.
    """

    keyed: Keyed
    outcomes: FloatArray
    half: IntArray
    without: FloatArray


def ready_to_test(keyed: Keyed, outcomes: FloatArray, seed: int) -> KeyedTest:
    """Part the keys in two, and measure what features will be compared with."""
    half = np.random.default_rng(seed).integers(0, 2, len(keyed.sizes))[keyed.key]
    alone = ratios_of(_left_over(outcomes, np.zeros_like(half), half), keyed.key)
    size = pl.Series(keyed.sizes[keyed.key])
    by_size = ratios_of(_left_over(outcomes, _codes(size), half), keyed.key)
    return KeyedTest(keyed=keyed, outcomes=outcomes, half=half, without=np.fmin(alone.ratio, by_size.ratio))


def dispersion_of_keys(test: KeyedTest, feature: pl.Series) -> Dispersion:
    """Test a feature on the keys of a table; the class that shows most counts.

    A sum or count over a key is a mean only beside the size of the key, so a number is tried as it is and
    divided by that size.

    Args:
        test: the table, by key.
        feature: values of the same rows.
    """
    key, half = test.keyed.key, test.half
    found = [ratios_of(_left_over(test.outcomes, _codes(feature), half), key)]
    if feature.dtype.is_numeric():
        shared = pl.Series(as_numbers(feature) / test.keyed.sizes[key]).fill_nan(None)
        found.append(ratios_of(_left_over(test.outcomes, _codes(shared), half), key))
    return min((_lowest(each, test.without) for each in found), key=_rank)


def dispersion_of_values(feature: pl.Series, outcomes: FloatArray, seed: int) -> Dispersion | None:
    """Test a numeric feature whose own values repeat, when the key itself is not in the table.

    A share or mean of outcomes is met exactly by the rows that have it. What an honest feature would tell is
    a line, or a smooth curve (linear between 16 knots), through the values, learnt from other values.

    Returns:
        None when too few values repeat.
    """
    numbers = as_numbers(feature)
    known = np.flatnonzero(~np.isnan(numbers))
    values, key = np.unique(numbers[known], return_inverse=True)
    if not FEWEST_VALUES <= len(values) <= len(known) / 2:
        return None
    y, rows = outcomes[known], np.bincount(key).astype(np.float64)
    means = np.column_stack([np.bincount(key, weights=side) for side in y.T]) / rows[:, None]
    half = np.random.default_rng(seed).integers(0, 2, len(values))
    alone = ratios_of(y, key).ratio
    found = [ratios_of(y - fit(values, means, rows, half)[key], key) for fit in (_line, _curve)]
    lowest = min((_lowest(each, alone) for each in found), key=_rank)
    return replace(lowest, most=CLOSER_THAN_CHANCE_OF_VALUES)


def _lowest(found: Ratios, without: FloatArray) -> Dispersion:
    """Give the class whose ratio sinks most, among those that chance alone explains without the feature."""
    eligible = np.flatnonzero((without >= WITHOUT_IT) & np.isfinite(found.ratio))
    if len(eligible) == 0:
        nothing = float("nan")
        return Dispersion(ratio=nothing, without=nothing, error=nothing, keys=found.keys)
    place = eligible[((1.0 - found.ratio[eligible]) / found.error[eligible]).argmax()]
    return Dispersion(
        ratio=float(found.ratio[place]),
        without=float(without[place]),
        error=float(found.error[place]),
        keys=found.keys,
    )


def _rank(found: Dispersion) -> float:
    return found.ratio if np.isfinite(found.ratio) else float("inf")


def _codes(feature: pl.Series) -> IntArray:
    return bin_codes(bin_column(feature), feature)


def _left_over(outcomes: FloatArray, codes: IntArray, half: IntArray) -> FloatArray:
    """Take away what the bin of each row makes one expect, learnt from the other half."""
    count = int(codes.max(initial=0)) + 1
    cell = half * count + codes
    rows = np.bincount(cell, minlength=2 * count).reshape(2, count)
    expected = np.empty_like(outcomes)
    for place, side in enumerate(outcomes.T):
        sums = np.bincount(cell, weights=side, minlength=2 * count).reshape(2, count)
        overall = sums.sum(axis=1) / np.maximum(1, rows.sum(axis=1))
        means = (sums + SMOOTHING * overall[:, None]) / (rows + SMOOTHING)
        expected[:, place] = means[::-1].ravel()[cell]
    return np.asarray(outcomes - expected)


def _line(values: FloatArray, means: FloatArray, rows: FloatArray, half: IntArray) -> FloatArray:
    """Expect of each value what a weighted line through the means of the other half gives."""
    expected = np.empty_like(means)
    for part in (0, 1):
        learnt, told = half != part, half == part
        weight = rows[learnt] / max(1.0, rows[learnt].sum())
        middle, level = weight @ values[learnt], weight @ means[learnt]
        away = values[learnt] - middle
        spread = float(weight @ away**2)
        slope = (weight * away) @ (means[learnt] - level) / spread if spread > 0 else np.zeros(len(level))
        expected[told] = level + np.outer(values[told] - middle, slope)
    return expected


def _curve(values: FloatArray, means: FloatArray, rows: FloatArray, half: IntArray) -> FloatArray:
    """Expect of each value what lies between 16 knots of equal mass through the other half."""
    expected = np.empty_like(means)
    for part in (0, 1):
        learnt, told = np.flatnonzero(half != part), half == part
        mass = np.cumsum(rows[learnt])
        knot = np.minimum(
            KNOTS - 1, (mass - rows[learnt]) * KNOTS // max(1.0, mass[-1] if len(mass) else 1.0)
        )
        knot = knot.astype(np.int64)
        weight = np.bincount(knot, weights=rows[learnt], minlength=KNOTS)
        there = weight > 0
        at = np.bincount(knot, weights=rows[learnt] * values[learnt], minlength=KNOTS)[there] / weight[there]
        for place, side in enumerate(means.T):
            height = np.bincount(knot, weights=rows[learnt] * side[learnt], minlength=KNOTS)[there]
            expected[told, place] = np.interp(values[told], at, height / weight[there])
    return expected
