"""Numbers, integers and booleans as they are, NaN where missing."""

from collections.abc import Mapping
from typing import Any

import polars as pl

from yunque.features.learnt import Learnt
from yunque.features.part import NUMERIC
from yunque.features.recipe import Operation, Output
from yunque.features.step import NAN, FitColumns, RowScope, RowSource, Step


def _fit(_: FitColumns) -> Mapping[str, Any]:
    return {}


def _outputs(columns: tuple[str, ...], learnt: Mapping[str, Any]) -> tuple[Output, ...]:
    Learnt("number", learnt).close()
    return (Output(name=columns[0], sources=columns),)


def _expressions(_: Operation, columns: tuple[pl.Expr, ...]) -> list[pl.Expr]:
    return [columns[0].cast(pl.Float64).fill_null(NAN)]


def _row_source(operation: Operation, scope: RowScope) -> RowSource:
    value = scope.value(operation.columns[0])
    return RowSource(cells=(f"{scope.constant(NAN)} if {value} is None else {value}",))


STEP = Step(
    name="number",
    kinds=NUMERIC,
    fit=_fit,
    outputs=_outputs,
    expressions=_expressions,
    row_source=_row_source,
)
