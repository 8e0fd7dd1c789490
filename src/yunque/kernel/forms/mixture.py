"""Bells of several shapes laid over one another: how likely a row is, and to which bell it belongs."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Self

import numpy as np
import numpy.typing as npt
from numba import float64, njit, types, void

from yunque.kernel.arrays import MAX_FEATURES, Unchecked, require, require_columns
from yunque.kernel.elementary import exponential, logarithm
from yunque.kernel.form import Arrays, FloatArray, Link
from yunque.kernel.forms.linear import LARGEST_INPUT

Answer = Literal["cluster", "surprise"]
ANSWERS = ("cluster", "surprise")
LARGEST_STORED = 1e15
LARGEST_FACTOR = 1e9
MOST_BELLS = 10_000

_matrix = types.Array(float64, 2, "C", readonly=True)
_cube = types.Array(float64, 3, "C", readonly=True)
_numbers = types.Array(float64, 1, "C", readonly=True)


@njit(float64(_matrix, _cube, float64[::1], types.intp), cache=True, nogil=True)
def squared_distance(means, factors, row, bell):  # type: ignore[no-untyped-def]
    """Give the squared Mahalanobis distance of a row to a bell: |(x - mean) times factor|^2."""
    total = 0.0
    if factors.shape[2] == 1:
        for j in range(row.size):
            away = (row[j] - means[bell, j]) * factors[bell, j, 0]
            total += away * away
        return total
    for k in range(factors.shape[2]):
        along = 0.0
        for j in range(row.size):
            along += (row[j] - means[bell, j]) * factors[bell, j, k]
        total += along * along
    return total


@njit(void(_matrix, _cube, _numbers, _matrix, types.Array(float64, 2, "C")), cache=True, nogil=True)
def weigh_bells(means, factors, height, x, out) -> None:  # type: ignore[no-untyped-def]
    """Write the likeliest bell and the distance to it; or, where there is one column, minus log-density."""
    row, density = np.empty(x.shape[1]), np.empty(height.size)
    for r in range(x.shape[0]):
        for j in range(x.shape[1]):
            value = x[r, j]
            row[j] = 0.0 if value != value else min(max(value, -LARGEST_INPUT), LARGEST_INPUT)
        best, nearest = 0, 0.0
        for k in range(height.size):
            squared = squared_distance(means, factors, row, k)
            density[k] = height[k] - 0.5 * squared
            if k == 0 or density[k] > density[best]:
                best, nearest = k, squared
        if out.shape[1] == 2:
            out[r, 0], out[r, 1] = np.float64(best), np.sqrt(nearest)
        else:
            total = 0.0
            for k in range(height.size):
                total += exponential(density[k] - density[best])
            out[r, 0] = -(density[best] + logarithm(total))


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Mixture:
    """A Gaussian mixture: log-density, likeliest component and Mahalanobis distance to it.

    The log-density of component k is height_k - |(x - mean_k) factor_k|^2 / 2. Missing counts as 0, values
    beyond 1e15 as 1e15.

    Attributes:
        means: (K, F) float64.
        factors: (K, F, F) float64, the Cholesky factor of each precision; or (K, F, 1), roots of precisions
            of independent columns.
        height: (K,) float64: log of the weight, plus the constant of the density.
        answer: "cluster" gives component and distance, "surprise" minus the log-density of the mixture.
    """

    kind: ClassVar[str] = "mixture"

    means: FloatArray
    factors: FloatArray
    height: FloatArray
    answer: Answer

    @property
    def n_features(self) -> int:
        """Columns of the matrix it reads."""
        return int(self.means.shape[1])

    @property
    def n_raw(self) -> int:
        """Numbers per row."""
        return 2 if self.answer == "cluster" else 1

    @property
    def link(self) -> Link:
        """Its numbers are the answer."""
        return "identity"

    def raw(self, x: FloatArray) -> FloatArray:
        """Score rows: (n, F) C-ordered float64 -> (n, 2) component and distance, or (n, 1) -log-density."""
        require_columns(x, self.n_features)
        out = np.empty((x.shape[0], self.n_raw))
        weigh_bells(self.means, self.factors, self.height, x, out)
        return out

    def to_arrays(self) -> tuple[dict[str, Any], Arrays]:
        """Give the shape, what is answered, and the arrays."""
        facts = {"n_features": self.n_features, "answer": self.answer}
        return facts, {"means": self.means, "factors": self.factors, "height": self.height}

    @classmethod
    def from_arrays(cls, facts: Mapping[str, Any], arrays: Mapping[str, npt.NDArray[Any]]) -> Self:
        """Check everything, then build.

        Raises:
            BundleError: a fact or array is missing, has a wrong type or shape, or is too large.
        """
        given = Unchecked(facts=facts, arrays=arrays)
        n_features = given.count("n_features", MAX_FEATURES)
        means = given.numbers("means", (None, n_features))
        bells = means.shape[0]
        require(0 < bells <= MOST_BELLS, "there are no components, or too many")
        require(float(np.abs(means).max(initial=0.0)) <= LARGEST_STORED, "a mean is too large")
        factors = given.numbers("factors", (bells, n_features, None))
        require(factors.shape[2] in (1, n_features), "a factor has another shape than the means")
        require(float(np.abs(factors).max(initial=0.0)) <= LARGEST_FACTOR, "a factor is too large")
        height = given.numbers("height", (bells,))
        require(float(np.abs(height).max(initial=0.0)) <= LARGEST_STORED, "a height is too large")
        answer: Answer = given.choice("answer", ANSWERS)  # type: ignore[assignment]
        return cls(means=means, factors=factors, height=height, answer=answer)


FORM = Mixture
