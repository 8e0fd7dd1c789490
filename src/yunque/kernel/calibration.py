"""Maps from blended probabilities to calibrated ones, compiled: one row or many, the same bits.

temperature: Guo et al., ICML 2017. platt: Platt 1999. beta: Kull et al., AISTATS 2017. isotonic: Zadrozny
and Elkan, KDD 2002. With more than two classes every class has its own map and the row is normalised.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final, Literal

import numpy as np
from numba import float64, int64, njit, types, void

from yunque.errors import BundleError
from yunque.kernel.elementary import exponential, logarithm
from yunque.kernel.form import FloatArray
from yunque.kernel.link import logistic

CalibrationKind = Literal["identity", "temperature", "platt", "beta", "isotonic"]
CALIBRATION_CODES: Final[dict[CalibrationKind, int]] = {
    "identity": 0,
    "temperature": 1,
    "platt": 2,
    "beta": 3,
    "isotonic": 4,
}
SMALLEST = 1e-15  # probabilities are kept this far from 0 and 1 before a logarithm is taken
LARGEST_PARAMETER = 1e6

_matrix = types.Array(float64, 2, "C")
_parameters = types.Array(float64, 1, "C", readonly=True)


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """A map from blended probabilities to calibrated ones, as plain numbers.

    Attributes:
        kind: which map.
        parameters: of the positive class in a binary task, of each class one after another otherwise.
            temperature: [t], t > 0, one for all classes, p ** (1 / t); platt: [a, b], a >= 0,
            logistic(a * logit(p) + b); beta: [a, b, c], a and b >= 0, logistic(a * ln p - b * ln(1 - p) + c);
            isotonic: the x of the knots (rising), then their y (never falling, 0 to 1), straight lines
            between; every class has the same number of knots (see `isotonic`).
    """

    kind: CalibrationKind = "identity"
    parameters: tuple[float, ...] = ()
    numbers: FloatArray = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Keep the parameters as the compiled code reads them."""
        object.__setattr__(self, "numbers", np.array(self.parameters, np.float64))


def isotonic(knots: Sequence[tuple[Sequence[float], Sequence[float]]]) -> Calibration:
    """Build an isotonic calibration from (x, y) knots: of the positive class alone, or of each class.

    Shorter classes repeat their last knot until all have the same number.
    """
    longest = max(len(x) for x, _ in knots)
    parameters: list[float] = []
    for x, y in knots:
        for values in (x, y):
            parameters += [float(value) for value in values]
            parameters += [float(values[-1])] * (longest - len(values))
    return Calibration(kind="isotonic", parameters=tuple(parameters))


def check_calibration(calibration: Calibration, n_outputs: int) -> None:
    """See that the parameters fit the number of outputs and that the map never falls.

    Raises:
        BundleError: they do not.
    """
    maps = n_outputs if n_outputs > 2 else 1
    parameters = calibration.parameters
    lengths = {"identity": 0, "temperature": 1, "platt": 2 * maps, "beta": 3 * maps}
    fits = calibration.kind in CALIBRATION_CODES and (n_outputs > 1 or calibration.kind == "identity")
    if calibration.kind == "isotonic":
        fits = fits and len(parameters) > 0 and len(parameters) % (2 * maps) == 0
    else:
        fits = fits and len(parameters) == lengths.get(calibration.kind)
    fits = fits and all(abs(value) <= LARGEST_PARAMETER for value in parameters)
    if not (fits and _never_falls(calibration, maps)):
        raise BundleError(f"The {calibration.kind} calibration has unusable parameters.")


def _never_falls(calibration: Calibration, maps: int) -> bool:
    values = calibration.parameters
    if calibration.kind == "temperature":
        return values[0] >= 1e-3
    if calibration.kind == "platt":
        return min(values[::2]) >= 0.0
    if calibration.kind == "beta":
        return min(*values[::3], *values[1::3]) >= 0.0
    if calibration.kind == "isotonic":
        size = len(values) // (2 * maps)
        parts = [values[start : start + size] for start in range(0, len(values), size)]
        rising = all(low <= high for part in parts for low, high in pairwise(part))
        return rising and all(0.0 <= y <= 1.0 for part in parts[1::2] for y in part)
    return True


