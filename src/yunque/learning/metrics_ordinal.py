"""Metrics of classes that are ordered numbers; undefined, and so not shown, for all others."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy.typing as npt

from yunque.learning.metrics_catalogue import FloatArray, Metric
from yunque.learning.scores import labels, ordinal
from yunque.learning.task import Label, Task, TaskKind

Score = Callable[[FloatArray, Sequence[Label]], float]


def _ordinal(name: str, meaning: str, score: Score, best: float) -> Metric:
    def value(task: Task, y: npt.NDArray[Any], predictions: FloatArray, weight: FloatArray | None) -> float:
        answers = labels.predicted_positions(predictions)
        return score(labels.confusion(y, answers, len(task.classes), weight), task.classes)

    return Metric(
        name=name,
        meaning=f"{meaning}; classes that are ordered numbers",
        tasks=frozenset({TaskKind.MULTICLASS}),
        higher_is_better=best == 1.0,
        best=best,
        needs="labels",
        value=value,
    )


ORDINAL = (
    _ordinal("quadratic_kappa", "Cohen's kappa, squared distances weigh", ordinal.quadratic_kappa, 1.0),
    _ordinal("class_mae", "mean distance of answered and true class", ordinal.mean_distance, 0.0),
)
