"""The front door of the metrics: look one up, judge predictions by it, and say how noisy that is."""

import re
from typing import Any

import numpy as np
import numpy.typing as npt

from yunque.errors import NotFoundError, UsageError
from yunque.learning.metrics_catalogue import ALIASES as OTHER_NAMES
from yunque.learning.metrics_catalogue import CATALOGUE as OF_ANY_TASK
from yunque.learning.metrics_catalogue import RANKINGS, FloatArray, Metric, ranking_metric
from yunque.learning.metrics_ordinal import ORDINAL
from yunque.learning.scores import labels
from yunque.learning.scores.labels import predicted_positions
from yunque.learning.task import Task, TaskKind

__all__ = [
    "CATALOGUE",
    "Metric",
    "confusion_matrix",
    "default_metric",
    "evaluate_all",
    "loss_error",
    "loss_of",
    "loss_of_score",
    "metric",
    "metrics_of",
    "predicted_positions",
    "score_of_loss",
]

BOOTSTRAP_SAMPLES = 100
BOOTSTRAP_ROWS = 20_000
ALIASES = {**OTHER_NAMES, "qwk": "quadratic_kappa", "cohen_kappa_quadratic": "quadratic_kappa"}
CATALOGUE = {**OF_ANY_TASK, **{each.name: each for each in ORDINAL}}
_AT_K = re.compile(rf"({'|'.join(RANKINGS)})(?:@|_at_)(\d+)(%|pct)?")


def metric(name: str, task_kind: TaskKind | None = None) -> Metric:
    """Give the metric of that name or alias; "ndcg@20" and "lift@5%" ask for other cuts than 10 %.

    Args:
        name: canonical name or alias, in any case, with blanks or dashes for underscores, and with or
            without the prefix "neg_".
        task_kind: when given, the metric must be defined for it.

    Raises:
        NotFoundError: there is no such metric.
        UsageError: it is not defined for this kind of task.
    """
    plain = re.sub(r"[\s-]+", "_", name.strip().lower()).removeprefix("neg_")
    at_k = _AT_K.fullmatch(plain)
    if at_k and int(at_k[2]) > 0:
        found = ranking_metric(at_k[1], int(at_k[2]), percent=at_k[3] is not None)
    elif (canonical := ALIASES.get(plain, plain)) in CATALOGUE:
        found = CATALOGUE[canonical]
    else:
        raise NotFoundError.among("metric", name, (*CATALOGUE, *ALIASES))
    if task_kind is not None and task_kind not in found.tasks:
        usable = ", ".join(each.name for each in metrics_of(task_kind))
        raise UsageError(
            f"The metric {name!r} is not defined for a {task_kind} task.", hint=f"Use one of: {usable}"
        )
    return found


def metrics_of(task_kind: TaskKind) -> tuple[Metric, ...]:
    """Give all metrics that are defined for a kind of task."""
    return tuple(each for each in CATALOGUE.values() if task_kind in each.tasks)


def default_metric(task_kind: TaskKind) -> str:
    """Name the metric that decides when nobody chose one: proper, and sensitive to calibration."""
    own = {TaskKind.REGRESSION: "rmse", TaskKind.ANOMALY: "agreement", TaskKind.CLUSTERS: "silhouette"}
    return own.get(task_kind, "log_loss")


def loss_of(
    metric: Metric, task: Task, y: npt.NDArray[Any], predictions: FloatArray, weight: FloatArray | None = None
) -> float:
    """Give the metric as a loss: lower is better, 0 is perfect (lift: minus itself).

    Args:
        metric: what to judge by.
        task: the question.
        y: (n,) class positions as int64, or float64 values.
        predictions: (n, C) probabilities in the order of `task.classes`, or (n, 1) values.
        weight: (n,) weights of rows, or None.

    Returns:
        The loss; nan where the metric is undefined (no rows; ROC-AUC of one class only; MAPE of zeros only).
    """
    if len(y) == 0:
        return float("nan")
    return loss_of_score(metric, metric.value(task, y, predictions, weight))


def score_of_loss(metric: Metric, loss: float) -> float:
    """Turn a loss back into the metric's own value, for people."""
    if not metric.higher_is_better:
        return loss
    return -loss if metric.best is None else metric.best - loss


