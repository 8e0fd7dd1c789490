"""Classifiers of scikit-learn that give linear margins, as algorithms with calibrated probabilities."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from yunque.kernel.form import FloatArray, Form, Link
from yunque.kernel.forms.linear import Linear
from yunque.learning.absent_classes import ABSENT, of_all_classes
from yunque.learning.algorithm import Algorithm, FitRequest, Fitted, IntArray
from yunque.learning.algorithms.constant import constant_form, constant_prediction
from yunque.learning.linear_columns import Columns, finite, usable_columns
from yunque.learning.quiet_fit import quiet_fit
from yunque.learning.score_calibration import Scaling, learn_scaling, out_of_fold_scores
from yunque.learning.task import TaskKind


@dataclass(frozen=True, kw_only=True, eq=False)
class Margins:
    """A fitted estimator, and how its margins become raw scores of the classes seen."""

    model: Any
    columns: Columns
    scaling: Scaling
    seen: IntArray


def fit_margins(request: FitRequest, make: Callable[[], Any]) -> Fitted:
    """Fit on all rows, and the calibration on margins of rows left out."""
    seen, y = np.unique(request.train.y, return_inverse=True)
    if seen.size < 2 or request.train.x.shape[1] == 0:
        return Fitted(native=None)
    from threadpoolctl import threadpool_limits

    columns, weight = usable_columns(request.train.x), request.train.weight
    x = columns.changed(request.train.x)

    def fitted(rows: IntArray) -> Any:
        return make().fit(x[rows], y[rows], sample_weight=None if weight is None else weight[rows])

    def score(train: IntArray, valid: IntArray) -> FloatArray:
        return margins(fitted(train), x[valid])

    with threadpool_limits(request.threads), quiet_fit():
        scaling = learn_scaling(out_of_fold_scores(y, score), y, weight)
        model = fitted(np.arange(y.size))
    return Fitted(native=Margins(model=model, columns=columns, scaling=scaling, seen=seen))


def margins(model: Any, x: FloatArray) -> FloatArray:
    """Give the estimator's own margins, (n, K): K = 1 for two classes."""
    return np.asarray(model.decision_function(x), np.float64).reshape(x.shape[0], -1)


def flatten_margins(fitted: Fitted, request: FitRequest) -> Form:
    """Put columns, margins and calibration into one linear form."""
    native: Margins | None = fitted.native
    if native is None:
        return constant_form(constant_prediction(request), request.train.x.shape[1])
    scaling = native.scaling
    weights, bias = native.columns.undone(
        np.asarray(native.model.coef_, np.float64).T * scaling.slope,
        np.asarray(native.model.intercept_, np.float64).reshape(-1) * scaling.slope + scaling.offset,
    )
    weights, bias, link = of_task(weights, bias, native.seen, request)
    return Linear(weights=weights, bias=bias, link=link, centre=finite(request.train.x).mean(axis=0))


def of_task(
    weights: FloatArray, bias: FloatArray, seen: IntArray, request: FitRequest
) -> tuple[FloatArray, FloatArray, Link]:
    """Give weights (…, K) and bias (K,) of the classes seen for the outputs of the task."""
    if request.task.kind is TaskKind.BINARY:
        return np.ascontiguousarray(weights), bias, "sigmoid"
    if bias.size == 1:  # two classes seen of many: scores of -1/2 and 1/2 of the margin
        weights, bias = np.concatenate((-weights, weights), axis=-1) / 2, np.concatenate((-bias, bias)) / 2
    n_classes = request.task.n_outputs
    return of_all_classes(weights, seen, n_classes), of_all_classes(bias, seen, n_classes, ABSENT), "softmax"


def native_margins(fitted: Fitted, request: FitRequest, x: FloatArray) -> FloatArray:
    """Give the estimator's own margins, calibrated."""
    native: Margins | None = fitted.native
    if native is None:
        return np.tile(constant_prediction(request), (x.shape[0], 1))
    raw = margins(native.model, native.columns.changed(x)) * native.scaling.slope + native.scaling.offset
    if request.task.kind is TaskKind.BINARY:
        return raw
    if raw.shape[1] == 1:
        raw = np.concatenate((-raw, raw), axis=1) / 2
    return of_all_classes(raw, native.seen, request.task.n_outputs, ABSENT)


def margin_classifier(
    name: str,
    aliases: tuple[str, ...],
    make: Callable[[FitRequest], Any],
    *,
    row_seconds: float = 1e-6,
) -> Algorithm:
    """Give the algorithm of a classifier with `coef_`, `intercept_` and `decision_function`.

    Args:
        name: its name.
        aliases: further names.
        make: the unfitted estimator for a request; imports its library itself.
        row_seconds: rough seconds per row, column and class of one fit.
    """
    return Algorithm(
        name=name,
        aliases=aliases,
        family="linear",
        tasks=frozenset({TaskKind.BINARY, TaskKind.MULTICLASS}),
        view="linear",
        requires=("sklearn", "scipy", "threadpoolctl"),
        fit=lambda request: fit_margins(request, lambda: make(request)),
        flatten=flatten_margins,
        native_raw=native_margins,
        stops=False,
        only_when_named=True,
        cost=lambda rows, columns, outputs: 0.05 + row_seconds * rows * columns * max(1, outputs),
    )
