"""Steps that give several parts of one column side by side, NaN where the value is missing."""

from collections.abc import Mapping
from typing import Any

import polars as pl

from yunque.data.schema import Kind
from yunque.features.learnt import Learnt
from yunque.features.part import PARTS, part_names
from yunque.features.recipe import Operation, Output
from yunque.features.step import NAN, FitColumns, RowScope, RowSource, Step, single


def parts_step(name: str, kinds: frozenset[Kind]) -> Step:
    """Make the step that gives those parts of a column which vary on the training rows."""
    available = part_names(kinds)

    def outputs(columns: tuple[str, ...], learnt: Mapping[str, Any]) -> tuple[Output, ...]:
        read = Learnt(name, learnt)
        parts = read.words("parts", available)
        read.close()
        return tuple(Output(name=f"{columns[0]}.{part}", sources=columns) for part in parts)

    return Step(
        name=name, kinds=kinds, fit=_fit, outputs=outputs, expressions=_expressions, row_source=_row_source
    )


def _fit(training: FitColumns) -> Mapping[str, Any]:
    column, series = single(training)
    available = part_names(frozenset({column.kind}))
    table = pl.select(PARTS[part].float_expression(pl.lit(series)).alias(part) for part in available)
    varying = [part for part in available if table[part].drop_nulls().n_unique() > 1]
    return {"parts": varying or [available[-1]]}


def _expressions(operation: Operation, columns: tuple[pl.Expr, ...]) -> list[pl.Expr]:
    return [PARTS[part].float_expression(columns[0]).fill_null(NAN) for part in operation.learnt["parts"]]


def _row_source(operation: Operation, scope: RowScope) -> RowSource:
    value = scope.value(operation.columns[0])
    parts = [PARTS[part] for part in operation.learnt["parts"]]
    cells = tuple(scope.local() for _ in parts)
    lines = (
        f"if {value} is None:",
        f"    {' = '.join(cells)} = {scope.constant(NAN)}",
        "else:",
        *(f"    {cell} = {part.source(value, scope)}" for cell, part in zip(cells, parts, strict=True)),
    )
    return RowSource(lines=lines, cells=cells)
