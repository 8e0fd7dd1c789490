"""The whole model as numbers in, numbers out: weighted members, then calibration."""

import math
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np
from numba import float64, njit, types, void

from yunque.errors import BundleError
from yunque.kernel.calibration import Calibration, CalibrationKind, apply_calibration
from yunque.kernel.form import FloatArray, Form
from yunque.kernel.link import apply_link, n_predictions

__all__ = ["Blend", "Calibration", "CalibrationKind", "Member"]

BLOCK_ROWS = 4096

_matrix = types.Array(float64, 2, "C")


@njit(void(_matrix, float64, _matrix), cache=True, nogil=True)
def add_weighted(predictions, weight, total) -> None:  # type: ignore[no-untyped-def]
    """Add weight * predictions to the total."""
    for row in range(total.shape[0]):
        for k in range(total.shape[1]):
            total[row, k] += weight * predictions[row, k]


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

    def __post_init__(self) -> None:
        """Refuse members whose predictions have another width: the compiled sum would read out of bounds.

        Raises:
            BundleError: there is no member, or one that does not fit.
        """
        if not self.members:
            raise BundleError("A model without members cannot predict.")
        for member in self.members:
            width = n_predictions(member.form.link, member.form.n_raw)
            if width != self.n_outputs or member.recipe < 0 or not abs(member.weight) < math.inf:
                raise BundleError(
                    f"The member {member.name} gives {width} numbers a row with weight {member.weight}; "
                    f"the model has {self.n_outputs}."
                )

    def evaluate(self, matrices: Sequence[FloatArray], *, threads: int = 1) -> FloatArray:
        """Predict rows: one (n, F_r) matrix per recipe -> (n, n_outputs) calibrated.

        Rows do not depend on each other: blocks, threads and single rows give the same bits.
        """
        return apply_calibration(self.calibration, self.mean(matrices, threads=threads))

    def mean(self, matrices: Sequence[FloatArray], *, threads: int = 1) -> FloatArray:
        """Give the weighted mean of the members before calibration, (n, n_outputs)."""
        rows = matrices[0].shape[0]
        total = np.zeros((rows, self.n_outputs))
        if rows <= BLOCK_ROWS:
            self._add_members(matrices, total)
            return total
        blocks = [slice(start, start + BLOCK_ROWS) for start in range(0, rows, BLOCK_ROWS)]
        parts = [([matrix[block] for matrix in matrices], total[block]) for block in blocks]
        if threads <= 1:
            for part in parts:
                self._add_members(*part)
        else:
            with ThreadPoolExecutor(threads) as pool:
                list(pool.map(lambda part: self._add_members(*part), parts))
        return total

    def _add_members(self, matrices: Sequence[FloatArray], total: FloatArray) -> None:
        for member in self.members:
            form = member.form
            add_weighted(apply_link(form.link, form.raw(matrices[member.recipe])), member.weight, total)
