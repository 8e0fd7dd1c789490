"""Weighted sums of columns: linear and logistic models, and constants as those with no weight."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt
from numba import float64, njit, types, void

from yunque.kernel.arrays import MAX_FEATURES, MAX_OUTPUTS, Unchecked, require, require_columns
from yunque.kernel.form import Arrays, FloatArray, Link

LARGEST_INPUT = 1e15
LARGEST_WEIGHT = 1e250

_read_matrix = types.Array(float64, 2, "C", readonly=True)
_read_row = types.Array(float64, 1, "C", readonly=True)


@njit(void(_read_matrix, _read_row, _read_matrix, types.Array(float64, 2, "C")), cache=True, nogil=True)
def weigh(weights, bias, x, out) -> None:  # type: ignore[no-untyped-def]
    """Write bias + sum of x * weight, column after column: BLAS would give one row other bits than many."""
    for r in range(x.shape[0]):
        for k in range(out.shape[1]):
            out[r, k] = 0.0
        for j in range(x.shape[1]):
            value = x[r, j]
            if value != value or value == 0.0:
                continue
            value = min(max(value, -LARGEST_INPUT), LARGEST_INPUT)
            for k in range(out.shape[1]):
                out[r, k] += value * weights[j, k]
        for k in range(out.shape[1]):
            out[r, k] += bias[k]


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Linear:
    """Raw scores x @ weights + bias; missing counts as 0, values beyond 1e15 as 1e15.

    Sums go column after column, so they may differ from a library's BLAS by rounding (1e-12 relative).

    Attributes:
        weights: (F, K) float64.
        bias: (K,) float64.
        link: how raw scores become predictions.
        centre: (F,) means of the training columns, from which explanations are counted; empty: 0.
    """

    kind: ClassVar[str] = "linear"

    weights: FloatArray
    bias: FloatArray
    link: Link
    centre: FloatArray = field(default_factory=lambda: np.zeros(0))

    @property
    def n_features(self) -> int:
        """Columns of the matrix it reads."""
        return int(self.weights.shape[0])

    @property
    def n_raw(self) -> int:
        """Raw scores per row."""
        return int(self.bias.size)

    def raw(self, x: FloatArray) -> FloatArray:
        """Score rows: (n, F) C-ordered float64 -> (n, K) raw scores."""
        require_columns(x, self.n_features)
        out = np.empty((x.shape[0], self.n_raw))
        weigh(self.weights, self.bias, x, out)
        return out

    def to_arrays(self) -> tuple[dict[str, Any], Arrays]:
        """Give the link, the shape, and both arrays."""
        facts = {"link": self.link, "n_features": self.n_features, "n_outputs": self.n_raw}
        return facts, {"weights": self.weights, "bias": self.bias, "centre": self.centre}

    @classmethod
    def from_arrays(cls, facts: Mapping[str, Any], arrays: Mapping[str, npt.NDArray[Any]]) -> Self:
        """Check everything, then build.

        Raises:
            BundleError: a fact or array is missing, has a wrong type or shape, or is not finite.
        """
        given = Unchecked(facts=facts, arrays=arrays)
        n_features = given.count("n_features", MAX_FEATURES, least=0)
        n_outputs = given.count("n_outputs", MAX_OUTPUTS)
        weights = given.numbers("weights", (n_features, n_outputs))
        require(float(np.abs(weights).max(initial=0.0)) < LARGEST_WEIGHT, "a weight is too large")
        return cls(
            weights=weights,
            bias=given.numbers("bias", (n_outputs,)),
            link=given.link(n_outputs),
            centre=given.optional("centre", "<f8", n_features),
        )


FORM = Linear
