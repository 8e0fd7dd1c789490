"""Month, weekday and hour on a circle, for linear members: December stands next to January."""

import math
from collections.abc import Mapping
from typing import Any

import polars as pl

from yunque.features.learnt import Learnt
from yunque.features.part import DATES, PARTS
from yunque.features.recipe import Operation, Output
from yunque.features.step import FitColumns, RowScope, RowSource, Step, single

_CYCLES = {"month": (1, 12), "weekday": (1, 7), "hour": (0, 24)}  # first value, number of values


def _fit(training: FitColumns) -> Mapping[str, Any] | None:
    """Keep sine and cosine as tables of constants: no two libraries agree on the last bit of a sine."""
    _, series = single(training)
    name = str(training.options["part"])
    values = pl.select(PARTS[name].float_expression(pl.lit(series)).alias("value"))["value"]
    if values.drop_nulls().n_unique() < 2:
        return None
    _, count = _CYCLES[name]
    angles = [2.0 * math.pi * position / count for position in range(count)]
    return {"part": name, "sine": [math.sin(a) for a in angles], "cosine": [math.cos(a) for a in angles]}


def _outputs(columns: tuple[str, ...], learnt: Mapping[str, Any]) -> tuple[Output, ...]:
    read = Learnt("cycle", learnt)
    part = read.word("part", tuple(_CYCLES))
    for table in ("sine", "cosine"):
        read.numbers(table, count=_CYCLES[part][1], low=-1.0, high=1.0)
    read.close()
    return tuple(Output(name=f"{columns[0]}.{part}.{table}", sources=columns) for table in ("sine", "cosine"))


def _expressions(operation: Operation, columns: tuple[pl.Expr, ...]) -> list[pl.Expr]:
    part = operation.learnt["part"]
    first, count = _CYCLES[part]
    position = PARTS[part].expression(columns[0]).cast(pl.Int32)
    return [
        position.replace_strict(
            list(range(first, first + count)), operation.learnt[table], default=0.0, return_dtype=pl.Float64
        )
        for table in ("sine", "cosine")
    ]


def _row_source(operation: Operation, scope: RowScope) -> RowSource:
    part = operation.learnt["part"]
    first, _ = _CYCLES[part]
    pairs = tuple(zip(operation.learnt["sine"], operation.learnt["cosine"], strict=True))
    table = scope.constant(((0.0, 0.0),) * first + pairs)
    value = scope.value(operation.columns[0])
    missing = scope.constant((0.0, 0.0))
    found = f"{table}[{PARTS[part].source(value, scope)}]"
    return RowSource(cells=(f"*({missing} if {value} is None else {found})",))


STEP = Step(
    name="cycle",
    kinds=DATES,
    fit=_fit,
    outputs=_outputs,
    expressions=_expressions,
    row_source=_row_source,
)
