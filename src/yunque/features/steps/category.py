"""Categories as codes by frequency: 1 is the most frequent level, 0 is rare or unseen, NaN is missing."""

from collections.abc import Mapping
from typing import Any

import polars as pl

from yunque.data.schema import Kind
from yunque.features.learnt import Learnt
from yunque.features.level import frequent_levels
from yunque.features.recipe import Operation, Output
from yunque.features.step import NAN, FitColumns, RowScope, RowSource, Step, single

MAX_LEVELS = 1_000


def _fit(training: FitColumns) -> Mapping[str, Any]:
    _, series = single(training)
    most = training.option("max_levels", MAX_LEVELS)
    counted = frequent_levels(series, least=training.option("min_count", 2), most=most)
    return {"levels": [level for level, _ in counted]}


def _outputs(columns: tuple[str, ...], learnt: Mapping[str, Any]) -> tuple[Output, ...]:
    read = Learnt("category", learnt)
    levels = read.levels("levels")
    read.close()
    return (Output(name=columns[0], sources=columns, levels=len(levels) + 1),)


def _expressions(operation: Operation, columns: tuple[pl.Expr, ...]) -> list[pl.Expr]:
    levels = operation.learnt["levels"]
    codes = [float(code) for code in range(1, len(levels) + 1)]
    return [columns[0].replace_strict([*levels, None], [*codes, NAN], default=0.0, return_dtype=pl.Float64)]


def _row_source(operation: Operation, scope: RowScope) -> RowSource:
    codes: dict[str | None, float] = {None: NAN}
    codes.update((level, float(code)) for code, level in enumerate(operation.learnt["levels"], start=1))
    lookup, unseen = scope.constant(codes.get), scope.constant(0.0)
    return RowSource(cells=(f"{lookup}({scope.value(operation.columns[0])}, {unseen})",))


STEP = Step(
    name="category",
    kinds=frozenset({Kind.CATEGORY}),
    fit=_fit,
    outputs=_outputs,
    expressions=_expressions,
    row_source=_row_source,
)
