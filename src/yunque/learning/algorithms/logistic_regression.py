"""Logistic regression with an L2 penalty, fitted by scikit-learn's L-BFGS."""

from typing import Any

import numpy as np

from yunque.kernel.form import FloatArray, Form, Link
from yunque.kernel.forms.linear import LARGEST_INPUT, Linear
from yunque.learning.algorithm import Algorithm, FitRequest, Fitted
from yunque.learning.algorithms.constant import constant_form, constant_prediction
from yunque.learning.task import TaskKind

ABSENT = -30.0  # raw score of a class that the training rows do not show: a probability below 1e-13


def finite(x: FloatArray) -> FloatArray:
    """Give the matrix as the linear form reads it: missing as 0, cut at 1e15."""
    return np.clip(np.where(np.isnan(x), 0.0, x), -LARGEST_INPUT, LARGEST_INPUT)


def _fit(request: FitRequest) -> Fitted:
    if np.unique(request.train.y).size < 2 or request.train.x.shape[1] == 0:
        return Fitted(native=None)
    import warnings

    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression
    from threadpoolctl import threadpool_limits

    defaults: dict[str, Any] = {"C": 1.0, "max_iter": 200, "tol": 1e-4}
    model = LogisticRegression(**defaults | dict(request.params), solver="lbfgs", random_state=request.seed)
    with threadpool_limits(request.threads), warnings.catch_warnings():
        # stopped at max_iter is a usable model; its score shows what it is worth
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(finite(request.train.x), request.train.y, sample_weight=request.train.weight)
    return Fitted(native=model)


def _spread(fitted: Fitted, request: FitRequest, raw: FloatArray) -> FloatArray:
    """Give scores of the classes seen in training as scores of all classes: (…, seen) -> (…, K)."""
    if request.task.kind is TaskKind.BINARY:
        return raw
    seen = fitted.native.classes_
    if seen.size == 2:  # scikit-learn gives one score for two classes: that of the second against 0
        raw = np.concatenate((np.zeros_like(raw), raw), axis=-1)
    out = np.full((*raw.shape[:-1], request.task.n_outputs), ABSENT)
    out[..., seen] = raw
    return out


def _flatten(fitted: Fitted, request: FitRequest) -> Form:
    if fitted.native is None:
        return constant_form(constant_prediction(request), request.train.x.shape[1])
    weights = _spread(fitted, request, fitted.native.coef_.T)
    bias = _spread(fitted, request, fitted.native.intercept_)
    weights[weights == ABSENT] = 0.0
    link: Link = "sigmoid" if request.task.kind is TaskKind.BINARY else "softmax"
    return Linear(weights=np.ascontiguousarray(weights), bias=bias, link=link)


def _native_raw(fitted: Fitted, request: FitRequest, x: FloatArray) -> FloatArray:
    if fitted.native is None:
        return np.tile(constant_prediction(request), (x.shape[0], 1))
    return _spread(fitted, request, fitted.native.decision_function(finite(x)).reshape(x.shape[0], -1))


ALGORITHM = Algorithm(
    name="logistic_regression",
    aliases=("logistic", "logit", "logistic_regression_classifier"),
    family="linear",
    tasks=frozenset({TaskKind.BINARY, TaskKind.MULTICLASS}),
    view="linear",
    requires=("sklearn", "threadpoolctl"),
    fit=_fit,
    flatten=_flatten,
    native_raw=_native_raw,
    cost=lambda rows, columns, outputs: 0.02 + 1e-7 * rows * columns * outputs,
)
