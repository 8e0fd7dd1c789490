"""Unusual models of each library: the flat form gives the library's own scores, bit for bit."""

from typing import Any

import numpy as np
import pytest

from yunque.kernel.form import FloatArray
from yunque.learning.algorithm import FitRequest, Matrix
from yunque.learning.registry import algorithm
from yunque.learning.task import Task, TaskKind

CASES: list[tuple[str, TaskKind, dict[str, Any]]] = [
    ("lightgbm", TaskKind.BINARY, {"zero_as_missing": True}),
    ("lightgbm", TaskKind.BINARY, {"use_missing": False}),
    ("lightgbm", TaskKind.BINARY, {"data_sample_strategy": "goss", "bagging_freq": 0}),
    ("lightgbm", TaskKind.MULTICLASS, {"boosting": "dart"}),
    ("lightgbm", TaskKind.MULTICLASS, {"extra_trees": True, "num_leaves": 200, "min_data_in_leaf": 1}),
    (
        "lightgbm",
        TaskKind.BINARY,
        {"max_cat_to_onehot": 1, "cat_smooth": 0, "cat_l2": 0, "min_data_per_group": 1},
    ),
    ("lightgbm", TaskKind.BINARY, {"max_cat_to_onehot": 100, "num_leaves": 2}),
    ("lightgbm", TaskKind.REGRESSION, {"objective": "poisson"}),
    ("lightgbm", TaskKind.REGRESSION, {"objective": "mape"}),
    ("lightgbm", TaskKind.REGRESSION, {"objective": "quantile", "alpha": 0.9}),
    ("lightgbm", TaskKind.REGRESSION, {"log_target": True}),
    ("xgboost", TaskKind.BINARY, {"max_cat_to_onehot": 100}),
    ("xgboost", TaskKind.BINARY, {"max_cat_to_onehot": 1, "max_depth": 12, "min_child_weight": 0}),
    ("xgboost", TaskKind.BINARY, {"base_score": 0.1, "scale_pos_weight": 3}),
    ("xgboost", TaskKind.BINARY, {"grow_policy": "lossguide", "max_leaves": 20, "max_depth": 0}),
    ("xgboost", TaskKind.MULTICLASS, {"num_parallel_tree": 3, "subsample": 0.5}),
    ("xgboost", TaskKind.REGRESSION, {"objective": "count:poisson"}),
    ("xgboost", TaskKind.REGRESSION, {"objective": "reg:absoluteerror"}),
    ("xgboost", TaskKind.REGRESSION, {"log_target": True}),
    ("catboost", TaskKind.BINARY, {"nan_mode": "Max"}),
    ("catboost", TaskKind.BINARY, {"depth": 1, "border_count": 2}),
    ("catboost", TaskKind.MULTICLASS, {"depth": 10}),
    ("catboost", TaskKind.REGRESSION, {"loss_function": "MAE"}),
    ("catboost", TaskKind.REGRESSION, {"loss_function": "Poisson"}),
    ("catboost", TaskKind.REGRESSION, {"log_target": True, "boost_from_average": False}),
    ("extra_trees", TaskKind.BINARY, {"min_samples_leaf": 1, "bootstrap": True}),
    ("extra_trees", TaskKind.REGRESSION, {"log_target": True, "max_depth": 3}),
    ("random_forest", TaskKind.MULTICLASS, {"min_samples_leaf": 1, "criterion": "entropy"}),
    ("random_forest", TaskKind.REGRESSION, {"max_features": 1.0, "max_depth": None}),
]


def table(rows: int, seed: int, *, strange: bool = False) -> FloatArray:
    """Zeros, holes, codes, epoch seconds, cents; strange: also infinities and codes never seen."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(rows, 7))
    x[:, 1] = rng.integers(0, 60, rows)
    x[:, 2] = rng.integers(0, 4, rows)
    x[:, 3] = 1.7e9 + np.round(x[:, 3] * 1e5)
    x[:, 4] = 1e9 + np.round(x[:, 4], 2)
    x[:, 5] *= rng.random(rows) < 0.5
    x[rng.random(x.shape) < 0.07] = np.nan
    if strange:
        codes = [
            0,
            -1,
            -0.5,
            2.7,
            60,
            61,
            1000,
            2.0**24,
            2.0**31,
            2.0**32 + 1,
            -(2.0**31),
            1e300,
            np.inf,
            -np.inf,
        ]
        x[:100, 1] = rng.choice(codes, 100)
        x[50:150, 2] = rng.choice(codes, 100)
        x[150:200, [0, 3, 6]] = rng.choice([np.inf, -np.inf, 1e300, -1e300, 1e-300, 3.5e38], (50, 3))
        x[200:220, 5] = rng.choice([1e-36, -1e-36, 1e-35, -1e-35, 2e-35, 0.0], 20)
        x[220:225] = np.nan
    return x


@pytest.mark.parametrize(("name", "kind", "params"), CASES)
def test_unusual_models_score_as_their_library_does(
    name: str, kind: TaskKind, params: dict[str, Any]
) -> None:
    entry = algorithm(name)
    x = table(700, 1)
    score = np.nan_to_num(x[:, 0]) + (np.nan_to_num(x[:, 1]) % 3) + np.nan_to_num(x[:, 5])
    score += 0.3 * np.random.default_rng(2).normal(size=score.size)
    y = {
        TaskKind.BINARY: (score > 1).astype(np.int64),
        TaskKind.MULTICLASS: np.digitize(score, [0.0, 1.0, 2.0]),
        TaskKind.REGRESSION: np.maximum(np.round(np.exp(score)), 0.0),
    }[kind]
    n_classes = {TaskKind.BINARY: 2, TaskKind.MULTICLASS: 4, TaskKind.REGRESSION: 0}[kind]
    request = FitRequest(
        task=Task(kind=kind, target="t", classes=tuple(range(n_classes)), metric="any"),
        train=Matrix(x=x, y=y),
        categorical=(1, 2),
        params={**entry.refit_params(40), **params},
        seed=5,
    )
    fitted = entry.fit(request)
    form = entry.flatten(fitted, request)
    assert entry.native_raw is not None
    for rows in (x, table(333, 3, strange=True), x[:1], x[:7]):
        library = entry.native_raw(fitted, request, rows)
        assert np.array_equal(form.raw(rows), library)
    assert np.ptp(form.raw(x)) > 0.0
