"""A flag that a value is missing, for linear members, whose imputed value would hide it."""

from collections.abc import Mapping
from typing import Any

import polars as pl

from yunque.data.schema import Kind
from yunque.features.learnt import Learnt
from yunque.features.recipe import Operation, Output
from yunque.features.step import FitColumns, RowScope, RowSource, Step, single


def _fit(training: FitColumns) -> Mapping[str, Any] | None:
    column, series = single(training)
    may_be_nan = column.kind is Kind.NUMBER
    missing = _is_missing(pl.lit(series), may_be_nan=may_be_nan)
    count = int(pl.select(missing.sum()).item())
    return {"nan": may_be_nan} if 0 < count < len(series) else None


def _is_missing(column: pl.Expr, *, may_be_nan: bool) -> pl.Expr:
    return column.is_null() | column.is_nan().fill_null(False) if may_be_nan else column.is_null()


def _outputs(columns: tuple[str, ...], learnt: Mapping[str, Any]) -> tuple[Output, ...]:
    read = Learnt("missing", learnt)
    read.flag("nan")
    read.close()
    return (Output(name=f"{columns[0]}.missing", sources=columns),)


def _expressions(operation: Operation, columns: tuple[pl.Expr, ...]) -> list[pl.Expr]:
    return [_is_missing(columns[0], may_be_nan=operation.learnt["nan"]).cast(pl.Float64)]


def _row_source(operation: Operation, scope: RowScope) -> RowSource:
    value = scope.value(operation.columns[0])
    test = f"{value} is None or {value} != {value}" if operation.learnt["nan"] else f"{value} is None"
    return RowSource(cells=(f"1.0 if {test} else 0.0",))


STEP = Step(
    name="missing",
    kinds=frozenset(Kind) - {Kind.CATEGORY},
    fit=_fit,
    outputs=_outputs,
    expressions=_expressions,
    row_source=_row_source,
)
