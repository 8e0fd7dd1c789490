"""XGBoost: boosted trees of second order by histograms (Chen and Guestrin, KDD 2016)."""

import json
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from yunque.kernel.forest_build import Scoring, TreeNodes, build_forest
from yunque.kernel.form import FloatArray, Form, Link
from yunque.learning.algorithm import Algorithm, FitRequest, Fitted, Matrix
from yunque.learning.algorithms.constant import constant_form, constant_prediction
from yunque.learning.params import canonical_params, merged_params, refuse
from yunque.learning.patience import patience_of
from yunque.learning.target import Target, target_of
from yunque.learning.task import SUPERVISED, TaskKind

OBJECTIVES = {
    TaskKind.BINARY: "binary:logistic",
    TaskKind.MULTICLASS: "multi:softprob",
    TaskKind.REGRESSION: "reg:squarederror",
}
LINKS: dict[TaskKind, Link] = {TaskKind.BINARY: "sigmoid", TaskKind.MULTICLASS: "softmax"}
ALIASES = {
    "n_estimators": "num_boost_round",
    "eta": "learning_rate",
    "reg_alpha": "alpha",
    "reg_lambda": "lambda",
    "min_split_loss": "gamma",
    "max_leaf_nodes": "max_leaves",
}
ROUNDS_WITH_VALID, ROUNDS_WITHOUT = 10_000, 200
SINGLE_MAX = np.finfo(np.float32).max


@dataclass(frozen=True, kw_only=True)
class Boosted:
    """A booster cut to its best round, with the change of its target."""

    booster: Any
    target: Target


def parameters(request: FitRequest) -> dict[str, Any]:
    """Give XGBoost's parameters: defaults tuned by pytabkit, then the request's own, then fixed ones."""
    given = canonical_params(request.params, ALIASES)
    refuse(given, ("eval_metric",), "early stopping follows the loss that is learnt")
    if request.task.is_classification:
        tuned: dict[str, Any] = {
            "learning_rate": 0.08,
            "max_depth": 6,
            "min_child_weight": 5e-6,
            "lambda": 1e-3,
            "subsample": 0.65,
        }
    else:
        tuned = {
            "learning_rate": 0.05,
            "max_depth": 9,
            "min_child_weight": 2.0,
            "lambda": 1e-3,
            "subsample": 0.7,
        }
    tuned["num_boost_round"] = ROUNDS_WITHOUT if request.valid is None else ROUNDS_WITH_VALID
    defaults = tuned | {"colsample_bylevel": 0.9, "max_bin": 256, "objective": OBJECTIVES[request.task.kind]}
    fixed: dict[str, Any] = {
        "tree_method": "hist",
        "booster": "gbtree",
        "multi_strategy": "one_output_per_tree",
        "seed": request.seed % (2**31 - 1),
        "nthread": request.threads,
        "verbosity": 0,
    }
    if request.task.is_classification:
        fixed["objective"] = OBJECTIVES[request.task.kind]
    if request.task.kind is TaskKind.MULTICLASS:
        fixed["num_class"] = request.task.n_outputs
    return merged_params(defaults, given, fixed)


def _matrix(x: FloatArray, request: FitRequest) -> Any:
    import xgboost

    types = ["c" if j in request.categorical else "q" for j in range(x.shape[1])]
    inside = np.clip(x, -SINGLE_MAX, SINGLE_MAX)  # it refuses what float32 cannot hold
    return xgboost.DMatrix(inside, feature_types=types, enable_categorical=True, nthread=request.threads)


def _labelled(matrix: Matrix, request: FitRequest, target: Target) -> Any:
    data = _matrix(matrix.x, request)
    data.set_label(matrix.y if request.task.is_classification else target.learnt(matrix.y))
    if matrix.weight is not None:
        data.set_weight(matrix.weight)
    return data


def _fit(request: FitRequest) -> Fitted:
    if request.task.is_classification and np.unique(request.train.y).size < 2:
        return Fitted(native=None)
    import xgboost

    params = parameters(request)
    most_rounds = int(params.pop("num_boost_round"))
    target = target_of(request, params["objective"])
    train = _labelled(request.train, request, target)
    valid = None if request.valid is None else _labelled(request.valid, request, target)
    booster = xgboost.Booster(params, [train] if valid is None else [train, valid])
    patience = patience_of(request)
    rounds, stopped = 0, False
    while rounds < most_rounds and not stopped:
        booster.update(train, rounds)
        rounds += 1
        if valid is not None and patience.is_over(rounds, _loss(booster.eval_set([(valid, "v")]))):
            break
        stopped = request.should_stop()
    kept = patience.best_round or rounds
    return Fitted(native=Boosted(booster=booster[:kept], target=target), rounds=kept, stopped_early=stopped)


def _loss(line: str) -> float:
    """Read the last metric of "[0]\\tv-logloss:0.512"."""
    return float(line.rsplit(":", 1)[1])


