"""Rows around centres, each with the nearest (Lloyd 1982); as an anomaly score, the distance to it."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from yunque.kernel.form import FloatArray, Form
from yunque.kernel.forms.points import Points
from yunque.learning.algorithm import Algorithm, FitRequest, Fitted
from yunque.learning.cluster_order import IntArray, by_size, renumbered
from yunque.learning.linear_columns import finite
from yunque.learning.params import merged_params
from yunque.learning.quiet_fit import quiet_fit
from yunque.learning.task import WITHOUT_TARGET, TaskKind

CLUSTERS = 8
STARTS = 4
WITHOUT_LIMIT = 1e200  # every row belongs to a centre, however far


@dataclass(frozen=True, kw_only=True, eq=False)
class _Trained:
    model: Any
    order: IntArray


def _fit(request: FitRequest) -> Fitted:
    from sklearn.cluster import KMeans
    from threadpoolctl import threadpool_limits

    x = finite(request.train.x)
    params = merged_params({"n_clusters": CLUSTERS, "n_init": STARTS}, request.params, {})
    params["n_clusters"] = min(int(params["n_clusters"]), x.shape[0])
    model = KMeans(**params, random_state=request.seed % (2**31 - 1))
    with quiet_fit(), threadpool_limits(limits=1):  # threads would add rows in any order
        model.fit(x, sample_weight=request.train.weight)
    return Fitted(native=_Trained(model=model, order=by_size(model.labels_, model.n_clusters)))


def _flatten(fitted: Fitted, request: FitRequest) -> Form:
    model, order = fitted.native.model, fitted.native.order
    return Points(
        points=np.ascontiguousarray(model.cluster_centers_[order], np.float64),
        cluster=np.arange(order.size),
        reach=WITHOUT_LIMIT,
        answer="cluster" if request.task.kind is TaskKind.CLUSTERS else "distance",
    )


def _native_raw(fitted: Fitted, request: FitRequest, x: FloatArray) -> FloatArray:
    """Give scikit-learn's own centre and the distance to it."""
    model, read = fitted.native.model, finite(x)
    distance = model.transform(read).min(axis=1)
    if request.task.kind is not TaskKind.CLUSTERS:
        return np.asarray(distance.reshape(-1, 1))
    return np.column_stack([renumbered(model.predict(read), fitted.native.order), distance])


ALGORITHM = Algorithm(
    name="k_means",
    aliases=("kmeans", "k_means_clustering"),
    family="k_means",
    tasks=WITHOUT_TARGET,
    view="linear",
    requires=("sklearn", "threadpoolctl"),
    fit=_fit,
    flatten=_flatten,
    native_raw=_native_raw,
    stops=False,
    tolerance=1e-7,
    cost=lambda rows, columns, outputs: 0.05 + 3e-7 * rows * columns * outputs,
)
