"""The mean answer of the nearest stored rows."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt
from numba import float64, int64, njit, types, void

from yunque.kernel.arrays import MAX_FEATURES, MAX_OUTPUTS, Unchecked, require, require_columns
from yunque.kernel.form import Arrays, FloatArray, Link
from yunque.kernel.forms.linear import LARGEST_INPUT

LARGEST_STORED = 1e15
LARGEST_ANSWER = 1e250
MOST_NEIGHBOURS = 1_000
MOST_ROWS = 10_000_000

_matrix = types.Array(float64, 2, "C", readonly=True)
_numbers = types.Array(float64, 1, "C", readonly=True)


@njit(inline="always")
def keep_nearest(distance, place, found, distances, places):  # type: ignore[no-untyped-def]
    """Put a row among the nearest, in order; of equal distances the earlier row stays in front."""
    count = distances.size
    if found == count and not distance < distances[count - 1]:
        return found
    at = min(found, count - 1)
    while at > 0 and distance < distances[at - 1]:
        distances[at], places[at] = distances[at - 1], places[at - 1]
        at -= 1
    distances[at], places[at] = distance, place
    return min(found + 1, count)


@njit(
    void(types.Tuple((_matrix, _numbers, _matrix, _numbers)), int64, _matrix, types.Array(float64, 2, "C")),
    cache=True,
    nogil=True,
)
def score(stored, count, x, out) -> None:  # type: ignore[no-untyped-def]
    """Write the weighted mean answer of the `count` nearest rows."""
    rows, scale, answers, weight = stored
    distances, places = np.empty(count), np.empty(count, np.int64)
    for r in range(x.shape[0]):
        found = 0
        for i in range(rows.shape[0]):
            total = 0.0
            for j in range(x.shape[1]):
                value = x[r, j]
                value = 0.0 if value != value else min(max(value, -LARGEST_INPUT), LARGEST_INPUT)
                away = (value - rows[i, j]) * scale[j]
                total += away * away
            found = keep_nearest(total, i, found, distances, places)
        whole = 0.0
        for k in range(out.shape[1]):
            out[r, k] = 0.0
        for n in range(found):
            whole += weight[places[n]]
            for k in range(out.shape[1]):
                out[r, k] += weight[places[n]] * answers[places[n], k]
        for k in range(out.shape[1]):
            out[r, k] /= whole


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Neighbours:
    """Weighted mean of the answers of the nearest rows, by distances of scaled columns.

    Missing counts as 0, values beyond 1e15 as 1e15. One row costs as much as there are stored numbers.

    Attributes:
        rows: (M, F) float64, M at least 1.
        scale: (F,) float64 by which columns are multiplied.
        answers: (M, K) float64.
        weight: (M,) positive float64.
        count: neighbours asked, at most M.
        link: how raw scores become predictions.
    """

    kind: ClassVar[str] = "neighbours"

    rows: FloatArray
    scale: FloatArray
    answers: FloatArray
    weight: FloatArray
    count: int
    link: Link

    @property
    def n_features(self) -> int:
        """Columns of the matrix it reads."""
        return int(self.scale.size)

    @property
    def n_raw(self) -> int:
        """Raw scores per row."""
        return int(self.answers.shape[1])

    def raw(self, x: FloatArray) -> FloatArray:
        """Score rows: (n, F) C-ordered float64 -> (n, K) raw scores."""
        require_columns(x, self.n_features)
        out = np.empty((x.shape[0], self.n_raw))
        score((self.rows, self.scale, self.answers, self.weight), self.count, x, out)
        return out

    def to_arrays(self) -> tuple[dict[str, Any], Arrays]:
        """Give the link, the shape, the number of neighbours, and the arrays."""
        facts = {"link": self.link, "n_features": self.n_features, "n_outputs": self.n_raw}
        arrays = {"rows": self.rows, "scale": self.scale, "answers": self.answers, "weight": self.weight}
        return {**facts, "count": self.count}, arrays

    @classmethod
    def from_arrays(cls, facts: Mapping[str, Any], arrays: Mapping[str, npt.NDArray[Any]]) -> Self:
        """Check everything, then build.

        Raises:
            BundleError: a fact or array is missing, has a wrong type or shape, or is too large.
        """
        given = Unchecked(facts=facts, arrays=arrays)
        n_features, n_outputs = given.count("n_features", MAX_FEATURES), given.count("n_outputs", MAX_OUTPUTS)
        rows = given.numbers("rows", (None, n_features))
        require(0 < rows.shape[0] <= MOST_ROWS, "there are no stored rows, or too many")
        require(float(np.abs(rows).max(initial=0.0)) <= LARGEST_STORED, "a stored row is too large")
        scale = given.numbers("scale", (n_features,))
        require(float(np.abs(scale).max(initial=0.0)) <= LARGEST_STORED, "a scale is too large")
        answers = given.numbers("answers", (rows.shape[0], n_outputs))
        require(float(np.abs(answers).max(initial=0.0)) < LARGEST_ANSWER, "an answer is too large")
        weight = given.numbers("weight", (rows.shape[0],))
        sound = (weight > 1e-30) & (weight < 1e30)
        require(bool(sound.all()), "a weight is not positive, or too large")
        count = given.count("count", min(MOST_NEIGHBOURS, rows.shape[0]))
        return cls(
            rows=rows, scale=scale, answers=answers, weight=weight, count=count, link=given.link(n_outputs)
        )


FORM = Neighbours
