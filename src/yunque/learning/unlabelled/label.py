"""The label that judges and never teaches."""

import numpy as np
import polars as pl

from yunque.errors import DataError, NotFoundError
from yunque.learning.scores.structure import IntArray
from yunque.learning.task import Task, TaskKind


def label_positions(frame: pl.DataFrame, task: Task, label: str | None) -> IntArray | None:
    """Give the position of each row's label among its sorted values, -1 where it is missing; None without.

    Raises:
        NotFoundError: there is no such column.
        DataError: an anomaly is judged by a label of other than two values.
    """
    if label is None:
        return None
    if label not in frame.columns:
        raise NotFoundError.among("column", label, frame.columns)
    column = frame.get_column(label)
    values = column.drop_nulls().unique().sort()
    if task.kind is TaskKind.ANOMALY and len(values) != 2:
        raise DataError(
            f"The label {label!r} has {len(values)} distinct values; an anomaly is judged by two.",
            hint="Name a column of two values: the second in sorted order is the unusual one.",
            place={"column": label},
        )
    places = pl.int_range(len(values), eager=True, dtype=pl.Int64)
    found = column.replace_strict(values, places, default=None, return_dtype=pl.Int64)
    return found.fill_null(-1).to_numpy().astype(np.int64)
