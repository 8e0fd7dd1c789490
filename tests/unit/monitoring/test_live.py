"""Performance with and without labels, and who of two versions is better."""

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from yunque.learning.leaderboard import Decision
from yunque.learning.metrics import evaluate_all, metric
from yunque.learning.task import Task, TaskKind
from yunque.monitoring.estimated import estimate
from yunque.monitoring.live import Before, Known, calibration_now, live_windows
from yunque.monitoring.paired import Side, compare_pair

BINARY = Task(kind=TaskKind.BINARY, target="y", classes=("no", "yes"), metric="log_loss")
THREE = Task(kind=TaskKind.MULTICLASS, target="y", classes=("a", "b", "c"), metric="log_loss")
NUMBER = Task(kind=TaskKind.REGRESSION, target="y", classes=(), metric="rmse")
HALF = Decision(threshold=0.5)


def truth(p: np.ndarray, random: np.random.Generator) -> np.ndarray:
    return (random.random(len(p))[:, None] > p.cumsum(axis=1)).sum(axis=1).clip(max=p.shape[1] - 1)


@pytest.mark.parametrize("task", [BINARY, THREE])
def test_estimates_come_true_where_probabilities_hold(task: Task) -> None:
    random = np.random.default_rng(4)
    p = random.dirichlet(np.linspace(0.6, 2.0, len(task.classes)), 40_000)
    decision = HALF if task is BINARY else Decision()
    found = {each.metric: each for each in estimate(task, decision, p, p)}
    true = evaluate_all(task, truth(p, random), p)
    for name in ("accuracy", "log_loss", *(("roc_auc", "precision", "recall") if task is BINARY else ())):
        assert found[name].value == pytest.approx(true[name], abs=4 * max(found[name].error, 0.002)), name
        assert not found[name].has_fallen and found[name].before == found[name].value


def test_less_sure_answers_are_estimated_to_be_worse_and_others_not_at_all() -> None:
    random = np.random.default_rng(4)
    sure, unsure = random.dirichlet([0.2, 0.2], 3_000), random.dirichlet([3, 3], 3_000)
    assert all(each.has_fallen for each in estimate(BINARY, HALF, unsure, sure))
    assert estimate(NUMBER, Decision(), np.ones((50, 1)), np.ones((50, 1))) == ()
    assert estimate(BINARY, HALF, sure[:20], sure) == ()


def test_windows_of_time_show_when_it_began() -> None:
    random = np.random.default_rng(6)
    p = random.dirichlet([0.5, 0.5], 2_000)
    y = truth(p, random)
    y[1_500:] = 1 - y[1_500:]
    start = datetime(2026, 3, 2, tzinfo=UTC)
    at = pl.Series([start + timedelta(minutes=3 * i) for i in range(2_000)])
    known = Known(at=at, y=y, outputs=p)
    before = Before(metric="log_loss", loss=0.45, error=0.01, metrics={})
    whole, *days = live_windows(BINARY, HALF, known, before)
    assert whole.rows == 2_000 == sum(day.rows for day in days) and len(days) == 5
    assert [day.has_fallen for day in days] == [False, False, False, True, True]
    parts = calibration_now(BINARY, HALF, Known(at=None, y=y[:1_500], outputs=p[:1_500]))
    assert len(parts) == 10 and all(abs(part.predicted - part.observed) < 0.15 for part in parts)


@pytest.mark.parametrize("name", ["log_loss", "roc_auc", "accuracy"])
def test_the_better_of_two_wins_and_equals_do_not(name: str) -> None:
    random = np.random.default_rng(1)
    p = random.dirichlet([0.6, 0.6], 900)
    y = truth(p, random)
    noisy = 0.4 * p + 0.6 * random.dirichlet([1, 1], 900)
    sides = (Side(decision=HALF, outputs=noisy), Side(decision=HALF, outputs=p))
    judge = metric(name, BINARY.kind)
    duel = compare_pair(judge, BINARY, y, sides)
    assert duel.winner == "challenger" and duel.low <= duel.gain <= duel.high
    assert compare_pair(judge, BINARY, y, sides[::-1]).winner == "champion"
    assert compare_pair(judge, BINARY, y, (sides[0], sides[0])).winner == "undecided"
    few = tuple(Side(decision=HALF, outputs=side.outputs[:60]) for side in sides)
    assert compare_pair(judge, BINARY, y[:60], (few[0], few[1])).winner == "undecided"
