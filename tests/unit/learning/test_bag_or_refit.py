"""A bag of the folds' models is shipped where it fits the latency target, else models of all rows."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from yunque.learning.blending import mixture_within
from yunque.learning.ledger import Ledger
from yunque.learning.oof import OutOfFold
from yunque.learning.splits import Fold, Split
from yunque.learning.task import Task, TaskKind

TASK = Task(kind=TaskKind.REGRESSION, target="y", metric="rmse")
COSTS = {"good": 30.0, "quick": 1.0}
FOLDS = 5


def world(*, kind: str = "random", seconds: float = 1.0, now: float = 85.0) -> tuple[Any, OutOfFold, Any]:
    rows = np.arange(500)
    rng = np.random.default_rng(0)
    y = rng.normal(size=500)
    folds = tuple(Fold(train=rows[rows % FOLDS != k], valid=rows[rows % FOLDS == k]) for k in range(FOLDS))
    split = Split(kind=kind, training=rows, holdout=rows[:0], folds=folds)
    ledger = Ledger(started=0.0, seconds=100.0, clock=lambda: now, reserve=15.0)
    noise = {"good": 0.1, "quick": 1.0}
    oof = OutOfFold(
        folds=tuple(range(FOLDS)),
        rows=rows,
        y=y,
        weight=None,
        judged_by=rows % FOLDS,
        predictions={name: (y + rng.normal(0, each, 500))[:, None] for name, each in noise.items()},
    )
    results = {name: {k: SimpleNamespace(seconds=seconds, fold=k) for k in range(FOLDS)} for name in COSTS}
    arena = SimpleNamespace(task=TASK, split=split, ledger=ledger, seed=0, threads=2)
    return arena, oof, results


def test_a_bag_that_fits_is_shipped() -> None:
    mixture, _, refits = mixture_within(*world(), COSTS, 1_000.0)
    assert not refits and "good" in mixture.weights
    assert mixture.microseconds >= FOLDS * COSTS["good"]


def test_where_only_a_poor_bag_fits_a_good_model_is_trained_again() -> None:
    mixture, pareto, refits = mixture_within(*world(), COSTS, 50.0)
    assert refits and "good" in mixture.weights and mixture.microseconds <= 50.0
    assert all(each.microseconds <= sum(COSTS.values()) for each in pareto)


@pytest.mark.parametrize("circumstance", [{"seconds": 60.0}, {"now": 99.0}])
def test_without_time_to_train_again_the_bag_that_fits_is_shipped(circumstance: dict[str, float]) -> None:
    mixture, _, refits = mixture_within(*world(**circumstance), COSTS, 50.0)  # type: ignore[arg-type]
    assert not refits and set(mixture.weights) == {"quick"}


def test_rows_in_time_are_always_trained_again() -> None:
    mixture, _, refits = mixture_within(*world(kind="time"), COSTS, 1_000.0)
    assert refits and mixture.microseconds <= sum(COSTS.values())
