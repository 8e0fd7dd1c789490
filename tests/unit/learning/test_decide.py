"""Thresholds move only for a clear gain; intervals hold what they promise."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from yunque.learning.decide import answered, coverage, decide, interval, threshold
from yunque.learning.metrics import evaluate_all
from yunque.learning.task import Task, TaskKind

REGRESSION = Task(kind=TaskKind.REGRESSION, target="y", metric="rmse")


def binary(metric: str) -> Task:
    return Task(kind=TaskKind.BINARY, target="y", classes=(0, 1), metric=metric)


def rare(n: int = 10_000, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Draw calibrated probabilities of a class that one row in ten or so has."""
    rng = np.random.default_rng(seed)
    p = 1 / (1 + np.exp(-rng.normal(-2.8, 1.3, n)))
    return (rng.random(n) < p).astype(np.int64), np.column_stack([1 - p, p])


@pytest.mark.parametrize("metric", ["log_loss", "roc_auc", "brier"])
def test_metrics_of_probabilities_keep_one_half(metric: str) -> None:
    y, p = rare()
    assert threshold(binary(metric), y, p, None, 0) == 0.5


@pytest.mark.parametrize("metric", ["f1", "balanced_accuracy", "mcc"])
def test_metrics_of_answers_move_it_where_that_helps_on_fresh_rows(metric: str) -> None:
    task = binary(metric)
    found = threshold(task, *rare(), None, 0)
    assert 0.02 < found < 0.45
    y, p = rare(seed=1)
    moved, even = (evaluate_all(task, y, p, at)[metric] for at in (found, 0.5))
    assert moved > even + 0.05


def test_accuracy_of_calibrated_probabilities_keeps_one_half() -> None:
    y, p = rare()
    assert threshold(binary("accuracy"), y, p, None, 0) == 0.5


def test_a_single_class_or_a_single_score_keeps_one_half() -> None:
    p = np.tile([0.7, 0.3], (50, 1))
    assert threshold(binary("f1"), np.zeros(50, dtype=np.int64), p, None, 0) == 0.5
    assert threshold(binary("f1"), np.arange(50) % 2, p, None, 0) == 0.5


def test_answers_are_shown_only_to_metrics_of_answers() -> None:
    _, p = rare(100)
    assert answered(binary("log_loss"), p, 0.1) is p
    assert np.array_equal(answered(binary("f1"), p, 0.1)[:, 1], (p[:, 1] >= 0.1).astype(float))


@settings(max_examples=50, deadline=None)
@given(n=st.integers(1, 200), seed=st.integers(0, 1_000))
def test_an_interval_covers_its_own_residuals(n: int, seed: int) -> None:
    residuals = np.random.default_rng(seed).standard_cauchy(n)
    low, high = interval(residuals, 0.9)
    assert low <= high
    assert ((residuals >= low) & (residuals <= high)).mean() >= 0.9 - 1e-9


def test_intervals_cover_fresh_rows_as_often_as_they_say_also_when_skewed() -> None:
    rng = np.random.default_rng(0)
    covered = []
    for _ in range(200):
        seen, fresh = rng.exponential(size=100), rng.exponential(size=400)
        low, high = interval(seen, 0.9)
        covered.append(((fresh >= low) & (fresh <= high)).mean())
    assert 0.9 <= np.mean(covered) < 0.93


def test_a_regression_gets_an_interval_and_its_coverage() -> None:
    rng = np.random.default_rng(0)
    y = rng.normal(size=2_000)
    predictions = (y + rng.normal(0, 0.5, 2_000))[:, None]
    decision = decide(REGRESSION, y[:1_000], predictions[:1_000], None, 0)
    assert decision.threshold is None and decision.interval_level == 0.9
    measured = coverage(y[1_000:], predictions[1_000:], decision)
    assert measured is not None and 0.87 < measured < 0.93


def test_classes_have_a_threshold_only_when_there_are_two() -> None:
    three = Task(kind=TaskKind.MULTICLASS, target="y", classes=(0, 1, 2), metric="accuracy")
    decision = decide(three, np.arange(30) % 3, np.full((30, 3), 1 / 3), None, 0)
    assert decision.threshold is None and decision.interval_low is None
    assert coverage(np.arange(3), np.zeros((3, 3)), decision) is None
