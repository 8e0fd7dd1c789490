"""Logistic regression with an L2 penalty, the sum of losses as in scikit-learn, fitted by SciPy's L-BFGS.

Written out, and not called in scikit-learn, so that a deadline can stop it between iterations and so that
reaching the last iteration is no process-wide warning.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from yunque.kernel.form import FloatArray, Form, Link
from yunque.kernel.forms.linear import Linear
from yunque.learning.absent_classes import ABSENT, of_all_classes
from yunque.learning.algorithm import Algorithm, FitRequest, Fitted, IntArray
from yunque.learning.algorithms.constant import constant_form, constant_prediction
from yunque.learning.linear_columns import finite, usable_columns
from yunque.learning.params import library_params
from yunque.learning.task import TaskKind

DEFAULTS = {"C": 1.0, "max_iter": 200, "tol": 1e-4}


@dataclass(frozen=True, kw_only=True, eq=False)
class Scores:
    """Weights (F, K) and bias (K,) of raw scores: K = 1 in a binary task, else one per class."""

    weights: FloatArray
    bias: FloatArray


@dataclass(frozen=True, kw_only=True, eq=False)
class _Problem:
    """What is minimised: mean loss + penalty / 2 * |weights|^2; parameters are (F + 1, K), bias last."""

    x: FloatArray
    y: IntArray
    weight: FloatArray
    penalty: float
    n_scores: int

    def loss_and_gradient(self, flat: FloatArray) -> tuple[float, FloatArray]:
        """Give the objective and its gradient."""
        parameters = flat.reshape(-1, self.n_scores)
        raw = self.x @ parameters[:-1] + parameters[-1]
        losses, residual = _binary(raw, self.y) if self.n_scores == 1 else _multiclass(raw, self.y)
        residual *= self.weight[:, None]
        gradient = np.vstack((self.x.T @ residual + self.penalty * parameters[:-1], residual.sum(axis=0)))
        loss = float(losses @ self.weight) + 0.5 * self.penalty * float((parameters[:-1] ** 2).sum())
        return loss, gradient.ravel()


def _binary(raw: FloatArray, y: IntArray) -> tuple[FloatArray, FloatArray]:
    losses = np.logaddexp(0.0, raw[:, 0]) - y * raw[:, 0]
    probability = np.exp(-np.logaddexp(0.0, -raw))
    return losses, probability - y[:, None]


def _multiclass(raw: FloatArray, y: IntArray) -> tuple[FloatArray, FloatArray]:
    raw = raw - raw.max(axis=1, keepdims=True)
    residual = np.exp(raw)
    total = residual.sum(axis=1, keepdims=True)
    rows = np.arange(y.size)
    losses = np.log(total[:, 0]) - raw[rows, y]
    residual /= total
    residual[rows, y] -= 1.0
    return losses, residual


def _fit(request: FitRequest) -> Fitted:
    seen, y = np.unique(request.train.y, return_inverse=True)
    if seen.size < 2 or request.train.x.shape[1] == 0:
        return Fitted(native=None)
    from scipy.optimize import minimize
    from threadpoolctl import threadpool_limits

    params = DEFAULTS | library_params(request.params)
    columns = usable_columns(request.train.x)
    weight = np.ones(y.size) if request.train.weight is None else request.train.weight
    problem = _Problem(
        x=columns.changed(request.train.x),
        y=y,
        weight=weight / weight.sum(),
        penalty=1.0 / (float(params["C"]) * float(weight.sum())),
        n_scores=1 if request.task.kind is TaskKind.BINARY else seen.size,
    )
    stopped = False

    def ask(_: Any) -> None:
        nonlocal stopped
        stopped = request.should_stop()
        if stopped:
            raise StopIteration

    with threadpool_limits(request.threads):
        found = minimize(
            problem.loss_and_gradient,
            np.zeros((problem.x.shape[1] + 1) * problem.n_scores),
            method="L-BFGS-B",
            jac=True,
            callback=ask,
            options={"maxiter": int(params["max_iter"]), "gtol": float(params["tol"]), "maxls": 50},
        )
    parameters = found.x.reshape(-1, problem.n_scores)
    weights, bias = columns.undone(parameters[:-1], parameters[-1])
    native = Scores(weights=weights, bias=bias)
    if problem.n_scores > 1:
        n_classes = request.task.n_outputs
        native = Scores(
            weights=of_all_classes(weights, seen, n_classes),
            bias=of_all_classes(bias, seen, n_classes, ABSENT),
        )
    return Fitted(native=native, rounds=int(found.nit) if stopped else 0, stopped_early=stopped)


def _flatten(fitted: Fitted, request: FitRequest) -> Form:
    if fitted.native is None:
        return constant_form(constant_prediction(request), request.train.x.shape[1])
    link: Link = "sigmoid" if request.task.kind is TaskKind.BINARY else "softmax"
    centre = finite(request.train.x).mean(axis=0)
    return Linear(weights=fitted.native.weights, bias=fitted.native.bias, link=link, centre=centre)


def _native_raw(fitted: Fitted, request: FitRequest, x: FloatArray) -> FloatArray:
    if fitted.native is None:
        return np.tile(constant_prediction(request), (x.shape[0], 1))
    return np.asarray(finite(x) @ fitted.native.weights + fitted.native.bias)


ALGORITHM = Algorithm(
    name="logistic_regression",
    aliases=("logistic", "logit", "logistic_regression_classifier"),
    family="linear",
    tasks=frozenset({TaskKind.BINARY, TaskKind.MULTICLASS}),
    view="linear",
    requires=("scipy", "threadpoolctl"),
    fit=_fit,
    flatten=_flatten,
    native_raw=_native_raw,
    refit_params=lambda rounds: {"max_iter": rounds} if rounds else {},
    cost=lambda rows, columns, outputs: 0.02 + 1e-7 * rows * columns * outputs,
)
