"""The nearest of stored points: which cluster it belongs to, and how far it is."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Self

import numpy as np
import numpy.typing as npt
from numba import float64, int64, njit, types, void

from yunque.kernel.arrays import MAX_FEATURES, Unchecked, require, require_columns, require_within
from yunque.kernel.form import Arrays, FloatArray, Link
from yunque.kernel.forms.linear import LARGEST_INPUT

Answer = Literal["cluster", "distance"]
ANSWERS = ("cluster", "distance")
LARGEST_STORED = 1e15
MOST_POINTS = 1_000_000
MOST_CLUSTERS = 100_000
NO_CLUSTER = -1.0  # beyond the reach of every point

_matrix = types.Array(float64, 2, "C", readonly=True)
_numbers = types.Array(int64, 1, "C", readonly=True)


@njit(void(_matrix, _numbers, float64, _matrix, types.Array(float64, 2, "C")), cache=True, nogil=True)
def find_nearest(points, cluster, reach, x, out) -> None:  # type: ignore[no-untyped-def]
    """Write cluster (where there are two columns) and Euclidean distance of the nearest point of each row.

    Of points equally near the first is taken; beyond `reach` the cluster is -1.
    """
    last = out.shape[1] - 1
    for r in range(x.shape[0]):
        least, place = np.inf, 0
        for i in range(points.shape[0]):
            total = 0.0
            for j in range(x.shape[1]):
                value = x[r, j]
                value = 0.0 if value != value else min(max(value, -LARGEST_INPUT), LARGEST_INPUT)
                away = value - points[i, j]
                total += away * away
            if total < least:
                least, place = total, i
        distance = np.sqrt(least)
        out[r, last] = distance
        if last:
            out[r, 0] = np.float64(cluster[place]) if distance <= reach else NO_CLUSTER


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Points:
    """Cluster and distance of the nearest stored point: centres of k-means, or core rows of DBSCAN.

    Missing counts as 0, values beyond 1e15 as 1e15. One row costs as much as there are stored numbers.

    Attributes:
        points: (M, F) float64, M at least 1.
        cluster: (M,) int64, the cluster of each point, from 0.
        reach: a row farther than this from every point belongs to no cluster, which is told as -1.
        answer: "cluster" gives cluster and distance, "distance" the distance alone.
    """

    kind: ClassVar[str] = "points"

    points: FloatArray
    cluster: npt.NDArray[np.int64]
    reach: float
    answer: Answer

    @property
    def n_features(self) -> int:
        """Columns of the matrix it reads."""
        return int(self.points.shape[1])

    @property
    def n_raw(self) -> int:
        """Numbers per row."""
        return 2 if self.answer == "cluster" else 1

    @property
    def link(self) -> Link:
        """Its numbers are the answer."""
        return "identity"

    def raw(self, x: FloatArray) -> FloatArray:
        """Score rows: (n, F) C-ordered float64 -> (n, 2) cluster and distance, or (n, 1) distance."""
        require_columns(x, self.n_features)
        out = np.empty((x.shape[0], self.n_raw))
        find_nearest(self.points, self.cluster, self.reach, x, out)
        return out

    def to_arrays(self) -> tuple[dict[str, Any], Arrays]:
        """Give the shape, the reach, what is answered, and the points with their clusters."""
        facts = {"n_features": self.n_features, "reach": self.reach, "answer": self.answer}
        return facts, {"points": self.points, "cluster": self.cluster}

    @classmethod
    def from_arrays(cls, facts: Mapping[str, Any], arrays: Mapping[str, npt.NDArray[Any]]) -> Self:
        """Check everything, then build.

        Raises:
            BundleError: a fact or array is missing, has a wrong type or shape, or is too large.
        """
        given = Unchecked(facts=facts, arrays=arrays)
        points = given.numbers("points", (None, given.count("n_features", MAX_FEATURES)))
        require(0 < points.shape[0] <= MOST_POINTS, "there are no stored points, or too many")
        require(float(np.abs(points).max(initial=0.0)) <= LARGEST_STORED, "a stored point is too large")
        cluster = given.array("cluster", "<i8", (points.shape[0],))
        require_within(cluster, MOST_CLUSTERS, "the cluster of a point")
        reach = given.number("reach")
        require(reach >= 0.0, "the reach is below zero")
        answer: Answer = given.choice("answer", ANSWERS)  # type: ignore[assignment]
        return cls(points=points, cluster=cluster, reach=reach, answer=answer)


FORM = Points
