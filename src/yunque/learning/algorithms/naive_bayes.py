"""Naive Bayes: a bell per class and column, its scores calibrated out of fold (Hand and Yu 2001)."""

from dataclasses import dataclass

import numpy as np

from yunque.kernel.form import FloatArray, Form
from yunque.kernel.forms.gaussians import Gaussians
from yunque.learning.absent_classes import of_all_classes
from yunque.learning.algorithm import Algorithm, FitRequest, Fitted, IntArray
from yunque.learning.algorithms.constant import constant_form, constant_prediction
from yunque.learning.linear_columns import Columns, finite, usable_columns
from yunque.learning.params import library_params
from yunque.learning.score_calibration import Scaling, learn_scaling, out_of_fold_scores
from yunque.learning.task import TaskKind


@dataclass(frozen=True, kw_only=True, eq=False)
class Bells:
    """Means and variances (K, F) and logarithms of the shares (K,) of the classes seen."""

    means: FloatArray
    variances: FloatArray
    log_share: FloatArray

    def scores(self, x: FloatArray) -> FloatArray:
        """Give joint log-likelihoods, (n, K)."""
        out = np.empty((x.shape[0], self.log_share.size))
        for k in range(self.log_share.size):
            away = (x - self.means[k]) ** 2 / self.variances[k]
            out[:, k] = self.offset[k] - 0.5 * away.sum(axis=1)
        return out

    @property
    def offset(self) -> FloatArray:
        """What does not depend on the row, (K,)."""
        return np.asarray(self.log_share - 0.5 * np.log(2.0 * np.pi * self.variances).sum(axis=1))


@dataclass(frozen=True, kw_only=True, eq=False)
class _Fit:
    bells: Bells
    columns: Columns
    scaling: Scaling
    seen: IntArray


def fit_bells(x: FloatArray, y: IntArray, weight: FloatArray, smoothing: float = 1e-9) -> Bells:
    """Give weighted means and variances per class; a share of the widest variance is added to all."""
    share = np.bincount(y, weight)
    means, spread = np.zeros((share.size, x.shape[1])), np.zeros((share.size, x.shape[1]))
    np.add.at(means, y, x * weight[:, None])
    means /= share[:, None]
    np.add.at(spread, y, (x - means[y]) ** 2 * weight[:, None])
    spread /= share[:, None]
    floor = smoothing * float(x.var(axis=0).max(initial=0.0))
    return Bells(
        means=means,
        variances=np.maximum(spread + floor, 1e-12),
        log_share=np.log(share / share.sum()),
    )


def _fit(request: FitRequest) -> Fitted:
    seen, y = np.unique(request.train.y, return_inverse=True)
    if seen.size < 2 or request.train.x.shape[1] == 0:
        return Fitted(native=None)
    smoothing = float(library_params(request.params).get("var_smoothing", 1e-9))
    columns = usable_columns(request.train.x)
    x = columns.changed(request.train.x)
    weight = np.ones(y.size) if request.train.weight is None else request.train.weight

    def score(train: IntArray, valid: IntArray) -> FloatArray:
        return fit_bells(x[train], y[train], weight[train], smoothing).scores(x[valid])

    scaling = learn_scaling(out_of_fold_scores(y, score), y, weight)
    bells = fit_bells(x, y, weight, smoothing)
    return Fitted(native=_Fit(bells=bells, columns=columns, scaling=scaling, seen=seen))


def _flatten(fitted: Fitted, request: FitRequest) -> Form:
    n_features, n_classes = request.train.x.shape[1], request.task.n_outputs
    native: _Fit | None = fitted.native
    if native is None:
        return constant_form(constant_prediction(request), n_features)
    columns, scaling, bells = native.columns, native.scaling, native.bells
    means = bells.means * columns.scale + columns.centre
    precisions = scaling.slope[:, None] / (bells.variances * columns.scale**2)
    return Gaussians(
        means=np.ascontiguousarray(of_all_classes(means.T, native.seen, n_classes).T),
        precisions=np.ascontiguousarray(of_all_classes(precisions.T, native.seen, n_classes).T),
        offset=of_all_classes(bells.offset * scaling.slope + scaling.offset, native.seen, n_classes, -1e300),
        link="softmax",
    )


def _native_raw(fitted: Fitted, request: FitRequest, x: FloatArray) -> FloatArray:
    native: _Fit | None = fitted.native
    if native is None:
        return np.tile(constant_prediction(request), (x.shape[0], 1))
    scores = native.bells.scores(native.columns.changed(finite(x)))
    raw = scores * native.scaling.slope + native.scaling.offset
    return of_all_classes(raw, native.seen, request.task.n_outputs, -1e300)


ALGORITHM = Algorithm(
    name="naive_bayes",
    aliases=("gaussian_nb", "gaussian_naive_bayes", "nb", "naive_bayes_classifier"),
    family="naive_bayes",
    tasks=frozenset({TaskKind.BINARY, TaskKind.MULTICLASS}),
    view="linear",
    requires=("scipy",),
    fit=_fit,
    flatten=_flatten,
    native_raw=_native_raw,
    stops=False,
    only_when_named=True,
    tolerance=1e-9,
    cost=lambda rows, columns, outputs: 0.05 + 5e-8 * rows * columns * outputs,
)
