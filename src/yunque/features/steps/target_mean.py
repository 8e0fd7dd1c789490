"""The smoothed mean of the answers per level of a category (target encoding), for columns of many levels.

The rows it is learnt from get it from the other inner parts only: a row that was told its own answer would
teach the model to believe the column more than new rows deserve. Micci-Barreca, SIGKDD Explorations 2001.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from yunque.data.schema import Kind
from yunque.features.learnt import Learnt
from yunque.features.recipe import Operation, Output
from yunque.features.step import Answers, FitColumns, RowScope, RowSource, Step, single

FloatArray = npt.NDArray[np.float64]
MIN_LEVELS = 10  # fewer are learnt well enough as codes
MOST_NUMBERS = 10_000  # of levels times outputs
MOST_CLASSES = 8  # the most frequent ones; the others' shares follow
SMOOTHING = 10.0  # rows that the mean of all counts for
_LEAST = 2  # rows of a level
_LARGEST = 1e300


def _fit(training: FitColumns) -> Mapping[str, Any] | None:
    _, series = single(training)
    answers = training.answers
    if answers is None or series.drop_nulls().n_unique() < MIN_LEVELS:
        return None
    told = _told(answers)
    levels = _levels(series, MOST_NUMBERS // told.shape[1])
    if not levels:
        return None
    codes = _codes(series, levels)
    overall = told.mean(axis=0)
    means = _means(codes, told, len(levels) + 1, overall)
    if not np.isfinite(means).all() or np.abs(means).max() > _LARGEST:
        return None
    return {
        "levels": levels,
        "classes": list(_classes(answers)),
        "means": means[1:].ravel().tolist(),
        "missing": means[0].tolist(),
        "unseen": overall.tolist(),
    }


def _classes(answers: Answers) -> tuple[int, ...]:
    """Give the classes whose shares are shown: none for values, the second of two, else the most frequent."""
    if answers.classes == 0:
        return ()
    if answers.classes == 2:
        return (1,)
    counts = np.bincount(answers.y, minlength=answers.classes)
    return tuple(sorted(np.lexsort((np.arange(answers.classes), -counts))[:MOST_CLASSES].tolist()))


def _told(answers: Answers) -> FloatArray:
    """Give the numbers whose means are taken, (n, outputs)."""
    classes = _classes(answers)
    if not classes:
        return answers.y.astype(np.float64)[:, None]
    return np.stack([answers.y == each for each in classes], axis=1).astype(np.float64)


def _levels(series: pl.Series, most: int) -> list[str]:
    """Give the levels that stand in two rows at least, the most frequent first."""
    counted = (
        pl.DataFrame({"level": series.drop_nulls()})
        .group_by("level")
        .agg(pl.len().alias("count"))
        .filter(pl.col("count") >= _LEAST)
        .sort(["count", "level"], descending=[True, False])
        .head(most)
    )
    return counted["level"].to_list()


def _codes(series: pl.Series, levels: list[str]) -> npt.NDArray[np.int64]:
    """Give 1 … for the levels, 0 for missing, -1 for others."""
    known: list[str | None] = [*levels, None]
    places = [*range(1, len(levels) + 1), 0]
    found = series.replace_strict(known, places, default=-1, return_dtype=pl.Int64)
    return found.to_numpy().astype(np.int64)


def _means(codes: npt.NDArray[np.int64], told: FloatArray, size: int, overall: FloatArray) -> FloatArray:
    """Give the smoothed means per code, (size, outputs)."""
    known = codes >= 0
    counts = np.bincount(codes[known], minlength=size)[:, None]
    sums = np.stack(
        [np.bincount(codes[known], weights=column[known], minlength=size) for column in told.T], axis=1
    )
    return np.asarray((sums + SMOOTHING * overall) / (counts + SMOOTHING))


def _own_rows(training: FitColumns, learnt: Mapping[str, Any]) -> FloatArray:
    """Give each training row the means of the rows that it may be told about."""
    _, series = single(training)
    answers = training.answers
    if answers is None:
        raise ValueError("target means need the answers of the rows")
    told, levels = _told(answers), learnt["levels"]
    codes, overall = _codes(series, levels), np.array(learnt["unseen"])
    out = np.empty_like(told)
    for own, others in answers.tellers():
        means = _means(codes[others], told[others], len(levels) + 1, overall)
        out[own] = np.where(codes[own, None] >= 0, means[codes[own]], overall)
    return out


def _outputs(columns: tuple[str, ...], learnt: Mapping[str, Any]) -> tuple[Output, ...]:
    read = Learnt("target_mean", learnt)
    levels = read.levels("levels", most=MOST_NUMBERS)
    classes = read.places("classes", most=MOST_CLASSES)
    width = max(1, len(classes))
    for key, count in (("means", len(levels) * width), ("missing", width), ("unseen", width)):
        read.numbers(key, count=count, low=-_LARGEST, high=_LARGEST)
    read.close()
    ends = [f"[{each}]" for each in classes] if len(classes) > 1 else [""]
    return tuple(Output(name=f"{columns[0]}.target_mean{end}", sources=columns) for end in ends)


def _table(learnt: Mapping[str, Any]) -> list[list[float]]:
    """Give the means per output, in the order of the levels."""
    width = len(learnt["unseen"])
    return [learnt["means"][i::width] for i in range(width)]


def _expressions(operation: Operation, columns: tuple[pl.Expr, ...]) -> list[pl.Expr]:
    learnt = operation.learnt
    known = [*learnt["levels"], None]
    return [
        columns[0].replace_strict(known, [*means, missing], default=unseen, return_dtype=pl.Float64)
        for means, missing, unseen in zip(_table(learnt), learnt["missing"], learnt["unseen"], strict=True)
    ]


def _row_source(operation: Operation, scope: RowScope) -> RowSource:
    learnt = operation.learnt
    cells: dict[str | None, tuple[float, ...]] = {None: tuple(learnt["missing"])}
    cells.update(zip(learnt["levels"], zip(*_table(learnt), strict=True), strict=True))
    lookup, unseen = scope.constant(cells.get), scope.constant(tuple(learnt["unseen"]))
    return RowSource(cells=(f"*{lookup}({scope.value(operation.columns[0])}, {unseen})",))


def _formula(columns: tuple[str, ...], learnt: Mapping[str, Any]) -> tuple[str, ...]:
    lines = [f"mean answer of the training rows with this {columns[0]}"]
    if learnt["classes"]:
        lines = [
            f"share of class {each} among the training rows with this {columns[0]}"
            for each in learnt["classes"]
        ]
    return tuple(f"{line}, drawn to that of all rows as by {SMOOTHING:.0f} rows" for line in lines)


STEP = Step(
    name="target_mean",
    kinds=frozenset({Kind.CATEGORY}),
    fit=_fit,
    outputs=_outputs,
    expressions=_expressions,
    row_source=_row_source,
    own_rows=_own_rows,
    formula=_formula,
)
