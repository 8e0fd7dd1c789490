"""How well a model does now that the truth is known: metrics and calibration, window after window."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from yunque.kernel.form import FloatArray
from yunque.learning.answers import answer_positions
from yunque.learning.leaderboard import Decision
from yunque.learning.metrics import evaluate_all, loss_error, loss_of, metric
from yunque.learning.task import Task

TENTHS = 10
SURE = 2.0
SEED = 7
FEWEST_ROWS = 30


@dataclass(frozen=True, kw_only=True, eq=False)
class Known:
    """Answers whose truth is known.

    Attributes:
        at: moment of each, or None where rows have none.
        y: (n,) class positions, or values.
        outputs: (n, n_outputs) calibrated.
    """

    at: pl.Series | None
    y: npt.NDArray[Any]
    outputs: FloatArray


@dataclass(frozen=True, kw_only=True)
class Window:
    """One stretch of time; `begin` is None for all rows together.

    Attributes:
        rows: with a known truth.
        metrics: every metric of the task by name.
        loss, error: of the deciding metric, with its standard error.
        has_fallen: worse than in training by more than two standard errors of both, 30 rows at least.
    """

    begin: datetime | None
    rows: int
    metrics: dict[str, float]
    loss: float
    error: float
    has_fallen: bool


@dataclass(frozen=True, kw_only=True)
class Tenth:
    """Rows of about one probability: how often it came true. Of the second class, or of the answer."""

    predicted: float
    observed: float
    rows: int


@dataclass(frozen=True, kw_only=True)
class Before:
    """What was measured in training: the deciding metric as a loss, its standard error, and all metrics."""

    metric: str
    loss: float | None
    error: float | None
    metrics: dict[str, float | None]


def live_windows(
    task: Task, decision: Decision, known: Known, before: Before, every: str = "1d"
) -> tuple[Window, ...]:
    """Give all rows together, then each window of time that has rows, oldest first.

    Args:
        task, decision: of the model.
        known: answers and truths.
        before: what was measured in training.
        every: length of a window as polars writes it: "1d", "1w", "1mo".
    """
    whole = _window(task, decision, known, before, None)
    if known.at is None or not len(known.at):
        return (whole,)
    begins = known.at.dt.truncate(every)
    parts = []
    for begin in begins.unique().sort().to_list():
        rows = np.flatnonzero((begins == begin).to_numpy())
        part = Known(at=None, y=known.y[rows], outputs=known.outputs[rows])
        parts.append(_window(task, decision, part, before, begin))
    return (whole, *parts)


def _window(task: Task, decision: Decision, known: Known, before: Before, begin: datetime | None) -> Window:
    judge = metric(before.metric, task.kind)
    answers = answer_positions(decision, known.outputs) if task.is_classification else None
    metrics = evaluate_all(task, known.y, known.outputs, answers=answers)
    shown = known.outputs
    if judge.needs == "labels" and answers is not None:
        shown = np.eye(task.n_outputs)[answers]
    loss = loss_of(judge, task, known.y, shown)
    error = loss_error(judge, task, known.y, shown, SEED)
    bound = SURE * float(np.hypot(error, before.error or 0.0))
    fallen = before.loss is not None and len(known.y) >= FEWEST_ROWS and loss - before.loss > bound
    return Window(
        begin=begin, rows=len(known.y), metrics=metrics, loss=loss, error=error, has_fallen=bool(fallen)
    )


def calibration_now(task: Task, decision: Decision, known: Known) -> tuple[Tenth, ...]:
    """Compare probabilities with what came true, in ten parts of equally many rows; () for numbers."""
    if not task.is_classification or not len(known.y):
        return ()
    if len(task.classes) == 2:
        p, hit = known.outputs[:, 1], known.y == 1
    else:
        answers = answer_positions(decision, known.outputs)
        p = np.take_along_axis(known.outputs, answers[:, None], axis=1)[:, 0]
        hit = answers == known.y
    parts = np.array_split(np.argsort(p, kind="stable"), min(TENTHS, len(p)))
    return tuple(
        Tenth(predicted=float(p[rows].mean()), observed=float(hit[rows].mean()), rows=len(rows))
        for rows in parts
    )
