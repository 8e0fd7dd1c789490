"""How far a row lies from a flat subspace: the error with which a few directions make it again."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt
from numba import float64, njit, types, void

from yunque.kernel.arrays import MAX_FEATURES, Unchecked, require, require_columns
from yunque.kernel.form import Arrays, FloatArray, Link
from yunque.kernel.forms.linear import LARGEST_INPUT

LARGEST_STORED = 1e15
MOST_DIRECTIONS = 100_000
UNIT = 1.0 + 1e-9

_matrix = types.Array(float64, 2, "C", readonly=True)
_numbers = types.Array(float64, 1, "C", readonly=True)


@njit(void(_numbers, _matrix, _matrix, types.Array(float64, 2, "C")), cache=True, nogil=True)
def remake(mean, directions, x, out) -> None:  # type: ignore[no-untyped-def]
    """Write the length of what is left of each row once its part along the directions is taken away."""
    away, left = np.empty(mean.size), np.empty(mean.size)
    for r in range(x.shape[0]):
        for j in range(mean.size):
            value = x[r, j]
            value = 0.0 if value != value else min(max(value, -LARGEST_INPUT), LARGEST_INPUT)
            away[j] = value - mean[j]
            left[j] = away[j]
        for c in range(directions.shape[0]):
            along = 0.0
            for j in range(mean.size):
                along += away[j] * directions[c, j]
            for j in range(mean.size):
                left[j] -= along * directions[c, j]
        total = 0.0
        for j in range(mean.size):
            total += left[j] * left[j]
        out[r, 0] = np.sqrt(total)


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Subspace:
    """The distance of a row from the principal subspace: its reconstruction error.

    Missing counts as 0, values beyond 1e15 as 1e15.

    Attributes:
        mean: (F,) float64.
        directions: (C, F) float64, orthonormal; none gives the distance from the mean.
    """

    kind: ClassVar[str] = "subspace"

    mean: FloatArray
    directions: FloatArray

    @property
    def n_features(self) -> int:
        """Columns of the matrix it reads."""
        return int(self.mean.size)

    @property
    def n_raw(self) -> int:
        """Numbers per row."""
        return 1

    @property
    def link(self) -> Link:
        """Its number is the answer."""
        return "identity"

    def raw(self, x: FloatArray) -> FloatArray:
        """Score rows: (n, F) C-ordered float64 -> (n, 1) reconstruction error."""
        require_columns(x, self.n_features)
        out = np.empty((x.shape[0], 1))
        remake(self.mean, self.directions, x, out)
        return out

    def to_arrays(self) -> tuple[dict[str, Any], Arrays]:
        """Give the shape and the arrays."""
        return {"n_features": self.n_features}, {"mean": self.mean, "directions": self.directions}

    @classmethod
    def from_arrays(cls, facts: Mapping[str, Any], arrays: Mapping[str, npt.NDArray[Any]]) -> Self:
        """Check everything, then build.

        Raises:
            BundleError: a fact or array is missing, has a wrong type or shape, or is too large.
        """
        given = Unchecked(facts=facts, arrays=arrays)
        n_features = given.count("n_features", MAX_FEATURES)
        mean = given.numbers("mean", (n_features,))
        require(float(np.abs(mean).max(initial=0.0)) <= LARGEST_STORED, "a mean is too large")
        directions = given.numbers("directions", (None, n_features))
        require(directions.shape[0] <= MOST_DIRECTIONS, "there are too many directions")
        require(float(np.abs(directions).max(initial=0.0)) <= UNIT, "a direction is longer than one")
        return cls(mean=mean, directions=directions)


FORM = Subspace
