"""Hyper-parameters: one name each, nothing ignored in silence."""

import numpy as np
import pytest

from yunque.errors import UsageError
from yunque.learning.algorithm import FitRequest, Matrix
from yunque.learning.registry import algorithm
from yunque.learning.task import Task, TaskKind

RNG = np.random.default_rng(0)
X = RNG.normal(size=(80, 3))
TASK = Task(kind=TaskKind.BINARY, target="t", classes=(0, 1), metric="log_loss")


def request(**params: object) -> FitRequest:
    return FitRequest(task=TASK, train=Matrix(x=X, y=(X[:, 0] > 0).astype(np.int64)), seed=1, params=params)


@pytest.mark.parametrize("name", ["lightgbm", "xgboost", "catboost", "extra_trees", "random_forest"])
def test_the_name_of_scikit_learn_is_understood(name: str) -> None:
    assert algorithm(name).fit(request(n_estimators=7)).rounds == 7


@pytest.mark.parametrize(
    ("name", "params"),
    [
        ("lightgbm", {"n_estimators": 3, "num_iterations": 3}),
        ("xgboost", {"eta": 0.1, "learning_rate": 0.1}),
        ("lightgbm", {"objective": "cross_entropy"}),
        ("xgboost", {"objective": "binary:hinge"}),
        ("catboost", {"loss_function": "CrossEntropy"}),
        ("lightgbm", {"deterministic": False}),
        ("lightgbm", {"linear_tree": True}),
        ("xgboost", {"booster": "gblinear"}),
        ("catboost", {"grow_policy": "Lossguide"}),
        ("lightgbm", {"metric": "auc"}),
        ("catboost", {"eval_metric": "AUC"}),
    ],
)
def test_what_would_be_ignored_is_refused(name: str, params: dict[str, object]) -> None:
    with pytest.raises(UsageError):
        algorithm(name).fit(request(**params))


def test_forests_of_lightgbm_are_not_offered() -> None:
    entry, asked = algorithm("lightgbm"), request(boosting="rf", num_iterations=5)
    with pytest.raises(UsageError, match="random forest"):
        entry.flatten(entry.fit(asked), asked)
