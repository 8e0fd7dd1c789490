"""LightGBM: leaf-wise boosted trees with native splits on categories (Ke et al., NeurIPS 2017)."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from yunque.errors import UsageError
from yunque.kernel.forest_build import Scoring, build_forest
from yunque.kernel.form import FloatArray, Form, Link
from yunque.learning.algorithm import Algorithm, FitRequest, Fitted
from yunque.learning.lightgbm_bins import binned
from yunque.learning.lightgbm_text import read_trees
from yunque.learning.params import canonical_params, merged_params, refuse
from yunque.learning.patience import patience_of
from yunque.learning.target import Target, target_of
from yunque.learning.task import SUPERVISED, TaskKind

OBJECTIVES = {TaskKind.BINARY: "binary", TaskKind.MULTICLASS: "multiclass", TaskKind.REGRESSION: "regression"}
LINKS: dict[TaskKind, Link] = {TaskKind.BINARY: "sigmoid", TaskKind.MULTICLASS: "softmax"}
ROUNDS_WITH_VALID, ROUNDS_WITHOUT = 10_000, 200
ALIASES = {
    "n_estimators": "num_iterations",
    "num_boost_round": "num_iterations",
    "eta": "learning_rate",
    "colsample_bytree": "feature_fraction",
    "subsample": "bagging_fraction",
    "subsample_freq": "bagging_freq",
    "min_child_samples": "min_data_in_leaf",
    "min_child_weight": "min_sum_hessian_in_leaf",
    "reg_alpha": "lambda_l1",
    "reg_lambda": "lambda_l2",
}


@dataclass(frozen=True, kw_only=True)
class Boosted:
    """A booster with the change of its target."""

    booster: Any
    rounds: int
    target: Target


def parameters(request: FitRequest) -> dict[str, Any]:
    """Give LightGBM's parameters: what makes it repeatable, then strong defaults, then the request's own."""
    rows, given = request.train.x.shape[0], canonical_params(request.params, ALIASES)
    refuse(given, ("metric",), "early stopping follows the loss that is learnt")
    defaults: dict[str, Any] = {
        "objective": OBJECTIVES[request.task.kind],
        "num_iterations": ROUNDS_WITHOUT if request.valid is None else ROUNDS_WITH_VALID,
        "learning_rate": 0.05,
        "num_leaves": 31,
        "min_data_in_leaf": int(np.clip(rows // 50, 1, 20)),
        "min_data_in_bin": 3 if rows >= 200 else 1,
        "feature_fraction": 0.8,
        "bagging_fraction": 0.9,
        "bagging_freq": 1,
        "cat_smooth": 15,
        "max_bin": 255,
    }
    fixed: dict[str, Any] = {
        "num_class": request.task.n_outputs if request.task.kind is TaskKind.MULTICLASS else 1,
        "linear_tree": False,  # leaves that hold formulas, and square roots of targets, are not flattened
        "reg_sqrt": False,
        "seed": request.seed % (2**31 - 1),
        "num_threads": request.threads,
        "deterministic": True,
        "force_row_wise": True,
        "feature_pre_filter": False,
        "data_random_seed": 1,  # bins do not depend on the candidate, so that candidates can share them
        "verbosity": -1,
    }
    if request.task.is_classification:
        fixed["objective"] = OBJECTIVES[request.task.kind]
    return merged_params(defaults, given, fixed)


def _fit(request: FitRequest) -> Fitted:
    import lightgbm

    params = parameters(request)
    most_rounds = int(params.pop("num_iterations"))
    target = target_of(request, str(params["objective"]))
    train, valid = binned(request, target, params)
    booster = lightgbm.Booster(params, train)
    if valid is not None:
        booster.add_valid(valid, "valid")
    patience = patience_of(request)
    rounds, stopped = 0, False
    for rounds in range(1, most_rounds + 1):
        no_split_left = booster.update()
        if request.valid is not None and patience.is_over(rounds, booster.eval_valid()[0][2]):
            break
        stopped = request.should_stop()
        if no_split_left or stopped:
            break
    booster.free_dataset()
    kept = patience.best_round or rounds
    native = Boosted(booster=booster, rounds=kept, target=target)
    return Fitted(native=native, rounds=kept, stopped_early=stopped)


def _prepare(request: FitRequest) -> None:
    """Bin the rows, so that the first candidate does not pay for all."""
    params = parameters(request)
    binned(request, target_of(request, str(params["objective"])), params)


def _native_raw(fitted: Fitted, request: FitRequest, x: FloatArray) -> FloatArray:
    native: Boosted = fitted.native
    raw = native.booster.predict(x, raw_score=True, num_iteration=native.rounds, num_threads=request.threads)
    return native.target.restored(np.asarray(raw, np.float64).reshape(x.shape[0], -1))


def _flatten(fitted: Fitted, request: FitRequest) -> Form:
    native: Boosted = fitted.native
    model = native.booster.model_to_string(num_iteration=native.rounds)
    if "\naverage_output\n" in model:
        raise UsageError("LightGBM's own random forest is not offered.", hint="Ask for random_forest.")
    found = read_trees(model)
    n_features = request.train.x.shape[1]
    zero_is_missing = np.zeros(n_features, np.bool_)
    zero_is_missing[found.zero_is_missing] = True
    n_outputs = request.task.n_outputs if request.task.kind is TaskKind.MULTICLASS else 1
    scoring = Scoring(
        link=LINKS.get(request.task.kind, native.target.link),
        n_features=n_features,
        n_outputs=n_outputs,
        scale=native.target.scale,
        bias=np.full(n_outputs, native.target.centre),
        category_sets=found.sets,
        zero_is_missing=zero_is_missing,
    )
    return build_forest(found.trees, scoring)


def _reference(fitted: Fitted) -> tuple[str, bytes]:
    native: Boosted = fitted.native
    return ".txt", native.booster.model_to_string(num_iteration=native.rounds).encode()


def _cost(rows: int, columns: int, outputs: int) -> float:
    """Measured: 400 rounds of 31 leaves, one tree per round and class."""
    return 0.05 + 400 * (outputs if outputs > 2 else 1) * columns * (1e-4 + 6e-9 * rows)


ALGORITHM = Algorithm(
    name="lightgbm",
    aliases=("lgb", "lgbm", "lgbm_classifier", "lgbm_regressor", "lightgbm_classifier", "lightgbm_regressor"),
    family="lightgbm",
    tasks=SUPERVISED,
    view="tree",
    requires=("lightgbm",),
    fit=_fit,
    flatten=_flatten,
    native_raw=_native_raw,
    reference=_reference,
    refit_params=lambda rounds: {"num_iterations": rounds},
    cost=_cost,
    prepare=_prepare,
)
