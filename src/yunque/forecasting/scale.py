"""How much an article's demand jumps about, in units of the root of its level.

Demand that is counted has a variance near its mean, so residuals are divided by the root of the forecast;
what an article jumps beyond that is its dispersion. It is measured on its own history and shrunk towards that
of all, because short histories measure it badly.
"""

import numpy as np

from yunque.forecasting.panel import BoolArray, FloatArray

FLOOR = 1.0
"""Units under the root: a forecast of zero still has the spread of one unit."""

PRIOR_PERIODS = 8.0
MEMORY = 36
POWER = 0.75
"""Residuals grow with this power of it: what was measured as very jumpy returns towards the rest."""


def dispersion(values: FloatArray, known: BoolArray, level: FloatArray, season: int) -> FloatArray:
    """Give each article's spread of one period divided by the root of (level + FLOOR).

    Args:
        values: articles x periods, NaN before the first sale.
        known: articles x periods.
        level: mean units per period, recent.
        season: periods in a season; where two are known, differences from a season before may be the smaller.
    """
    recent = np.where(known, values, np.nan)
    variance, count = _differences(recent[:, -MEMORY - 1 :], 1)
    if recent.shape[1] >= 2 * season and season > 1:
        seasonal, seasons = _differences(recent[:, -max(MEMORY, 2 * season) - season :], season)
        better = (seasons >= season) & (seasonal < variance)
        variance, count = np.where(better, seasonal, variance), np.where(better, seasons, count)
    excess = variance / (level + FLOOR)
    usual = float(np.median(excess[count >= 3])) if (count >= 3).any() else 1.0
    shrunk = (count * excess + PRIOR_PERIODS * usual) / (count + PRIOR_PERIODS)
    return np.sqrt(np.maximum(shrunk, 0.01 * max(usual, 0.01)))


def deviation(values: FloatArray, known: BoolArray) -> FloatArray:
    """Give each article's mean absolute deviation over the root of (mean + FLOOR), to the power `POWER`.

    It is what residuals of sums are measured in (`calibration`). Squares would let one great order of the
    past set the width of every later interval.

    Args:
        values: articles x periods, NaN before the first sale.
        known: articles x periods.
    """
    recent = np.where(known, values, np.nan)[:, -MEMORY:]
    there = ~np.isnan(recent)
    count = there.sum(axis=1).astype(float)
    filled = np.where(there, recent, 0.0)
    mean = filled.sum(axis=1) / np.maximum(count, 1.0)
    away = np.where(there, np.abs(filled - mean[:, None]), 0.0).sum(axis=1) / np.maximum(count, 1.0)
    excess = away / np.sqrt(mean + FLOOR)
    usual = float(np.median(excess[count >= 3])) if (count >= 3).any() else 1.0
    shrunk = (count * excess + PRIOR_PERIODS * usual) / (count + PRIOR_PERIODS)
    return np.asarray(np.maximum(shrunk, 0.01) ** POWER)


def _differences(values: FloatArray, lag: int) -> tuple[FloatArray, FloatArray]:
    """Give half the mean squared difference at a lag, and how many there were."""
    if values.shape[1] <= lag:
        return np.zeros(len(values)), np.zeros(len(values))
    squares = (values[:, lag:] - values[:, :-lag]) ** 2 / 2.0
    there = ~np.isnan(squares)
    count = there.sum(axis=1).astype(float)
    mean = np.where(there, squares, 0.0).sum(axis=1) / np.maximum(count, 1.0)
    return mean, count
