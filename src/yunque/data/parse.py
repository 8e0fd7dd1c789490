"""Cells become typed values under a column's kind and reading: one semantics, one cell or a whole column."""

from collections.abc import Callable

import polars as pl

from yunque.data.parse_date import midnights, read_dates, read_timestamps
from yunque.data.parse_number import divided, read_integers, read_numbers
from yunque.data.parse_value import Value, canonical_text, parse_value, value_reader
from yunque.data.parse_words import BLANKS, boolean_words, missing_numbers, missing_words
from yunque.data.schema import Column, Kind, Reading

__all__ = [
    "POLARS_TYPES",
    "Value",
    "canonical_text",
    "is_readable",
    "parse_series",
    "parse_value",
    "value_reader",
]

POLARS_TYPES: dict[Kind, pl.DataType] = {
    Kind.NUMBER: pl.Float64(),
    Kind.INTEGER: pl.Int64(),
    Kind.BOOLEAN: pl.Boolean(),
    Kind.CATEGORY: pl.String(),
    Kind.TEXT: pl.String(),
    Kind.DATE: pl.Date(),
    Kind.TIMESTAMP: pl.Datetime("us"),
}

_FEW = 5_000  # rows under which looking for distinct texts first saves nothing


def is_readable(dtype: pl.DataType) -> bool:
    """Whether a column of this polars type can be read at all; lists, structs, bytes and objects cannot."""
    return not (dtype.is_nested() or dtype in (pl.Binary, pl.Object, pl.Unknown))


def parse_series(column: Column, series: pl.Series) -> tuple[pl.Series, pl.Series]:
    """Read a whole column; the result equals `parse_value` on every cell.

    Returns:
        The typed series (null where missing or unreadable) and a Boolean mask of the unreadable cells.
    """
    series = _decoded(series)
    if series.dtype == pl.String:
        typed, unreadable = _by_distinct(series, lambda texts: _parse_texts(column, texts))
    else:
        typed, unreadable = _parse_typed(column, series)
    numbers = missing_numbers(column.kind, column.reading)
    if numbers:
        typed = typed.set(typed.is_in(list(numbers)).fill_null(value=False), None)
    return typed.alias(column.name), unreadable.alias(column.name)


def _decoded(series: pl.Series) -> pl.Series:
    """Undo dictionary encodings, and give an all-null column a type."""
    if series.dtype in (pl.Categorical, pl.Enum, pl.Null):
        return series.cast(pl.String)
    return series


def _by_distinct(
    series: pl.Series, parse: Callable[[pl.Series], tuple[pl.Series, pl.Series]]
) -> tuple[pl.Series, pl.Series]:
    """Parse the distinct texts only where texts repeat, and look the rest up."""
    if len(series) < _FEW:
        return parse(series)
    distinct = series.unique()
    if len(distinct) * 2 > len(series):
        return parse(series)
    typed, unreadable = parse(distinct)
    if typed.dtype == pl.String and not unreadable.any() and typed.equals(distinct, null_equal=True):
        return series, pl.repeat(False, len(series), eager=True)
    known = pl.DataFrame({"text": distinct, "typed": typed, "unreadable": unreadable})
    found = pl.DataFrame({"text": series}).join(
        known, on="text", how="left", nulls_equal=True, maintain_order="left"
    )
    return found["typed"], found["unreadable"]


def _parse_texts(column: Column, series: pl.Series) -> tuple[pl.Series, pl.Series]:
    texts = series.str.strip_chars(BLANKS)
    words = pl.Series(sorted(missing_words(column.kind, column.reading)))
    texts = texts.set(texts.str.to_lowercase().is_in(words.implode()).fill_null(value=True), None)
    typed = _read_texts(column.kind, column.reading, texts)
    return typed, texts.is_not_null() & typed.is_null()


def _read_texts(kind: Kind, reading: Reading, texts: pl.Series) -> pl.Series:
    match kind:
        case Kind.NUMBER:
            return read_numbers(reading, texts)
        case Kind.INTEGER:
            return read_integers(reading, texts)
        case Kind.BOOLEAN:
            return _read_booleans(reading, texts)
        case Kind.DATE:
            return read_dates(reading.date_order, texts)
        case Kind.TIMESTAMP:
            return read_timestamps(reading.date_order, texts)
        case _:
            return texts


