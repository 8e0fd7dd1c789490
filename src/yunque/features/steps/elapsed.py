"""The days between two dates or timestamps of a row."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

import polars as pl

from yunque.features.learnt import Learnt
from yunque.features.part import DATES
from yunque.features.recipe import Operation, Output
from yunque.features.step import NAN, FitColumns, RowScope, RowSource, Step

_DAY = 86_400_000_000  # microseconds
_SHARE = 1.0 / _DAY  # a product, since polars divides by a constant through its reciprocal


def _fit(_: FitColumns) -> Mapping[str, Any]:
    return {}


def _outputs(columns: tuple[str, ...], learnt: Mapping[str, Any]) -> tuple[Output, ...]:
    Learnt("elapsed", learnt).close()
    return (Output(name=f"{columns[0]} - {columns[1]}", sources=columns),)


def _expressions(_: Operation, columns: tuple[pl.Expr, ...]) -> list[pl.Expr]:
    left, right = (column.cast(pl.Datetime("us")).to_physical() for column in columns)
    return [((left - right).cast(pl.Float64) * _SHARE).fill_null(NAN)]


def _microseconds(moment: date) -> int:
    """Give microseconds since the year 1; a date begins at midnight."""
    days = moment.toordinal() * _DAY
    if not isinstance(moment, datetime):
        return days
    seconds = moment.hour * 3600 + moment.minute * 60 + moment.second
    return days + seconds * 1_000_000 + moment.microsecond


def _row_source(operation: Operation, scope: RowScope) -> RowSource:
    left, right = (scope.value(name) for name in operation.columns)
    count, share, missing = scope.constant(_microseconds), scope.constant(_SHARE), scope.constant(NAN)
    absent = f"{left} is None or {right} is None"
    return RowSource(cells=(f"{missing} if {absent} else ({count}({left}) - {count}({right})) * {share}",))


def _formula(columns: tuple[str, ...], _: Mapping[str, Any]) -> tuple[str, ...]:
    return (f"days from {columns[1]} to {columns[0]}",)


STEP = Step(
    name="elapsed",
    kinds=DATES,
    second=DATES,
    fit=_fit,
    outputs=_outputs,
    expressions=_expressions,
    row_source=_row_source,
    formula=_formula,
)
