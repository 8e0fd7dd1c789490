"""From a checked table to answers as numbers, weights, and the rows that can be used."""

from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from yunque.data.schema import Kind, Role, Schema
from yunque.errors import DataError
from yunque.kernel.form import FloatArray
from yunque.learning.fold_data import Table
from yunque.learning.make_split import Means, Rows, make_split
from yunque.learning.splits import IntArray, Split, SplitWish
from yunque.learning.task import Task

# Cells that one core encodes and bins per second of budget; larger tables are drawn down to it.
CELLS_PER_SECOND = 1_000_000
TEXT_CELLS = 30  # numbers that could be encoded in the time that one text takes
FEWEST_KEPT = 5_000


def answers(frame: pl.DataFrame, task: Task) -> tuple[npt.NDArray[Any], npt.NDArray[np.bool_]]:
    """Give class positions (int64) or values (float64), and the mask of rows that have one.

    Rows without one hold 0 and must not be used.
    """
    column = frame.get_column(task.answer_column)
    if task.is_classification:
        positions = column.replace_strict(
            list(task.classes), list(range(len(task.classes))), default=None, return_dtype=pl.Int64
        )
        known = positions.is_not_null().to_numpy()
        return positions.fill_null(0).to_numpy().astype(np.int64), known
    values = column.cast(pl.Float64).fill_null(float("nan")).to_numpy().astype(np.float64)
    known = np.isfinite(values)
    return np.where(known, values, 0.0), known


def weights(frame: pl.DataFrame, schema: Schema) -> FloatArray | None:
    """Give the weights of the rows, or None when the schema has no weight column.

    Raises:
        DataError: a weight is missing or negative.
    """
    holder = schema.holder(Role.WEIGHT)
    if holder is None:
        return None
    column = frame.get_column(holder.name).cast(pl.Float64).fill_null(float("nan"))
    found = column.to_numpy().astype(np.float64)
    bad = np.flatnonzero(~(np.isfinite(found) & (found >= 0)))
    if len(bad):
        raise DataError(
            f"The weight column {holder.name!r} has {len(bad)} rows without a weight of zero or more.",
            hint=f"The first is row {int(bad[0])}; fill or drop them.",
            place={"column": holder.name, "row": int(bad[0])},
        )
    return found


def prepare(
    frame: pl.DataFrame, schema: Schema, task: Task, wish: SplitWish, means: Means
) -> tuple[Table, Split, list[str]]:
    """Give the table with its answers, its split, and what was left out in words.

    Raises:
        DataError: no row can be used, or a weight is wrong.
        UsageError: the wished split is not possible.
    """
    table, usable, notes = usable_rows(frame, schema, task)
    most = affordable_rows(schema, means.seconds)
    if len(usable) > most:
        notes.append(f"{most} of {len(usable)} rows are used: more would not fit into the budget")
        usable = np.sort(np.random.default_rng(means.seed).choice(usable, most, replace=False))
    rows = Rows(
        position=usable,
        y=table.y[usable],
        classification=task.is_classification,
        outputs=task.n_outputs,
    )
    return table, make_split(frame, schema, rows, wish, means), notes


def usable_rows(frame: pl.DataFrame, schema: Schema, task: Task) -> tuple[Table, IntArray, list[str]]:
    """Give the table with its answers, the rows that can be used, and what was left out in words.

    Raises:
        DataError: no row can be used, or a weight is wrong.
    """
    y, known = answers(frame, task)
    weight = weights(frame, schema)
    has_target = known
    notes = []
    if not known.all():
        notes.append(f"{int((~known).sum())} rows without a target are used for nothing")
    if weight is not None:
        empty = known & (weight == 0)
        if empty.any():
            notes.append(f"{int(empty.sum())} rows of weight zero are used for nothing")
        known = known & (weight > 0)
    if not known.any():
        raise DataError(
            f"No row has a target in {task.target!r}.", hint="Check how the target column is read."
        )
    return (
        Table(
            frame=frame,
            schema=schema,
            y=y,
            known=has_target,
            weight=weight,
            classes=len(task.classes),
        ),
        np.flatnonzero(known),
        notes,
    )


def affordable_rows(schema: Schema, seconds: float) -> int:
    """Give the rows that a budget can look at: below it, encoding alone would use up the time."""
    cells = sum(TEXT_CELLS if column.kind is Kind.TEXT else 1 for column in schema.features)
    return max(FEWEST_KEPT, int(seconds * CELLS_PER_SECOND / max(1, cells)))
