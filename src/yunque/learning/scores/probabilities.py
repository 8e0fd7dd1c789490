"""Scores of predicted probabilities: separation, sharpness, calibration."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]
ScoreOfOne = Callable[[BoolArray, FloatArray, FloatArray | None], float]

SMALLEST_PROBABILITY = 1e-15
CALIBRATION_BINS = 15


def log_losses(y: IntArray, predictions: FloatArray) -> FloatArray:
    """Minus the logarithm of the probability given to the true class, per row; clipped at 1e-15."""
    given = predictions[np.arange(len(y)), y]
    return -np.log(np.clip(given, SMALLEST_PROBABILITY, 1.0))


def brier_losses(y: IntArray, predictions: FloatArray) -> FloatArray:
    """Squared distance to the truth, per row: (p - y)^2 for two classes, the sum over classes for more."""
    if predictions.shape[1] == 2:
        return np.asarray((predictions[:, 1] - y) ** 2)
    given = predictions[np.arange(len(y)), y]
    return np.asarray((predictions**2).sum(axis=1) - 2.0 * given + 1.0)


def roc_auc(y: IntArray, predictions: FloatArray, weight: FloatArray | None = None) -> float:
    """Area under the ROC curve; for more than two classes the mean of one-vs-rest over classes that occur.

    Equal scores count half. It is nan when fewer than two classes occur in `y`.
    """
    return _one_vs_rest(y, predictions, weight, _area_under_roc)


def pr_auc(y: IntArray, predictions: FloatArray, weight: FloatArray | None = None) -> float:
    """Average precision (the step-wise area under precision and recall), averaged as `roc_auc` is."""
    return _one_vs_rest(y, predictions, weight, _average_precision)


def ece(y: IntArray, predictions: FloatArray, weight: FloatArray | None = None) -> float:
    """Expected calibration error over 15 bins of equal mass (Naeini et al. 2015, with equal-mass bins).

    Two classes: probability of the second against its share. More: probability of the answered class
    against the share of right answers. Equal probabilities always share a bin, so the order of rows is
    without effect.
    """
    if predictions.shape[1] == 2:
        stated, right = predictions[:, 1], (y == 1).astype(np.float64)
    else:
        stated, right = predictions.max(axis=1), (predictions.argmax(axis=1) == y).astype(np.float64)
    mass = np.ones(len(y)) if weight is None else weight
    values, position = np.unique(stated, return_inverse=True)
    mass_of_value = np.bincount(position, weights=mass, minlength=len(values))
    begins = np.cumsum(mass_of_value) - mass_of_value
    bins = np.minimum(begins * CALIBRATION_BINS / mass.sum(), CALIBRATION_BINS - 1).astype(np.int64)[position]
    gap = np.bincount(bins, weights=mass * (stated - right), minlength=CALIBRATION_BINS)
    return float(np.abs(gap).sum() / mass.sum())


def _one_vs_rest(y: IntArray, predictions: FloatArray, weight: FloatArray | None, score: ScoreOfOne) -> float:
    occurring = np.unique(y)
    if len(occurring) < 2:
        return float("nan")
    positions = [1] if predictions.shape[1] == 2 else [int(position) for position in occurring]
    return float(np.mean([score(y == position, predictions[:, position], weight) for position in positions]))


def _counts_at_cuts(
    positive: BoolArray, score: FloatArray, weight: FloatArray | None
) -> tuple[FloatArray, FloatArray]:
    """Count positives and negatives at or above each distinct score, from the highest score down."""
    order = np.argsort(-score, kind="stable")
    last_of_equals = np.append(np.flatnonzero(np.diff(score[order])), len(order) - 1)
    mass = np.ones(len(order)) if weight is None else weight[order]
    is_positive = positive[order]
    return np.cumsum(mass * is_positive)[last_of_equals], np.cumsum(mass * ~is_positive)[last_of_equals]


def _area_under_roc(positive: BoolArray, score: FloatArray, weight: FloatArray | None) -> float:
    hits, alarms = _counts_at_cuts(positive, score, weight)
    below = np.concatenate(([0.0], hits[:-1]))
    return float((np.diff(alarms, prepend=0.0) * (hits + below)).sum() / (2.0 * hits[-1] * alarms[-1]))


def _average_precision(positive: BoolArray, score: FloatArray, weight: FloatArray | None) -> float:
    hits, alarms = _counts_at_cuts(positive, score, weight)
    precision = np.divide(hits, hits + alarms, out=np.zeros(len(hits)), where=(hits + alarms) > 0)
    return float((np.diff(hits, prepend=0.0) * precision).sum() / hits[-1])
