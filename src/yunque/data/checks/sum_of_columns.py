"""Numeric columns whose sum, difference, product or ratio is the target."""

from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

from yunque.data.bins import as_numbers
from yunque.data.examined import Check, Examined
from yunque.data.finding import Finding, listed

FloatArray = npt.NDArray[np.float64]

ROWS = 5_000
FEWEST_ROWS = 50
STEPS = 12
MOST_COLUMNS = 6
EXACT_SUM = 1e-8
EXACT_PRODUCT = 1e-5


def _run(table: Examined, found: Sequence[Finding]) -> Iterable[Finding]:
    if not table.is_regression:
        return
    said = {name for finding in found for name in finding.columns}
    names, x, y = _numbers(table, said)
    if len(names) < 2 or len(y) < FEWEST_ROWS:
        return
    parts = _exact_parts(x, y, EXACT_SUM)
    word, shape = "weighted sum", "+"
    if not parts and (y > 0).all():
        positive = np.flatnonzero((x > 0).all(axis=0))
        parts = [
            int(positive[part]) for part in _exact_parts(np.log(x[:, positive]), np.log(y), EXACT_PRODUCT)
        ]
        word, shape = "product or ratio", "×"
    if len(parts) > 1:
        columns = tuple(names[part] for part in parts)
        yield Finding(
            id="target_is_combination",
            severity="blocking",
            columns=columns,
            evidence={"shape": word, "rows": len(y)},
            message=(
                f"The target is a {word} of {listed(columns)} ({f' {shape} '.join(columns)}, up "
                f"to constants), without error in {len(y):,} rows."
            ),
            suggested_action=(
                "Leave out the columns that are not known when you predict (--ignore), or "
                "compute the target instead of predicting it."
            ),
        )


def _numbers(table: Examined, said: set[str]) -> tuple[list[str], FloatArray, FloatArray]:
    """Give the numeric features that vary and have no gaps in most rows, on the rows without any gap."""
    rows = np.arange(min(ROWS, table.sample.height))
    y = as_numbers(table.target_values[table.sample_rows[rows]])
    names, columns = [], []
    for column in table.features:
        series = table.sample.get_column(column.name)
        if series.dtype.is_numeric() and column.name not in said:
            numbers = as_numbers(series[rows])
            if np.isnan(numbers).mean() < 0.1 and np.nanstd(numbers) > 0:
                names.append(column.name)
                columns.append(numbers)
    if not columns:
        return [], np.zeros((0, 0)), y
    x = np.column_stack(columns)
    whole = ~np.isnan(x).any(axis=1) & np.isfinite(y)
    return names, x[whole], y[whole]


def _exact_parts(x: FloatArray, y: FloatArray, tolerance: float) -> list[int]:
    """Find few columns whose weighted sum gives y up to `tolerance` of its variance; [] when there are none.

    Orthogonal matching pursuit (Pati et al. 1993) takes the column most like what is left, step by step;
    then every column that is not needed is dropped again.
    """
    x, y = x - x.mean(axis=0), y - y.mean()
    size = np.sqrt((x**2).sum(axis=0))
    total = float(y @ y)
    if total == 0 or x.shape[1] == 0:
        return []
    chosen: list[int] = []
    left = y
    while len(chosen) < min(STEPS, x.shape[1], len(y) // 10) and left @ left > tolerance * total:
        likeness = np.divide(np.abs(left @ x), size, out=np.zeros(len(size)), where=size > 0)
        likeness[chosen] = -1.0
        chosen.append(int(likeness.argmax()))
        left = _left_over(x[:, chosen], y)
    if left @ left > tolerance * total:
        return []
    for part in list(chosen):
        fewer = [each for each in chosen if each != part]
        if fewer and (rest := _left_over(x[:, fewer], y)) @ rest <= tolerance * total:
            chosen = fewer
    return sorted(chosen) if len(chosen) <= MOST_COLUMNS else []


def _left_over(x: FloatArray, y: FloatArray) -> FloatArray:
    weights, *_ = np.linalg.lstsq(x, y, rcond=None)
    return np.asarray(y - x @ weights)


CHECK = Check(name="target_is_combination", order=20, run=_run)
