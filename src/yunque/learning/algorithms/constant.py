"""The constant: class frequencies or the mean; what every model must beat."""

import numpy as np

from yunque.kernel.form import FloatArray, Form
from yunque.kernel.forms.linear import Linear
from yunque.learning.algorithm import Algorithm, FitRequest, Fitted
from yunque.learning.task import SUPERVISED


def constant_prediction(request: FitRequest) -> FloatArray:
    """Give the weighted class frequencies, or the weighted mean, of the training rows: (n_outputs,)."""
    train = request.train
    if not request.task.is_classification:
        largest = max(float(np.abs(train.y).max()), 1.0)  # a mean of values near 1e308 must not overflow
        return np.array([np.average(train.y / largest, weights=train.weight) * largest])
    counts: FloatArray = np.bincount(train.y, train.weight, request.task.n_outputs).astype(np.float64)
    return np.asarray(counts / counts.sum())


def constant_form(prediction: FloatArray, n_features: int) -> Linear:
    """Give the form that answers the same for every row."""
    return Linear(weights=np.zeros((n_features, prediction.size)), bias=prediction, link="identity")


def _fit(request: FitRequest) -> Fitted:
    return Fitted(native=constant_prediction(request))


def _flatten(fitted: Fitted, request: FitRequest) -> Form:
    return constant_form(fitted.native, request.train.x.shape[1])


def _native_raw(fitted: Fitted, request: FitRequest, x: FloatArray) -> FloatArray:  # noqa: ARG001
    return np.tile(fitted.native, (x.shape[0], 1))


ALGORITHM = Algorithm(
    name="constant",
    aliases=("dummy", "baseline"),
    family="constant",
    tasks=SUPERVISED,
    view="tree",
    fit=_fit,
    flatten=_flatten,
    native_raw=_native_raw,
    stops=False,
    cost=lambda rows, columns, outputs: 1e-4 + 1e-8 * rows,  # noqa: ARG005
)
