"""Intervals and sets hold the truth as often as they say, on rows exchangeable with those they came from."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import betabinom

from yunque.learning.conformal import held, interval, measured, measured_across, promised, set_threshold, sets
from yunque.learning.decide import DecisionRows, decide
from yunque.learning.decide_wish import read_wish
from yunque.learning.leaderboard import Decision
from yunque.learning.task import Task, TaskKind

REGRESSION = Task(kind=TaskKind.REGRESSION, target="y", metric="rmse")
SURELY = 1e-9  # of the whole suite's draws, less than one in a million would fall outside
LEVELS = st.sampled_from([0.5, 0.8, 0.9, 0.95])


def classes_of(
    rng: np.random.Generator, n: int, classes: int, sharpness: float
) -> tuple[np.ndarray, np.ndarray]:
    """Draw probabilities, and classes that are not quite drawn from them: no calibration is assumed."""
    p = rng.dirichlet(np.full(classes, sharpness), n)
    truth = 0.7 * p + 0.3 / classes
    return (rng.random((n, 1)) > truth.cumsum(axis=1)).sum(axis=1).clip(0, classes - 1), p


def bounds(n: int, fresh: int, rank: int) -> tuple[float, float]:
    """Give how many of the fresh rows may be covered: beta-binomial with the rank of the quantile."""
    law = betabinom(fresh, rank, n + 1 - rank)
    return float(law.ppf(SURELY)), float(law.ppf(1 - SURELY))


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    n=st.integers(30, 400),
    classes=st.integers(2, 12),
    sharpness=st.sampled_from([0.1, 0.5, 2.0]),
    level=LEVELS,
)
def test_sets_cover_exchangeable_rows_within_the_bounds_of_chance(
    seed: int, n: int, classes: int, sharpness: float, level: float
) -> None:
    rng, fresh = np.random.default_rng(seed), 1_000
    y, p = classes_of(rng, n + fresh, classes, sharpness)
    at = set_threshold(y[:n], p[:n], level)
    low, high = bounds(n, fresh, int(np.ceil((n + 1) * level - 1e-9)))
    alone = p[np.arange(n, n + fresh), y[n:]] >= at
    assert low <= alone.sum() <= high  # the rule itself is exact
    inside = sets(p[n:], at)
    assert inside[np.arange(fresh), y[n:]].sum() >= low  # the most probable class only adds
    assert (inside.sum(axis=1) >= 1).all()


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10_000), n=st.integers(40, 400), level=LEVELS, skewed=st.booleans())
def test_intervals_cover_exchangeable_rows_within_the_bounds_of_chance(
    seed: int, n: int, level: float, skewed: bool
) -> None:
    rng, fresh = np.random.default_rng(seed), 1_000
    residuals = rng.exponential(size=n + fresh) if skewed else rng.standard_t(2, n + fresh)
    low, high = interval(residuals[:n], level)
    tail = n + 1 - int(np.ceil((n + 1) * (1 - (1 - level) / 2) - 1e-9))  # left out on each side
    fewest, most = bounds(n, fresh, n + 1 - 2 * tail)
    assert fewest <= ((residuals[n:] >= low) & (residuals[n:] <= high)).sum() <= most


@settings(max_examples=50, deadline=None)
@given(n=st.integers(1, 200), seed=st.integers(0, 1_000))
def test_an_interval_covers_its_own_residuals(n: int, seed: int) -> None:
    residuals = np.random.default_rng(seed).standard_cauchy(n)
    low, high = interval(residuals, 0.9)
    assert low <= high
    assert ((residuals >= low) & (residuals <= high)).mean() >= 0.9 - 1e-9


@pytest.mark.parametrize("rows", [0, 1, 8])
def test_too_few_rows_for_the_level_give_every_class(rows: int) -> None:
    assert set_threshold(np.zeros(rows, np.int64), np.full((rows, 2), 0.5), 0.9) == 0.0


def test_nine_rows_are_enough_for_nine_in_ten() -> None:
    p = np.column_stack([np.arange(1, 10) / 10, 1 - np.arange(1, 10) / 10])
    assert set_threshold(np.zeros(9, np.int64), p, 0.9) == pytest.approx(0.1)


def test_a_regression_gets_an_interval_and_its_coverage_out_of_fold_and_on_fresh_rows() -> None:
    rng = np.random.default_rng(0)
    y = rng.normal(size=2_000)
    predictions = (y + rng.normal(0, 0.5, 2_000))[:, None]
    rows = DecisionRows(y=y[:1_000], predictions=predictions[:1_000], parts=np.arange(1_000) % 5)
    decision = decide(REGRESSION, rows, read_wish(coverage=0.8), 0).decision
    assert decision.threshold is None and decision.interval_level == 0.8
    assert decision.interval_coverage is not None and 0.76 < decision.interval_coverage < 0.84
    fresh = measured(decision, y[1_000:], predictions[1_000:])
    assert fresh.interval_coverage is not None and 0.76 < fresh.interval_coverage < 0.84
    assert fresh.set_coverage is None


def test_the_coverage_across_folds_sees_a_fold_that_is_unlike_the_others() -> None:
    rng = np.random.default_rng(1)
    parts = np.arange(900) % 3
    residuals = rng.normal(0, np.where(parts == 2, 10.0, 1.0))
    decision = promised(Decision(), residuals, np.zeros((900, 1)), 0.9)
    own, _ = held(decision, residuals, np.zeros((900, 1)))
    across = measured_across(decision, residuals, np.zeros((900, 1)), parts)
    assert own.mean() >= 0.9
    assert across.interval_coverage is not None and across.interval_coverage < 0.8


def test_parts_of_few_rows_measure_nothing() -> None:
    decision = promised(Decision(), np.zeros(30), np.zeros((30, 1)), 0.9)
    assert measured_across(decision, np.zeros(30), np.zeros((30, 1)), np.arange(30) % 5) == decision
    assert measured_across(decision, np.zeros(30), np.zeros((30, 1)), np.zeros(30, np.int64)) == decision


def test_sets_shrink_where_the_model_is_sure() -> None:
    rng = np.random.default_rng(2)
    vague, sure = (classes_of(rng, 3_000, 5, sharpness) for sharpness in (5.0, 0.05))
    sizes = []
    for y, p in (vague, sure):
        decision = measured(promised(Decision(), y[:1_500], p[:1_500], 0.7), y[1_500:], p[1_500:])
        assert decision.set_coverage is not None and decision.set_coverage > 0.65
        sizes.append(decision.set_size or 0.0)
    assert sizes[1] < sizes[0]
