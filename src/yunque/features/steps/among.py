"""A number among the rows of its category: the mean of the training rows there, or the distance from it."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl

from yunque.data.schema import Kind
from yunque.features.learnt import Learnt
from yunque.features.part import NUMERIC
from yunque.features.recipe import Operation, Output
from yunque.features.step import NAN, FitColumns, RowScope, RowSource, Step

SHOWS = ("mean", "distance")
MAX_LEVELS = 2_000
_LEAST = 2  # rows of a level; rarer ones take the mean of all
_LARGEST = 1e300


def _fit(training: FitColumns) -> Mapping[str, Any] | None:
    category, number = training.series
    value = pl.col("value")
    table = pl.DataFrame({"level": category, "value": number.cast(pl.Float64)}).filter(value.is_finite())
    with np.errstate(over="ignore", invalid="ignore"):  # a sum beyond float64 gives nothing to learn
        overall = float(np.mean(table["value"].to_numpy())) if table.height else math.inf
    grouped = (
        table.drop_nulls()
        .sort("value")  # a sum in one order, whatever the order of the rows
        .group_by("level", maintain_order=True)
        .agg(value.mean(), pl.len().alias("count"))
        .filter((pl.col("count") >= _LEAST) & (value.abs() <= _LARGEST))
        .sort(["count", "level"], descending=[True, False])
        .head(MAX_LEVELS)
    )
    if not grouped.height or not abs(overall) <= _LARGEST:
        return None
    return {
        "show": str(training.options.get("show", "distance")),
        "levels": grouped["level"].to_list(),
        "means": grouped["value"].to_list(),
        "overall": overall,
    }


def _outputs(columns: tuple[str, ...], learnt: Mapping[str, Any]) -> tuple[Output, ...]:
    read = Learnt("among", learnt)
    show = read.word("show", SHOWS)
    levels = read.levels("levels", most=MAX_LEVELS)
    read.numbers("means", count=len(levels), low=-_LARGEST, high=_LARGEST)
    read.number("overall", low=-_LARGEST, high=_LARGEST)
    read.close()
    category, number = columns
    if show == "mean":
        return (Output(name=f"{number}.mean by {category}", sources=(category,)),)
    return (Output(name=f"{number} - mean by {category}", sources=(number, category)),)


def _expressions(operation: Operation, columns: tuple[pl.Expr, ...]) -> list[pl.Expr]:
    learnt = operation.learnt
    mean = columns[0].replace_strict(
        learnt["levels"], learnt["means"], default=learnt["overall"], return_dtype=pl.Float64
    )
    if learnt["show"] == "mean":
        return [mean]
    return [(columns[1].cast(pl.Float64) - mean).fill_null(NAN)]


def _row_source(operation: Operation, scope: RowScope) -> RowSource:
    learnt = operation.learnt
    category, number = (scope.value(name) for name in operation.columns)
    lookup = scope.constant(dict(zip(learnt["levels"], learnt["means"], strict=True)).get)
    mean = f"{lookup}({category}, {scope.constant(learnt['overall'])})"
    if learnt["show"] == "mean":
        return RowSource(cells=(mean,))
    return RowSource(cells=(f"{scope.constant(NAN)} if {number} is None else float({number}) - {mean}",))


def _formula(columns: tuple[str, ...], learnt: Mapping[str, Any]) -> tuple[str, ...]:
    category, number = columns
    mean = f"mean {number} of the training rows with this {category}"
    return (mean if learnt["show"] == "mean" else f"{number} minus the {mean}",)


STEP = Step(
    name="among",
    kinds=frozenset({Kind.CATEGORY}),
    second=NUMERIC,
    fit=_fit,
    outputs=_outputs,
    expressions=_expressions,
    row_source=_row_source,
    formula=_formula,
)
