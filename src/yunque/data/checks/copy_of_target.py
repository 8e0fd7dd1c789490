"""Columns that are the target under another name, scale or order."""

from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt
import polars as pl

from yunque.data.bins import as_numbers
from yunque.data.examined import Check, Examined, class_codes
from yunque.data.finding import Finding

FEWEST_KNOWN = 0.5
FEW_ROWS = 500
STRONG = 0.5
SAME_AFTER_SCALING = 1e-10

FloatArray = npt.NDArray[np.float64]


def _run(table: Examined, found: Sequence[Finding]) -> Iterable[Finding]:  # noqa: ARG001
    few = table.frame.height < FEW_ROWS
    for name in [each.name for each in table.strengths if few or each.skill >= STRONG]:
        how = _how(table, name)
        if how:
            yield Finding(
                id=f"copy_of_target:{name}",
                severity="blocking",
                columns=(name,),
                evidence={"relation": how, "rows": table.frame.height},
                message=f"The column {name!r} is the target: {how}.",
                suggested_action=f"Leave it out (--ignore {name!r}); it will not be known when you predict.",
            )


def _how(table: Examined, name: str) -> str:
    """Say in what way a column repeats the target; "" when it does not. The sample is asked first."""
    column, target = table.sample.get_column(name), table.target_values[table.sample_rows]
    how = _relation(column, target)
    if how and table.frame.height > len(column):
        return _relation(table.frame.get_column(name), table.target_values)
    return how


def _relation(column: pl.Series, target: pl.Series) -> str:
    known = column.is_not_null()
    if known.sum() < max(2, FEWEST_KNOWN * len(column)):
        return ""
    column, target = column.filter(known), target.filter(known)
    if target.n_unique() < 2:
        return ""
    if target.dtype.is_numeric() and column.dtype.is_numeric():
        return _relation_of_numbers(as_numbers(column), as_numbers(target))
    return _relation_of_levels(column, target)


def _relation_of_numbers(x: FloatArray, y: FloatArray) -> str:
    if np.array_equal(x, y):
        return "every value is equal"
    if x.std() == 0:
        return ""
    r = float(np.corrcoef(x, y)[0, 1])
    if 1.0 - r * r < SAME_AFTER_SCALING:
        slope = r * y.std() / x.std()
        return f"target = {slope:.6g} × column {y.mean() - slope * x.mean():+.6g}, without any error"
    return _relation_in_order(x, y)


def _relation_in_order(x: FloatArray, y: FloatArray) -> str:
    """Recognise a monotone function of the target: both sort the rows alike, with the same ties."""
    order = np.argsort(x, kind="stable")
    step_x, step_y = np.diff(x[order]), np.diff(y[order])
    if not np.array_equal(step_x != 0, step_y != 0):
        return ""
    if (step_y >= 0).all() or (step_y <= 0).all():
        return "each value of one stands for exactly one of the other, in the same or the opposite order"
    return ""


def _relation_of_levels(column: pl.Series, target: pl.Series) -> str:
    levels, labels = column.n_unique(), target.n_unique()
    if levels != labels or labels * 2 > len(target):
        return ""
    pairs = class_codes(column) * labels + class_codes(target)
    if len(np.unique(pairs)) != labels:
        return ""
    return f"each of its {levels} values stands for exactly one value of the target"


CHECK = Check(name="copy_of_target", order=10, run=_run)
