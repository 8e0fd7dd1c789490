"""Two numbers of a row joined by one sign: their sum, difference, product or ratio."""

import operator
from collections.abc import Callable, Mapping
from typing import Any

import polars as pl

from yunque.features.learnt import Learnt
from yunque.features.part import NUMERIC
from yunque.features.recipe import Operation, Output
from yunque.features.step import NAN, FitColumns, RowScope, RowSource, Step

SIGNS: dict[str, tuple[str, Callable[[Any, Any], Any]]] = {
    "plus": ("+", operator.add),
    "minus": ("-", operator.sub),
    "times": ("*", operator.mul),
    "over": ("/", operator.truediv),
}
_WORDS = {"plus": "plus", "minus": "minus", "times": "times", "over": "divided by"}
LARGEST = 1e300  # beyond it, a result counts as missing


def _fit(training: FitColumns) -> Mapping[str, Any]:
    return {"sign": str(training.options["sign"])}


def _outputs(columns: tuple[str, ...], learnt: Mapping[str, Any]) -> tuple[Output, ...]:
    read = Learnt("arithmetic", learnt)
    sign, _ = SIGNS[read.word("sign", tuple(SIGNS))]
    read.close()
    return (Output(name=f"{columns[0]} {sign} {columns[1]}", sources=columns),)


def _expressions(operation: Operation, columns: tuple[pl.Expr, ...]) -> list[pl.Expr]:
    _, joined = SIGNS[operation.learnt["sign"]]
    left, right = (column.cast(pl.Float64) for column in columns)
    result = joined(left, right)
    bounded = (result <= LARGEST) & (result >= -LARGEST) & result.is_not_nan()
    return [pl.when(bounded).then(result).otherwise(pl.lit(NAN))]


def _row_source(operation: Operation, scope: RowScope) -> RowSource:
    left, right = (scope.value(name) for name in operation.columns)
    sign, _ = SIGNS[operation.learnt["sign"]]
    result, missing, largest = scope.local(), scope.constant(NAN), scope.constant(LARGEST)
    absent = f"{left} is None or {right} is None" + (f" or {right} == 0" if sign == "/" else "")
    lines = (
        f"{result} = {missing} if {absent} else float({left}) {sign} float({right})",
        f"if not -{largest} <= {result} <= {largest}: {result} = {missing}",
    )
    return RowSource(lines=lines, cells=(result,))


def _formula(columns: tuple[str, ...], learnt: Mapping[str, Any]) -> tuple[str, ...]:
    return (f"{columns[0]} {_WORDS[learnt['sign']]} {columns[1]}",)


STEP = Step(
    name="arithmetic",
    kinds=NUMERIC,
    second=NUMERIC,
    fit=_fit,
    outputs=_outputs,
    expressions=_expressions,
    row_source=_row_source,
    formula=_formula,
)
