"""AdaBoost of shallow trees by votes (SAMME: Zhu et al., Statistics and Its Interface 2009)."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from yunque.kernel.forest_build import Scoring, TreeNodes, build_forest
from yunque.kernel.form import FloatArray, Form
from yunque.learning.absent_classes import ABSENT, of_all_classes
from yunque.learning.algorithm import Algorithm, FitRequest, Fitted, IntArray
from yunque.learning.algorithms.constant import constant_form, constant_prediction
from yunque.learning.bagged_trees import DEEPEST, without_missing
from yunque.learning.params import library_params
from yunque.learning.score_calibration import Scaling, learn_scaling, out_of_fold_scores
from yunque.learning.task import TaskKind


@dataclass(frozen=True, kw_only=True, eq=False)
class _Voted:
    """A model, its calibration, and the classes that the training rows show."""

    model: Any
    scaling: Scaling
    seen: IntArray


def _fit(request: FitRequest) -> Fitted:
    seen, y = np.unique(request.train.y, return_inverse=True)
    if seen.size < 2:
        return Fitted(native=None)
    from sklearn.ensemble import AdaBoostClassifier
    from sklearn.tree import DecisionTreeClassifier

    params = {"n_estimators": 50, "learning_rate": 0.5, "max_depth": 3} | library_params(request.params)
    depth = min(int(params.pop("max_depth")), DEEPEST)
    x, weight = without_missing(request.train.x), request.train.weight

    def fitted(rows: IntArray) -> Any:
        weak = DecisionTreeClassifier(max_depth=depth, min_samples_leaf=2 if y.size > 50 else 1)
        model = AdaBoostClassifier(estimator=weak, random_state=request.seed % (2**31 - 1), **params)
        return model.fit(x[rows], y[rows], sample_weight=None if weight is None else weight[rows])

    def score(train: IntArray, valid: IntArray) -> FloatArray:
        return np.asarray(fitted(train).decision_function(x[valid])).reshape(valid.size, -1)

    try:
        with np.errstate(all="ignore"):
            scaling = learn_scaling(out_of_fold_scores(y, score), y, weight)
            model = fitted(np.arange(y.size))
    except ValueError as error:
        if "worse than random" not in str(error):
            raise
        return Fitted(native=None)
    return Fitted(native=_Voted(model=model, scaling=scaling, seen=seen))


def _native_raw(fitted: Fitted, request: FitRequest, x: FloatArray) -> FloatArray:
    native: _Voted | None = fitted.native
    if native is None:
        return np.tile(constant_prediction(request), (x.shape[0], 1))
    with np.errstate(all="ignore"):
        scores = native.model.decision_function(without_missing(x)).reshape(x.shape[0], -1)
    raw = scores * native.scaling.slope + native.scaling.offset
    return _of_task(raw, native.seen, request, ABSENT)


def _of_task(raw: FloatArray, seen: IntArray, request: FitRequest, absent: float) -> FloatArray:
    if request.task.kind is TaskKind.BINARY:
        return raw
    if raw.shape[-1] == 1:
        raw = np.concatenate((-raw, raw), axis=-1) / 2
    return of_all_classes(raw, seen, request.task.n_outputs, absent)


def _flatten(fitted: Fitted, request: FitRequest) -> Form:
    n_features = request.train.x.shape[1]
    native: _Voted | None = fitted.native
    if native is None:
        return constant_form(constant_prediction(request), n_features)
    model, scaling = native.model, native.scaling
    share = np.asarray(model.estimator_weights_)[: len(model.estimators_)]
    trees, vectors, n_leaves = [], [], 0
    for estimator, weight in zip(model.estimators_, share / share.sum(), strict=True):
        tree = estimator.tree_
        leaf = tree.children_left < 0
        votes = estimator.classes_[np.argmax(tree.value[leaf, 0, :], axis=1)]
        vectors.append(_votes(votes, native.seen.size, weight))
        trees.append(_nodes(tree, np.where(leaf, np.cumsum(leaf) - 1.0 + n_leaves, tree.threshold)))
        n_leaves += int(leaf.sum())
    held = np.concatenate(vectors)
    if native.seen.size == 2:
        held = held[:, 1:] - held[:, :1]
    is_binary = request.task.kind is TaskKind.BINARY
    scoring = Scoring(
        link="sigmoid" if is_binary else "softmax",
        n_features=n_features,
        n_outputs=request.task.n_outputs if not is_binary else 1,
        inputs="float32",
        tree_output=np.zeros(len(trees), np.int64),
        leaf_vectors=_of_task(held * scaling.slope, native.seen, request, 0.0),
        bias=_of_task(scaling.offset[None], native.seen, request, ABSENT)[0],
    )
    return build_forest(trees, scoring)


def _votes(position: IntArray, n_classes: int, weight: float) -> FloatArray:
    """Give a tree's weight to the class it votes for, and take an equal share of it from the others."""
    return np.where(position[:, None] == np.arange(n_classes), weight, -weight / (n_classes - 1))


def _nodes(tree: Any, threshold: FloatArray) -> TreeNodes:
    return TreeNodes(
        left=tree.children_left.astype(np.int64),
        right=tree.children_right.astype(np.int64),
        feature=np.maximum(tree.feature, 0).astype(np.int64),
        threshold=threshold,
        default_left=np.ones(threshold.size, np.bool_),
        cover=tree.weighted_n_node_samples,
    )


ALGORITHM = Algorithm(
    name="adaboost",
    aliases=("ada_boost", "ada_boost_classifier", "adaboost_classifier"),
    family="adaboost",
    tasks=frozenset({TaskKind.BINARY, TaskKind.MULTICLASS}),
    view="tree",
    requires=("sklearn", "scipy"),
    fit=_fit,
    flatten=_flatten,
    native_raw=_native_raw,
    stops=False,
    only_when_named=True,
    tolerance=1e-12,
    cost=lambda rows, columns, outputs: 0.2 + 5e-5 * rows * columns * (1 + 0.01 * outputs),
)
