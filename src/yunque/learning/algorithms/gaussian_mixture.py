"""Rows drawn from several bells (Dempster, Laird, Rubin 1977); as an anomaly score, how unlikely a row is."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from yunque.kernel.form import FloatArray, Form
from yunque.kernel.forms.mixture import Mixture
from yunque.learning.algorithm import Algorithm, FitRequest, Fitted
from yunque.learning.cluster_order import IntArray, by_size, renumbered
from yunque.learning.linear_columns import finite, usable_columns
from yunque.learning.params import merged_params
from yunque.learning.quiet_fit import quiet_fit
from yunque.learning.task import WITHOUT_TARGET, TaskKind

COMPONENTS = 4
FULL_COLUMNS = 30  # more columns are taken as independent within a component
LEAST_VARIANCE = 1e-3  # of scaled columns; keeps constant ones and copies apart from infinite densities


@dataclass(frozen=True, kw_only=True, eq=False)
class _Trained:
    model: Any
    order: IntArray
    centre: FloatArray
    scale: FloatArray


def _fit(request: FitRequest) -> Fitted:
    from sklearn.mixture import GaussianMixture
    from threadpoolctl import threadpool_limits

    columns = usable_columns(request.train.x)
    x = columns.changed(request.train.x)
    shape = "full" if x.shape[1] <= FULL_COLUMNS else "diag"
    defaults = {"n_components": COMPONENTS, "covariance_type": shape, "reg_covar": LEAST_VARIANCE}
    params = merged_params(defaults, request.params, {})
    params["n_components"] = min(int(params["n_components"]), x.shape[0])
    model = GaussianMixture(**params, random_state=request.seed % (2**31 - 1))
    with quiet_fit(), threadpool_limits(limits=1):
        labels = model.fit_predict(x)
    order = by_size(labels, model.n_components)
    return Fitted(native=_Trained(model=model, order=order, centre=columns.centre, scale=columns.scale))


def _flatten(fitted: Fitted, request: FitRequest) -> Form:
    """Give the bells for the columns as they were: changed = (x - centre) / scale."""
    native: _Trained = fitted.native
    model, order = native.model, native.order
    cholesky = np.asarray(model.precisions_cholesky_)
    if model.covariance_type == "diag":
        cholesky = cholesky[:, :, None]
        log_det = np.log(cholesky[:, :, 0]).sum(axis=1)
    else:
        log_det = np.log(np.diagonal(cholesky, axis1=1, axis2=2)).sum(axis=1)
    n_features = request.train.x.shape[1]
    height = np.log(model.weights_) + log_det - 0.5 * n_features * np.log(2.0 * np.pi)
    return Mixture(
        means=np.ascontiguousarray((model.means_ * native.scale + native.centre)[order]),
        factors=np.ascontiguousarray((cholesky / native.scale[:, None])[order]),
        height=np.ascontiguousarray(height[order]),
        answer="cluster" if request.task.kind is TaskKind.CLUSTERS else "surprise",
    )


def _native_raw(fitted: Fitted, request: FitRequest, x: FloatArray) -> FloatArray:
    """Give scikit-learn's own log-density, or component, with the distance by its own precisions."""
    native: _Trained = fitted.native
    model, read = native.model, (finite(x) - native.centre) / native.scale
    if request.task.kind is not TaskKind.CLUSTERS:
        return np.asarray(-model.score_samples(read).reshape(-1, 1))
    found = model.predict(read)
    away = read - model.means_[found]
    precisions = model.precisions_[found]
    squared = (
        (away * away * precisions).sum(axis=1)
        if model.covariance_type == "diag"
        else np.einsum("ni,nij,nj->n", away, precisions, away)
    )
    return np.column_stack([renumbered(found, native.order), np.sqrt(squared)])


ALGORITHM = Algorithm(
    name="gaussian_mixture",
    aliases=("gmm", "gaussian_mixture_model", "gaussianmixture"),
    family="mixture",
    tasks=WITHOUT_TARGET,
    view="linear",
    requires=("sklearn", "threadpoolctl"),
    fit=_fit,
    flatten=_flatten,
    native_raw=_native_raw,
    stops=False,
    tolerance=1e-7,
    cost=lambda rows, columns, outputs: (
        0.1 + 1e-7 * rows * columns * outputs * (10 + min(columns, FULL_COLUMNS))
    ),
)
