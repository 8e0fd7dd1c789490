"""Scores of predicted classes, all from one confusion matrix."""

from typing import Any, Literal

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
Average = Literal["macro", "weighted"]


def predicted_positions(predictions: FloatArray, threshold: float | None = None) -> IntArray:
    """Give the class position that each row of probabilities stands for.

    Args:
        predictions: (n, C) probabilities.
        threshold: for two classes, the probability of the second from which it is answered; None, and for
            more classes always, takes the most probable (the first of equals).
    """
    if threshold is not None and predictions.shape[1] == 2:
        return np.asarray(predictions[:, 1] >= threshold, dtype=np.int64)
    return np.asarray(np.argmax(predictions, axis=1), dtype=np.int64)


def confusion(
    y: IntArray, predicted: IntArray, n_classes: int, weight: FloatArray | None = None
) -> FloatArray:
    """Count rows by true class (first axis) and predicted class (second axis), as float64 (C, C)."""
    cells = np.bincount(y * n_classes + predicted, weights=weight, minlength=n_classes * n_classes)
    return cells.reshape(n_classes, n_classes).astype(np.float64)


def accuracy(matrix: FloatArray) -> float:
    """Share of rows whose class is right."""
    return _ratio(float(np.trace(matrix)), float(matrix.sum()))


def balanced_accuracy(matrix: FloatArray) -> float:
    """Mean recall over the classes that occur in the truth."""
    occurs = matrix.sum(axis=1) > 0
    return float(recall_by_class(matrix)[occurs].mean()) if occurs.any() else float("nan")


def precision_by_class(matrix: FloatArray) -> FloatArray:
    """Right answers among the answers of each class; 0 for a class never answered."""
    return _ratios(np.diag(matrix), matrix.sum(axis=0))


def recall_by_class(matrix: FloatArray) -> FloatArray:
    """Right answers among the rows of each class; 0 for a class that never occurs."""
    return _ratios(np.diag(matrix), matrix.sum(axis=1))


def f1_by_class(matrix: FloatArray) -> FloatArray:
    """Harmonic mean of precision and recall of each class; 0 where both are."""
    return _ratios(2.0 * np.diag(matrix), matrix.sum(axis=0) + matrix.sum(axis=1))


def averaged(by_class: FloatArray, matrix: FloatArray, average: Average) -> float:
    """Average over classes that occur in truth or answers; "weighted" weighs by true rows."""
    truth = matrix.sum(axis=1)
    if average == "weighted":
        return _ratio(float((by_class * truth).sum()), float(truth.sum()))
    occurs = (truth + matrix.sum(axis=0)) > 0
    return float(by_class[occurs].mean()) if occurs.any() else float("nan")


def mcc(matrix: FloatArray) -> float:
    """Matthews correlation coefficient for any number of classes (Gorodkin 2004); 0 when it is 0/0."""
    truth, answers, total = matrix.sum(axis=1), matrix.sum(axis=0), matrix.sum()
    covariance = np.trace(matrix) * total - truth @ answers
    spread = np.sqrt((total**2 - truth @ truth) * (total**2 - answers @ answers))
    return float(covariance / spread) if spread > 0 else 0.0


def _ratios(part: npt.NDArray[Any], whole: npt.NDArray[Any]) -> FloatArray:
    return np.asarray(np.divide(part, whole, out=np.zeros(len(part)), where=whole > 0))


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole > 0 else float("nan")
