"""Thresholds that a person asks for: enough recall, or the least cost."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from yunque.errors import UsageError
from yunque.learning.decide_wish import DecisionWish, parse_costs, wished_threshold
from yunque.learning.task import Task, TaskKind

SEEDS = st.integers(0, 10_000)


@given(SEEDS, st.floats(0.05, 1.0), st.booleans())
@settings(max_examples=80, deadline=None)
def test_the_recall_is_reached_and_no_other_threshold_that_reaches_it_is_more_precise(
    seed: int, least: float, weighted: bool
) -> None:
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 2, 60)
    y[0] = 1
    positive = np.round(np.clip(0.4 * y + rng.random(60) * 0.6, 0, 1), 1)  # many ties
    weight = rng.integers(1, 4, 60).astype(float) if weighted else None
    at, words = wished_threshold(DecisionWish(least_recall=least), y, positive, weight)
    w = np.ones(60) if weight is None else weight

    def reached(threshold: float) -> tuple[float, float]:
        yes = positive >= threshold
        return w[yes & (y == 1)].sum() / w[y == 1].sum(), w[yes & (y == 1)].sum() / w[yes].sum()

    recall, precision = reached(at)
    assert recall >= least - 1e-12
    others = [reached(each) for each in np.unique(positive)]
    assert precision >= max(p for r, p in others if r >= least - 1e-12) - 1e-12
    assert f"precision {precision:.1%}" in words


def test_costs_lead_to_the_threshold_of_the_theory() -> None:
    wish = DecisionWish(false_positive=1.0, false_negative=19.0)
    y, positive = np.array([0, 0, 1, 1]), np.array([0.01, 0.2, 0.04, 0.9])
    at, words = wished_threshold(wish, y, positive, None)
    assert at == pytest.approx(0.05)
    assert "5 a row" in words  # one false alarm of 1 and one miss of 19 among four rows


@pytest.mark.parametrize(
    "asked",
    [
        {"least_recall": 0.0},
        {"least_recall": 1.5},
        {"false_positive": 1.0},
        {"false_positive": -1.0, "false_negative": 2.0},
        {"false_positive": 1.0, "false_negative": 2.0, "least_recall": 0.5},
    ],
)
def test_wishes_that_mean_nothing_are_refused(asked: dict[str, float]) -> None:
    with pytest.raises(UsageError) as refused:
        DecisionWish(**asked)
    assert refused.value.hint


@pytest.mark.parametrize("text", ["", "1,2", "false_positive=1", "false_positive=x,false_negative=2"])
def test_costs_that_cannot_be_read_are_refused(text: str) -> None:
    with pytest.raises(UsageError):
        parse_costs(text)


def test_only_binary_tasks_have_a_threshold() -> None:
    wish = DecisionWish(least_recall=0.9)
    wish.refuse_other_tasks(Task(kind=TaskKind.BINARY, target="t", classes=(0, 1), metric="log_loss"))
    with pytest.raises(UsageError, match="regression task has none"):
        wish.refuse_other_tasks(Task(kind=TaskKind.REGRESSION, target="t", metric="rmse"))
    DecisionWish().refuse_other_tasks(Task(kind=TaskKind.REGRESSION, target="t", metric="rmse"))
