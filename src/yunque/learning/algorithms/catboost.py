"""CatBoost: boosted oblivious trees on numbers and codes (Prokhorenkova et al., NeurIPS 2018)."""

import json
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from yunque.kernel.form import Arrays, FloatArray, Form, Link
from yunque.kernel.forms.oblivious import Oblivious
from yunque.learning.absent_classes import ABSENT, of_all_classes
from yunque.learning.algorithm import Algorithm, FitRequest, Fitted, Matrix
from yunque.learning.algorithms.constant import constant_form, constant_prediction
from yunque.learning.indicators import Indicators, choose_indicators, expand
from yunque.learning.params import canonical_params, merged_params, refuse
from yunque.learning.patience import patience_of
from yunque.learning.target import Target, target_of
from yunque.learning.task import SUPERVISED, TaskKind

OBJECTIVES = {TaskKind.BINARY: "Logloss", TaskKind.MULTICLASS: "MultiClass", TaskKind.REGRESSION: "RMSE"}
LINKS: dict[TaskKind, Link] = {TaskKind.BINARY: "sigmoid", TaskKind.MULTICLASS: "softmax"}
ALIASES = {
    "n_estimators": "iterations",
    "num_boost_round": "iterations",
    "num_trees": "iterations",
    "eta": "learning_rate",
    "max_depth": "depth",
    "reg_lambda": "l2_leaf_reg",
    "objective": "loss_function",
}
ROUNDS_WITH_VALID, ROUNDS_WITHOUT = 10_000, 300


@dataclass(frozen=True, kw_only=True)
class Boosted:
    """A model, and how its rows and scores stand to ours.

    Attributes:
        indicators: the further columns that it reads.
        target: the change of a numeric target; it is built into the model.
        seen: multiclass: the classes of the training rows, which the model knows by position.
    """

    model: Any
    indicators: Indicators
    target: Target
    seen: npt.NDArray[Any]

    def scores(self, raw: FloatArray, request: FitRequest, absent: float) -> FloatArray:
        """Give (…, seen) numbers for all outputs of the form."""
        if request.task.kind is not TaskKind.MULTICLASS:
            return raw
        return of_all_classes(raw, self.seen, request.task.n_outputs, absent)


class _Watch:
    """CatBoost's callback: asked after each iteration whether to go on."""

    def __init__(self, request: FitRequest) -> None:
        self.patience = patience_of(request)
        self.should_stop = request.should_stop
        self.stopped = False

    def after_iteration(self, info: Any) -> bool:
        """Give False to end the fit."""
        losses = info.metrics.get("validation") or {}
        over = any(self.patience.is_over(info.iteration, values[-1]) for values in losses.values())
        self.stopped = not over and self.should_stop()
        return not (over or self.stopped)


def parameters(request: FitRequest) -> dict[str, Any]:
    """Give CatBoost's parameters: strong defaults, then the request's own, then what makes it repeatable."""
    given = canonical_params(request.params, ALIASES)
    refuse(given, ("eval_metric", "custom_metric"), "early stopping follows the loss that is learnt")
    limit = ROUNDS_WITHOUT if request.valid is None else ROUNDS_WITH_VALID
    defaults: dict[str, Any] = {
        "loss_function": OBJECTIVES[request.task.kind],
        "iterations": limit,
        "learning_rate": 0.08,
        "depth": 6,
        "boosting_type": "Plain",
        "bootstrap_type": "Bernoulli",
        "subsample": 0.9,
        "leaf_estimation_iterations": 1,
    }
    fixed: dict[str, Any] = {
        "grow_policy": "SymmetricTree",
        "random_seed": request.seed % (2**31 - 1),
        "thread_count": request.threads,
        "allow_writing_files": False,
        "logging_level": "Silent",
    }
    if request.task.is_classification:
        fixed["loss_function"] = OBJECTIVES[request.task.kind]
    return merged_params(defaults, given, fixed)


def _pool(matrix: Matrix | None, request: FitRequest, native: Boosted) -> Any:
    """Give rows as CatBoost takes them, without those of unknown classes; None when none is left."""
    if matrix is None:
        return None
    import catboost

    if not request.task.is_classification:
        values = native.target.learnt(matrix.y)
        return catboost.Pool(expand(matrix.x, native.indicators), values, weight=matrix.weight)
    known = np.isin(matrix.y, native.seen)
    if not known.any():
        return None
    positions = np.searchsorted(native.seen, matrix.y[known])
    weight = None if matrix.weight is None else matrix.weight[known]
    return catboost.Pool(expand(matrix.x[known], native.indicators), positions, weight=weight)