def loss_error(metric: Metric, task: Task, y: npt.NDArray[Any], predictions: FloatArray, seed: int) -> float:
    """Give the standard error of the loss.

    A loss that is a mean over rows has that of a mean; RMSE that of its square by the delta method; any
    other the spread of 100 bootstrap samples of at most 20,000 rows, scaled to all rows.

    Returns:
        The standard error in the unit of the loss; nan when it is undefined or there is one row only.
    """
    n = len(y)
    if n < 2:
        return float("nan")
    if metric.row_losses is not None:
        return float(metric.row_losses(y, predictions).std(ddof=1) / np.sqrt(n))
    if metric.name == "rmse":
        squares, rmse = (predictions[:, 0] - y) ** 2, loss_of(metric, task, y, predictions)
        return float(squares.std(ddof=1) / np.sqrt(n) / (2.0 * rmse)) if rmse > 0 else 0.0
    return _bootstrap_error(metric, task, y, predictions, np.random.default_rng(seed))


def evaluate_all(  # noqa: PLR0913 - what was answered is told by a threshold or by the answers
    task: Task,
    y: npt.NDArray[Any],
    predictions: FloatArray,
    threshold: float | None = None,
    *,
    answers: npt.NDArray[np.int64] | None = None,
    weight: FloatArray | None = None,
    rows_in_time_order: bool = False,
) -> dict[str, float]:
    """Give every metric of the task by name, with precision, recall and F1 of each class in brackets.

    Args:
        task: the question.
        y: (n,) class positions as int64, or float64 values.
        predictions: (n, C) probabilities in the order of `task.classes`, or (n, 1) values.
        threshold: binary: probability of the second class from which it is answered; None answers the more
            probable class. Metrics of probabilities do not depend on it.
        answers: (n,) class positions that were answered, instead of a threshold.
        weight: (n,) weights of rows, or None.
        rows_in_time_order: whether metrics that need the order of time are computed.

    Returns:
        Values by name; metrics that are undefined on these rows are left out, so no value is nan.
    """
    if len(y) == 0:
        return {}
    if answers is None and task.is_classification:
        answers = predicted_positions(predictions, threshold)
    shown = None if answers is None else np.eye(task.n_outputs)[answers]
    found = {
        each.name: each.value(
            task, y, shown if shown is not None and each.needs == "labels" else predictions, weight
        )
        for each in metrics_of(task.kind)
        if rows_in_time_order or not each.needs_order
    }
    if answers is not None:
        found |= _per_class(task, labels.confusion(y, answers, len(task.classes), weight))
    return {name: value for name, value in found.items() if np.isfinite(value)}


def confusion_matrix(
    task: Task, y: npt.NDArray[np.int64], predictions: FloatArray, threshold: float | None = None
) -> npt.NDArray[np.int64]:
    """Count rows by true class (first axis) and answered class (second), in the order of `task.classes`."""
    answers = predicted_positions(predictions, threshold)
    return labels.confusion(y, answers, len(task.classes)).astype(np.int64)


def _per_class(task: Task, matrix: FloatArray) -> dict[str, float]:
    parts = {
        "precision": labels.precision_by_class(matrix),
        "recall": labels.recall_by_class(matrix),
        "f1": labels.f1_by_class(matrix),
    }
    return {
        f"{name}[{label}]": float(by_class[position])
        for name, by_class in parts.items()
        for position, label in enumerate(task.classes)
    }


def loss_of_score(metric: Metric, value: float) -> float:
    """Turn a metric's own value into a loss: lower is better."""
    if not metric.higher_is_better:
        return value
    return -value if metric.best is None else metric.best - value


def _bootstrap_error(
    metric: Metric, task: Task, y: npt.NDArray[Any], predictions: FloatArray, random: np.random.Generator
) -> float:
    n = len(y)
    taken = min(n, BOOTSTRAP_ROWS)
    if taken < n:
        rows = np.sort(random.choice(n, taken, replace=False))
        y, predictions = y[rows], predictions[rows]
    draws = (np.sort(random.integers(0, taken, taken)) for _ in range(BOOTSTRAP_SAMPLES))
    losses = np.array([loss_of(metric, task, y[draw], predictions[draw]) for draw in draws])
    losses = losses[np.isfinite(losses)]
    return float(losses.std(ddof=1) * np.sqrt(taken / n)) if len(losses) > 1 else float("nan")
