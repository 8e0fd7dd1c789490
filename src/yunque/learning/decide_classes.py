"""Factors of many classes for a metric of answers: what Bayes' rule for accuracy gives away is won back.

The answer is the largest of factor times probability. For balanced accuracy the best factors are one over
each class's share; for macro F1 there is no closed form, and coordinate ascent finds them (Narasimhan et
al.: On the statistical consistency of plug-in classifiers for non-decomposable performance measures, NeurIPS
2014).
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from yunque.kernel.form import FloatArray
from yunque.learning.metrics import Metric, loss_of
from yunque.learning.scores.labels import confusion, predicted_positions
from yunque.learning.task import Task

IntArray = npt.NDArray[np.int64]
POWERS = (0.0, 0.25, 0.5, 0.75, 1.0)  # of one over the share of a class
STEPS = np.exp(np.linspace(-1.2, 1.2, 13))
PASSES = 3
MOST_CLASSES = 50  # that are tried one by one
MOST_ROWS = 10_000


def label_loss(metric: Metric, task: Task, matrix: FloatArray) -> float:
    """Give the loss of a metric of answers from a (C, C) confusion matrix; infinite where it is undefined."""
    count = len(matrix)
    classes = np.arange(count)
    answers = np.eye(count)[np.tile(classes, count)]
    value = loss_of(metric, task, np.repeat(classes, count), answers, matrix.ravel())
    return value if np.isfinite(value) else float("inf")


def class_factors(
    metric: Metric,
    task: Task,
    y: npt.NDArray[Any],
    probabilities: FloatArray,
    weight: FloatArray | None,
    out_of_time: Callable[[], bool] = lambda: False,
) -> FloatArray:
    """Give one factor per class, geometric mean 1, of least loss on these rows; ones when nothing is better.

    Args:
        metric: one of answers.
        task: a question of many classes.
        y: (n,) class positions.
        probabilities: (n, C).
        weight: (n,) weights of rows, or None.
        out_of_time: asked between classes; once it says True the best so far is given.
    """
    count = probabilities.shape[1]

    def loss(answers: IntArray) -> float:
        return label_loss(metric, task, confusion(y, answers, count, weight))

    share = np.maximum(np.bincount(y, weights=weight, minlength=count), 0.5)
    starts = [share**-power for power in POWERS]
    losses = [loss(predicted_positions(probabilities * start)) for start in starts]
    factors, least = starts[int(np.argmin(losses))].copy(), min(losses)
    for _ in range(PASSES if count <= MOST_CLASSES else 0):
        before = least
        for place in np.argsort(share, kind="stable").tolist():
            if out_of_time():
                return _centred(factors)
            others = probabilities * factors
            others[:, place] = -1.0
            second, best_other = others.max(axis=1), others.argmax(axis=1)
            for step in (factors[place] * STEPS).tolist():
                tried = loss(np.where(probabilities[:, place] * step > second, place, best_other))
                if tried < least - 1e-12:
                    factors[place], least = step, tried
        if before - least < 1e-6:
            break
    return _centred(factors)


def _centred(factors: FloatArray) -> FloatArray:
    """Divide by the geometric mean, and keep four digits: more would be noise."""
    centred = np.exp(np.log(factors) - np.log(factors).mean())
    return np.array([float(f"{value:.4g}") for value in centred])
