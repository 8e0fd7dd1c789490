"""One bell of independent columns per class: naive Bayes and diagonal mixtures."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt
from numba import float64, njit, types, void

from yunque.kernel.arrays import MAX_FEATURES, MAX_OUTPUTS, Unchecked, require, require_columns
from yunque.kernel.form import Arrays, FloatArray, Link
from yunque.kernel.forms.linear import LARGEST_INPUT

LARGEST_MEAN = 1e15
LARGEST_PRECISION = 1e200

_matrix = types.Array(float64, 2, "C", readonly=True)


@njit(
    void(
        _matrix, _matrix, types.Array(float64, 1, "C", readonly=True), _matrix, types.Array(float64, 2, "C")
    ),
    cache=True,
    nogil=True,
)
def score(means, precisions, offset, x, out) -> None:  # type: ignore[no-untyped-def]
    """Write offset - sum of precision * (x - mean)^2 / 2, column after column."""
    for r in range(x.shape[0]):
        for k in range(out.shape[1]):
            total = 0.0
            for j in range(x.shape[1]):
                value = x[r, j]
                value = 0.0 if value != value else min(max(value, -LARGEST_INPUT), LARGEST_INPUT)
                away = value - means[k, j]
                total += away * away * precisions[k, j]
            out[r, k] = offset[k] - 0.5 * total


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Gaussians:
    """Raw scores offset - sum of precision * (x - mean)^2 / 2; missing counts as 0, beyond 1e15 as 1e15.

    Attributes:
        means, precisions: (K, F) float64; a precision is one over a variance, times a slope of calibration.
        offset: (K,) float64.
        link: how raw scores become predictions.
    """

    kind: ClassVar[str] = "gaussians"

    means: FloatArray
    precisions: FloatArray
    offset: FloatArray
    link: Link

    @property
    def n_features(self) -> int:
        """Columns of the matrix it reads."""
        return int(self.means.shape[1])

    @property
    def n_raw(self) -> int:
        """Raw scores per row."""
        return int(self.offset.size)

    def raw(self, x: FloatArray) -> FloatArray:
        """Score rows: (n, F) C-ordered float64 -> (n, K) raw scores."""
        require_columns(x, self.n_features)
        out = np.empty((x.shape[0], self.n_raw))
        score(self.means, self.precisions, self.offset, x, out)
        return out

    def to_arrays(self) -> tuple[dict[str, Any], Arrays]:
        """Give the link, the shape, and the arrays."""
        facts = {"link": self.link, "n_features": self.n_features, "n_outputs": self.n_raw}
        return facts, {"means": self.means, "precisions": self.precisions, "offset": self.offset}

    @classmethod
    def from_arrays(cls, facts: Mapping[str, Any], arrays: Mapping[str, npt.NDArray[Any]]) -> Self:
        """Check everything, then build.

        Raises:
            BundleError: a fact or array is missing, has a wrong type or shape, or is too large.
        """
        given = Unchecked(facts=facts, arrays=arrays)
        n_features, n_outputs = given.count("n_features", MAX_FEATURES), given.count("n_outputs", MAX_OUTPUTS)
        means = given.numbers("means", (n_outputs, n_features))
        precisions = given.numbers("precisions", (n_outputs, n_features))
        require(float(np.abs(means).max(initial=0.0)) <= LARGEST_MEAN, "a mean is too large")
        require(float(np.abs(precisions).max(initial=0.0)) < LARGEST_PRECISION, "a precision is too large")
        offset = given.numbers("offset", (n_outputs,))
        return cls(means=means, precisions=precisions, offset=offset, link=given.link(n_outputs))


FORM = Gaussians
