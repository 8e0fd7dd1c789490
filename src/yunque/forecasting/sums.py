"""Calibrated quantiles of demand summed over any number of periods, per article."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl

from yunque.errors import NotFoundError
from yunque.forecasting.panel import FloatArray
from yunque.forecasting.scale import FLOOR

GRID: FloatArray = np.concatenate([[0.001, 0.0025], np.arange(1, 200) / 200, [0.9975, 0.999]])


@dataclass(frozen=True, kw_only=True)
class SumQuantiles:
    """For each article, the distribution of demand summed over the next k periods, k any number >= 0.

    The quantile at probability p is `mean(k) + score(p, k) * dispersion * sqrt(mean(k) + 1)`, never
    below zero, where the scores are conformal: quantiles of past residuals of sums, pooled over similar
    articles (see docs/decisions, demand combination and calibration).

    Attributes:
        ids: the articles, in the order of the arrays.
        cumulative: articles x (horizon + 1): expected units over the next 0, 1, 2, … periods; beyond the
            horizon the last period's mean goes on.
        groups: per article, the row of `scores` that holds for it.
        lengths: the numbers of periods that were calibrated, ascending.
        scores: groups x lengths x len(GRID): non-decreasing along the last axis.
        dispersion: each article's own spread (`scale.deviation`).
    """

    ids: tuple[str, ...]
    cumulative: FloatArray
    groups: np.ndarray
    lengths: FloatArray
    scores: FloatArray
    dispersion: FloatArray

    @cached_property
    def _row(self) -> dict[str, int]:
        return {unique_id: at for at, unique_id in enumerate(self.ids)}

    def _at(self, unique_id: str) -> int:
        try:
            return self._row[unique_id]
        except KeyError:
            raise NotFoundError.among("article", unique_id, self.ids) from None

    def mean(self, unique_id: str, periods: float) -> float:
        """Give the expected units over the next `periods` periods."""
        return float(self.means(np.array([self._at(unique_id)]), np.array([periods], dtype=float))[0])

    def quantile(self, unique_id: str, periods: float, probability: float) -> float:
        """Give the units that demand over the next `periods` periods stays within with this probability."""
        outcomes = self.outcomes(unique_id, periods)
        return float(np.interp(probability, GRID, outcomes))

    def probability_above(self, unique_id: str, periods: float, quantity: float) -> float:
        """Give the probability that demand over the next `periods` periods exceeds `quantity`."""
        outcomes = self.outcomes(unique_id, periods)
        if quantity >= outcomes[-1]:
            return 0.0 if quantity > 0 or outcomes[-1] == 0 else float(1 - GRID[-1])
        if quantity < outcomes[0]:
            return 1.0
        # Quantiles may tie; all that lie at the quantity are counted as within it.
        steps = np.arange(len(GRID)) * 1e-12 * (1.0 + outcomes[-1])
        return float(1.0 - np.interp(quantity, outcomes + steps, GRID))

    def outcomes(self, unique_id: str, periods: float) -> FloatArray:
        """Give the quantiles at every probability of `GRID`, units, non-decreasing."""
        at, span = np.array([self._at(unique_id)]), np.array([periods], dtype=float)
        return np.asarray(self._outcomes(at, span)[0])

    def sample(self, unique_id: str, periods: float, draws: int = 200) -> FloatArray:
        """Give `draws` equally likely outcomes (units, ascending): the quantiles at (i + 1/2) / draws."""
        levels = (np.arange(draws) + 0.5) / draws
        return np.asarray(np.interp(levels, GRID, self.outcomes(unique_id, periods)))

    def table(self, periods: Mapping[str, float], probabilities: Sequence[float]) -> pl.DataFrame:
        """Give unique_id, periods, mean and a column q<probability> each, for the articles of `periods`.

        Probabilities become names by their shortest form: 0.95 -> "q0.95".
        """
        ids = list(periods)
        at = np.array([self._at(unique_id) for unique_id in ids], dtype=int)
        spans = np.array([periods[unique_id] for unique_id in ids], dtype=float)
        wanted = read_grid(self._outcomes(at, spans), np.asarray(probabilities, dtype=float))
        columns = {f"q{level:g}": wanted[:, place] for place, level in enumerate(probabilities)}
        return pl.DataFrame({"unique_id": ids, "periods": spans, "mean": self.means(at, spans), **columns})

    def at_levels(self, at: np.ndarray, spans: FloatArray, levels: FloatArray) -> FloatArray:
        """Give rows x levels: the quantiles of the articles at rows `at` over `spans` periods each."""
        return read_grid(self._outcomes(at, spans), levels)

    def means(self, at: np.ndarray, spans: FloatArray) -> FloatArray:
        """Give expected units of the articles at rows `at` over `spans` periods each."""
        known = self.cumulative.shape[1] - 1
        inside = np.minimum(spans, known)
        low = np.minimum(inside.astype(int), known - 1)
        part = inside - low
        mean = self.cumulative[at, low] * (1 - part) + self.cumulative[at, low + 1] * part
        each = self.cumulative[at, known] - self.cumulative[at, known - 1]
        return np.asarray(mean + np.maximum(spans - known, 0.0) * each)

    def _outcomes(self, at: np.ndarray, spans: FloatArray) -> FloatArray:
        means = self.means(at, spans)
        scores = self._scores(at, spans)
        spread = (self.dispersion[at] * np.sqrt(means + FLOOR * np.minimum(spans, 1.0)))[:, None]
        outcomes = np.maximum(means[:, None] + scores * spread, 0.0)
        return np.where(spans[:, None] > 0, np.maximum.accumulate(outcomes, axis=1), 0.0)

    def _scores(self, at: np.ndarray, spans: FloatArray) -> FloatArray:
        """Interpolate the scores between calibrated lengths, in the logarithm of the length."""
        groups = self.groups[at]
        if len(self.lengths) == 1:
            return np.asarray(self.scores[groups, 0])
        places = np.interp(
            np.log(np.maximum(spans, 1e-3)), np.log(self.lengths), np.arange(len(self.lengths))
        )
        low = np.minimum(places.astype(int), len(self.lengths) - 2)
        part = (places - low)[:, None]
        return np.asarray(self.scores[groups, low] * (1 - part) + self.scores[groups, low + 1] * part)


def read_grid(outcomes: FloatArray, levels: FloatArray) -> FloatArray:
    """Read rows of quantiles (rows x len(GRID)) at other probabilities, linearly."""
    right = np.clip(np.searchsorted(GRID, levels), 1, len(GRID) - 1)
    part = np.clip((levels - GRID[right - 1]) / (GRID[right] - GRID[right - 1]), 0.0, 1.0)
    return np.asarray(outcomes[:, right - 1] * (1 - part) + outcomes[:, right] * part)
