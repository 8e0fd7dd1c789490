"""Multilayer perceptron of rectified units, trained by Adam (Rumelhart 1986; Kingma and Ba 2015)."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from yunque.kernel.form import FloatArray, Form, Link
from yunque.kernel.forms.network import Network
from yunque.learning.absent_classes import ABSENT, of_all_classes
from yunque.learning.algorithm import Algorithm, FitRequest, Fitted, IntArray
from yunque.learning.algorithms.constant import constant_form, constant_prediction
from yunque.learning.linear_columns import Columns, finite, usable_columns
from yunque.learning.params import library_params
from yunque.learning.quiet_fit import quiet_fit
from yunque.learning.target import Target, target_of
from yunque.learning.task import SUPERVISED, TaskKind

LINKS: dict[TaskKind, Link] = {TaskKind.BINARY: "sigmoid", TaskKind.MULTICLASS: "softmax"}


@dataclass(frozen=True, kw_only=True, eq=False)
class _Trained:
    model: Any
    columns: Columns
    target: Target
    seen: IntArray


def _fit(request: FitRequest) -> Fitted:
    seen = np.unique(request.train.y)
    if seen.size < 2 or request.train.x.shape[1] == 0:
        return Fitted(native=None)
    from sklearn.neural_network import MLPClassifier, MLPRegressor
    from threadpoolctl import threadpool_limits

    columns, target = usable_columns(request.train.x), target_of(request)
    defaults: dict[str, Any] = {
        "hidden_layer_sizes": (64, 32),
        "alpha": 1e-2,
        "learning_rate_init": 3e-3,
        "max_iter": 60 if seen.size <= 50 or not request.task.is_classification else 15,
    }
    params = defaults | library_params(request.params) | {"random_state": request.seed % (2**31 - 1)}
    params["hidden_layer_sizes"] = tuple(params["hidden_layer_sizes"])
    model = (MLPClassifier if request.task.is_classification else MLPRegressor)(**params, activation="relu")
    y = request.train.y if request.task.is_classification else target.learnt(request.train.y)
    with threadpool_limits(request.threads), quiet_fit():
        model.fit(columns.changed(request.train.x), y, sample_weight=request.train.weight)
    return Fitted(native=_Trained(model=model, columns=columns, target=target, seen=seen))


def _flatten(fitted: Fitted, request: FitRequest) -> Form:
    native: _Trained | None = fitted.native
    if native is None:
        return constant_form(constant_prediction(request), request.train.x.shape[1])
    weights = [np.ascontiguousarray(w, np.float64) for w in native.model.coefs_]
    biases = [np.asarray(b, np.float64) for b in native.model.intercepts_]
    weights[0], biases[0] = native.columns.undone(weights[0], biases[0])
    weights[-1], biases[-1], link = _last(weights[-1], biases[-1], native, request)
    return Network(weights=tuple(weights), biases=tuple(biases), link=link)


def _last(
    weights: FloatArray, bias: FloatArray, native: _Trained, request: FitRequest
) -> tuple[FloatArray, FloatArray, Link]:
    """Give the last layer for the outputs of the task."""
    if not request.task.is_classification:
        return weights * native.target.scale, native.target.restored(bias), native.target.link
    if request.task.kind is TaskKind.MULTICLASS:
        if bias.size == 1:
            weights, bias = np.concatenate((-weights, weights), axis=1) / 2, np.concatenate((-bias, bias)) / 2
        n_classes = request.task.n_outputs
        weights = of_all_classes(weights, native.seen, n_classes)
        bias = of_all_classes(bias, native.seen, n_classes, ABSENT)
    return weights, bias, LINKS[request.task.kind]


def _native_raw(fitted: Fitted, request: FitRequest, x: FloatArray) -> FloatArray:
    """Give the library's own forward pass, up to its last activation."""
    native: _Trained | None = fitted.native
    if native is None:
        return np.tile(constant_prediction(request), (x.shape[0], 1))
    read, model = native.columns.changed(finite(x)), native.model
    if not request.task.is_classification:
        return native.target.restored(model.predict(read).reshape(-1, 1))
    for weights, bias in zip(model.coefs_[:-1], model.intercepts_[:-1], strict=True):
        read = np.maximum(read @ weights + bias, 0.0)
    weights, bias, _ = _last(model.coefs_[-1], model.intercepts_[-1], native, request)
    return np.asarray(read @ weights + bias)


ALGORITHM = Algorithm(
    name="mlp",
    aliases=("neural_network", "dense_nn", "multilayer_perceptron", "mlp_classifier", "mlp_regressor"),
    family="mlp",
    tasks=SUPERVISED,
    view="linear",
    requires=("sklearn", "threadpoolctl"),
    fit=_fit,
    flatten=_flatten,
    native_raw=_native_raw,
    stops=False,
    only_when_named=True,
    tolerance=1e-9,
    cost=lambda rows, columns, outputs: 0.3 + 100 * 4e-8 * rows * (columns + 64 + outputs),
)
