"""The share of training rows that a category's level has, for columns of many levels."""

from collections.abc import Mapping
from typing import Any

import polars as pl

from yunque.data.schema import Kind
from yunque.features.learnt import Learnt
from yunque.features.level import frequent_levels
from yunque.features.recipe import Operation, Output
from yunque.features.step import NAN, FitColumns, RowScope, RowSource, Step, single

MIN_LEVELS = 50  # below it, the codes of the levels already say everything that the share says
MAX_LEVELS = 5_000


def _fit(training: FitColumns) -> Mapping[str, Any] | None:
    _, series = single(training)
    if series.drop_nulls().n_unique() <= MIN_LEVELS:
        return None
    counted = frequent_levels(series, least=1, most=MAX_LEVELS)
    rows = float(len(series))
    return {"levels": [level for level, _ in counted], "shares": [count / rows for _, count in counted]}


def _outputs(columns: tuple[str, ...], learnt: Mapping[str, Any]) -> tuple[Output, ...]:
    read = Learnt("frequency", learnt)
    levels = read.levels("levels")
    read.numbers("shares", count=len(levels), low=0.0, high=1.0)
    read.close()
    return (Output(name=f"{columns[0]}.frequency", sources=columns),)


def _expressions(operation: Operation, columns: tuple[pl.Expr, ...]) -> list[pl.Expr]:
    levels, shares = operation.learnt["levels"], operation.learnt["shares"]
    return [columns[0].replace_strict([*levels, None], [*shares, NAN], default=0.0, return_dtype=pl.Float64)]


def _row_source(operation: Operation, scope: RowScope) -> RowSource:
    shares: dict[str | None, float] = {None: NAN}
    shares.update(zip(operation.learnt["levels"], operation.learnt["shares"], strict=True))
    lookup, unseen = scope.constant(shares.get), scope.constant(0.0)
    return RowSource(cells=(f"{lookup}({scope.value(operation.columns[0])}, {unseen})",))


STEP = Step(
    name="frequency",
    kinds=frozenset({Kind.CATEGORY}),
    fit=_fit,
    outputs=_outputs,
    expressions=_expressions,
    row_source=_row_source,
)
