"""Scores of answers whose classes are ordered numbers, from a confusion matrix."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from yunque.learning.task import Label

FloatArray = npt.NDArray[np.float64]
FEWEST_CLASSES = 3


def class_values(classes: Sequence[Label]) -> FloatArray | None:
    """Give the classes as numbers; None where they are words, truth values, or fewer than three."""
    if len(classes) < FEWEST_CLASSES or not all(type(label) in (int, float) for label in classes):
        return None
    return np.array([float(label) for label in classes])


def distances(classes: Sequence[Label], power: int) -> FloatArray | None:
    """Give |a - b| to a power for all pairs of classes, (C, C), largest 1; None where they are words."""
    values = class_values(classes)
    if values is None:
        return None
    apart = np.abs(values[:, None] - values[None, :]) ** power
    return np.asarray(apart / apart.max(), np.float64)


def mean_distance(matrix: FloatArray, classes: Sequence[Label]) -> float:
    """Mean absolute difference of answered and true number; nan where classes are no numbers."""
    values = class_values(classes)
    if values is None or matrix.sum() <= 0:
        return float("nan")
    return float((matrix * np.abs(values[:, None] - values[None, :])).sum() / matrix.sum())


def quadratic_kappa(matrix: FloatArray, classes: Sequence[Label]) -> float:
    """Cohen's kappa with squared distances as weights (1968); nan where classes are words, or one only."""
    apart = distances(classes, 2)
    total = matrix.sum()
    if apart is None or total <= 0:
        return float("nan")
    chance = np.outer(matrix.sum(axis=1), matrix.sum(axis=0)) / total
    expected = float((apart * chance).sum())
    return 1.0 - float((apart * matrix).sum()) / expected if expected > 0 else float("nan")
