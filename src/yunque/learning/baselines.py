"""What a model must beat: the best constant, and the best single column."""

from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from yunque.data.bins import bin_codes, bin_column
from yunque.data.schema import Schema
from yunque.data.single_column import Goal, Shape, column_means, merge, strength
from yunque.learning.leaderboard import Baseline
from yunque.learning.metrics import Metric, evaluate_all, loss_error, loss_of, metric
from yunque.learning.task import Task

CHOICE_ROWS = 50_000
CHOICE_FOLDS = 5
MOST_CELLS = 2_000_000
QUANTILES = 20
LEAST_SKILL = 1e-4
OF_THE_MEDIAN = frozenset({"mae", "mape", "wape", "smape", "median_absolute_error"})

Target = npt.NDArray[Any]
FloatArray = npt.NDArray[np.float64]


def baselines(  # noqa: PLR0913 - two tables with their targets, as the split gives them
    task: Task,
    schema: Schema,
    frame_train: pl.DataFrame,
    y_train: Target,
    frame_held: pl.DataFrame,
    y_held: Target,
    *,
    seed: int,
) -> tuple[Baseline, Baseline]:
    """Fit the constant and the best single column on training rows, and judge both on held-out rows.

    The constant gives the class shares, or the value that is best by the task's metric (the mean for squared
    errors, the median for absolute ones). A single column predicts the smoothed mean of its bin: one of at
    most 64 quantiles, or a level. Which column and how fine its bins are is chosen by cross-validation on at
    most 50,000 training rows; the held-out rows play no part in it.

    Args:
        task: the question.
        schema: names the feature columns.
        frame_train, y_train: typed rows to learn from, with class positions or values.
        frame_held, y_held: typed rows to be judged on.
        seed: seeds the rows and folds of the choice.

    Returns:
        The constant, then the best single column. When no column helps on the training rows, the second
        repeats the constant and its `column` is None.
    """
    by = metric(task.metric, task.kind)
    constant = _constant(task, by, y_train, seed)
    alike = np.tile(constant, (len(y_held), 1))
    judged = _judge(task, by, y_held, alike, seed)
    column, predictions = _best_column(task, schema, frame_train, y_train, frame_held, seed)
    alone = judged if column is None else _judge(task, by, y_held, predictions, seed)
    return (
        Baseline(name="constant", column=None, **judged),
        Baseline(name="single_column", column=column, **alone),
    )


def _judge(task: Task, by: Metric, y: Target, predictions: FloatArray, seed: int) -> dict[str, Any]:
    return {
        "loss": loss_of(by, task, y, predictions),
        "loss_error": loss_error(by, task, y, predictions, seed),
        "metrics": evaluate_all(task, y, predictions),
    }


def _constant(task: Task, by: Metric, y: Target, seed: int) -> FloatArray:
    """Give the constant prediction that is best by the metric on (at most 50,000 of) the training rows."""
    candidates = _shares(task, by, y) if task.is_classification else _middles(y)
    sample = y[_some_rows(len(y), seed)]
    losses = [loss_of(by, task, sample, np.tile(each, (len(sample), 1))) for each in candidates]
    known = [place for place in range(len(losses)) if np.isfinite(losses[place])]
    return candidates[min(known, key=losses.__getitem__, default=0)]


def _shares(task: Task, by: Metric, y: Target) -> list[FloatArray]:
    """Give the class shares; where only the answer counts, also shares that answer another class."""
    shares = np.bincount(y, minlength=task.n_outputs) / max(1, len(y))
    if by.needs != "labels":
        return [shares]
    return [shares, *((shares + each) / 2.0 for each in np.eye(task.n_outputs))]


def _middles(y: Target) -> list[FloatArray]:
    """Give the mean, the median, 19 more quantiles, and the median that weighs rows by 1 / |y| (for MAPE)."""
    sorted_y = np.sort(y)
    weight = np.cumsum(np.divide(1.0, np.abs(sorted_y), out=np.zeros(len(y)), where=sorted_y != 0))
    by_share = sorted_y[min(len(y) - 1, int(np.searchsorted(weight, weight[-1] / 2.0)))]
    quantiles = np.quantile(sorted_y, np.arange(1, QUANTILES) / QUANTILES)
    return [np.array([each]) for each in (y.mean(), by_share, *quantiles)]


def _best_column(
    task: Task, schema: Schema, frame_train: pl.DataFrame, y: Target, frame_held: pl.DataFrame, seed: int
) -> tuple[str | None, FloatArray]:
    rows = _some_rows(len(y), seed)
    goal = _goal(task, y[rows], seed)
    sample = frame_train[rows]
    best: tuple[float, str, Shape] | None = None
    for column in schema.features:
        series = sample.get_column(column.name)
        bins = bin_column(series, most_levels=_most_levels(task, CHOICE_FOLDS))
        found = strength(bins, bin_codes(bins, series), goal)
        if found.skill > LEAST_SKILL and (best is None or found.loss < best[0]):
            best = (found.loss, column.name, found.shape)
    if best is None:
        return None, np.zeros((frame_held.height, task.n_outputs))
    _, name, shape = best
    return name, _predict(task, frame_train.get_column(name), y, frame_held.get_column(name), shape)


def _predict(task: Task, train: pl.Series, y: Target, held: pl.Series, shape: Shape) -> FloatArray:
    """Fit the chosen column on all training rows, and predict the held-out ones."""
    bins = bin_column(train, most_levels=_most_levels(task, 1))
    into = merge(bins, shape)
    codes, held_codes = into[bin_codes(bins, train)], into[bin_codes(bins, held)]
    if task.metric in OF_THE_MEDIAN:
        return _medians(codes, y, int(into.max()) + 1)[held_codes][:, None]
    return column_means(
        codes, y, int(into.max()) + 1, task.n_outputs if task.is_classification else 0, shape
    )[held_codes]


def _medians(codes: npt.NDArray[np.int64], y: Target, n_bins: int) -> FloatArray:
    """Give the median of each bin; bins of fewer than five rows take the overall one."""
    table = (
        pl.DataFrame({"bin": codes, "y": y}).group_by("bin").agg(pl.col("y").median(), pl.len().alias("rows"))
    )
    found = np.full(n_bins, float(np.median(y)))
    several = table.filter(pl.col("rows") >= 5)
    found[several.get_column("bin").to_numpy()] = several.get_column("y").to_numpy()
    return found


def _goal(task: Task, y: Target, seed: int) -> Goal:
    """Give the goal of the choice: classes, values, or ranks where the metric asks for medians."""
    fold = np.random.default_rng(seed + 1).permutation(np.arange(len(y)) % CHOICE_FOLDS)
    if task.is_classification:
        return Goal(y=y, n_classes=task.n_outputs, fold=fold, n_folds=CHOICE_FOLDS)
    if task.metric in OF_THE_MEDIAN:
        y = pl.Series(y).rank("average").to_numpy()
    return Goal(y=y - y.mean(), n_classes=0, fold=fold, n_folds=CHOICE_FOLDS)


def _most_levels(task: Task, folds: int) -> int:
    return max(2, min(100_000, MOST_CELLS // (task.n_outputs * folds)))


def _some_rows(n: int, seed: int) -> npt.NDArray[np.int64]:
    if n <= CHOICE_ROWS:
        return np.arange(n)
    return np.sort(np.random.default_rng(seed).choice(n, CHOICE_ROWS, replace=False))
