"""Run a contract over a table: typed columns, and every failure as a record."""

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches

import numpy as np
import numpy.typing as npt
import polars as pl

from yunque.data.contract import Contract
from yunque.data.parse import POLARS_TYPES, parse_series
from yunque.data.parse_value import describe
from yunque.data.schema import Column, Kind, Role
from yunque.data.validate_failures import (
    CheckFailure,
    Severity,
    examples_of,
    failing_rows,
    render_failures,
    rows_in_words,
)
from yunque.errors import ContractError

__all__ = ["CheckFailure", "CheckedTable", "check_table", "render_failures"]


@dataclass(frozen=True, kw_only=True)
class CheckedTable:
    """A table that met its contract.

    Attributes:
        frame: columns in the contract's order, typed by kind; unreadable cells are null. An absent column
            that is not required is null when it is a feature, and left out otherwise.
        failures: everything that did not hold, errors and warnings.
        bad_rows: sorted positions of rows with an unreadable cell or a forbidden missing value in a column
            that is used.
    """

    frame: pl.DataFrame
    failures: tuple[CheckFailure, ...]
    bad_rows: npt.NDArray[np.int64]


def check_table(contract: Contract, frame: pl.DataFrame, *, need_target: bool) -> CheckedTable:
    """Type a table by its contract, and record every failure.

    Args:
        contract: what the table should look like.
        frame: the table, typed or as text.
        need_target: whether the target must be there (training, scoring) or may be absent (prediction).

    Raises:
        ContractError: required columns are missing; names all of them, with their near matches.
    """
    _refuse_missing_columns(contract, frame, need_target=need_target)
    typed: list[pl.Series] = []
    failures = list(_extra_columns(contract, frame))
    bad = pl.repeat(False, frame.height, dtype=pl.Boolean, eager=True)
    present = set(frame.columns)
    for column in contract.schema:
        if column.name not in present:
            failures.append(_absent(column))
            if column.role is Role.FEATURE:
                typed.append(
                    pl.repeat(None, frame.height, dtype=POLARS_TYPES[column.kind], eager=True).alias(
                        column.name
                    )
                )
            continue
        series, found, unusable = _check_column(column, frame[column.name], need_target=need_target)
        typed.append(series)
        failures += found
        if unusable is not None:
            bad = bad | unusable
    return CheckedTable(
        frame=pl.DataFrame(typed) if typed else pl.DataFrame(),
        failures=tuple(failures),
        bad_rows=bad.arg_true().to_numpy().astype(np.int64),
    )


def _check_column(
    column: Column, source: pl.Series, *, need_target: bool
) -> tuple[pl.Series, list[CheckFailure], pl.Series | None]:
    """Give the typed column, its failures, and the mask of rows that it makes unusable (None for none)."""
    series, unreadable = parse_series(column, source)
    if column.role in (Role.IGNORE, Role.ID):
        return series, [], None
    is_used = column.role is Role.FEATURE or need_target
    severity: Severity = "error" if is_used else "warning"
    found = [*_unreadable(column, source, unreadable, severity)]
    unusable = unreadable if found and is_used else None
    if not column.nullable and series.null_count():
        missing = series.is_null() & ~unreadable
        found += _missing_values(column, missing, severity)
        unusable = series.is_null() if is_used else None
    return series, [*found, *_warnings(column, source, series)], unusable


def _unreadable(
    column: Column, source: pl.Series, mask: pl.Series, severity: Severity
) -> Iterator[CheckFailure]:
    count = int(mask.sum())
    if not count:
        return
    rows, examples = failing_rows(mask), examples_of(source.filter(mask))
    yield CheckFailure(
        check="unreadable",
        column=column.name,
        count=count,
        rows=rows,
        examples=examples,
        severity=severity,
        message=f"Column {column.name!r}: {count:,} cells are not {describe(column.kind, column.reading)}, "
        f"such as {', '.join(map(repr, examples))} ({rows_in_words(rows, count)}).",
    )


def _missing_values(column: Column, mask: pl.Series, severity: Severity) -> Iterator[CheckFailure]:
    count = int(mask.sum())
    if not count:
        return
    rows = failing_rows(mask)
    yield CheckFailure(
        check="missing_value",
        column=column.name,
        count=count,
        rows=rows,
        severity=severity,
        message=f"Column {column.name!r}: {count:,} cells are missing, which the contract forbids "
        f"({rows_in_words(rows, count)}).",
    )


