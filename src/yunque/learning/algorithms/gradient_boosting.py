"""Gradient boosting by exact cuts, as scikit-learn fits it (Friedman, Annals of Statistics 2001)."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from yunque.kernel.forest_build import Scoring, TreeNodes, build_forest
from yunque.kernel.form import FloatArray, Form, Link
from yunque.learning.absent_classes import ABSENT, of_all_classes
from yunque.learning.algorithm import Algorithm, FitRequest, Fitted, IntArray
from yunque.learning.algorithms.constant import constant_form, constant_prediction
from yunque.learning.bagged_trees import without_missing
from yunque.learning.params import library_params
from yunque.learning.target import Target, target_of
from yunque.learning.task import SUPERVISED, TaskKind

LINKS: dict[TaskKind, Link] = {TaskKind.BINARY: "sigmoid", TaskKind.MULTICLASS: "softmax"}


@dataclass(frozen=True, kw_only=True, eq=False)
class _Boosted:
    """A model, the change of a numeric target, and the classes that the training rows show."""

    model: Any
    target: Target
    seen: IntArray


def _fit(request: FitRequest) -> Fitted:
    seen = np.unique(request.train.y) if request.task.is_classification else np.zeros(2, np.int64)
    if seen.size < 2:
        return Fitted(native=None)
    from sklearn.ensemble import GradientBoostingClassifier, GradientBoostingRegressor

    defaults = {"n_estimators": 100, "learning_rate": 0.1, "max_depth": 4, "subsample": 0.8}
    params = defaults | library_params(request.params) | {"random_state": request.seed % (2**31 - 1)}
    is_classification, target = request.task.is_classification, target_of(request)
    model = (GradientBoostingClassifier if is_classification else GradientBoostingRegressor)(**params)
    stopped = False

    def monitor(done: int, *_: Any) -> bool:
        nonlocal stopped
        stopped = done + 1 < params["n_estimators"] and request.should_stop()
        return stopped

    y = request.train.y if is_classification else target.learnt(request.train.y)
    with np.errstate(all="ignore"):  # sums of values near the largest float32
        model.fit(without_missing(request.train.x), y, sample_weight=request.train.weight, monitor=monitor)
    native = _Boosted(model=model, target=target, seen=seen)
    return Fitted(native=native, rounds=int(model.n_estimators_), stopped_early=stopped)


def _native_raw(fitted: Fitted, request: FitRequest, x: FloatArray) -> FloatArray:
    native: _Boosted | None = fitted.native
    if native is None:
        return np.tile(constant_prediction(request), (x.shape[0], 1))
    with np.errstate(all="ignore"):
        if not request.task.is_classification:
            return native.target.restored(native.model.predict(without_missing(x)).reshape(-1, 1))
        raw = native.model.decision_function(without_missing(x)).reshape(x.shape[0], -1)
    return _of_task(raw, native.seen, request, ABSENT)


def _of_task(raw: FloatArray, seen: IntArray, request: FitRequest, absent: float) -> FloatArray:
    """Give (…, K) scores of the classes seen for the outputs of the task."""
    if request.task.kind is TaskKind.BINARY:
        return raw
    if raw.shape[-1] == 1:
        raw = np.concatenate((np.zeros_like(raw), raw), axis=-1)
    return of_all_classes(raw, seen, request.task.n_outputs, absent)


def _flatten(fitted: Fitted, request: FitRequest) -> Form:
    n_features = request.train.x.shape[1]
    native: _Boosted | None = fitted.native
    if native is None:
        return constant_form(constant_prediction(request), n_features)
    model, target = native.model, native.target
    start = np.asarray(
        model._raw_predict_init(np.zeros((1, n_features), np.float32))
    )  # no public name for it
    is_multiclass = request.task.kind is TaskKind.MULTICLASS
    outputs = [0] if not is_multiclass else (native.seen if start.shape[1] > 1 else native.seen[1:])
    trees = [_nodes(tree.tree_, model.learning_rate) for stage in model.estimators_ for tree in stage]
    base = _of_task(start, native.seen, request, ABSENT) if request.task.is_classification else start
    scoring = Scoring(
        link=LINKS.get(request.task.kind, target.link),
        n_features=n_features,
        n_outputs=base.shape[1],
        inputs="float32",
        scale=target.scale,
        base=base[0],
        bias=np.full(base.shape[1], target.centre),
        tree_output=np.tile(np.asarray(outputs, np.int64), len(model.estimators_)),
    )
    return build_forest(trees, scoring)


def _nodes(tree: Any, rate: float) -> TreeNodes:
    leaf = tree.children_left < 0
    return TreeNodes(
        left=tree.children_left.astype(np.int64),
        right=tree.children_right.astype(np.int64),
        feature=np.maximum(tree.feature, 0).astype(np.int64),
        threshold=np.where(leaf, rate * tree.value[:, 0, 0], tree.threshold),
        default_left=np.ones(leaf.size, np.bool_),
        cover=tree.weighted_n_node_samples,
    )


ALGORITHM = Algorithm(
    name="gradient_boosting",
    aliases=("gbm", "gbdt", "gradient_boosting_classifier", "gradient_boosting_regressor"),
    family="gradient_boosting",
    tasks=SUPERVISED,
    view="tree",
    requires=("sklearn",),
    fit=_fit,
    flatten=_flatten,
    native_raw=_native_raw,
    refit_params=lambda rounds: {"n_estimators": rounds},
    only_when_named=True,
    cost=lambda rows, columns, outputs: 0.2 + 2e-5 * rows * columns * (outputs if outputs > 2 else 1),
)
