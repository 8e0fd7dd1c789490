"""One file of orders becomes typed rows: cells read by the contract, bad rows told with their places."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl

from yunque.data.parse import POLARS_TYPES, parse_series
from yunque.data.schema import Column, Kind
from yunque.data.table import read_table
from yunque.errors import DataError, TableError
from yunque.solutions.orders.columns import CHANNELS, CLIENT, CONTRACT, LEVELS, RAW, TARGET, TIME
from yunque.solutions.orders.notice import Notice, some

NEEDED = (CLIENT, TIME, TARGET)
REASONS = {
    "file": pl.String,
    "row": pl.Int64,
    "column": pl.String,
    "value": pl.String,
    "reason": pl.String,
}
MOST_UNREADABLE = 0.05  # of a file's cells in one column; beyond it the file is not what it should be


@dataclass(frozen=True, kw_only=True)
class OrdersFile:
    """One file as it was read.

    Attributes:
        name: of the file.
        frame: typed rows that can be used; category columns as polars categories.
        rejected: reasons of all others: file, row (from 1), column, value, reason.
        rows: rows of the file.
        types: polars types that its columns had, by name.
        notices: what to know of it.
    """

    name: str
    frame: pl.DataFrame
    rejected: pl.DataFrame
    rows: int
    types: dict[str, str]
    notices: tuple[Notice, ...]


def read_orders_file(path: Path, as_of: datetime) -> OrdersFile:
    """Read one file.

    Args:
        path: Parquet, or any other table.
        as_of: the present, in the files' own time; later orders are set apart.

    Raises:
        TableError: damaged or truncated, or a needed column is not there; names the file.
        DataError: more than 5 % of a column cannot be read; names file, column and first row.
    """
    return take_in_frame(read_table(path), path.name, as_of)


def take_in_frame(raw: pl.DataFrame, name: str, as_of: datetime) -> OrdersFile:
    """Take the rows of one file in; see `read_orders_file`."""
    _refuse_absent(raw, name)
    typed: list[pl.Series] = []
    bad = pl.repeat(False, raw.height, dtype=pl.Boolean, eager=True)
    told: list[pl.DataFrame] = []
    for column in CONTRACT.schema:
        if column.name not in raw.columns:
            typed.append(_nothing(column, raw.height))
            continue
        series, unreadable = _read_column(column, raw[column.name])
        typed.append(series)
        if unreadable.any():
            _refuse_mostly_unreadable(column, raw[column.name], unreadable, name)
            told.append(_reasons(name, raw[column.name], unreadable, "unreadable"))
            bad |= unreadable
        if column.name in NEEDED and series.null_count():
            empty = series.is_null() & ~unreadable
            told.append(_reasons(name, raw[column.name], empty, "missing"))
            bad |= series.is_null()
    frame = pl.DataFrame(typed)
    future = (frame[TIME] > as_of).fill_null(value=False)
    told.append(_reasons(name, frame[TIME], future, "future"))
    bad |= future
    rejected = pl.concat([part for part in told if part.height] or [pl.DataFrame(schema=REASONS)])
    kept = frame.filter(~bad) if bad.any() else frame
    return OrdersFile(
        name=name,
        frame=kept,
        rejected=rejected,
        rows=raw.height,
        types={column: str(raw.schema[column]) for column in RAW if column in raw.columns},
        notices=tuple(_notices(raw, kept, rejected, name)),
    )


def _refuse_absent(raw: pl.DataFrame, name: str) -> None:
    absent = [column for column in NEEDED if column not in raw.columns]
    if absent:
        raise TableError(
            f"The file lacks the column {', '.join(map(repr, absent))}.",
            place={"file": name, "column": absent[0]},
            hint=f"It has {some([repr(each) for each in raw.columns], 14)}.",
        )
    for column in NEEDED:
        if raw.height and raw[column].null_count() == raw.height:
            raise DataError(
                f"The column {column!r} is empty in every row.",
                place={"file": name, "column": column, "row": 1},
                hint="Write the file again from its source; nothing was published.",
            )


def _read_column(column: Column, series: pl.Series) -> tuple[pl.Series, pl.Series]:
    """Read one column; texts that repeat are read once each, and categories stay categories."""
    if column.kind is not Kind.CATEGORY or series.dtype not in (pl.String, pl.Categorical, pl.Enum):
        typed, unreadable = parse_series(column, series)
        return (typed.cast(pl.Categorical) if column.kind is Kind.CATEGORY else typed), unreadable
    coded = series.cast(pl.Categorical)
    distinct = coded.unique().drop_nulls()
    texts = distinct.cast(pl.String)
    read, _ = parse_series(column, texts)
    if not read.equals(texts, null_equal=True):
        coded = coded.replace_strict(distinct, read.cast(pl.Categorical), default=None)
    return coded.alias(column.name), pl.repeat(False, len(series), dtype=pl.Boolean, eager=True)


def _nothing(column: Column, rows: int) -> pl.Series:
    kind = pl.Categorical() if column.kind is Kind.CATEGORY else POLARS_TYPES[column.kind]
    return pl.repeat(None, rows, dtype=kind, eager=True).alias(column.name)


def _reasons(name: str, series: pl.Series, mask: pl.Series, reason: str) -> pl.DataFrame:
    rows = mask.arg_true()
    values = series.gather(rows).cast(pl.String)
    return pl.DataFrame(
        {
            "file": pl.repeat(name, len(rows), dtype=pl.String, eager=True),
            "row": rows.cast(pl.Int64) + 1,
            "column": pl.repeat(series.name, len(rows), dtype=pl.String, eager=True),
            "value": values,
            "reason": pl.repeat(reason, len(rows), dtype=pl.String, eager=True),
        }
    )


def _refuse_mostly_unreadable(column: Column, series: pl.Series, mask: pl.Series, name: str) -> None:
    count = int(mask.sum())
    if count <= MOST_UNREADABLE * len(series):
        return
    row = int(mask.arg_true()[0])
    raise DataError(
        f"{count:,} of {len(series):,} cells of {column.name!r} are no {column.kind}, "
        f"such as {str(series[row])[:40]!r}.",
        place={"file": name, "column": column.name, "row": row + 1},
        hint="The column seems to hold something else in this file; write it again. Nothing was published.",
    )


def _notices(raw: pl.DataFrame, kept: pl.DataFrame, rejected: pl.DataFrame, name: str) -> Iterator[Notice]:
    """Tell absent, unknown and empty columns, values never seen, and rows set apart."""
    for column in RAW:
        if column not in raw.columns:
            yield Notice(code="absent_column", facts={"file": name, "column": column})
        elif raw.height and raw[column].null_count() == raw.height:
            yield Notice(code="empty_column", facts={"file": name, "column": column})
    if extra := [column for column in raw.columns if column not in RAW]:
        yield Notice(code="extra_column", facts={"file": name, "columns": some(extra)})
    for column, known in LEVELS.items():
        new = kept[column].value_counts().filter(~pl.col(column).cast(pl.String).is_in([*known]))
        for value, count in new.drop_nulls().sort("count", descending=True).rows()[:5]:
            code = "new_channel" if column == TARGET else "new_level"
            known_text = ", ".join(CHANNELS if column == TARGET else known)
            facts: dict[str, Any] = {"file": name, "column": column, "value": value, "count": count}
            yield Notice(code=code, facts={**facts, "known": known_text})
    for (column, reason), part in rejected.group_by("column", "reason", maintain_order=True):
        facts = {"file": name, "column": column, "count": part.height, "row": part["row"][0]}
        yield Notice(code=f"rejected_{reason}", facts={**facts, "value": str(part["value"][0])[:40]})
