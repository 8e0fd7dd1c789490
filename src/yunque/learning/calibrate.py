"""Make probabilities mean what they say, from out-of-fold predictions, and only when it clearly helps."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize, minimize_scalar

from yunque.kernel.calibration import Calibration, CalibrationKind, apply_calibration, isotonic
from yunque.kernel.form import FloatArray
from yunque.learning.task import Task, TaskKind

NESTED_PARTS = 5
FEWEST_BLOCKS = 3
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


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """Out-of-fold rows from which a calibration is learnt.

    Attributes:
        y: (n,) class positions.
        predictions: (n, C) probabilities of the blend.
        weight: (n,) weights of rows, or None.
        blocks: (n,) the number of the block in time that judged a row; None where time plays no part.
    """

    y: npt.NDArray[np.int64]
    predictions: FloatArray
    weight: FloatArray | None = None
    blocks: npt.NDArray[np.int64] | None = None

    def take(self, rows: npt.NDArray[Any]) -> "Evidence":
        """Give some of the rows, by mask or by place."""
        return Evidence(
            y=self.y[rows],
            predictions=self.predictions[rows],
            weight=None if self.weight is None else self.weight[rows],
            blocks=None if self.blocks is None else self.blocks[rows],
        )


def calibrate(task: Task, evidence: Evidence, seed: int) -> tuple[Calibration, dict[str, Any]]:
    """Choose a calibration map.

    A map is accepted when its log-loss, learnt on four fifths of the rows and judged on the fifth, beats the
    predictions as they are by more than one standard error of the difference; the best of those wins.

    Where time plays a part the fifths are the blocks in time, and a map must gain in every one of them: the
    share of a class moves from month to month, and a map that has learnt one month's share is wrong in the
    next. With fewer than three blocks nothing is tried.

    Args:
        task: the question; in regression the answer is the identity.
        evidence: out-of-fold rows.
        seed: seeds the fifths, and the draw of rows when there are very many.

    Returns:
        The map, and what was found: per kind the mean gain and its standard error, JSON-able.
    """
    if not task.is_classification:
        return IDENTITY, {}
    rng = np.random.default_rng(seed)
    if len(evidence.y) > MOST_ROWS:
        evidence = evidence.take(np.sort(rng.choice(len(evidence.y), MOST_ROWS, replace=False)))
    fits = _fitters(task, evidence.y)
    part = rng.permutation(len(evidence.y)) % NESTED_PARTS
    blocks = evidence.blocks
    enough = blocks is not None and len(np.unique(blocks)) >= FEWEST_BLOCKS
    if blocks is not None:
        part = np.unique(blocks, return_inverse=True)[1]
        fits = fits if enough else {}
    found: dict[str, Any] = {}
    best, best_gain = IDENTITY, 0.0
    for kind, fit in fits.items():
        gains = _gains(evidence, part, fit)
        gain, error = _mean_and_error(gains, evidence.weight)
        everywhere = not enough or all(gains[part == number].mean() > 0 for number in np.unique(part))
        found[kind] = {"gain": gain, "error": error, "in_every_block": everywhere}
        if gain > error and everywhere and gain > best_gain:
            best, best_gain = fit(evidence.predictions, evidence.y, evidence.weight), gain
    return best, found


def _gains(evidence: Evidence, part: npt.NDArray[np.int64], fit: "Fit") -> FloatArray:
    """Give the log-loss that a map takes away from each row, learnt without the row's part."""
    gains = np.zeros(len(evidence.y))
    for number in np.unique(part):
        seen, judged = evidence.take(part != number), evidence.take(part == number)
        after = apply_calibration(fit(seen.predictions, seen.y, seen.weight), judged.predictions)
        gains[part == number] = _log_losses(judged.y, judged.predictions) - _log_losses(judged.y, after)
    return gains


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
