"""Make probabilities mean what they say, from out-of-fold predictions, and only when it clearly helps."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize, minimize_scalar

from yunque.kernel.calibration import Calibration, CalibrationKind, apply_calibration, isotonic
from yunque.kernel.form import FloatArray
from yunque.learning.task import Task, TaskKind

NESTED_PARTS = 5
MOST_ROWS = 100_000
MOST_KNOTS = 100
LOWEST = 1e-15
# Rows, and rows of the rarest class, below which a map has too many degrees of freedom to be trusted.
NEEDS: Mapping[CalibrationKind, tuple[int, int]] = {
    "temperature": (200, 10),
    "platt": (1_000, 50),
    "beta": (1_000, 50),
    "isotonic": (10_000, 1_000),
}

IDENTITY = Calibration()


def calibrate(
    task: Task, y: npt.NDArray[np.int64], predictions: FloatArray, weight: FloatArray | None, seed: int
) -> tuple[Calibration, dict[str, Any]]:
    """Choose a calibration map.

    A map is accepted when its log-loss, learnt on four fifths of the rows and judged on the fifth, beats the
    predictions as they are by more than one standard error of the difference; the best of those wins.

    Args:
        task: the question; in regression the answer is the identity.
        y: (n,) class positions.
        predictions: (n, C) out-of-fold probabilities of the blend.
        weight: (n,) weights of rows, or None.
        seed: seeds the fifths, and the draw of rows when there are very many.

    Returns:
        The map, and what was found: per kind the mean gain and its standard error, JSON-able.
    """
    if not task.is_classification:
        return IDENTITY, {}
    rng = np.random.default_rng(seed)
    if len(y) > MOST_ROWS:
        rows = np.sort(rng.choice(len(y), MOST_ROWS, replace=False))
        y, predictions, weight = y[rows], predictions[rows], None if weight is None else weight[rows]
    part = rng.permutation(len(y)) % NESTED_PARTS
    before = _log_losses(y, predictions)
    found: dict[str, Any] = {}
    best, best_gain = IDENTITY, 0.0
    for kind, fit in _fitters(task, y).items():
        after = np.empty(len(y))
        for number in range(NESTED_PARTS):
            seen, judged = part != number, part == number
            fitted = fit(predictions[seen], y[seen], None if weight is None else weight[seen])
            after[judged] = _log_losses(y[judged], apply_calibration(fitted, predictions[judged]))
        gain, error = _mean_and_error(before - after, weight)
        found[kind] = {"gain": gain, "error": error}
        if gain > error and gain > best_gain:
            best, best_gain = fit(predictions, y, weight), gain
    return best, found


Fit = Callable[[FloatArray, npt.NDArray[np.int64], FloatArray | None], Calibration]


def _fitters(task: Task, y: npt.NDArray[np.int64]) -> dict[CalibrationKind, Fit]:
    rarest = int(np.bincount(y, minlength=len(task.classes)).min())
    fits: dict[CalibrationKind, Fit] = {"temperature": _temperature}
    if task.kind is TaskKind.BINARY:
        fits |= {"platt": _platt, "beta": _beta, "isotonic": _isotonic}
    elif len(y) >= NEEDS["temperature"][0]:
        return fits  # one number for all classes: the rarest class does not limit it
    return {kind: fit for kind, fit in fits.items() if len(y) >= NEEDS[kind][0] and rarest >= NEEDS[kind][1]}


def _temperature(p: FloatArray, y: npt.NDArray[np.int64], weight: FloatArray | None) -> Calibration:
    logs = np.log(np.clip(p, LOWEST, 1.0))

    def loss(log_temperature: float) -> float:
        scaled = logs / np.exp(log_temperature)
        scaled -= scaled.max(axis=1, keepdims=True)
        given = scaled[np.arange(len(y)), y] - np.log(np.exp(scaled).sum(axis=1))
        return -float(np.average(given, weights=weight))

    found = minimize_scalar(loss, bounds=(-2.5, 2.5), method="bounded")
    return Calibration(kind="temperature", parameters=(float(np.exp(found.x)),))


def _platt(p: FloatArray, y: npt.NDArray[np.int64], weight: FloatArray | None) -> Calibration:
    """Platt 1999, on the log-odds."""
    clipped = np.clip(p[:, 1], LOWEST, 1 - 1e-12)
    odds = np.log(clipped) - np.log1p(-clipped)
    design = np.column_stack([odds, np.ones(len(y))])
    found = _logistic(design, y, weight, np.array([1.0, 0.0]), lowest=(0.0, None))
    return Calibration(kind="platt", parameters=tuple(map(float, found)))


def _beta(p: FloatArray, y: npt.NDArray[np.int64], weight: FloatArray | None) -> Calibration:
    """Kull, Silva Filho, Flach 2017."""
    clipped = np.clip(p[:, 1], LOWEST, 1 - 1e-12)
    design = np.column_stack([np.log(clipped), -np.log1p(-clipped), np.ones(len(y))])
    found = _logistic(design, y, weight, np.array([1.0, 1.0, 0.0]), lowest=(0.0, 0.0, None))
    return Calibration(kind="beta", parameters=tuple(map(float, found)))


def _logistic(
    design: FloatArray,
    y: npt.NDArray[np.int64],
    weight: FloatArray | None,
    start: FloatArray,
    lowest: tuple[float | None, ...],
) -> FloatArray:
    """Fit a logistic regression without penalty; `lowest` bounds the coefficients from below."""
    share = np.full(len(y), 1.0 / len(y)) if weight is None else weight / weight.sum()

    def loss(beta: FloatArray) -> tuple[float, FloatArray]:
        score = design @ beta
        p = 1.0 / (1.0 + np.exp(-np.clip(score, -500, 500)))
        value = float(share @ (np.logaddexp(0.0, score) - y * score))
        return value, design.T @ (share * (p - y))

    bounds = [(low, None) for low in lowest]
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds)
    return np.asarray(found.x, dtype=np.float64)


def _isotonic(p: FloatArray, y: npt.NDArray[np.int64], weight: FloatArray | None) -> Calibration:
    from sklearn.isotonic import IsotonicRegression  # the library loads slowly and is only needed here

    model = IsotonicRegression(y_min=1e-6, y_max=1 - 1e-6, out_of_bounds="clip")
    model.fit(p[:, 1], y.astype(np.float64), sample_weight=weight)
    xs, ys = model.X_thresholds_, model.y_thresholds_
    if len(xs) > MOST_KNOTS:
        keep = np.unique(np.linspace(0, len(xs) - 1, MOST_KNOTS).round().astype(int))
        xs, ys = xs[keep], ys[keep]
    return isotonic([(xs.tolist(), ys.tolist())])


def _log_losses(y: npt.NDArray[np.int64], p: FloatArray) -> FloatArray:
    return -np.log(np.clip(p[np.arange(len(y)), y], LOWEST, 1.0))


def _mean_and_error(differences: FloatArray, weight: FloatArray | None) -> tuple[float, float]:
    share = np.full(len(differences), 1.0 / len(differences)) if weight is None else weight / weight.sum()
    mean = float(share @ differences)
    error = float(np.sqrt((share**2) @ (differences - mean) ** 2))
    return mean, error
