"""Thresholds move only for a clear gain; intervals hold what they promise."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from yunque.learning.answers import answer_position, answer_positions
from yunque.learning.decide import DecisionRows, as_decided, decide, threshold
from yunque.learning.decide_wish import DecisionWish, read_wish
from yunque.learning.leaderboard import Decision
from yunque.learning.metrics import evaluate_all
from yunque.learning.plan import decision_from, decision_record
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
    low = Decision(threshold=0.1)
    assert as_decided(binary("log_loss"), p, low) is p
    assert np.array_equal(as_decided(binary("f1"), p, low)[:, 1], (p[:, 1] >= 0.1).astype(float))


def many(metric: str) -> Task:
    return Task(kind=TaskKind.MULTICLASS, target="y", classes=("a", "b", "c"), metric=metric)


def uneven(n: int = 4_000, seed: int = 0) -> DecisionRows:
    """Draw calibrated probabilities of three classes, the last one rare."""
    rng = np.random.default_rng(seed)
    scores = rng.normal([0.6, 0.3, -2.2], 1.0, (n, 3))
    p = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    y = (rng.random((n, 1)) > p.cumsum(axis=1)).sum(axis=1)
    return DecisionRows(y=y, predictions=p, parts=np.arange(n) % 5)


@pytest.mark.parametrize("metric", ["balanced_accuracy", "f1_macro"])
def test_classes_get_factors_where_answers_are_judged_and_they_help_on_fresh_rows(metric: str) -> None:
    task, fresh = many(metric), uneven(seed=1)
    decided = decide(task, uneven(), DecisionWish(), 0)
    factors = decided.decision.factors
    assert factors is not None and factors[2] > factors[0]
    answers = answer_positions(decided.decision, fresh.predictions)
    after = evaluate_all(task, fresh.y, fresh.predictions, answers=answers)[metric]
    assert after > evaluate_all(task, fresh.y, fresh.predictions)[metric] + 0.01
    assert decided.fresh is not None and decided.fresh.shape == (4_000,)


@pytest.mark.parametrize("metric", ["accuracy", "log_loss"])
def test_classes_keep_the_most_probable_answer_where_nothing_is_gained(metric: str) -> None:
    decided = decide(many(metric), uneven(seed=3), DecisionWish(), 0)
    assert decided.decision.factors is None and decided.decision.costs is None


def test_a_decision_without_time_is_the_plain_one_and_says_so() -> None:
    decided = decide(many("f1_macro"), uneven(), DecisionWish(), 0, lambda: True)
    assert decided.fresh is None and "no time" in decided.note


def test_costs_of_classes_are_cheaper_on_fresh_rows_than_the_most_probable_answer() -> None:
    task, wish, fresh = many("log_loss"), read_wish(costs="c>a=20,c>b=20"), uneven(seed=2)
    assert wish.costs is not None
    costs = wish.costs.matrix(task.classes)
    decision = decide(task, uneven(), wish, 0).decision
    assert decision.costs == tuple(tuple(row) for row in costs.tolist())
    asked, plain = answer_positions(decision, fresh.predictions), fresh.predictions.argmax(axis=1)
    assert costs[fresh.y, asked].mean() < 0.8 * costs[fresh.y, plain].mean()


@pytest.mark.parametrize("wish", ["c=0.8", "c=0.7,a=0.6"])
def test_a_recall_of_named_classes_is_reached(wish: str) -> None:
    rows = uneven()
    decision = decide(many("log_loss"), rows, read_wish(wish), 0).decision
    answers = answer_positions(decision, rows.predictions)
    for name, place in (("c", 2), ("a", 0)):
        least = dict(read_wish(wish).recalls).get(name, 0.0)
        assert (answers[rows.y == place] == place).mean() >= least


@given(st.integers(0, 10_000), st.integers(2, 9), st.sampled_from(["plain", "factors", "costs", "threshold"]))
@settings(max_examples=80, deadline=None)
def test_one_row_is_answered_as_among_many(seed: int, classes: int, rule: str) -> None:
    rng = np.random.default_rng(seed)
    p = np.round(rng.dirichlet(np.ones(classes), 40), rng.integers(1, 17))  # ties among them
    decision = {
        "plain": Decision(),
        "threshold": Decision(threshold=float(p[0, 1])),
        "factors": Decision(factors=tuple(rng.uniform(0.1, 9.0, classes).tolist())),
        "costs": Decision(costs=tuple(tuple(row) for row in rng.uniform(0, 3, (classes, classes)).tolist())),
    }[rule]
    assert answer_positions(decision, p).tolist() == [answer_position(decision, row) for row in p.tolist()]


@pytest.mark.parametrize(
    "decision",
    [
        Decision(threshold=0.25, set_level=0.9, set_threshold=0.1, set_coverage=0.91, set_size=1.2),
        Decision(factors=(0.5, 2.0)),
        Decision(costs=((0.0, 1.0), (3.0, 0.0))),
    ],
)
def test_a_decision_comes_back_from_its_record_by_way_of_json(decision: Decision) -> None:
    assert decision_from(json.loads(json.dumps(decision_record(decision)))) == decision
