"""Weighted sums of bells around stored rows: support vector machines with a Gaussian kernel."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt
from numba import float64, njit, types, void

from yunque.kernel.arrays import LARGEST, MAX_FEATURES, MAX_OUTPUTS, Unchecked, require, require_columns
from yunque.kernel.elementary import exponential
from yunque.kernel.form import Arrays, FloatArray, Link
from yunque.kernel.forms.linear import LARGEST_INPUT

LARGEST_STORED = 1e15
MOST_ROWS = 10_000_000

_matrix = types.Array(float64, 2, "C", readonly=True)
_numbers = types.Array(float64, 1, "C", readonly=True)


@njit(
    void(types.Tuple((_matrix, _numbers, _matrix, _numbers)), _matrix, types.Array(float64, 2, "C")),
    cache=True,
    nogil=True,
)
def score(machine, x, out) -> None:  # type: ignore[no-untyped-def]
    """Write offset + sum of coefficient * e**(-sum of gamma * (x - row)^2), stored row after stored row."""
    rows, gamma, coefficients, offset = machine
    for r in range(x.shape[0]):
        for k in range(out.shape[1]):
            out[r, k] = offset[k]
        for i in range(rows.shape[0]):
            total = 0.0
            for j in range(x.shape[1]):
                value = x[r, j]
                value = 0.0 if value != value else min(max(value, -LARGEST_INPUT), LARGEST_INPUT)
                away = value - rows[i, j]
                total += gamma[j] * away * away
            near = exponential(-total)
            for k in range(out.shape[1]):
                out[r, k] += coefficients[i, k] * near


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Radial:
    """Raw scores offset + sum of coefficient * e**(-sum of gamma_j (x_j - row_j)^2).

    Missing counts as 0, values beyond 1e15 as 1e15. One row costs as much as there are stored numbers.

    Attributes:
        rows: (M, F) float64.
        gamma: (F,) float64, not negative.
        coefficients: (M, K) float64.
        offset: (K,) float64.
        link: how raw scores become predictions.
    """

    kind: ClassVar[str] = "radial"

    rows: FloatArray
    gamma: FloatArray
    coefficients: FloatArray
    offset: FloatArray
    link: Link

    @property
    def n_features(self) -> int:
        """Columns of the matrix it reads."""
        return int(self.gamma.size)

    @property
    def n_raw(self) -> int:
        """Raw scores per row."""
        return int(self.offset.size)

    def raw(self, x: FloatArray) -> FloatArray:
        """Score rows: (n, F) C-ordered float64 -> (n, K) raw scores."""
        require_columns(x, self.n_features)
        out = np.empty((x.shape[0], self.n_raw))
        score((self.rows, self.gamma, self.coefficients, self.offset), x, out)
        return out

    def to_arrays(self) -> tuple[dict[str, Any], Arrays]:
        """Give the link, the shape, and the arrays."""
        facts = {"link": self.link, "n_features": self.n_features, "n_outputs": self.n_raw}
        arrays = {"rows": self.rows, "gamma": self.gamma, "coefficients": self.coefficients}
        return facts, {**arrays, "offset": self.offset}

    @classmethod
    def from_arrays(cls, facts: Mapping[str, Any], arrays: Mapping[str, npt.NDArray[Any]]) -> Self:
        """Check everything, then build.

        Raises:
            BundleError: a fact or array is missing, has a wrong type or shape, or is too large.
        """
        given = Unchecked(facts=facts, arrays=arrays)
        n_features, n_outputs = given.count("n_features", MAX_FEATURES), given.count("n_outputs", MAX_OUTPUTS)
        rows = given.numbers("rows", (None, n_features))
        require(rows.shape[0] <= MOST_ROWS, "there are too many stored rows")
        require(float(np.abs(rows).max(initial=0.0)) <= LARGEST_STORED, "a stored row is too large")
        gamma = given.numbers("gamma", (n_features,))
        require(bool(((gamma >= 0.0) & (gamma < LARGEST_STORED)).all()), "a width is negative or too small")
        coefficients = given.numbers("coefficients", (rows.shape[0], n_outputs))
        offset = given.numbers("offset", (n_outputs,))
        total = float(np.abs(coefficients).max(initial=0.0)) * max(rows.shape[0], 1)
        require(total + float(np.abs(offset).max()) < LARGEST, "the coefficients are too large to be summed")
        return cls(
            rows=rows, gamma=gamma, coefficients=coefficients, offset=offset, link=given.link(n_outputs)
        )


FORM = Radial
