"""From probabilities to an answer, and from a value to an interval, learnt on out-of-fold rows."""

from typing import Any

import numpy as np
import numpy.typing as npt

from yunque.kernel.form import FloatArray
from yunque.learning.leaderboard import Decision
from yunque.learning.metrics import loss_of, metric, predicted_positions
from yunque.learning.task import Task, TaskKind

INTERVAL_LEVEL = 0.9
EVEN = 0.5
MOST_THRESHOLDS = 200
MOST_ROWS = 20_000
BOOTSTRAPS = 50


def answered(task: Task, predictions: FloatArray, threshold: float | None) -> FloatArray:
    """Give what the deciding metric should look at: the answers, as 0 and 1, when it judges answers."""
    if task.is_classification and metric(task.metric, task.kind).needs == "labels":
        return np.eye(task.n_outputs)[predicted_positions(predictions, threshold)]
    return predictions


def decide(
    task: Task, y: npt.NDArray[Any], predictions: FloatArray, weight: FloatArray | None, seed: int
) -> Decision:
    """Learn the threshold of a binary task, or the interval of a regression.

    Args:
        task: the question.
        y: (n,) class positions or values.
        predictions: (n, C) calibrated probabilities or (n, 1) values, out of fold.
        weight: (n,) weights of rows, or None.
        seed: seeds the bootstrap.
    """
    if task.kind is TaskKind.BINARY:
        return Decision(threshold=threshold(task, y, predictions, weight, seed))
    if task.kind is TaskKind.REGRESSION:
        low, high = interval(y - predictions[:, 0], INTERVAL_LEVEL)
        return Decision(interval_level=INTERVAL_LEVEL, interval_low=low, interval_high=high)
    return Decision()


def threshold(
    task: Task, y: npt.NDArray[Any], predictions: FloatArray, weight: FloatArray | None, seed: int
) -> float:
    """Give the probability from which the positive class is answered.

    It is 0.5, which is right for calibrated probabilities and equal costs, unless the deciding metric judges
    answers and another one is better by more than one standard error of the difference (bootstrap). Among
    thresholds that are as good as the best within a quarter of that error, the nearest to 0.5 is taken.
    """
    found = metric(task.metric, task.kind)
    if found.needs != "labels" or len(np.unique(y)) < 2:
        return EVEN
    rng = np.random.default_rng(seed)
    rows = np.arange(len(y))
    if len(y) > MOST_ROWS:
        rows = np.sort(rng.choice(rows, MOST_ROWS, replace=False))

    def loss(at: float, chosen: npt.NDArray[Any]) -> float:
        answers = np.eye(2)[predicted_positions(predictions[chosen], at)]
        value = loss_of(found, task, y[chosen], answers, None if weight is None else weight[chosen])
        return value if np.isfinite(value) else float("inf")

    candidates = _candidates(predictions[rows, 1])
    losses = np.array([loss(at, rows) for at in candidates])
    best = float(candidates[int(np.argmin(losses))])
    gains = np.empty(BOOTSTRAPS)
    for number in range(BOOTSTRAPS):
        drawn = rng.choice(rows, len(rows))
        gains[number] = loss(EVEN, drawn) - loss(best, drawn)
    error = float(gains.std(ddof=1))
    if not loss(EVEN, rows) - losses.min() > error:
        return EVEN
    good = candidates[losses <= losses.min() + 0.25 * error]
    return float(good[np.argmin(np.abs(good - EVEN))])


def _candidates(scores: FloatArray) -> FloatArray:
    """Give thresholds half-way between neighbouring scores, evenly over the rows."""
    distinct = np.unique(scores)
    middles = (distinct[1:] + distinct[:-1]) / 2 if len(distinct) > 1 else np.array([EVEN])
    if len(middles) > MOST_THRESHOLDS:
        ranks = np.linspace(0, len(scores) - 1, MOST_THRESHOLDS + 2)[1:-1].round().astype(int)
        middles = np.unique(np.sort(scores)[ranks])
    return np.asarray(middles, dtype=np.float64)


def interval(residuals: FloatArray, level: float) -> tuple[float, float]:
    """Give what to add to a value so that the interval holds the truth with probability `level` or more.

    Split conformal prediction with signed residuals, each tail with its own quantile and the finite-sample
    correction (Romano, Patterson, Candès 2019, section 2); with very few rows the extremes are used.
    """
    n = len(residuals)
    ordered = np.sort(residuals)
    tail = (1 - level) / 2
    rank = int(np.ceil((n + 1) * (1 - tail)))
    high = ordered[min(rank, n) - 1]
    low = ordered[max(n - rank, 0)]
    return float(low), float(high)


def coverage(y: npt.NDArray[Any], predictions: FloatArray, decision: Decision) -> float | None:
    """Give the share of rows whose interval holds the truth; None in classification."""
    if decision.interval_low is None or decision.interval_high is None:
        return None
    value = predictions[:, 0]
    inside = (y >= value + decision.interval_low) & (y <= value + decision.interval_high)
    return float(inside.mean())
