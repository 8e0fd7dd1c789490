"""The whole model as numbers in, numbers out: weighted members, then calibration."""

from dataclasses import dataclass, field
from typing import Any, Literal

from yunque.kernel.form import FloatArray, Form

CalibrationKind = Literal["identity", "temperature", "platt", "beta", "isotonic"]


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """A map from blended probabilities to calibrated ones, as plain numbers.

    Attributes:
        kind: which map.
        parameters: temperature: [t]; platt: [a, b] on the log-odds; beta: [a, b, c];
            isotonic: the x of the knots, then their y. Where a class has its own, one after another.
    """

    kind: CalibrationKind = "identity"
    parameters: tuple[float, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Member:
    """One member of a blend: a form, the recipe whose matrix it reads (by position), and its weight."""

    name: str
    form: Form
    recipe: int
    weight: float


@dataclass(frozen=True, kw_only=True)
class Blend:
    """Members in the order in which they are summed; weights are positive and sum to 1.

    Attributes:
        members: at least one.
        n_outputs: classes, or 1 in regression.
        calibration: applied to the weighted mean; identity in regression.
    """

    members: tuple[Member, ...]
    n_outputs: int
    calibration: Calibration = field(default_factory=Calibration)

    def evaluate(self, matrices: list[FloatArray]) -> FloatArray:
        """Predict rows: one (n, F_r) matrix per recipe -> (n, n_outputs) calibrated."""
        raise NotImplementedError

    def contributions(self, matrices: list[FloatArray]) -> Any:
        """Reserved for TreeSHAP on the same arrays."""
        raise NotImplementedError
