"""Whether the target or the features change with time, so that a random split would flatter the model."""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import polars as pl

from yunque.data.bins import as_numbers, bin_codes, bin_column
from yunque.data.examined import Check, Examined, goals_of
from yunque.data.finding import Finding
from yunque.data.schema import Column, Kind, Role
from yunque.data.single_column import strength

FEWEST_ROWS = 200
ENDS = 0.2
DRIFT = 0.002
ROW_ORDER = 0.01
TELLS_APART = 0.70
MOST_COLUMNS = 300


def _run(table: Examined, found: Sequence[Finding]) -> Iterable[Finding]:  # noqa: ARG001
    if table.frame.height < FEWEST_ROWS:
        return
    dates = _dates(table)
    for column in dates:
        yield from _in_time(table, column)
    if not dates:
        yield from _in_the_file(table)


def _dates(table: Examined) -> list[Column]:
    """Give the time column; or, when none is named, the dates that are features."""
    there = [column for column in table.schema if column.name in table.present]
    named = [column for column in there if column.role is Role.TIME]
    return named or [
        column
        for column in there
        if column.role is Role.FEATURE and column.kind in (Kind.DATE, Kind.TIMESTAMP)
    ]


def _in_time(table: Examined, column: Column) -> Iterator[Finding]:
    moments = as_numbers(table.sample.get_column(column.name))
    drift = _skill_of_place(moments, table)
    moved = _moved_features(table, moments, column.name)
    is_named = column.role is Role.TIME
    if drift < DRIFT and not moved and is_named:
        return
    parts = [f"{drift:.1%} of the target is explained by the date alone"] if drift >= DRIFT else []
    if moved:
        shown = ", ".join(f"{name!r} (ROC-AUC {auc:.2f})" for name, auc in moved[:5])
        parts.append(f"{len(moved)} feature(s) tell the first fifth of the time from the last: {shown}")
    changes = "; ".join(parts) or "neither target nor features change much with it"
    yield Finding(
        id=f"order_in_time:{column.name}",
        severity="warning" if parts and not is_named else "info",
        columns=(column.name, *(name for name, _ in moved)),
        evidence={
            "skill_of_date": round(drift, 4),
            "moved_features": {name: round(auc, 4) for name, auc in moved},
        },
        message=f"The rows have a date, {column.name!r}: {changes}.",
        suggested_action="The split follows it already." if is_named else _advice(column.name),
    )


def _advice(name: str) -> str:
    return (
        f"If you will predict the future from the past, split by it (--time-column {name!r}); "
        "a random split flatters."
    )


def _in_the_file(table: Examined) -> Iterator[Finding]:
    drift = _skill_of_place(table.sample_rows.astype(np.float64), table)
    if drift >= ROW_ORDER:
        yield Finding(
            id="order_of_rows",
            severity="info",
            columns=(),
            evidence={"skill_of_position": round(drift, 4)},
            message=(
                f"The position of a row in the table explains {drift:.1%} of the target: the "
                "rows are sorted by something that matters."
            ),
            suggested_action=(
                "If that is time, add the date as a column and split by it (--time-column); "
                "never add the row number as a feature."
            ),
        )


def _skill_of_place(place: np.ndarray, table: Examined) -> float:
    series = pl.Series(place).fill_nan(None)
    bins = bin_column(series)
    codes = bin_codes(bins, series)
    return max(strength(bins, codes, goal).skill for goal in table.goals)


def _moved_features(table: Examined, moments: np.ndarray, time: str) -> list[tuple[str, float]]:
    """Give the features that alone tell the first fifth of the time from the last, with their ROC-AUC."""
    known = moments[~np.isnan(moments)]
    if len(known) < FEWEST_ROWS or not table.strengths or len(table.strengths) > MOST_COLUMNS:
        return []
    first, last = np.quantile(known, [ENDS, 1.0 - ENDS])
    if first >= last:
        return []
    ends = np.flatnonzero((moments <= first) | (moments > last))
    (goal,) = goals_of(pl.Series(moments[ends] > last), False, table.folds, table.seed)
    if goal.n_classes < 2:
        return []
    judged = [
        (each.name, strength(each.bins, each.codes[ends], goal).auc)
        for each in table.strengths
        if each.name != time
    ]
    return sorted(((name, auc) for name, auc in judged if auc >= TELLS_APART), key=lambda each: -each[1])


CHECK = Check(name="order_in_time", order=100, run=_run)