def _native_raw(fitted: Fitted, request: FitRequest, x: FloatArray) -> FloatArray:
    if fitted.native is None:
        return np.tile(constant_prediction(request), (x.shape[0], 1))
    raw = fitted.native.booster.predict(_matrix(x, request), output_margin=True)
    target: Target = fitted.native.target
    return target.restored(raw.astype(np.float64).reshape(x.shape[0], -1))


def _flatten(fitted: Fitted, request: FitRequest) -> Form:
    n_features = request.train.x.shape[1]
    if fitted.native is None:
        return constant_form(constant_prediction(request), n_features)
    model = _decoded(bytes(fitted.native.booster.save_raw("json")))
    boosted = model["learner"]["gradient_booster"]["model"]
    trees: list[TreeNodes] = []
    sets: list[npt.NDArray[np.uint32]] = []
    for tree in boosted["trees"]:
        nodes, more = _read_tree(tree, len(sets))
        trees.append(nodes)
        sets += more
    n_outputs = request.task.n_outputs if request.task.kind is TaskKind.MULTICLASS else 1
    target = fitted.native.target
    scoring = Scoring(
        link=LINKS.get(request.task.kind, target.link),
        n_features=n_features,
        n_outputs=n_outputs,
        inputs="float32",
        sums="float32",
        scale=target.scale,
        base=_base(fitted.native.booster, request, n_features),
        bias=np.full(n_outputs, target.centre),
        tree_output=np.array(boosted["tree_info"], np.int64),
        category_sets=sets,
    )
    return build_forest(trees, scoring)


def _decoded(text: bytes) -> Any:
    """Read XGBoost's JSON, which is no strict JSON when a number is not finite."""
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError:
        return json.loads(text)


def _base(booster: Any, request: FitRequest, n_features: int) -> FloatArray:
    """Ask the library for the score before any tree, by a first round whose leaves are set to 0.

    Its float32 logarithm of the base score is not ours to the last bit.
    """
    import xgboost

    model = _decoded(bytes(booster[:1].save_raw("json")))
    for tree in model["learner"]["gradient_booster"]["model"]["trees"]:
        children = tree["left_children"]
        conditions = zip(children, tree["split_conditions"], strict=True)
        tree["split_conditions"] = [0.0 if child < 0 else condition for child, condition in conditions]
    emptied = xgboost.Booster(model_file=bytearray(json.dumps(model).encode()))
    margin = emptied.predict(_matrix(np.zeros((1, n_features)), request), output_margin=True)
    return np.asarray(margin, np.float64).reshape(-1)


def _read_tree(tree: dict[str, Any], sets_before: int) -> tuple[TreeNodes, list[npt.NDArray[np.uint32]]]:
    """Read one tree: `x < t` becomes `x <= the float32 before t`; members of a set go right in XGBoost."""
    left = np.array(tree["left_children"], np.int64)
    right = np.array(tree["right_children"], np.int64)
    conditions = np.array(tree["split_conditions"], np.float32)
    below = np.nextafter(conditions, np.float32(-np.inf))
    threshold = np.where(left < 0, conditions, below).astype(np.float64)
    default_left = np.array(tree["default_left"]) > 0
    categorical = (np.array(tree["split_type"]) == 1) & (left >= 0)
    sets: list[npt.NDArray[np.uint32]] = []
    for node, start, size in zip(
        tree["categories_nodes"], tree["categories_segments"], tree["categories_sizes"], strict=True
    ):
        threshold[node] = sets_before + len(sets)
        sets.append(_bits(tree["categories"][start : start + size]))
    nodes = TreeNodes(
        left=np.where(categorical, right, left),
        right=np.where(categorical, left, right),
        feature=np.array(tree["split_indices"], np.int64),
        threshold=threshold,
        default_left=default_left ^ categorical,
        categorical=categorical,
        cover=np.array(tree["sum_hessian"], np.float64),
    )
    return nodes, sets


def _bits(categories: list[int]) -> npt.NDArray[np.uint32]:
    """Give a set of codes as bits, 32 to a word."""
    words = np.zeros(max(categories, default=-1) // 32 + 1, np.uint32)
    for code in categories:
        words[code // 32] |= np.uint32(1 << (code % 32))
    return words


def _reference(fitted: Fitted) -> tuple[str, bytes]:
    return ".ubj", b"" if fitted.native is None else bytes(fitted.native.booster.save_raw("ubj"))


def _cost(rows: int, columns: int, outputs: int) -> float:
    """Measured: 250 rounds; regression grows to depth 9, which is 2.5 times the work of depth 6."""
    trees = outputs if outputs > 2 else 1 if outputs == 2 else 2.5
    return 0.1 + 250 * trees * columns * (3e-4 + 7e-9 * rows)


ALGORITHM = Algorithm(
    name="xgboost",
    aliases=("xgb", "xgb_classifier", "xgb_regressor", "xgboost_classifier", "xgboost_regressor"),
    family="xgboost",
    tasks=SUPERVISED,
    view="tree",
    requires=("xgboost",),
    fit=_fit,
    flatten=_flatten,
    native_raw=_native_raw,
    reference=_reference,
    refit_params=lambda rounds: {"num_boost_round": rounds},
    cost=_cost,
)
