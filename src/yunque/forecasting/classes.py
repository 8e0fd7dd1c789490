"""Which kind of demand an article has, because the kind decides which models may speak.

Cuts at an average demand interval of 1.32 and a squared coefficient of variation of 0.49: Syntetos, Boylan
and Croston, On the categorization of demand patterns, JORS 56 (2005).
"""

from dataclasses import dataclass

import numpy as np

from yunque.forecasting.panel import BoolArray, FloatArray

INTERVAL_CUT, VARIATION_CUT = 1.32, 0.49
NEW_PERIODS, SHORT_PERIODS = 4, 10
ENDED_INTERVALS, ENDED_PERIODS = 3.0, 6


@dataclass(frozen=True, kw_only=True)
class Histories:
    """What the classes are drawn from, per article.

    Attributes:
        periods: known periods since the first sale.
        sold: how many of them had a sale.
        silent: known periods since the last sale; what could not sell is not silence.
        interval: periods per sale (average demand interval); infinite without a sale.
        variation: squared coefficient of variation of the sizes of sales.
        level: mean units per known period, of the last twelve sold or not.
    """

    periods: np.ndarray
    sold: np.ndarray
    silent: np.ndarray
    interval: FloatArray
    variation: FloatArray
    level: FloatArray


def describe(values: FloatArray, known: BoolArray) -> Histories:
    """Describe histories (articles x periods, NaN before the first sale)."""
    here = known & ~np.isnan(values)
    filled = np.where(here, values, 0.0)
    sold = (filled > 0).sum(axis=1)
    periods = here.sum(axis=1)
    silent = _silence(filled > 0, here)
    safe = np.maximum(sold, 1)
    mean = filled.sum(axis=1) / safe
    spread = (np.where(filled > 0, filled, mean[:, None]) - mean[:, None]) ** 2
    variation = spread.sum(axis=1) / safe / np.maximum(mean, 1e-12) ** 2
    recent, there = filled[:, -12:], here[:, -12:]
    usual = np.nan_to_num(values[:, -12:]).mean(axis=1)  # what an unknown period took, where nothing is known
    level = np.where(there.any(axis=1), recent.sum(axis=1) / np.maximum(there.sum(axis=1), 1), usual)
    interval = np.where(sold > 0, periods / safe, np.inf)
    return Histories(
        periods=periods, sold=sold, silent=silent, interval=interval, variation=variation, level=level
    )


def _silence(sold: BoolArray, known: BoolArray) -> np.ndarray:
    """Count the known periods after the last sale; all of them without one."""
    last = np.argmax(sold[:, ::-1], axis=1)
    known_back = np.cumsum(known[:, ::-1], axis=1)
    after = known_back[np.arange(len(sold)), last] - 1
    return np.where(sold.any(axis=1), after, known_back[:, -1])


def classify(histories: Histories) -> np.ndarray:
    """Give each article's demand class as text."""
    frequent, steady = histories.interval < INTERVAL_CUT, histories.variation < VARIATION_CUT
    kind = np.where(
        frequent, np.where(steady, "smooth", "erratic"), np.where(steady, "intermittent", "lumpy")
    ).astype("<U12")
    kind[histories.periods < SHORT_PERIODS] = "short"
    kind[histories.periods < NEW_PERIODS] = "new"
    # The usual pause is measured until the last sale, lest the silence itself lengthens it.
    pause = (histories.periods - histories.silent) / np.maximum(histories.sold, 1)
    long_silent = histories.silent > np.maximum(ENDED_INTERVALS * np.maximum(pause, 1.0), ENDED_PERIODS)
    kind[(histories.sold > 0) & long_silent] = "ended"
    kind[histories.sold == 0] = "new"
    return kind