def _warnings(column: Column, source: pl.Series, series: pl.Series) -> Iterator[CheckFailure]:
    if source.dtype.is_float():
        infinite = source.is_infinite().fill_null(value=False)
        yield from _warning(column, "not_finite", infinite, source, "are infinite and count as missing")
    if column.levels and column.kind is Kind.CATEGORY:
        known = pl.Series(column.levels)
        if not series.unique().drop_nulls().is_in(known.implode()).all():
            unseen = ~series.is_in(known.implode()).fill_null(value=True)
            yield from _warning(
                column, "unseen_level", unseen, series, "have a value that training did not see"
            )
    if (
        column.kind in (Kind.NUMBER, Kind.INTEGER)
        and column.minimum is not None
        and column.maximum is not None
    ):
        low, high = series.min(), series.max()
        if low is not None and (low < column.minimum or high > column.maximum):  # type: ignore[operator]
            outside = (~series.is_between(column.minimum, column.maximum)).fill_null(value=False)
            span = f"[{column.minimum:.15g}, {column.maximum:.15g}]"
            yield from _warning(
                column, "out_of_range", outside, series, f"lie outside the range {span} of training"
            )


def _warning(
    column: Column, check: str, mask: pl.Series, values: pl.Series, what: str
) -> Iterator[CheckFailure]:
    count = int(mask.sum())
    if not count:
        return
    rows, examples = failing_rows(mask), examples_of(values.filter(mask))
    yield CheckFailure(
        check=check,
        column=column.name,
        count=count,
        rows=rows,
        examples=examples,
        severity="warning",
        message=f"Column {column.name!r}: {count:,} cells {what}, such as {', '.join(map(repr, examples))} "
        f"({rows_in_words(rows, count)}).",
    )


def _extra_columns(contract: Contract, frame: pl.DataFrame) -> Iterator[CheckFailure]:
    known = set(contract.schema.names)
    extra = [name for name in frame.columns if name not in known]
    if extra:
        shown = ", ".join(map(repr, extra[:10])) + (", …" if len(extra) > 10 else "")
        yield CheckFailure(
            check="extra_column",
            column=extra[0] if len(extra) == 1 else None,
            count=len(extra),
            examples=tuple(extra[:5]),
            severity="warning",
            message=f"The contract does not know {shown}; not used.",
        )


def _absent(column: Column) -> CheckFailure:
    what = "counts as missing in every row" if column.role is Role.FEATURE else "is left out"
    return CheckFailure(
        check="absent_column",
        column=column.name,
        count=1,
        severity="warning",
        message=f"The table has no column {column.name!r} ({column.role}); it {what}.",
    )


def _refuse_missing_columns(contract: Contract, frame: pl.DataFrame, *, need_target: bool) -> None:
    present = set(frame.columns)
    missing = [
        column for column in contract.schema if _is_needed(column, need_target) and column.name not in present
    ]
    if not missing:
        return
    failures = tuple(_missing_column(column, frame.columns) for column in missing)
    names = ", ".join(repr(column.name) for column in missing[:20]) + (", …" if len(missing) > 20 else "")
    plural = "s" if len(missing) > 1 else ""
    raise ContractError(
        f"The table lacks the column{plural} {names}.",
        failures=failures,
        hint=" ".join(failure.message for failure in failures[:5] if failure.examples)
        or f"It has {', '.join(map(repr, frame.columns[:10]))}{', …' if frame.width > 10 else ''}.",
    )


def _is_needed(column: Column, need_target: bool) -> bool:
    return need_target if column.role is Role.TARGET else column.required


def _missing_column(column: Column, available: list[str]) -> CheckFailure:
    folded = {name.strip().casefold(): name for name in available}
    same = folded.get(column.name.strip().casefold())
    near = [same] if same else get_close_matches(column.name, available, n=3, cutoff=0.6)
    question = f" Did you mean {' or '.join(map(repr, near))}?" if near else ""
    return CheckFailure(
        check="missing_column",
        column=column.name,
        count=1,
        examples=tuple(near),
        severity="error",
        message=f"Column {column.name!r} is missing.{question}",
    )