def _fit(request: FitRequest) -> Fitted:
    seen = np.unique(request.train.y)
    if seen.size < 2:
        return Fitted(native=None)
    import catboost

    params = parameters(request)
    target = target_of(request, params["loss_function"].lower())
    indicators = choose_indicators(request.train.x, request.categorical)
    model, watch = catboost.CatBoost(params), _Watch(request)
    native = Boosted(model=model, indicators=indicators, target=target, seen=seen)
    try:
        valid = _pool(request.valid, request, native)
        model.fit(_pool(request.train, request, native), eval_set=valid, callbacks=[watch])
    except catboost.CatBoostError as error:
        if "constant or ignored" not in str(error):
            raise
        return Fitted(native=None)
    if target.link != "exp" and not request.task.is_classification:
        scale, bias = model.get_scale_and_bias()
        model.set_scale_and_bias(scale * target.scale, bias * target.scale + target.centre)
    return Fitted(native=native, rounds=model.tree_count_, stopped_early=watch.stopped)


def _native_raw(fitted: Fitted, request: FitRequest, x: FloatArray) -> FloatArray:
    native: Boosted | None = fitted.native
    if native is None:
        return np.tile(constant_prediction(request), (x.shape[0], 1))
    read = expand(x, native.indicators)
    raw = native.model.predict(read, prediction_type="RawFormulaVal", thread_count=request.threads)
    return native.scores(np.asarray(raw, np.float64).reshape(x.shape[0], -1), request, ABSENT)


def _saved(model: Any, form: str) -> bytes:
    """Give the model file: the library can only write it to a path."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model"
        model.save_model(str(path), format=form)
        return path.read_bytes()


def _flatten(fitted: Fitted, request: FitRequest) -> Form:
    n_features = request.train.x.shape[1]
    native: Boosted | None = fitted.native
    if native is None:
        return constant_form(constant_prediction(request), n_features)
    model = json.loads(_saved(native.model, "json"))
    scale, bias = model["scale_and_bias"]
    columns = {f["feature_index"]: f for f in model["features_info"]["float_features"]}
    trees = [(tree["splits"] or (), tree["leaf_values"]) for tree in model["oblivious_trees"]]
    missing = [f["flat_feature_index"] for f in columns.values() if f["nan_value_treatment"] == "AsTrue"]
    nan_is_largest = np.zeros(n_features, np.uint8)
    nan_is_largest[[column for column in missing if column < n_features]] = 1
    splits = [split for asked, _ in trees for split in asked]
    position = [columns[split["float_feature_index"]]["flat_feature_index"] for split in splits]
    depths = [len(asked) for asked, _ in trees]
    leaves = np.array([value for _, values in trees for value in values], np.float64)
    arrays: Arrays = {
        "split_feature": np.array(position, np.int32),
        "border": np.array([split["border"] for split in splits], np.float32),
        "indicator_column": native.indicators.columns.astype(np.int32),
        "indicator_code": native.indicators.codes,
        "split_start": np.cumsum([0, *depths], dtype=np.int64),
        "leaf_start": np.cumsum([0, *(1 << depth for depth in depths)], dtype=np.int64),
        "leaves": native.scores(leaves.reshape(-1, len(bias)), request, 0.0),
        "bias": native.scores(np.array(bias, np.float64), request, ABSENT),
        "nan_is_largest": nan_is_largest,
        "leaf_cover": np.array(
            [weight for tree in model["oblivious_trees"] for weight in tree["leaf_weights"]], np.float32
        ),
    }
    facts = {
        "link": LINKS.get(request.task.kind, native.target.link),
        "n_features": n_features,
        "n_outputs": arrays["bias"].size,
        "scale": float(scale),
    }
    return Oblivious.from_arrays(facts, arrays)


def _reference(fitted: Fitted) -> tuple[str, bytes]:
    """Give the model file without what differs between equal fits: moments, ids, limits never reached."""
    if fitted.native is None:
        return ".cbm", b""
    model = fitted.native.model.copy()
    metadata = model.get_metadata()
    for key in [*metadata.keys()]:
        if key != "class_params":
            del metadata[key]
    return ".cbm", _saved(model, "cbm")


def _cost(rows: int, columns: int, outputs: int) -> float:
    """Measured: 300 rounds of depth 6; a round costs as many trees as there are classes."""
    return 0.2 + 300 * (outputs if outputs > 2 else 1) * columns * (2.8e-4 + 8e-9 * rows)


ALGORITHM = Algorithm(
    name="catboost",
    aliases=("cat", "cat_boost", "catboost_classifier", "catboost_regressor"),
    family="catboost",
    tasks=SUPERVISED,
    view="tree",
    requires=("catboost",),
    fit=_fit,
    flatten=_flatten,
    native_raw=_native_raw,
    reference=_reference,
    refit_params=lambda rounds: {"iterations": rounds},
    cost=_cost,
)
