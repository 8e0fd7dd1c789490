"""Intervals and sets of classes that hold the truth as often as they say, from out-of-fold rows.

Intervals: split conformal with signed residuals, each tail with its own quantile (Romano, Patterson, Candès:
Conformalized quantile regression, NeurIPS 2019, section 2). Sets: a class is in from one probability on
(Sadinle, Lei, Wasserman: Least ambiguous set-valued classifiers with bounded error levels, JASA 2019),
because of all sets of a coverage these are the smallest on average where the probabilities are right, and
because one number serves them in one comparison a class. The adaptive sets of Romano, Sesia, Candès
(NeurIPS 2020) and their regularised form (Angelopoulos et al., ICLR 2021) are larger, and exact only when
they are drawn at random, which would give one row two answers. Here the most probable class is always in,
which can only add coverage.

The quantiles come from rows that the model of their fold had not seen, and serve the blend of all folds or a
model of all rows, which is a little better than each of them: cross-conformal prediction (Vovk 2015). That is
why the coverage is measured as well, and told.
"""

import math
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from yunque.kernel.form import FloatArray
from yunque.learning.leaderboard import Decision

IntArray = npt.NDArray[np.int64]
FEWEST_ROWS = 20  # per part, for a coverage measured between parts


def interval(residuals: FloatArray, level: float) -> tuple[float, float]:
    """Give what to add to a value so that the interval holds the truth with probability `level` or more.

    With the finite-sample correction; with very few rows the extremes are used.
    """
    n = len(residuals)
    ordered = np.sort(residuals)
    rank = math.ceil((n + 1) * (1 - (1 - level) / 2) - 1e-9)
    return float(ordered[max(n - rank, 0)]), float(ordered[min(rank, n) - 1])


def set_threshold(y: IntArray, probabilities: FloatArray, level: float) -> float:
    """Give the probability from which a class is in, so that sets hold the truth with `level` or more.

    Args:
        y: (n,) class positions; n may be 0.
        probabilities: (n, C) of rows exchangeable with those to be answered.
        level: above 0 and below 1.

    Returns:
        The threshold; 0, and so every class, when the rows are too few for the level.
    """
    n = len(y)
    rank = math.ceil((n + 1) * level - 1e-9)  # of the conformity scores, the largest first
    if rank > n:
        return 0.0
    own = np.sort(probabilities[np.arange(n), y])
    return float(own[n - rank])


def sets(probabilities: FloatArray, threshold: float) -> npt.NDArray[np.bool_]:
    """Tell which classes are in the set of each row, (n, C); never none."""
    inside = probabilities >= threshold
    inside[np.arange(len(inside)), probabilities.argmax(axis=1)] = True
    return inside


def promised(decision: Decision, y: npt.NDArray[Any], predictions: FloatArray, level: float) -> Decision:
    """Add the interval of values (n, 1), or the threshold of sets of classes (n, C), of these rows."""
    if predictions.shape[1] == 1:
        low, high = interval(y - predictions[:, 0], level)
        return replace(decision, interval_level=level, interval_low=low, interval_high=high)
    return replace(decision, set_level=level, set_threshold=set_threshold(y, predictions, level))


def held(decision: Decision, y: npt.NDArray[Any], predictions: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Tell of each row whether interval or set holds the truth (0 or 1), and how large it is: (n,) each."""
    if decision.interval_low is not None and decision.interval_high is not None:
        value = predictions[:, 0]
        low, high = value + decision.interval_low, value + decision.interval_high
        return ((y >= low) & (y <= high)).astype(np.float64), high - low
    if decision.set_threshold is None:
        return np.full(len(y), np.nan), np.full(len(y), np.nan)
    inside = sets(predictions, decision.set_threshold)
    return inside[np.arange(len(y)), y].astype(np.float64), inside.sum(axis=1).astype(np.float64)


def measured(decision: Decision, y: npt.NDArray[Any], predictions: FloatArray) -> Decision:
    """Add the coverage, and the mean size of sets, on rows that nothing was learnt from."""
    return _told(decision, *held(decision, y, predictions))


def measured_across(
    decision: Decision, y: npt.NDArray[Any], predictions: FloatArray, parts: IntArray
) -> Decision:
    """Add the coverage, and the mean size of sets, of each part by what the rows of the others lead to.

    Args:
        decision: with the level that was promised; nothing is added with one part, or parts of few rows.
        y: (n,) answers.
        predictions: (n, n_outputs) out of fold.
        parts: (n,) the fold that judged each row.
    """
    level = decision.interval_level or decision.set_level
    numbers, sizes = np.unique(parts, return_counts=True)
    if level is None or len(numbers) < 2 or sizes.min() < FEWEST_ROWS:
        return decision
    hits, extents = np.empty(len(y)), np.empty(len(y))
    for number in numbers:
        mine = parts == number
        learnt = promised(decision, y[~mine], predictions[~mine], level)
        hits[mine], extents[mine] = held(learnt, y[mine], predictions[mine])
    return _told(decision, hits, extents)


def _told(decision: Decision, hits: FloatArray, extents: FloatArray) -> Decision:
    if not len(hits) or not np.isfinite(hits).all():
        return decision
    if decision.set_threshold is None:
        return replace(decision, interval_coverage=float(hits.mean()))
    return replace(decision, set_coverage=float(hits.mean()), set_size=float(extents.mean()))
