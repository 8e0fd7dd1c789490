"""RealMLP in numpy: a network with good defaults (Holzmueller, Grinsztajn, Steinwart, NeurIPS 2024)."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from yunque.errors import UsageError
from yunque.kernel.form import FloatArray, Form, Link
from yunque.kernel.forms.embedded_network import EmbeddedNetwork
from yunque.learning.absent_classes import ABSENT, of_all_classes
from yunque.learning.algorithm import Algorithm, FitRequest, Fitted, IntArray, Matrix
from yunque.learning.algorithms.constant import constant_form, constant_prediction
from yunque.learning.network_form import network_arrays
from yunque.learning.network_inputs import Inputs, fit_inputs, read_rows
from yunque.learning.network_layers import Array, Shape
from yunque.learning.network_training import Answers, Course, Lesson, scores_of, teach
from yunque.learning.params import library_params
from yunque.learning.target import Target, target_of
from yunque.learning.task import TaskKind

STOP_AFTER = "stop_after"
LINKS: dict[TaskKind, Link] = {TaskKind.BINARY: "sigmoid", TaskKind.MULTICLASS: "softmax"}
# Rows from which hidden layers have a width, and a step reads a number of rows.
WIDTHS = ((0, 64), (1_500, 128), (100_000, 256))
BATCHES = ((0, 64), (1_000, 128), (2_000, 256), (40_000, 512), (200_000, 1024))
EPOCHS, FEWEST_EPOCHS, MOST_VISITS = 64, 4, 1_500_000  # a visit is one row in one epoch
BEYOND = 0.1  # share of the spread of training answers by which a prediction may leave it


@dataclass(frozen=True, kw_only=True, eq=False)
class _Trained:
    shape: Shape
    flat: Array
    inputs: Inputs
    target: Target
    seen: IntArray
    within: tuple[float, float]


def _defaults(request: FitRequest) -> dict[str, Any]:
    rows = len(request.train.y)
    width, batch = _by_rows(WIDTHS, rows), _by_rows(BATCHES, rows)
    return {
        "hidden_layer_sizes": (width,) * 3,
        "frequencies": 8,
        "activation": "selu" if request.task.is_classification else "mish",
        "epochs": _epochs(rows),
        "batch": batch,
        "learning_rate": 0.04 if request.task.is_classification else 0.07,
        "decay": 0.02,
        "dropout": 0.15,
        "smoothing": 0.0,
        "frequency_spread": 0.1,
        STOP_AFTER: None,
    }


def _by_rows(steps: tuple[tuple[int, int], ...], rows: int) -> int:
    return [value for least, value in steps if rows >= least][-1]


def _epochs(rows: int) -> int:
    return int(np.clip(MOST_VISITS // rows, FEWEST_EPOCHS, EPOCHS))


def settings(request: FitRequest) -> dict[str, Any]:
    """Give all hyper-parameters: defaults by rows and task, overridden by the request's.

    Raises:
        UsageError: one of them is not known.
    """
    defaults, given = _defaults(request), library_params(request.params)
    unknown = sorted(set(given) - set(defaults))
    if unknown:
        raise UsageError(
            f"The network does not know the parameter {unknown[0]}.", hint=f"It knows {', '.join(defaults)}."
        )
    return defaults | given


def _fit(request: FitRequest) -> Fitted:
    inputs, seen = fit_inputs(request.train.x, request.categorical), np.unique(request.train.y)
    if seen.size < 2 or inputs.is_empty:
        return Fitted(native=None)
    from threadpoolctl import threadpool_limits

    chosen, target = settings(request), target_of(request)
    shape = _shape(inputs, chosen, seen.size if request.task.is_classification else 1)
    answers = _answers(request, request.train, seen, target)
    rows, batch = len(request.train.y), min(int(chosen["batch"]), len(request.train.y))
    lesson = Lesson(
        steps=max(1, int(chosen["epochs"]) * max(1, rows // batch)),
        stop_after=chosen[STOP_AFTER],
        batch=batch,
        learning_rate=float(chosen["learning_rate"]),
        decay=float(chosen["decay"]),
        dropout=float(chosen["dropout"]),
        smoothing=float(chosen["smoothing"]),
        frequency_spread=float(chosen["frequency_spread"]),
        seed=request.seed,
    )
    course = Course(rows=read_rows(inputs, request.train.x), answers=answers)
    if request.valid is not None:
        judged = _known(request.valid, seen) if request.task.is_classification else request.valid
        if len(judged.y):
            valid = read_rows(inputs, judged.x), _answers(request, judged, seen, target)
            course = replace(course, valid=valid)
    with threadpool_limits(1), np.errstate(over="ignore", under="ignore"):
        taught = teach(shape, lesson, course, _start(request, answers), request.should_stop)
    learnt = target.learnt(request.train.y) if not request.task.is_classification else np.zeros(1)
    room = BEYOND * float(np.ptp(learnt))
    native = _Trained(
        shape=shape, flat=taught.flat.astype(np.float64), inputs=inputs, target=target, seen=seen,
        within=(float(learnt.min()) - room, float(learnt.max()) + room),
    )  # fmt: skip
    return Fitted(native=native, rounds=taught.steps, stopped_early=taught.stopped)


def _shape(inputs: Inputs, chosen: Mapping[str, Any], outputs: int) -> Shape:
    levels = tuple(inputs.levels.tolist())
    return Shape(
        numbers=inputs.numbers.size,
        embedded=inputs.n_embedded,
        frequencies=int(chosen["frequencies"]),
        flags=inputs.flags.size,
        one_hot=levels[: inputs.n_one_hot],
        tables=levels[inputs.n_one_hot :],
        widths=tuple(chosen["hidden_layer_sizes"]),
        outputs=outputs,
        activation=chosen["activation"],
    )


def _known(matrix: Matrix, seen: IntArray) -> Matrix:
    """Give the rows whose class training showed: of others no loss can be told."""
    rows = np.flatnonzero(np.isin(matrix.y, seen))
    weight = None if matrix.weight is None else matrix.weight[rows]
    return Matrix(x=matrix.x[rows], y=matrix.y[rows], weight=weight)


def _answers(request: FitRequest, matrix: Matrix, seen: IntArray, target: Target) -> Answers:
    if request.task.is_classification:
        wanted = (matrix.y[:, None] == seen).astype(np.float32)
    else:
        wanted = target.learnt(matrix.y).astype(np.float32)[:, None]
    weight = None if matrix.weight is None else (matrix.weight / matrix.weight.mean()).astype(np.float32)
    return Answers(wanted=wanted, weight=weight, is_classes=request.task.is_classification)


def _start(request: FitRequest, answers: Answers) -> Array:
    """Give the raw scores that every row starts from: logarithms of shares, or the mean."""
    mean = np.average(answers.wanted, axis=0, weights=answers.weight)
    if not request.task.is_classification:
        return np.asarray(mean)
    logged = np.log(np.maximum(mean, 1e-9))
    return np.asarray(logged - logged.mean())


def _flatten(fitted: Fitted, request: FitRequest) -> Form:
    native: _Trained | None = fitted.native
    if native is None:
        return constant_form(constant_prediction(request), request.train.x.shape[1])
    arrays = network_arrays(native.shape, native.inputs, native.flat)
    size = native.shape.widths[-1]
    weights, biases = arrays["weights"], arrays["biases"]
    cut, outputs = weights.size - size * native.shape.outputs, native.shape.outputs
    last, bias = _last(weights[cut:].reshape(size, outputs), biases[-outputs:], native, request)
    low, high = _limits(native, request, bias.size)
    arrays |= {
        "weights": np.concatenate((weights[:cut], last.ravel())),
        "biases": np.concatenate((biases[:-outputs], bias)),
        "sizes": np.array([*arrays["sizes"][:-1], bias.size], np.int64),
        "low": low,
        "high": high,
    }
    return EmbeddedNetwork(
        arrays=arrays,
        activation=native.shape.activation,
        link=LINKS.get(request.task.kind, native.target.link),
        n_features=request.train.x.shape[1],
    )


def _last(
    weights: FloatArray, bias: FloatArray, native: _Trained, request: FitRequest
) -> tuple[FloatArray, FloatArray]:
    """Give the last layer for the outputs of the task."""
    if not request.task.is_classification:
        return weights * native.target.scale, native.target.restored(bias)
    if request.task.kind is TaskKind.BINARY:
        return weights[:, 1:] - weights[:, :1], bias[1:] - bias[:1]
    weights, bias = weights - weights.mean(axis=1, keepdims=True), bias - bias.mean()
    n_classes = request.task.n_outputs
    return of_all_classes(weights, native.seen, n_classes), of_all_classes(
        bias, native.seen, n_classes, ABSENT
    )


LIMIT = 1e6  # no raw score of a class is beyond it


def _limits(native: _Trained, request: FitRequest, size: int) -> tuple[FloatArray, FloatArray]:
    """Give the lowest and highest raw scores: a regression stays near the answers it has seen."""
    if request.task.is_classification:
        return np.full(size, -LIMIT), np.full(size, LIMIT)
    low, high = (native.target.restored(np.array([bound])) for bound in native.within)
    return low, high


def _native_raw(fitted: Fitted, request: FitRequest, x: FloatArray) -> FloatArray:
    """Give the forward pass of training, in float64."""
    native: _Trained | None = fitted.native
    if native is None:
        return np.tile(constant_prediction(request), (x.shape[0], 1))
    with np.errstate(over="ignore", under="ignore"):
        scores = scores_of(native.shape, native.flat, read_rows(native.inputs, x, np.float64))
    low, high = _limits(native, request, 1)
    if not request.task.is_classification:
        return np.asarray(np.clip(native.target.restored(scores), low, high))
    if request.task.kind is TaskKind.BINARY:
        return np.asarray(np.clip(scores[:, 1:] - scores[:, :1], low, high))
    scores = scores - scores.mean(axis=1, keepdims=True)
    found = of_all_classes(scores, native.seen, request.task.n_outputs, ABSENT)
    return np.asarray(np.clip(found, low, high))


def _cost(rows: int, columns: int, outputs: int) -> float:
    """Measured: a visit of a row costs by its columns and by its products, 40 in a nanosecond."""
    width = _by_rows(WIDTHS, rows)
    products = 6 * width * (4 * columns + 2 * width + outputs)
    return 0.1 + _epochs(rows) * rows * (4e-6 + 1.5e-7 * columns + 2.5e-11 * products)


ALGORITHM = Algorithm(
    name="realmlp",
    aliases=("real_mlp", "tabular_network"),
    family="realmlp",
    tasks=frozenset({TaskKind.BINARY, TaskKind.MULTICLASS, TaskKind.REGRESSION}),
    view="tree",
    requires=("threadpoolctl",),
    fit=_fit,
    flatten=_flatten,
    native_raw=_native_raw,
    refit_params=lambda rounds: {STOP_AFTER: rounds},
    only_when_named=True,
    tolerance=1e-9,
    cost=_cost,
)
