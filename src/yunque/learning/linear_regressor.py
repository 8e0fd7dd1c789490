"""Regressions of scikit-learn that end in one weight per column, as algorithms."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from yunque.kernel.form import FloatArray, Form
from yunque.kernel.forms.linear import Linear
from yunque.learning.algorithm import Algorithm, FitRequest, Fitted
from yunque.learning.algorithms.constant import constant_form, constant_prediction
from yunque.learning.linear_columns import Columns, finite, usable_columns
from yunque.learning.quiet_fit import quiet_fit
from yunque.learning.target import Target, target_of
from yunque.learning.task import TaskKind


@dataclass(frozen=True, kw_only=True, eq=False)
class _Regression:
    model: Any
    columns: Columns
    target: Target


def linear_regressor(
    name: str, aliases: tuple[str, ...], make: Callable[[FitRequest], Any], *, rows_factor: float = 1.0
) -> Algorithm:
    """Give the algorithm of a regression with `coef_` and `intercept_`.

    Args:
        name: its name.
        aliases: further names.
        make: the unfitted estimator for a request; imports its library itself.
        rows_factor: how much slower than a least-squares fit.
    """

    def fit(request: FitRequest) -> Fitted:
        if request.train.x.shape[1] == 0:
            return Fitted(native=None)
        from threadpoolctl import threadpool_limits

        columns, target = usable_columns(request.train.x), target_of(request)
        model = make(request)
        with threadpool_limits(request.threads), quiet_fit():
            learnt = target.learnt(request.train.y)
            model.fit(columns.changed(request.train.x), learnt, sample_weight=request.train.weight)
        return Fitted(native=_Regression(model=model, columns=columns, target=target))

    return Algorithm(
        name=name,
        aliases=aliases,
        family="linear",
        tasks=frozenset({TaskKind.REGRESSION}),
        view="linear",
        requires=("sklearn", "threadpoolctl"),
        fit=fit,
        flatten=_flatten,
        native_raw=_native_raw,
        stops=False,
        only_when_named=True,
        cost=lambda rows, columns, outputs: (  # noqa: ARG005
            0.02 + rows_factor * 2e-8 * rows * columns * (columns + 10)
        ),
    )


def _flatten(fitted: Fitted, request: FitRequest) -> Form:
    native: _Regression | None = fitted.native
    if native is None:
        return constant_form(constant_prediction(request), request.train.x.shape[1])
    target = native.target
    intercept = np.asarray(native.model.intercept_, np.float64).reshape(-1)
    weights, bias = native.columns.undone(
        np.asarray(native.model.coef_, np.float64).reshape(-1, 1) * target.scale,
        intercept * target.scale + target.centre,
    )
    centre = finite(request.train.x).mean(axis=0)
    return Linear(weights=weights, bias=bias, link=target.link, centre=centre)


def _native_raw(fitted: Fitted, request: FitRequest, x: FloatArray) -> FloatArray:
    native: _Regression | None = fitted.native
    if native is None:
        return np.tile(constant_prediction(request), (x.shape[0], 1))
    return native.target.restored(native.model.predict(native.columns.changed(x)).reshape(-1, 1))
