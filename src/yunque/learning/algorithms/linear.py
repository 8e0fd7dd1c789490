"""Ridge regression: the linear answer to a numeric target (Hoerl and Kennard, Technometrics 1970)."""

import numpy as np

from yunque.kernel.form import FloatArray, Form
from yunque.kernel.forms.linear import Linear
from yunque.learning.algorithm import Algorithm, FitRequest, Fitted
from yunque.learning.algorithms.constant import constant_form, constant_prediction
from yunque.learning.linear_columns import finite, usable_columns
from yunque.learning.params import library_params
from yunque.learning.target import target_of
from yunque.learning.task import TaskKind


def _fit(request: FitRequest) -> Fitted:
    if request.train.x.shape[1] == 0:
        return Fitted(native=None)
    from sklearn.linear_model import Ridge
    from threadpoolctl import threadpool_limits

    columns, target = usable_columns(request.train.x), target_of(request)
    model = Ridge(**{"alpha": 1.0} | library_params(request.params), solver="cholesky")
    with threadpool_limits(request.threads):
        learnt = target.learnt(request.train.y)
        model.fit(columns.changed(request.train.x), learnt, sample_weight=request.train.weight)
    bias = np.array([model.intercept_ * target.scale + target.centre])
    weights, bias = columns.undone(model.coef_.reshape(-1, 1) * target.scale, bias)
    centre = finite(request.train.x).mean(axis=0)
    return Fitted(native=Linear(weights=weights, bias=bias, link=target.link, centre=centre))


def _flatten(fitted: Fitted, request: FitRequest) -> Form:
    if fitted.native is None:
        return constant_form(constant_prediction(request), request.train.x.shape[1])
    form: Linear = fitted.native
    return form


def _native_raw(fitted: Fitted, request: FitRequest, x: FloatArray) -> FloatArray:
    if fitted.native is None:
        return np.tile(constant_prediction(request), (x.shape[0], 1))
    return np.asarray(finite(x) @ fitted.native.weights + fitted.native.bias)


ALGORITHM = Algorithm(
    name="linear",
    aliases=("ridge", "ridge_regression", "ridge_regressor"),
    family="linear",
    tasks=frozenset({TaskKind.REGRESSION}),
    view="linear",
    requires=("sklearn", "threadpoolctl"),
    fit=_fit,
    flatten=_flatten,
    native_raw=_native_raw,
    stops=False,
    cost=lambda rows, columns, outputs: 0.01 + 1e-9 * rows * columns * (columns + 10) * outputs,
)
