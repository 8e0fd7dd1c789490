"""Answers that a person asks for: enough recall, or the least cost."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from yunque.errors import UsageError
from yunque.learning.decide import cost_decision
from yunque.learning.decide_costs import parse_costs
from yunque.learning.decide_effect import effects
from yunque.learning.decide_recall import most_precise, recall_decision
from yunque.learning.decide_wish import DecisionWish, read_wish
from yunque.learning.task import Task, TaskKind

SEEDS = st.integers(0, 10_000)
TWO = Task(kind=TaskKind.BINARY, target="t", classes=(False, True), metric="log_loss")
THREE = Task(kind=TaskKind.MULTICLASS, target="t", classes=("cat", "dog", "ox"), metric="log_loss")
NUMBER = Task(kind=TaskKind.REGRESSION, target="t", metric="rmse")


@given(SEEDS, st.floats(0.05, 1.0), st.booleans())
@settings(max_examples=80, deadline=None)
def test_the_recall_is_reached_and_no_other_threshold_that_reaches_it_is_more_precise(
    seed: int, least: float, weighted: bool
) -> None:
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 2, 60)
    y[0] = 1
    positive = np.round(np.clip(0.4 * y + rng.random(60) * 0.6, 0, 1), 1)  # many ties
    w = rng.integers(1, 4, 60).astype(float) if weighted else np.ones(60)
    at = most_precise(y == 1, positive, w, least)

    def reached(threshold: float) -> tuple[float, float]:
        yes = positive >= threshold
        return w[yes & (y == 1)].sum() / w[y == 1].sum(), w[yes & (y == 1)].sum() / w[yes].sum()

    recall, precision = reached(at)
    assert recall >= least - 1e-12
    others = [reached(each) for each in np.unique(positive)]
    assert precision >= max(p for r, p in others if r >= least - 1e-12) - 1e-12


def test_a_recall_of_the_other_class_of_two_is_a_threshold_too() -> None:
    rng = np.random.default_rng(0)
    p = rng.random(500)
    y = (rng.random(500) < p).astype(np.int64)
    both = np.column_stack([1 - p, p])
    decision = recall_decision(TWO, y, both, None, [(0, 0.95)])
    assert decision.threshold is not None
    assert (p[y == 0] < decision.threshold).mean() >= 0.95


def test_costs_lead_to_the_threshold_of_the_theory() -> None:
    costs = parse_costs("false_positive=1,false_negative=19").matrix(TWO.classes)
    assert cost_decision(TWO, costs).threshold == pytest.approx(0.05)
    named = parse_costs({"true": {"false": 19.0}, "false": {"true": 1.0}}).matrix(TWO.classes)
    assert np.array_equal(costs, named)


@pytest.mark.parametrize(
    "given_costs",
    [
        "cat>dog=3, ox>cat=5.5",
        ",cat,dog,ox\ncat,0,3,1\ndog,1,0,\nox,5.5,1,0\n",
        {"cat": {"dog": 3}, "ox": {"cat": 5.5}},
    ],
)
def test_a_line_a_table_and_an_object_say_the_same(given_costs: Any) -> None:
    matrix = parse_costs(given_costs).matrix(THREE.classes)
    assert matrix.tolist() == [[0, 3, 1], [1, 0, 1], [5.5, 1, 0]]


@pytest.mark.parametrize(
    "asked",
    [
        {"recall": 0.0},
        {"recall": 1.5},
        {"recall": "cat=x"},
        {"recall": 0.9, "costs": "cat>dog=2"},
        {"coverage": 1.0},
        {"coverage": 0.2},
    ],
)
def test_wishes_that_mean_nothing_are_refused(asked: dict[str, Any]) -> None:
    with pytest.raises(UsageError) as refused:
        read_wish(**asked)
    assert refused.value.hint


@pytest.mark.parametrize(
    "text",
    [
        ",",
        "1,2",
        "false_positive=1",
        "false_positive=x,false_negative=2",
        "false_positive=0,false_negative=2",
        "cat>dog",
        "cat>dog=-1",
        "false_positive=1,false_negative=2,cat>dog=3",
        ",cat,dog\ncat,0\n",
        {"cat": 3},
    ],
)
def test_costs_that_cannot_be_read_are_refused(text: Any) -> None:
    with pytest.raises(UsageError):
        parse_costs(text)


@pytest.mark.parametrize(
    ("wish", "task", "why"),
    [
        (read_wish(0.9), NUMBER, "regression task has none"),
        (read_wish(costs="false_positive=1,false_negative=2"), THREE, "two classes"),
        (read_wish(costs="cat>cow=2"), THREE, "no class 'cow'"),
        (read_wish(costs="cat>cat=2"), THREE, "cost less"),
        (read_wish(0.9), THREE, "name of one"),
        (read_wish("cow=0.9"), THREE, "no class 'cow'"),
        (read_wish({"true": 0.9, "false": 0.9}), TWO, "both classes"),
        (read_wish(["cat=0.9", "cat=0.8"]), THREE, "two least recalls"),
    ],
)
def test_wishes_that_do_not_fit_the_task_are_refused(wish: DecisionWish, task: Task, why: str) -> None:
    with pytest.raises(UsageError, match=why):
        wish.refuse_other_tasks(task)


def test_wishes_pass_where_they_fit_and_nowhere_else() -> None:
    for wish, task, other in (
        (read_wish("0.9"), TWO, THREE),
        (read_wish("TRUE=0.9"), TWO, THREE),
        (read_wish(["cat=0.9", "dog=0.8"]), THREE, TWO),
        (read_wish(costs="cat>dog=2"), THREE, TWO),
    ):
        wish.refuse_other_tasks(task)
        with pytest.raises(UsageError):
            wish.refuse_other_tasks(other)


def test_a_coverage_fits_values_and_classes() -> None:
    wish = read_wish(coverage=0.8)
    for task in (TWO, THREE, NUMBER):
        wish.refuse_other_tasks(task)
    assert wish.coverage == 0.8


def test_an_effect_tells_what_was_asked_for_first() -> None:
    y, before, after = np.array([0, 0, 1, 2]), np.array([0, 0, 1, 1]), np.array([0, 1, 1, 2])
    wish = read_wish(costs="ox>dog=9")
    found = effects(THREE, wish, y, (before, after), None)
    assert found[0].measure == "mean_cost"
    assert (found[0].before, found[0].after) == (9 / 4, 1 / 4)
    named = effects(THREE, read_wish("ox=1"), y, (before, after), None)
    assert [(e.measure, e.before, e.after) for e in named[:2]] == [
        ("recall[ox]", 0.0, 1.0),
        ("precision[ox]", 0.0, 1.0),
    ]
