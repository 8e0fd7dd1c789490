"""Small tables that every algorithm must cope with, and fits of every algorithm on them."""

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

from yunque.kernel.form import FloatArray, Form
from yunque.kernel.link import apply_link
from yunque.learning.algorithm import Algorithm, FitRequest, Fitted, Matrix
from yunque.learning.registry import algorithm, installed_algorithms
from yunque.learning.task import SUPERVISED, WITHOUT_TARGET, Task, TaskKind

Tables = tuple[FitRequest, FloatArray]

PAIRS = [(entry.name, kind) for entry in installed_algorithms() for kind in sorted(entry.tasks & SUPERVISED)]
UNLABELLED = [
    (entry.name, kind) for entry in installed_algorithms() for kind in sorted(entry.tasks & WITHOUT_TARGET)
]


def task_of(kind: TaskKind, n_classes: int = 3) -> Task:
    if kind in WITHOUT_TARGET:
        return Task(kind=kind, metric="any")
    classes = {TaskKind.BINARY: 2, TaskKind.MULTICLASS: n_classes, TaskKind.REGRESSION: 0}[kind]
    return Task(kind=kind, target="t", classes=tuple(range(classes)), metric="any")


def columns(view: str, rows: int, seed: int = 0) -> FloatArray:
    """Six columns that carry signal; the tree view has codes, holes, and numbers float32 cannot hold."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(rows, 6))
    if view == "tree":
        x[:, 2] = rng.integers(0, 9, rows)
        x[:, 3] = 1.7e9 + np.round(x[:, 3] * 1e4)  # epoch seconds
        x[:, 4] = 1e9 + np.round(x[:, 4], 2)  # cents
        x[rng.random(x.shape) < 0.08] = np.nan
    return x


def signal(x: FloatArray) -> FloatArray:
    filled = np.where(np.isnan(x), 0.0, x)
    return 1.5 * filled[:, 0] - filled[:, 1] + 0.5 * filled[:, 5]


def answers(kind: TaskKind, score: FloatArray, seed: int = 1) -> np.ndarray[Any, Any]:
    noisy = score + 0.4 * np.random.default_rng(seed).normal(size=score.size)
    if kind is TaskKind.REGRESSION:
        return noisy
    return np.digitize(noisy, [0.0] if kind is TaskKind.BINARY else [-1.0, 1.0]).astype(np.int64)


def request_of(entry: Algorithm, kind: TaskKind, *, rows: int = 400, **changes: Any) -> FitRequest:
    """A request on the easy table: two thirds to learn from, the rest to stop early on."""
    x = columns(entry.view, rows)
    y = np.zeros(rows) if kind in WITHOUT_TARGET else answers(kind, signal(x))
    cut = rows * 2 // 3
    given: dict[str, Any] = {
        "task": task_of(kind),
        "train": Matrix(x=x[:cut], y=y[:cut]),
        "valid": Matrix(x=x[cut:], y=y[cut:]),
        "categorical": (2,) if entry.view == "tree" else (),
        "params": {"patience_share": 0.1, **entry.refit_params(120)},
        "seed": 11,
    }
    return FitRequest(**given | changes)


@cache
def fit_easy(name: str, kind: TaskKind) -> tuple[FitRequest, Fitted, Form]:
    entry = algorithm(name)
    request = request_of(entry, kind)
    fitted = entry.fit(request)
    return request, fitted, entry.flatten(fitted, request)


@cache
def small_form(name: str, kind: TaskKind) -> Form:
    """A form of a few rounds, small enough to be mutated."""
    entry = algorithm(name)
    request = request_of(entry, kind, rows=120, params=entry.refit_params(9))
    return entry.flatten(entry.fit(request), request)


def strange_rows(view: str) -> FloatArray:
    """Rows unlike any seen in training; the linear view is always finite."""
    x = columns(view, 300, seed=5)
    if view == "tree":
        codes = [-1.0, -7.0, 9.0, 40.0, 1e6, 1e12, 2.7, np.nan]
        x[:, 2] = np.random.default_rng(6).choice(codes, x.shape[0])
        x[:40, 0], x[40:80, 1], x[80:120, 3] = np.inf, -np.inf, 1e300
        x[120:140] = np.nan
        x[140:160, 5] = 1e-36
    return np.ascontiguousarray(x)


def predict(form: Form, x: FloatArray) -> FloatArray:
    return apply_link(form.link, form.raw(x))


def loss(kind: TaskKind, predictions: FloatArray, y: np.ndarray[Any, Any]) -> float:
    """Log-loss, or root mean squared error."""
    if kind is TaskKind.REGRESSION:
        return float(np.sqrt(np.mean((predictions[:, 0] - y) ** 2)))
    return float(-np.log(np.maximum(predictions[np.arange(y.size), y], 1e-15)).mean())


# Nasty training tables: (rows x columns, answers) for a view and a task.
Nasty = Callable[[str, TaskKind], tuple[FloatArray, np.ndarray[Any, Any]]]


def _one_column(view: str, kind: TaskKind) -> tuple[FloatArray, np.ndarray[Any, Any]]:
    x = columns(view, 60)
    return np.ascontiguousarray(x[:, :1]), answers(kind, signal(x))


def _constant_columns(view: str, kind: TaskKind) -> tuple[FloatArray, np.ndarray[Any, Any]]:
    return np.ones((60, 3)), answers(kind, signal(columns(view, 60)))


def _empty_column(view: str, kind: TaskKind) -> tuple[FloatArray, np.ndarray[Any, Any]]:
    x = columns(view, 60)
    y = answers(kind, signal(x))
    x[:, 1] = np.nan
    return x, y


def _all_empty(view: str, kind: TaskKind) -> tuple[FloatArray, np.ndarray[Any, Any]]:
    x, y = _empty_column(view, kind)
    return np.full_like(x, np.nan), y


def _two_rows_a_class(view: str, kind: TaskKind) -> tuple[FloatArray, np.ndarray[Any, Any]]:
    n_classes = max(task_of(kind).n_outputs, 2)
    y = np.repeat(np.arange(n_classes), 2)
    x = columns(view, y.size)
    return x, y.astype(np.float64) if kind is TaskKind.REGRESSION else y


def _one_answer(view: str, kind: TaskKind) -> tuple[FloatArray, np.ndarray[Any, Any]]:
    x = columns(view, 40)
    return x, np.full(40, 7.5) if kind is TaskKind.REGRESSION else np.ones(40, np.int64)


def _absent_class(view: str, kind: TaskKind) -> tuple[FloatArray, np.ndarray[Any, Any]]:
    x = columns(view, 60)
    y = answers(kind, signal(x))
    return (x, y) if kind is TaskKind.REGRESSION else (x, np.where(y == 1, 0, y))


def _infinite(view: str, kind: TaskKind) -> tuple[FloatArray, np.ndarray[Any, Any]]:
    x = columns(view, 60)
    y = answers(kind, signal(x))
    x[:5, 1], x[5:9, 0], x[9:12, 4] = np.inf, -np.inf, 1e300
    return x, y


def _huge_answers(view: str, kind: TaskKind) -> tuple[FloatArray, np.ndarray[Any, Any]]:
    x = columns(view, 120)
    y = answers(kind, signal(x))
    return x, y * 1e9 + 1e12 if kind is TaskKind.REGRESSION else y


NASTY: dict[str, Nasty] = {
    "one column": _one_column,
    "constant columns": _constant_columns,
    "one empty column": _empty_column,
    "all columns empty": _all_empty,
    "two rows a class": _two_rows_a_class,
    "one answer": _one_answer,
    "absent class": _absent_class,
    "infinite and huge numbers": _infinite,
    "answers near 1e12": _huge_answers,
}
