"""Scores of predicted values (regression and forecasts)."""

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]


def mean(per_row: FloatArray, weight: FloatArray | None = None) -> float:
    """Mean of per-row losses, weighted when weights are given; nan without rows."""
    if len(per_row) == 0:
        return float("nan")
    return float(per_row.mean() if weight is None else np.average(per_row, weights=weight))


def absolute_errors(y: FloatArray, value: FloatArray) -> FloatArray:
    """Distance between prediction and truth, per row."""
    return np.abs(value - y)


def squared_errors(y: FloatArray, value: FloatArray) -> FloatArray:
    """Squared distance between prediction and truth, per row."""
    return np.asarray((value - y) ** 2)


def symmetric_errors(y: FloatArray, value: FloatArray) -> FloatArray:
    """Terms of sMAPE, per row: 2 |error| / (|truth| + |prediction|), between 0 and 2; 0 where both are 0."""
    size = np.abs(y) + np.abs(value)
    return np.asarray(np.divide(2.0 * np.abs(value - y), size, out=np.zeros(len(y)), where=size > 0))


def mape(y: FloatArray, value: FloatArray, weight: FloatArray | None = None) -> float:
    """Mean of |error| / |truth| as a share (0.1 is 10 %).

    Rows whose truth is 0 have no percentage and are left out; nan when no row is left. Use WAPE or sMAPE
    where zeros are common.
    """
    usable = y != 0
    per_row = np.abs((value[usable] - y[usable]) / y[usable])
    return mean(per_row, None if weight is None else weight[usable])


def wape(y: FloatArray, value: FloatArray, weight: FloatArray | None = None) -> float:
    """Sum of |error| over sum of |truth| as a share; nan when every truth is 0."""
    size = mean(np.abs(y), weight)
    return mean(absolute_errors(y, value), weight) / size if size > 0 else float("nan")


def r2(y: FloatArray, value: FloatArray, weight: FloatArray | None = None) -> float:
    """Share of the target's variance explained; on a constant target 1 when exact and 0 otherwise."""
    error = mean(squared_errors(y, value), weight)
    spread = mean((y - mean(y, weight)) ** 2, weight)
    if spread > 0:
        return 1.0 - error / spread
    return 1.0 if error == 0 else 0.0


def median_absolute_error(y: FloatArray, value: FloatArray, weight: FloatArray | None = None) -> float:
    """Median distance between prediction and truth; with weights, the lower weighted median."""
    errors = absolute_errors(y, value)
    if weight is None:
        return float(np.median(errors))
    order = np.argsort(errors, kind="stable")
    mass = np.cumsum(weight[order])
    return float(errors[order][np.searchsorted(mass, mass[-1] / 2.0)])


def directional_accuracy(y: FloatArray, value: FloatArray, weight: FloatArray | None = None) -> float:
    """Share of steps whose direction is foretold: sign(prediction - last truth) = sign(truth - last truth).

    Rows are taken in the order given, which must be the order of time. Steps without a change have no
    direction and are left out; nan when no step is left.
    """
    moved, foretold = np.sign(np.diff(y)), np.sign(value[1:] - y[:-1])
    usable = moved != 0
    right = (moved == foretold)[usable].astype(np.float64)
    return mean(right, None if weight is None else weight[1:][usable])
