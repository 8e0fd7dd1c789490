"""One cell becomes one typed value: the scalar form of parsing."""

import datetime as dt
import math
from collections.abc import Callable
from decimal import Decimal
from functools import lru_cache, partial
from typing import cast

import numpy as np

from yunque.data.parse_date import read_date, read_timestamp
from yunque.data.parse_number import read_integer, read_number
from yunque.data.parse_words import BLANKS, boolean_words, missing_numbers, missing_words
from yunque.data.schema import Column, Kind, Reading

Value = None | float | int | bool | str | dt.date | dt.datetime
"""A typed cell: None is missing; a number is never NaN or infinite; a timestamp is naive UTC."""

_EXACT = 2**53
_LOW, _HIGH = -(2**63), 2**63 - 1
_MIDNIGHT = dt.time()

EXPECTED = {
    Kind.NUMBER: "a number",
    Kind.INTEGER: "a whole number",
    Kind.BOOLEAN: "true or false",
    Kind.CATEGORY: "a text",
    Kind.TEXT: "a text",
    Kind.DATE: "a date",
    Kind.TIMESTAMP: "a date and time",
}


def parse_value(column: Column, value: object) -> Value:
    """Read one cell under its column.

    JSON values, Python values, numpy scalars and texts are read alike: a text under `column.reading`, and a
    typed value when it can stand for the kind without loss (3.0 for an integer, 0 and 1 for a boolean, a
    number in canonical text for a category). NaN, infinities and missing words give None.

    Raises:
        ValueError: the value cannot be read; the message says what was expected.
    """
    return value_reader(column.kind, column.reading)(value)


@lru_cache(maxsize=4096)
def value_reader(kind: Kind, reading: Reading) -> Callable[[object], Value]:
    """Give the function that reads one cell of that kind: build it once, call it per cell."""
    missing = missing_words(kind, reading)
    read_text = _text_readers(reading)[kind]
    read_typed = _TYPED[kind]
    sentinels = frozenset(missing_numbers(kind, reading))
    native = {Kind.NUMBER: float, Kind.INTEGER: int}.get(kind)

    def read(value: object) -> Value:
        if value is None:
            return None
        if type(value) is native and -_EXACT < value < _EXACT:  # type: ignore[operator]  # the usual case
            return None if value in sentinels else value  # type: ignore[return-value]
        if isinstance(value, str):
            text = value.strip(BLANKS)
            if text.lower() in missing:
                return None
            result = read_text(text)
        else:
            value = _plain(value)
            if value is None:
                return None
            result = read_typed(value, read_text)
        if result is None:
            raise ValueError(f"{_shown(value)} is not {describe(kind, reading)}")
        return None if sentinels and result in sentinels else result

    return read


def describe(kind: Kind, reading: Reading) -> str:
    """Say in words what a cell should hold."""
    if kind in (Kind.DATE, Kind.TIMESTAMP) and reading.date_order != "iso":
        return f"{EXPECTED[kind]} (ISO or {'D/M/Y' if reading.date_order == 'dmy' else 'M/D/Y'})"
    if kind is Kind.BOOLEAN and reading.true_words:
        return f"true or false ({reading.true_words[0]}/{(*reading.false_words, 'false')[0]})"
    if kind is Kind.NUMBER and reading.percent:
        return "a percentage"
    return EXPECTED[kind]


def canonical_text(value: object) -> str:
    """Give the text that stands for a typed value in a category: "3" for 3 and 3.0, "true", ISO dates."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < _EXACT else repr(value)
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    return str(value)


def _text_readers(reading: Reading) -> dict[Kind, Callable[[str], Value]]:
    true, false = boolean_words(reading)

    def read_boolean(text: str) -> bool | None:
        word = text.lower()
        return True if word in true else False if word in false else None

    return {
        Kind.NUMBER: partial(read_number, reading),
        Kind.INTEGER: partial(read_integer, reading),
        Kind.BOOLEAN: read_boolean,
        Kind.CATEGORY: str,
        Kind.TEXT: str,
        Kind.DATE: partial(read_date, reading.date_order),
        Kind.TIMESTAMP: partial(read_timestamp, reading.date_order),
    }


def _plain(value: object) -> object | None:
    """Turn numpy scalars into Python values, and what means nothing (NaN, infinity, NaT) into None."""
    if isinstance(value, np.datetime64):
        return cast(object, value.astype("datetime64[us]").item())
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, Decimal):
        return value if value.is_finite() else None
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    if isinstance(value, dt.datetime) and value != value:
        return None
    return value


def _typed_number(value: object, _: Callable[[str], Value]) -> float | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, dt.timedelta):
        return value.total_seconds()
    if not isinstance(value, int | float | Decimal):
        return None
    try:
        return float(value)
    except OverflowError:
        return None


def _typed_integer(value: object, _: Callable[[str], Value]) -> int | None:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return None
    number = int(value)
    return number if number == value and _LOW <= number <= _HIGH else None


def _typed_boolean(value: object, _: Callable[[str], Value]) -> bool | None:
    if isinstance(value, bool):
        return value
    return bool(value) if isinstance(value, int | float | Decimal) and value in (0, 1) else None


def _typed_text(value: object, _: Callable[[str], Value]) -> str | None:
    known = isinstance(value, bool | int | float | Decimal | dt.date | dt.time)
    return canonical_text(value) if known else None


def _typed_timestamp(value: object, read_text: Callable[[str], Value]) -> Value:
    if isinstance(value, dt.datetime):
        if value.tzinfo is not None:
            value = value.astimezone(dt.UTC).replace(tzinfo=None)
        return dt.datetime(*value.timetuple()[:6], value.microsecond)  # noqa: DTZ001  plain, also from pandas
    if isinstance(value, dt.date):
        return dt.datetime(value.year, value.month, value.day)  # noqa: DTZ001
    is_whole = isinstance(value, int) and not isinstance(value, bool)
    return read_text(str(value)) if is_whole else None


def _typed_date(value: object, read_text: Callable[[str], Value]) -> Value:
    moment = _typed_timestamp(value, read_text)
    if isinstance(moment, dt.datetime):
        return moment.date() if moment.time() == _MIDNIGHT else None
    return moment


_TYPED: dict[Kind, Callable[[object, Callable[[str], Value]], Value]] = {
    Kind.NUMBER: _typed_number,
    Kind.INTEGER: _typed_integer,
    Kind.BOOLEAN: _typed_boolean,
    Kind.CATEGORY: _typed_text,
    Kind.TEXT: _typed_text,
    Kind.DATE: _typed_date,
    Kind.TIMESTAMP: _typed_timestamp,
}


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}…"