@njit(float64(float64), cache=True, nogil=True)
def inside(p: float) -> float:
    """Keep a probability away from 0 and 1."""
    return min(max(p, SMALLEST), 1.0 - SMALLEST)


@njit(float64(_parameters, int64, int64, float64), cache=True, nogil=True)
def between_knots(parameters, first, size, p):  # type: ignore[no-untyped-def]
    """Interpolate between knots; flat before the first and after the last."""
    low, high = first, first + size - 1
    if p <= parameters[low]:
        return parameters[low + size]
    if p >= parameters[high]:
        return parameters[high + size]
    while high - low > 1:
        middle = (low + high) // 2
        if parameters[middle] <= p:
            low = middle
        else:
            high = middle
    x0, x1 = parameters[low], parameters[high]
    y0, y1 = parameters[low + size], parameters[high + size]
    return min(max(y0 + (y1 - y0) * ((p - x0) / (x1 - x0)), y0), y1)


@njit(float64(int64, _parameters, int64, int64, float64), cache=True, nogil=True)
def calibrated(code, parameters, map_number, maps, p):  # type: ignore[no-untyped-def]
    """Calibrate one probability."""
    if code == 4:
        size = parameters.size // (2 * maps)
        return between_knots(parameters, map_number * 2 * size, size, p)
    log_p, log_rest = logarithm(inside(p)), logarithm(1.0 - inside(p))
    if code == 1:
        return logistic((log_p - log_rest) / parameters[0])
    if code == 2:
        return logistic(parameters[2 * map_number] * (log_p - log_rest) + parameters[2 * map_number + 1])
    first = 3 * map_number
    return logistic(parameters[first] * log_p - parameters[first + 1] * log_rest + parameters[first + 2])


@njit(void(int64, _parameters, int64, _matrix), cache=True, nogil=True)
def calibrate_row(code, parameters, row, p) -> None:  # type: ignore[no-untyped-def]
    """Calibrate a row of three classes or more in place and normalise it; a row of zeros stays as it was."""
    classes = p.shape[1]
    total, largest = 0.0, p[row, 0]
    for k in range(classes):
        largest = max(largest, p[row, k])
    for k in range(classes):
        if code == 1:
            shifted = logarithm(inside(p[row, k])) - logarithm(inside(largest))
            total += exponential(shifted / parameters[0])
        else:
            total += calibrated(code, parameters, k, classes, p[row, k])
    if total <= 0.0:
        return
    for k in range(classes):
        if code == 1:
            shifted = logarithm(inside(p[row, k])) - logarithm(inside(largest))
            p[row, k] = exponential(shifted / parameters[0]) / total
        else:
            p[row, k] = calibrated(code, parameters, k, classes, p[row, k]) / total


@njit(void(int64, _parameters, _matrix), cache=True, nogil=True)
def calibrate_rows(code, parameters, p) -> None:  # type: ignore[no-untyped-def]
    """Calibrate all rows in place."""
    for row in range(p.shape[0]):
        if p.shape[1] == 2:
            positive = min(max(calibrated(code, parameters, 0, 1, p[row, 1]), 0.0), 1.0)
            p[row, 0] = 1.0 - positive
            p[row, 1] = positive
        else:
            calibrate_row(code, parameters, row, p)


def apply_calibration(calibration: Calibration, p: FloatArray) -> FloatArray:
    """Calibrate (n, C) probabilities; the result is a new array, except for identity."""
    if calibration.kind == "identity":
        return p
    out = p.copy()
    calibrate_rows(CALIBRATION_CODES[calibration.kind], calibration.numbers, out)
    return out
