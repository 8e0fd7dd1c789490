"""How the layers' numbers become one risk: calibrated suspicion, the anomaly's tail, the client's last days.

    z = logit(p) + a * tail(anomaly) + r * memory(recent),    risk = logistic(intercept + slope * z)

No weight is negative, so that a higher number of any layer never lowers the risk. Three numbers and two lines
can be told to a person; what a second boosted model would add on generated portfolios was not more.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from yunque.errors import BundleError

Numbers = npt.NDArray[np.float64]
Line = tuple[float, float]  # intercept and slope on log-odds
SMALLEST = 1e-5  # probabilities nearer to 0 or 1 are not told apart
RAREST = 1e-3  # an anomaly beyond the thousandth rarest, or a memory below one in a thousand, counts the same


@dataclass(frozen=True, kw_only=True)
class Combination:
    """How one stack joins its layers.

    Attributes:
        calibration: makes a probability of what the supervised model answers, out of fold and without class
            weights.
        anomaly: weight of the anomaly's tail; `recent`: of the client's last days.
        scale: makes a probability of the joined log-odds.
        prior: share of suspicious operations among those learnt from; what a missing supervised layer says.
    """

    calibration: Line = (0.0, 1.0)
    anomaly: float = 0.0
    recent: float = 0.0
    scale: Line = (0.0, 1.0)
    prior: float = 0.01

    def __post_init__(self) -> None:
        """Refuse what could lower a risk where a layer says more.

        Raises:
            BundleError: a weight is negative, a slope is not positive, or a number is none.
        """
        numbers = (*self.calibration, *self.scale, self.anomaly, self.recent, self.prior)
        rising = min(self.calibration[1], self.scale[1]) > 0 and min(self.anomaly, self.recent) >= 0
        if not (np.isfinite(numbers).all() and rising and 0.0 < self.prior < 1.0):
            raise BundleError("The record of how the layers are joined contradicts itself.")


def read_combination(told: Mapping[str, Any] | None) -> Combination | None:
    """Read what `asdict` gave; None where layers were joined by a fixed formula.

    Raises:
        BundleError: it is incomplete.
    """
    if told is None:
        return None
    try:
        return Combination(
            calibration=line(told["calibration"]),
            scale=line(told["scale"]),
            **{name: float(told[name]) for name in ("anomaly", "recent", "prior")},
        )
    except (KeyError, TypeError, ValueError) as error:
        raise BundleError("The record of how the layers are joined is incomplete.") from error


def line(told: Sequence[float]) -> Line:
    """Read an intercept and a slope."""
    intercept, slope = told
    return float(intercept), float(slope)


def logit(p: Numbers) -> Numbers:
    """Give log-odds; probabilities nearer to 0 or 1 than a hundred-thousandth are taken for that."""
    inside = np.clip(p, SMALLEST, 1.0 - SMALLEST)
    return np.asarray(np.log(inside / (1.0 - inside)), dtype=np.float64)


def logistic(z: Numbers) -> Numbers:
    """Give probabilities of log-odds."""
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(z, -60.0, 60.0))), dtype=np.float64)


def calibrated(raw: Numbers, combination: Combination | None) -> Numbers:
    """Make a probability of suspicion of what the supervised model answers; its order stays."""
    if combination is None:
        return raw
    intercept, slope = combination.calibration
    return logistic(intercept + slope * logit(raw))


def tail(anomaly: Numbers) -> Numbers:
    """Say how rare an anomaly is: -ln(1 - a) - 1, of mean 0 over training rows, at most 5.9."""
    return np.asarray(-np.log(np.clip(1.0 - anomaly, RAREST, 1.0)) - 1.0, dtype=np.float64)


def memory(recent: Numbers) -> Numbers:
    """Say how suspicious the client's last days were: log-odds above one in a thousand; 0 for nothing."""
    floor = np.log(RAREST / (1.0 - RAREST))
    inside = np.clip(recent, RAREST, 1.0 - RAREST)
    return np.asarray(np.log(inside / (1.0 - inside)) - floor, dtype=np.float64)


def joined(p: Numbers | None, anomaly: Numbers | None, recent: Numbers, combination: Combination) -> Numbers:
    """Give the log-odds before the scale; a layer that did not run is taken at what is usual.

    Args:
        p: (n,) calibrated, or None; anomaly: (n,) percentile, or None.
        recent: (n,) highest `p` among the client's operations of the days before; 0 for none.
        combination: the weights.
    """
    start = np.full(len(recent), combination.prior) if p is None else p
    found = logit(start) + combination.recent * memory(recent)
    return found if anomaly is None else found + combination.anomaly * tail(anomaly)


def risk_of(p: Numbers | None, anomaly: Numbers | None, recent: Numbers, combination: Combination) -> Numbers:
    """Give the risk of each row, a probability."""
    intercept, slope = combination.scale
    return logistic(intercept + slope * joined(p, anomaly, recent, combination))
