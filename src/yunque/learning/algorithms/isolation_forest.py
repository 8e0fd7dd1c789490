"""Rows that few random cuts set apart are unusual: scikit-learn's isolation forest (Liu, Ting, Zhou 2008)."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from yunque.kernel.forest_build import Scoring, TreeNodes, build_forest
from yunque.kernel.form import FloatArray, Form
from yunque.learning.algorithm import Algorithm, FitRequest, Fitted
from yunque.learning.bagged_trees import single_range
from yunque.learning.params import merged_params
from yunque.learning.task import TaskKind

TREES = 200
SAMPLE_ROWS = 256
EULER = 0.5772156649015329


@dataclass(frozen=True, kw_only=True, eq=False)
class _Trained:
    model: object
    median: npt.NDArray[np.float32]


def _fit(request: FitRequest) -> Fitted:
    from sklearn.ensemble import IsolationForest

    x = single_range(request.train.x)
    median = _medians(x)
    params = merged_params(
        {"n_estimators": TREES, "max_samples": SAMPLE_ROWS}, request.params, {"max_features": 1.0}
    )
    if isinstance(params["max_samples"], int):
        params["max_samples"] = min(params["max_samples"], x.shape[0])
    model = IsolationForest(**params, random_state=request.seed % (2**31 - 1), n_jobs=1)
    with np.errstate(all="ignore"):  # differences of values near the largest float32
        model.fit(_filled(x, median), sample_weight=request.train.weight)
    return Fitted(native=_Trained(model=model, median=median), rounds=len(model.estimators_))


def _medians(x: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Give the median of each column's present values; 0 where there is none."""
    wide = x.astype(np.float64)
    found = [np.median(c[~np.isnan(c)]) if (~np.isnan(c)).any() else 0.0 for c in wide.T]
    return np.asarray(found, np.float32)


def _filled(x: npt.NDArray[np.float32], median: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    return np.where(np.isnan(x), median, x).astype(np.float32)


def expected_depth(rows: FloatArray) -> FloatArray:
    """Give the mean depth of an unsuccessful search in a random tree of so many rows, c(n) of the paper."""
    many = np.maximum(rows, 3.0) - 1.0
    found = 2.0 * (np.log(many) + EULER) - 2.0 * many / np.maximum(rows, 3.0)
    return np.asarray(np.where(rows <= 1.0, 0.0, np.where(rows <= 2.0, 1.0, found)), np.float64)


def _flatten(fitted: Fitted, request: FitRequest) -> Form:
    """Read the trees; a leaf holds the length of its path, and e**(-ln 2 * mean / c) is the score.

    A missing value goes where the column's median goes, which is what it was replaced by in the fit.
    """
    model, median = fitted.native.model, fitted.native.median
    trees = [_tree(estimator.tree_, median) for estimator in model.estimators_]
    usual = float(expected_depth(np.array([float(model.max_samples_)]))[0]) or 1.0
    scoring = Scoring(
        link="exp",
        n_features=request.train.x.shape[1],
        n_outputs=1,
        inputs="float32",
        divisor=len(trees),
        scale=-math.log(2.0) / usual,
        tree_output=np.zeros(len(trees), np.int64),
    )
    return build_forest(trees, scoring)


def _tree(nodes: object, median: npt.NDArray[np.float32]) -> TreeNodes:
    left = nodes.children_left.astype(np.int64)  # type: ignore[attr-defined]
    right = nodes.children_right.astype(np.int64)  # type: ignore[attr-defined]
    feature = np.maximum(nodes.feature, 0).astype(np.int64)  # type: ignore[attr-defined]
    threshold = nodes.threshold  # type: ignore[attr-defined]
    rows = nodes.n_node_samples.astype(np.float64)  # type: ignore[attr-defined]
    depth = np.zeros(left.size)
    for node in np.flatnonzero(left >= 0):  # children come after their parents
        depth[left[node]] = depth[right[node]] = depth[node] + 1.0
    leaf = left < 0
    return TreeNodes(
        left=left,
        right=right,
        feature=feature,
        threshold=np.where(leaf, depth + expected_depth(rows), threshold),
        default_left=median[feature].astype(np.float64) <= threshold,
        cover=rows,
    )


def _native_raw(fitted: Fitted, request: FitRequest, x: FloatArray) -> FloatArray:  # noqa: ARG001
    """Give the logarithm of scikit-learn's own score."""
    filled = _filled(single_range(x), fitted.native.median)
    return np.asarray(np.log(-fitted.native.model.score_samples(filled)).reshape(-1, 1))


ALGORITHM = Algorithm(
    name="isolation_forest",
    aliases=("iforest", "isolationforest", "isolation"),
    family="isolation",
    tasks=frozenset({TaskKind.ANOMALY}),
    view="tree",
    requires=("sklearn",),
    fit=_fit,
    flatten=_flatten,
    native_raw=_native_raw,
    refit_params=lambda rounds: {"n_estimators": rounds},
    stops=False,
    tolerance=1e-12,
    cost=lambda rows, columns, outputs: 0.5 + 2e-7 * rows * columns * outputs,
)
