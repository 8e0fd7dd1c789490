"""Forests of scikit-learn: grown in steps so that a deadline can cut them, and read as kernel nodes."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from yunque.kernel.forest_build import Scoring, TreeNodes, build_forest
from yunque.kernel.form import FloatArray, Form
from yunque.learning.absent_classes import of_all_classes
from yunque.learning.algorithm import FitRequest, Fitted
from yunque.learning.params import library_params
from yunque.learning.target import target_of

DEEPEST = 512
STEP_TREES = 25  # on 40,000 rows or fewer
SINGLE_MAX = float(np.finfo(np.float32).max)
MOST_LEAF_NUMBERS = 1e8  # 0.8 GB of class frequencies in leaves


def tree_params(request: FitRequest, defaults: Mapping[str, Any]) -> dict[str, Any]:
    """Give the parameters of a forest: strong defaults cut to size, then the request's own."""
    rows = request.train.x.shape[0]
    leaf = int(np.clip(rows // 3000, 2, 20))  # larger leaves keep a served forest near a million nodes
    numbers_per_tree = max(rows / leaf, 1.0) * request.task.n_outputs
    sized = {
        "n_estimators": int(np.clip(MOST_LEAF_NUMBERS / numbers_per_tree, 20, 300)),
        "min_samples_leaf": leaf,
        "max_depth": 15 if rows > 20_000 else DEEPEST,
    }
    params = sized | dict(defaults) | library_params(request.params)
    depth = params["max_depth"]
    params["max_depth"] = DEEPEST if depth is None else min(int(depth), DEEPEST)
    return params


def fit_forest(model: Any, request: FitRequest, n_trees: int) -> Fitted:
    """Grow a forest in steps of up to 25 trees; asked to stop, it keeps the trees that are there."""
    y = request.train.y
    if not request.task.is_classification:
        y = target_of(request).learnt(y)
    x = single_range(request.train.x)
    model.set_params(warm_start=True, n_jobs=request.threads, random_state=request.seed % (2**31 - 1))
    step = int(np.clip(STEP_TREES * 40_000 / x.shape[0], 4, STEP_TREES))
    grown, stopped = 0, False
    while grown < n_trees and not stopped:
        grown = min(grown + step, n_trees)
        model.set_params(n_estimators=grown)
        with np.errstate(all="ignore"):  # sums of values near the largest float32
            model.fit(x, y, sample_weight=request.train.weight)
        stopped = grown < n_trees and request.should_stop()
    model.set_params(n_jobs=1)  # several threads would add trees in any order
    return Fitted(native=model, rounds=grown, stopped_early=stopped)


def fit_tree(model: Any, request: FitRequest) -> Fitted:
    """Grow a single tree."""
    y = request.train.y
    if not request.task.is_classification:
        y = target_of(request).learnt(y)
    model.set_params(random_state=request.seed % (2**31 - 1))
    with np.errstate(all="ignore"):  # sums of values near the largest float32
        model.fit(single_range(request.train.x), y, sample_weight=request.train.weight)
    return Fitted(native=model)


def without_missing(x: FloatArray) -> npt.NDArray[np.float32]:
    """Round to float32, missing values below all others, for libraries that take none: they go left."""
    return np.where(np.isnan(x), np.float32(-SINGLE_MAX), single_range(x)).astype(np.float32)


def single_range(x: FloatArray) -> npt.NDArray[np.float32]:
    """Round to float32 as scikit-learn does, values beyond its range cut to it: they would be refused."""
    return np.clip(x, -SINGLE_MAX, SINGLE_MAX).astype(np.float32)


def forest_raw(fitted: Fitted, request: FitRequest, x: FloatArray) -> FloatArray:
    """Give scikit-learn's own predictions, classes without training rows at 0."""
    with np.errstate(all="ignore"):
        if request.task.is_classification:
            return _of_all_classes(fitted, request, fitted.native.predict_proba(single_range(x)))
        return target_of(request).restored(fitted.native.predict(single_range(x)).reshape(-1, 1))


def flatten_forest(fitted: Fitted, request: FitRequest) -> Form:
    """Read the trees: float32 inputs, float64 sums in the order of the trees, then the mean."""
    trees: list[TreeNodes] = []
    vectors: list[FloatArray] = []
    n_leaves, target = 0, target_of(request)
    for estimator in getattr(fitted.native, "estimators_", [fitted.native]):
        nodes = estimator.tree_
        leaf = nodes.children_left < 0
        value = nodes.value[:, 0, :]
        held = value[:, 0]
        if request.task.is_classification:
            held = np.cumsum(leaf) - 1.0 + n_leaves
            n_leaves += int(leaf.sum())
            vectors.append(value[leaf])
        trees.append(
            TreeNodes(
                left=nodes.children_left.astype(np.int64),
                right=nodes.children_right.astype(np.int64),
                feature=np.maximum(nodes.feature, 0).astype(np.int64),
                threshold=np.where(leaf, held, nodes.threshold),
                default_left=nodes.missing_go_to_left.astype(np.bool_),
                cover=nodes.weighted_n_node_samples,
            )
        )
    scoring = Scoring(
        link=target.link,
        n_features=request.train.x.shape[1],
        n_outputs=request.task.n_outputs,
        inputs="float32",
        divisor=len(trees),
        scale=target.scale,
        bias=np.full(request.task.n_outputs, target.centre),
        tree_output=np.zeros(len(trees), np.int64),
        leaf_vectors=_of_all_classes(fitted, request, np.concatenate(vectors)) if vectors else None,
    )
    return build_forest(trees, scoring)


def _of_all_classes(fitted: Fitted, request: FitRequest, probabilities: FloatArray) -> FloatArray:
    return of_all_classes(probabilities, fitted.native.classes_, request.task.n_outputs)
