"""Where a score stands among those of the training rows, and from which score on a row is flagged."""

from bisect import bisect_right
from dataclasses import dataclass

import numpy as np

from yunque.kernel.form import FloatArray

MOST_KNOTS = 1_000
FINEST_KNOTS = 200  # of them for the highest scores, one by one: there the question is asked


@dataclass(frozen=True, kw_only=True)
class Ranks:
    """The distribution of the scores of the training rows, as knots.

    Attributes:
        scores: strictly rising.
        percentiles: 0 to 100, never falling: per cent of the training rows with that score or a lower one.
        contamination: share of the training rows that was to be flagged.
        flag_from: rows with this score or a higher one are flagged.
        flagged: share of the training rows that is flagged; scores that repeat make it differ.
    """

    scores: tuple[float, ...]
    percentiles: tuple[float, ...]
    contamination: float
    flag_from: float
    flagged: float

    def percentile(self, score: float) -> float:
        """Give the percentile of one score: straight lines between knots, 0 below them, 100 above."""
        after = bisect_right(self.scores, score)
        if after == 0:
            return 0.0
        if after == len(self.scores):
            return 100.0
        x0, x1 = self.scores[after - 1], self.scores[after]
        y0, y1 = self.percentiles[after - 1], self.percentiles[after]
        return y0 + (y1 - y0) * ((score - x0) / (x1 - x0))

    def percentiles_of(self, scores: FloatArray) -> FloatArray:
        """Give the percentiles of many scores, with the bits of `percentile`."""
        x, y = np.asarray(self.scores), np.asarray(self.percentiles)
        after = np.searchsorted(x, scores, side="right")
        low, high = np.maximum(after - 1, 0), np.minimum(after, x.size - 1)
        rise = np.where(high > low, x[high] - x[low], 1.0)
        between = y[low] + (y[high] - y[low]) * ((scores - x[low]) / rise)
        return np.where(after == 0, 0.0, np.where(after == x.size, 100.0, between))


def ranks_of(scores: FloatArray, contamination: float) -> Ranks:
    """Give the ranks of the training rows' scores.

    Args:
        scores: (n,) finite, n at least 1.
        contamination: share of the rows to flag. Where equal scores would flag more than twice as many, the
            next higher score is the first that is flagged.
    """
    ordered = np.sort(scores)
    n = ordered.size
    flag_from = float(ordered[n - max(1, round(contamination * n))])
    if float((ordered >= flag_from).mean()) > max(2.0 * contamination, 2.0 / n):
        flag_from = float(np.nextafter(flag_from, np.inf))
    even = np.linspace(0, n - 1, min(n, MOST_KNOTS - FINEST_KNOTS)).astype(np.int64)
    places = np.unique(np.concatenate([even, np.arange(max(0, n - FINEST_KNOTS), n)]))
    knots = np.unique(ordered[places])
    percentiles = 100.0 * np.searchsorted(ordered, knots, side="right") / n
    return Ranks(
        scores=tuple(knots.tolist()),
        percentiles=tuple(percentiles.tolist()),
        contamination=contamination,
        flag_from=flag_from,
        flagged=float((ordered >= flag_from).mean()),
    )
