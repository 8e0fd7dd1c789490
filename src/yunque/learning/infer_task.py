"""Work out from the target column what is asked."""

from dataclasses import replace

import polars as pl

from yunque.data.contract import Contract
from yunque.errors import DataError, UsageError
from yunque.learning.metrics import default_metric
from yunque.learning.metrics import metric as find_metric
from yunque.learning.task import Label, Task, TaskKind

MOST_CLASSES = 1000
FEW_INTEGERS = 20


def infer_task(contract: Contract, frame: pl.DataFrame, task: str = "auto", metric: str = "auto") -> Task:
    """Give the task for the target of `contract`, as the checked `frame` holds it.

    Left to itself: booleans and two distinct values are binary; text is multiclass; integers are multiclass
    when they are few (at most 20) and without large holes, else regression; other numbers are regression.
    In a binary task the second label in sorted order is the positive class: yes of no/yes, true, 1.
    `Task.reason` says why.

    Raises:
        UsageError: there is no target, or the wish is unknown or does not fit the column.
        DataError: the target has one value only, or more than 1,000 classes.
    """
    column = contract.schema.target
    if column is None:
        raise UsageError("The contract names no target column.", hint="Name the column to predict.")
    values = frame.get_column(column.name).drop_nulls()
    distinct = values.unique().sort()
    if len(distinct) < 2:
        raise DataError(
            f"The target {column.name!r} has {len(distinct)} distinct value(s); there is nothing to learn.",
            hint="Choose another target, or more rows.",
        )
    kind, reason = _kind(values, distinct, task)
    classes = () if kind is TaskKind.REGRESSION else _classes(column.name, distinct)
    result = Task(kind=kind, target=column.name, classes=classes, metric=default_metric(kind), reason=reason)
    return result if metric == "auto" else replace(result, metric=find_metric(metric, kind).name)


def _kind(values: pl.Series, distinct: pl.Series, wish: str) -> tuple[TaskKind, str]:
    number = values.dtype.is_numeric()
    if wish == "auto":
        return _automatic(distinct, number)
    if wish == "regression":
        if not number:
            raise UsageError("A regression needs numbers in the target.", hint="Use task 'auto'.")
        return TaskKind.REGRESSION, "asked for"
    if wish not in ("binary", "multiclass", "classification"):
        raise UsageError(
            f"The task {wish!r} is not known.",
            hint="Use auto, binary, multiclass, classification or regression.",
        )
    if wish == "binary" and len(distinct) != 2:
        raise UsageError(
            f"A binary task needs two distinct target values; there are {len(distinct)}.",
            hint="Use task 'multiclass'.",
        )
    kind = TaskKind.BINARY if len(distinct) == 2 else TaskKind.MULTICLASS
    return kind, "asked for"


def _automatic(distinct: pl.Series, number: bool) -> tuple[TaskKind, str]:
    count = len(distinct)
    whole = not distinct.dtype.is_float() or bool((distinct == distinct.round()).all())
    if count == 2 and whole:
        return TaskKind.BINARY, "the target has two distinct values"
    if not number:
        return TaskKind.MULTICLASS, f"the target holds words, {count} different ones"
    if distinct.dtype.is_float():
        return TaskKind.REGRESSION, "the target holds numbers with fractions"
    span = int(distinct[-1]) - int(distinct[0]) + 1
    if count <= FEW_INTEGERS and span <= 2 * count:
        return TaskKind.MULTICLASS, f"the target holds {count} whole numbers that lie close together"
    return TaskKind.REGRESSION, f"the target holds {count} different whole numbers"


def _classes(name: str, distinct: pl.Series) -> tuple[Label, ...]:
    if len(distinct) > MOST_CLASSES:
        raise DataError(
            f"The target {name!r} has {len(distinct)} classes; at most {MOST_CLASSES} are supported.",
            hint="Merge rare classes, or use task 'regression' if they are numbers.",
        )
    return tuple(distinct.to_list())
