"""Keys that repeat (clients, devices, patients), whose rows a random split would put on both sides."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from yunque.data.bins import bin_codes, bin_column, first_seen
from yunque.data.examined import Check, Examined, class_codes
from yunque.data.finding import Finding
from yunque.data.schema import Column, Kind, Role

FEWEST_KEYS = 50
FEWEST_PER_KEY = 1.5
MOST_PER_KEY = 200.0
CORRELATED = 0.05
CORRELATED_ID = 0.03
CORRELATED_MEASUREMENT = 0.20
STANDARD_ERRORS = 10.0
KEY_KINDS = (Kind.CATEGORY, Kind.TEXT, Kind.INTEGER)


@dataclass(frozen=True, kw_only=True)
class _Likeness:
    """How alike the targets of one key are: the intraclass correlation, and its error by chance."""

    correlation: float
    error: float
    keys: int


def _run(table: Examined, found: Sequence[Finding]) -> Iterable[Finding]:  # noqa: ARG001
    if table.schema.holder(Role.GROUP) is not None:
        return
    for column in table.schema:
        if (
            column.role in (Role.FEATURE, Role.ID)
            and column.kind in KEY_KINDS
            and column.name in table.present
        ):
            yield from _straddling(table, column)


def _straddling(table: Examined, column: Column) -> Iterator[Finding]:
    keys = table.frame.get_column(column.name)
    rows = len(keys) - keys.null_count()
    distinct = keys.drop_nulls().n_unique()
    if distinct < FEWEST_KEYS or not FEWEST_PER_KEY <= rows / distinct <= MOST_PER_KEY:
        return
    found = _likeness(table, column, keys)
    if found.correlation < _least(column) or found.correlation < STANDARD_ERRORS * found.error:
        return
    yield Finding(
        id=f"groups_straddle_split:{column.name}",
        severity="warning",
        columns=(column.name,),
        evidence={
            "keys": distinct,
            "rows_per_key": round(rows / distinct, 2),
            "correlation_within_key": round(found.correlation, 4),
            "error_by_chance": round(found.error, 5),
        },
        message=(
            f"Rows of one {column.name!r} have alike targets (correlation "
            f"{found.correlation:.2f}, {found.correlation / found.error:.0f} times what chance "
            f"gives; {distinct:,} keys of {rows / distinct:.1f} rows). A random split lets a "
            "model recognise them."
        ),
        suggested_action=(
            "If you will predict for new values of it, split by group (--group-column "
            f"{column.name!r}); if for later rows of the same ones, split by time."
        ),
    )


def _least(column: Column) -> float:
    """Give the correlation worth a word: an id is a key for sure, a number may be a measurement."""
    if column.role is Role.ID:
        return CORRELATED_ID
    return CORRELATED_MEASUREMENT if column.kind is Kind.INTEGER else CORRELATED


def _likeness(table: Examined, column: Column, keys: pl.Series) -> _Likeness:
    """One-way analysis of variance of the target over keys (Donner 1986), all classes taken together.

    Numbers that measure something have alike targets for neighbouring values; what the value's bin explains
    is taken away first, so that only what belongs to the single value counts.
    """
    target = _centred_target(table)
    if column.kind is Kind.INTEGER:
        target = _without_trend(target, keys)
    known = keys.is_not_null().to_numpy()
    target, code = target[known], first_seen(keys.drop_nulls())
    n, count = np.bincount(code), int(code.max()) + 1
    total = float((target**2).sum())
    sums = np.column_stack([np.bincount(code, weights=target[:, side]) for side in range(target.shape[1])])
    between = float((sums**2 / n[:, None]).sum())
    typical = (len(code) - float((n.astype(float) ** 2).sum()) / len(code)) / (count - 1)
    mean_between, mean_within = between / (count - 1), (total - between) / max(1, len(code) - count)
    spread = mean_between + (typical - 1.0) * mean_within
    correlation = (mean_between - mean_within) / spread if spread > 0 else 0.0
    error = np.sqrt(2.0 / (max(typical, 1.01) * max(typical - 1.0, 0.01) * count))
    return _Likeness(correlation=correlation, error=float(error), keys=count)


def _centred_target(table: Examined) -> np.ndarray:
    """Give ranks of values, or one column per class (at most the 10 first), with mean 0."""
    if table.is_regression:
        target = table.target_values.rank("average").to_numpy().astype(np.float64)[:, None]
    else:
        codes = class_codes(table.target_values)
        target = np.column_stack(
            [(codes == label).astype(np.float64) for label in range(min(10, int(codes.max()) + 1))]
        )
    return np.asarray(target - target.mean(axis=0))


def _without_trend(target: np.ndarray, keys: pl.Series) -> np.ndarray:
    codes = bin_codes(bin_column(keys), keys)
    rows = np.maximum(np.bincount(codes), 1)
    means = np.column_stack(
        [np.bincount(codes, weights=target[:, side]) / rows for side in range(target.shape[1])]
    )
    return np.asarray(target - means[codes])


CHECK = Check(name="groups_straddle_split", order=110, run=_run)
