"""Champion against challenger on the same outcomes: who is better, and is that more than luck."""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from yunque.kernel.form import FloatArray
from yunque.learning.answers import answer_positions
from yunque.learning.leaderboard import Decision
from yunque.learning.metrics import Metric, loss_of
from yunque.learning.task import Task

SAMPLES = 1_000
COSTLY_SAMPLES = 300  # of metrics that are no mean over rows
MOST_ROWS = 20_000
FEWEST_ROWS = 100
LEVEL = 0.95
Winner = Literal["challenger", "champion", "undecided"]


@dataclass(frozen=True, kw_only=True)
class Side:
    """One side: how it decides, and its outputs for the rows, (n, n_outputs)."""

    decision: Decision
    outputs: FloatArray


@dataclass(frozen=True, kw_only=True)
class Duel:
    """How two versions did on the same rows.

    Attributes:
        rows: with a known outcome.
        metric: by which they are judged.
        champion, challenger: losses, lower is better.
        gain: what the challenger saves; low, high: between these it lies 95 times of 100.
        winner: the challenger where even `low` is above 0; nobody with fewer than 100 rows.
    """

    rows: int
    metric: str
    champion: float
    challenger: float
    gain: float
    low: float
    high: float
    winner: Winner


def compare_pair(
    metric: Metric, task: Task, y: npt.NDArray[Any], sides: tuple[Side, Side], seed: int = 7
) -> Duel:
    """Compare champion and challenger by a paired bootstrap: each sample draws rows, both are judged on them.

    Efron and Tibshirani, An Introduction to the Bootstrap (1993), chapter 16; percentiles of the difference.

    Args:
        metric: what judges.
        task: of both.
        y: (n,) class positions as int64, or values.
        sides: the champion's, the challenger's.
        seed: of the samples.
    """
    shown = [_shown(metric, task, side) for side in sides]
    random = np.random.default_rng(seed)
    if len(y) > MOST_ROWS:
        kept = np.sort(random.choice(len(y), size=MOST_ROWS, replace=False))
        y, shown = y[kept], [each[kept] for each in shown]
    losses = [loss_of(metric, task, y, each) for each in shown]
    gains = _gains(metric, task, y, shown, random)
    low, high = np.quantile(gains, [(1 - LEVEL) / 2, (1 + LEVEL) / 2]) if gains.size else (np.nan, np.nan)
    return Duel(
        rows=len(y),
        metric=metric.name,
        champion=float(losses[0]),
        challenger=float(losses[1]),
        gain=float(losses[0] - losses[1]),
        low=float(low),
        high=float(high),
        winner=_winner(len(y), float(low), float(high)),
    )


def _winner(rows: int, low: float, high: float) -> Winner:
    if rows >= FEWEST_ROWS and low > 0:
        return "challenger"
    return "champion" if rows >= FEWEST_ROWS and high < 0 else "undecided"


def _shown(metric: Metric, task: Task, side: Side) -> FloatArray:
    """Give what a metric looks at: outputs, or the classes that were answered."""
    if metric.needs == "labels":
        return np.eye(task.n_outputs)[answer_positions(side.decision, side.outputs)]
    return side.outputs


def _gains(
    metric: Metric, task: Task, y: npt.NDArray[Any], shown: list[FloatArray], random: np.random.Generator
) -> FloatArray:
    n = len(y)
    if n < 2:
        return np.empty(0)
    if metric.row_losses is not None:
        difference = metric.row_losses(y, shown[0]) - metric.row_losses(y, shown[1])
        means = [difference[random.integers(0, n, n)].mean() for _ in range(SAMPLES)]
        return np.array(means)
    found = []
    for _ in range(COSTLY_SAMPLES):
        drawn = random.integers(0, n, n)
        pair = [loss_of(metric, task, y[drawn], each[drawn]) for each in shown]
        found.append(pair[0] - pair[1])
    return np.array(found)[np.isfinite(found)]
