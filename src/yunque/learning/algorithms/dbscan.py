"""Clusters are where rows lie densely (Ester et al. 1996); a new row joins its nearest core row, if near."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from yunque.errors import TrainingError
from yunque.kernel.form import FloatArray, Form
from yunque.kernel.forms.points import Points
from yunque.learning.algorithm import Algorithm, FitRequest, Fitted
from yunque.learning.cluster_order import IntArray, by_size, renumbered
from yunque.learning.linear_columns import finite
from yunque.learning.params import merged_params
from yunque.learning.task import WITHOUT_TARGET, TaskKind

MOST_ROWS = 4_000  # every row may be near every other: memory grows with the square
MIN_SAMPLES = 5
NEAR_SHARE = 0.9  # of the rows have their fifth neighbour within eps, unless eps is given
LEAST_EPS = 1e-9


@dataclass(frozen=True, kw_only=True, eq=False)
class _Trained:
    model: Any
    order: IntArray

    @property
    def cluster(self) -> IntArray:
        """The cluster of each core row, by size."""
        return renumbered(self.model.labels_[self.model.core_sample_indices_], self.order)


def _fit(request: FitRequest) -> Fitted:
    from sklearn.cluster import DBSCAN
    from threadpoolctl import threadpool_limits

    x = finite(request.train.x)
    if x.shape[0] > MOST_ROWS:
        x = x[np.sort(np.random.default_rng(request.seed).choice(x.shape[0], MOST_ROWS, replace=False))]
    params = merged_params({"min_samples": MIN_SAMPLES}, request.params, {"metric": "euclidean"})
    with threadpool_limits(limits=1):
        if "eps" not in params:
            params["eps"] = near_distance(x, int(params["min_samples"]))
        model = DBSCAN(**params, n_jobs=1).fit(x)
    if not len(model.core_sample_indices_):
        raise TrainingError(
            f"No row has {params['min_samples']} others within {params['eps']:.4g}: there is no dense place.",
            hint="Choose a larger eps, fewer min_samples, or another algorithm.",
        )
    return Fitted(native=_Trained(model=model, order=by_size(model.labels_, int(model.labels_.max()) + 1)))


def near_distance(x: FloatArray, neighbours: int) -> float:
    """Give the distance within which most rows have so many neighbours: the usual choice of eps."""
    from sklearn.neighbors import NearestNeighbors

    count = min(neighbours + 1, x.shape[0])  # a row is its own nearest
    distances, _ = NearestNeighbors(n_neighbors=count, n_jobs=1).fit(x).kneighbors(x)
    return max(float(np.quantile(distances[:, -1], NEAR_SHARE)), LEAST_EPS)


def _flatten(fitted: Fitted, request: FitRequest) -> Form:
    native: _Trained = fitted.native
    return Points(
        points=np.ascontiguousarray(native.model.components_, np.float64),
        cluster=native.cluster,
        reach=float(native.model.eps),
        answer="cluster" if request.task.kind is TaskKind.CLUSTERS else "distance",
    )


def _native_raw(fitted: Fitted, request: FitRequest, x: FloatArray) -> FloatArray:
    """Give the nearest core row by scikit-learn's own search, for DBSCAN has no answer for new rows."""
    from sklearn.neighbors import NearestNeighbors

    native: _Trained = fitted.native
    search = NearestNeighbors(n_neighbors=1, algorithm="brute", n_jobs=1).fit(native.model.components_)
    found, place = search.kneighbors(finite(x))
    if request.task.kind is not TaskKind.CLUSTERS:
        return np.asarray(found)
    cluster = np.where(found[:, 0] <= native.model.eps, native.cluster[place[:, 0]], -1)
    return np.column_stack([cluster, found[:, 0]])


ALGORITHM = Algorithm(
    name="dbscan",
    aliases=("db_scan",),
    family="dbscan",
    tasks=WITHOUT_TARGET,
    view="linear",
    requires=("sklearn", "threadpoolctl"),
    fit=_fit,
    flatten=_flatten,
    native_raw=_native_raw,
    stops=False,
    tolerance=1e-7,
    cost=lambda rows, columns, outputs: 0.1 + 1e-5 * min(rows, MOST_ROWS) * (columns + outputs),
)
