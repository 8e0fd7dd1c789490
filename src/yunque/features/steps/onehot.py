"""One column per frequent level, for linear members; unseen is all zeros, missing has its own column."""

from collections.abc import Mapping
from typing import Any

import polars as pl

from yunque.data.schema import Kind
from yunque.features.learnt import Learnt
from yunque.features.level import frequent_levels
from yunque.features.recipe import Operation, Output
from yunque.features.step import FitColumns, RowScope, RowSource, Step, single

MAX_LEVELS = 24
_FORMAT_LEVELS = 200  # the row form holds one row of cells per level


def _fit(training: FitColumns) -> Mapping[str, Any]:
    _, series = single(training)
    most = training.option("max_levels", MAX_LEVELS)
    counted = frequent_levels(series, least=training.option("min_count", 2), most=most)
    has_missing = series.null_count() > 0 or not counted  # never no column at all
    return {"levels": [level for level, _ in counted], "missing": has_missing}


def _outputs(columns: tuple[str, ...], learnt: Mapping[str, Any]) -> tuple[Output, ...]:
    read = Learnt("onehot", learnt)
    levels = read.levels("levels", most=_FORMAT_LEVELS)
    names = [f"{columns[0]}={level}" for level in levels]
    if read.flag("missing"):
        names.append(f"{columns[0]}.missing")
    read.close()
    return tuple(Output(name=name, sources=columns) for name in names)


def _expressions(operation: Operation, columns: tuple[pl.Expr, ...]) -> list[pl.Expr]:
    column = columns[0]
    found = [(column == pl.lit(level)).fill_null(False) for level in operation.learnt["levels"]]
    if operation.learnt["missing"]:
        found.append(column.is_null())
    return [expression.cast(pl.Float64) for expression in found]


def _row_source(operation: Operation, scope: RowScope) -> RowSource:
    keys: list[str | None] = list(operation.learnt["levels"])
    if operation.learnt["missing"]:
        keys.append(None)
    cells = {key: tuple(float(other == key) for other in keys) for key in keys}
    lookup, unseen = scope.constant(cells.get), scope.constant((0.0,) * len(keys))
    return RowSource(cells=(f"*{lookup}({scope.value(operation.columns[0])}, {unseen})",))


STEP = Step(
    name="onehot",
    kinds=frozenset({Kind.CATEGORY}),
    fit=_fit,
    outputs=_outputs,
    expressions=_expressions,
    row_source=_row_source,
)