def _read_booleans(reading: Reading, texts: pl.Series) -> pl.Series:
    true, false = boolean_words(reading)
    words = {**dict.fromkeys(false, False), **dict.fromkeys(true, True)}
    lower = texts.str.to_lowercase()
    return lower.replace_strict(words, default=None, return_dtype=pl.Boolean)


def _parse_typed(column: Column, series: pl.Series) -> tuple[pl.Series, pl.Series]:
    if not is_readable(series.dtype):
        return pl.Series([None] * len(series), dtype=POLARS_TYPES[column.kind]), series.is_not_null()
    if series.dtype.is_float():
        series = series.cast(pl.Float64)
        series = series.set((~series.is_finite()).fill_null(value=False), None)
    typed = _convert(column, series)
    return typed, series.is_not_null() & typed.is_null()


def _convert(column: Column, series: pl.Series) -> pl.Series:
    """Give the typed series of a column that is not text, null where a value cannot stand for the kind."""
    match column.kind:
        case Kind.NUMBER:
            return _to_numbers(series)
        case Kind.INTEGER:
            return _to_integers(series)
        case Kind.BOOLEAN:
            return _to_booleans(series)
        case Kind.DATE:
            return _to_dates(column, series)
        case Kind.TIMESTAMP:
            return _to_timestamps(column, series)
        case _:
            return _to_texts(series)


def _nulls(series: pl.Series, kind: Kind) -> pl.Series:
    return pl.Series([None], dtype=POLARS_TYPES[kind]).new_from_index(0, len(series))


def _to_numbers(series: pl.Series) -> pl.Series:
    if series.dtype == pl.Duration:
        return divided(series.dt.total_microseconds().cast(pl.Float64), 1e6)
    return series.cast(pl.Float64) if series.dtype.is_numeric() else _nulls(series, Kind.NUMBER)


def _to_integers(series: pl.Series) -> pl.Series:
    if not series.dtype.is_numeric():
        return _nulls(series, Kind.INTEGER)
    if series.dtype.is_integer():
        return series.cast(pl.Int64, strict=False)
    whole = (series.floor() == series).fill_null(value=False)
    return series.zip_with(whole, pl.Series([None], dtype=series.dtype)).cast(pl.Int64, strict=False)


def _to_booleans(series: pl.Series) -> pl.Series:
    if series.dtype == pl.Boolean:
        return series
    if not series.dtype.is_numeric():
        return _nulls(series, Kind.BOOLEAN)
    known = ((series == 0) | (series == 1)).fill_null(value=False)
    return (series == 1).zip_with(known, pl.Series([None], dtype=pl.Boolean))


def _to_timestamps(column: Column, series: pl.Series) -> pl.Series:
    if isinstance(series.dtype, pl.Datetime):
        if series.dtype.time_zone is not None:
            series = series.dt.convert_time_zone("UTC").dt.replace_time_zone(None)
        return series.cast(pl.Datetime("us"))
    if series.dtype == pl.Date:
        return series.cast(pl.Datetime("us"))
    if series.dtype.is_integer():
        return read_timestamps(column.reading.date_order, series.cast(pl.String))
    return _nulls(series, Kind.TIMESTAMP)


def _to_dates(column: Column, series: pl.Series) -> pl.Series:
    if series.dtype == pl.Date:
        return series
    return midnights(_to_timestamps(column, series))


def _to_texts(series: pl.Series) -> pl.Series:
    if series.dtype.is_integer():
        return series.cast(pl.String)
    if series.dtype == pl.Duration:
        return _nulls(series, Kind.TEXT)
    distinct = series.unique()
    values = _to_timestamps(_ANY_TIMESTAMP, distinct) if isinstance(series.dtype, pl.Datetime) else distinct
    texts = [None if value is None else canonical_text(value) for value in values]
    known = pl.DataFrame({"value": distinct, "text": pl.Series(texts, dtype=pl.String)})
    found = pl.DataFrame({"value": series}).join(
        known, on="value", how="left", nulls_equal=True, maintain_order="left"
    )
    return found["text"]


_ANY_TIMESTAMP = Column(name="", kind=Kind.TIMESTAMP)
