"""The target of a regression as a booster can learn it: centred, of unit scale, perhaps as a logarithm.

Boosters keep targets and sums in float32: 1e12 + noise would lose the noise. They learn (y - centre) / scale;
the form gives raw * scale + centre, which are two roundings and so equal bits everywhere.
"""

from dataclasses import dataclass

import numpy as np

from yunque.kernel.form import FloatArray, Link
from yunque.learning.algorithm import FitRequest

# Objectives whose raw score is the logarithm of the value; they need the targets as they are, >= 0.
LOG_LINKED = ("poisson", "tweedie", "gamma")
# A spread below this share of the values is rounding, not signal.
ROUNDING = 64 * float(np.finfo(np.float64).eps)
RELATIVE = ("mape", "squaredlogerror")  # losses that mean something else on a centred target


@dataclass(frozen=True, kw_only=True)
class Target:
    """How the target is changed before a fit and how raw scores are changed back."""

    centre: float = 0.0
    scale: float = 1.0
    log1p: bool = False
    link: Link = "identity"

    def learnt(self, y: FloatArray) -> FloatArray:
        """Change values for the fit."""
        values = np.log1p(np.maximum(y, -1.0 + 1e-9)) if self.log1p else np.asarray(y, np.float64)
        return (values - self.centre) / self.scale

    def restored(self, raw: FloatArray) -> FloatArray:
        """Change raw scores of the library to those of the form."""
        return raw * self.scale + self.centre


def target_of(request: FitRequest, objective: str = "") -> Target:
    """Choose the change for a fit.

    `request.params["log_target"]` true learns log1p(y), for targets >= 0 with a long tail. Classification and
    log-linked objectives are left as they are.
    """
    if request.task.is_classification:
        return Target()
    if any(name in objective for name in LOG_LINKED):
        return Target(link="exp")
    if any(name in objective for name in RELATIVE):
        return Target()
    log1p = bool(request.params.get("log_target", False))
    values = Target(log1p=log1p).learnt(request.train.y)
    largest = max(float(np.abs(values).max()), 1e-300)  # squares of values near 1e300 must not overflow
    centre = float(np.average(values / largest, weights=request.train.weight)) * largest
    spread = float(np.std((values - centre) / largest)) * largest
    scale = spread if np.isfinite(spread) and spread > ROUNDING * largest else 1.0
    return Target(centre=centre, scale=scale, log1p=log1p, link="expm1" if log1p else "identity")
