"""Gradient boosting by histograms, as scikit-learn fits it; codes of categories are read as numbers."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from yunque.kernel.forest_build import Scoring, TreeNodes, build_forest
from yunque.kernel.form import FloatArray, Form, Link
from yunque.learning.absent_classes import ABSENT, of_all_classes
from yunque.learning.algorithm import Algorithm, FitRequest, Fitted, IntArray
from yunque.learning.algorithms.constant import constant_form, constant_prediction
from yunque.learning.params import library_params
from yunque.learning.target import Target, target_of
from yunque.learning.task import SUPERVISED, TaskKind

LINKS: dict[TaskKind, Link] = {TaskKind.BINARY: "sigmoid", TaskKind.MULTICLASS: "softmax"}
STEP_ROUNDS = 20  # grown between two questions whether to stop


@dataclass(frozen=True, kw_only=True, eq=False)
class _Boosted:
    model: Any
    target: Target
    seen: IntArray


def _fit(request: FitRequest) -> Fitted:
    seen = np.unique(request.train.y) if request.task.is_classification else np.zeros(2, np.int64)
    if seen.size < 2:
        return Fitted(native=None)
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
    from threadpoolctl import threadpool_limits

    rows = request.train.x.shape[0]
    defaults = {
        "max_iter": 100,
        "learning_rate": 0.1,
        "min_samples_leaf": int(np.clip(rows // 20, 1, 20)),
        "l2_regularization": 1.0,
    }
    params = defaults | library_params(request.params)
    params |= {"early_stopping": False, "warm_start": True, "random_state": request.seed % (2**31 - 1)}
    most = int(params.pop("max_iter"))
    target, is_classification = target_of(request), request.task.is_classification
    model = (HistGradientBoostingClassifier if is_classification else HistGradientBoostingRegressor)(**params)
    y = request.train.y if is_classification else target.learnt(request.train.y)
    x = request.train.x
    x = np.where(np.isnan(x).all(axis=0), 0.0, x)  # it cannot bin a column without a value
    done, stopped = 0, False
    while done < most and not stopped:
        done = min(done + STEP_ROUNDS, most)
        model.set_params(max_iter=done)
        with threadpool_limits(request.threads), np.errstate(all="ignore"):
            model.fit(x, y, sample_weight=request.train.weight)
        stopped = done < most and request.should_stop()
    return Fitted(native=_Boosted(model=model, target=target, seen=seen), rounds=done, stopped_early=stopped)


def _native_raw(fitted: Fitted, request: FitRequest, x: FloatArray) -> FloatArray:
    native: _Boosted | None = fitted.native
    if native is None:
        return np.tile(constant_prediction(request), (x.shape[0], 1))
    if not request.task.is_classification:
        return native.target.restored(native.model.predict(x).reshape(-1, 1))
    raw = native.model.decision_function(x).reshape(x.shape[0], -1)
    return _of_task(raw, native.seen, request)


def _of_task(raw: FloatArray, seen: IntArray, request: FitRequest) -> FloatArray:
    """Give (…, K) scores of the classes seen for the outputs of the task."""
    if request.task.kind is TaskKind.BINARY:
        return raw
    if raw.shape[-1] == 1:
        raw = np.concatenate((np.zeros_like(raw), raw), axis=-1)
    return of_all_classes(raw, seen, request.task.n_outputs, ABSENT)


def _flatten(fitted: Fitted, request: FitRequest) -> Form:
    n_features = request.train.x.shape[1]
    native: _Boosted | None = fitted.native
    if native is None:
        return constant_form(constant_prediction(request), n_features)
    stages, target = native.model._predictors, native.target  # no public name for the trees
    start = np.asarray(native.model._baseline_prediction).reshape(1, -1)
    is_multiclass = request.task.kind is TaskKind.MULTICLASS
    outputs = [0] if not is_multiclass else (native.seen if start.shape[1] > 1 else native.seen[1:])
    base = _of_task(start, native.seen, request) if request.task.is_classification else start
    scoring = Scoring(
        link=LINKS.get(request.task.kind, target.link),
        n_features=n_features,
        n_outputs=base.shape[1],
        scale=target.scale,
        base=base[0],
        bias=np.full(base.shape[1], target.centre),
        tree_output=np.tile(np.asarray(outputs, np.int64), len(stages)),
    )
    return build_forest([_nodes(tree.nodes) for stage in stages for tree in stage], scoring)


def _nodes(nodes: Any) -> TreeNodes:
    leaf = nodes["is_leaf"].astype(np.bool_)
    return TreeNodes(
        left=np.where(leaf, -1, nodes["left"].astype(np.int64)),
        right=np.where(leaf, -1, nodes["right"].astype(np.int64)),
        feature=np.where(leaf, 0, nodes["feature_idx"]).astype(np.int64),
        threshold=np.where(leaf, nodes["value"], nodes["num_threshold"]).astype(np.float64),
        default_left=nodes["missing_go_to_left"].astype(np.bool_),
        cover=nodes["count"].astype(np.float64),
    )


ALGORITHM = Algorithm(
    name="hist_gradient_boosting",
    aliases=(
        "histogram_boosting",
        "hist_gbm",
        "hist_gradient_boosting_classifier",
        "hist_gradient_boosting_regressor",
    ),
    family="hist_gradient_boosting",
    tasks=SUPERVISED,
    view="tree",
    requires=("sklearn", "threadpoolctl"),
    fit=_fit,
    flatten=_flatten,
    native_raw=_native_raw,
    refit_params=lambda rounds: {"max_iter": rounds},
    only_when_named=True,
    cost=lambda rows, columns, outputs: (
        0.3 + 100 * (outputs if outputs > 2 else 1) * (4e-3 + 3e-8 * rows * columns)
    ),
)
