"""Dates and timestamps written as text: ISO 8601, D/M/Y and M/D/Y, for one cell or for a whole column."""

import datetime as dt
import re
from functools import lru_cache

import polars as pl

from yunque.data.schema import DateOrder

_DATE = r"(?P<year>[0-9]{4})[-/.](?P<month>[0-9]{1,2})[-/.](?P<day>[0-9]{1,2})"
_COMPACT = r"(?P<year2>[0-9]{4})(?P<month2>[0-9]{2})(?P<day2>[0-9]{2})"
_SLASHED = r"(?P<first>[0-9]{1,2})[-/.](?P<second>[0-9]{1,2})[-/.](?P<last>[0-9]{4}|[0-9]{2})"
_CLOCK = (
    r"(?:(?:[Tt]| +)(?P<hour>[0-9]{1,2}):(?P<minute>[0-9]{2})"
    r"(?::(?P<second_>[0-9]{2})(?:[.,](?P<fraction>[0-9]{1,9}))?)?"
    r"(?: *(?P<half>[AaPp])\.?[Mm]\.?)?"
    r"(?: *(?P<zone>[Zz]|UTC|GMT|[+-][0-9]{2}:?[0-9]{2}|[+-][0-9]{2}))?)?"
)
_PIVOT = 70  # two-digit years: 00-69 are 2000-2069, 70-99 are 1970-1999 (as POSIX strptime)
_DAY = 86_400_000_000  # microseconds
_FIRST, _END = -62_135_596_800_000_000, 253_402_300_800_000_000  # years 1 to 9999, in microseconds


@lru_cache(maxsize=8)
def date_pattern(order: DateOrder) -> str:
    """Give the regular expression of a whole accepted text, with named groups.

    ISO is accepted under every order, also with / or . between the parts and as eight digits; `dmy` and `mdy`
    add D/M/Y or M/D/Y with /, - or . and years of four or two digits. A time of day may follow after T or
    blanks, with fraction, am/pm and zone.
    """
    dates = f"{_DATE}|{_COMPACT}" if order == "iso" else f"{_DATE}|{_COMPACT}|{_SLASHED}"
    return f"(?:{dates}){_CLOCK}"


@lru_cache(maxsize=8)
def _compiled(order: DateOrder) -> re.Pattern[str]:
    return re.compile(date_pattern(order))


def read_timestamp(order: DateOrder, text: str) -> dt.datetime | None:
    """Read one stripped, non-missing text as naive UTC; None when it is unreadable.

    Digits of a fraction beyond microseconds are cut. A zone is converted to UTC.
    """
    match = _compiled(order).fullmatch(text)
    if match is None:
        return None
    part = match.groupdict()
    clock = _clock_microseconds(part)
    if clock is None:
        return None
    try:
        midnight = dt.datetime(*_year_month_day(part, order))  # noqa: DTZ001
        return midnight + dt.timedelta(microseconds=clock)
    except (ValueError, OverflowError):
        return None


def read_date(order: DateOrder, text: str) -> dt.date | None:
    """Read one text as a date; a time of day other than midnight is unreadable."""
    moment = read_timestamp(order, text)
    return None if moment is None or moment.time() != dt.time() else moment.date()


def _year_month_day(part: dict[str, str | None], order: DateOrder) -> tuple[int, int, int]:
    if part["year"]:
        return int(part["year"]), int(part["month"] or 0), int(part["day"] or 0)
    if part["year2"]:
        return int(part["year2"]), int(part["month2"] or 0), int(part["day2"] or 0)
    last = part["last"] or ""
    year = int(last)
    if len(last) == 2:
        year += 2000 if year < _PIVOT else 1900
    first, second = int(part["first"] or 0), int(part["second"] or 0)
    return (year, second, first) if order == "dmy" else (year, first, second)


def _clock_microseconds(part: dict[str, str | None]) -> int | None:
    """Give the microseconds since midnight UTC of the date, or None when the time of day is impossible."""
    if part["hour"] is None:
        return 0
    hour, minute, second = int(part["hour"]), int(part["minute"] or 0), int(part["second_"] or 0)
    if part["half"]:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if part["half"] in "Pp" else 0)
    offset = _offset_minutes(part["zone"])
    if hour > 23 or minute > 59 or second > 59 or offset is None:
        return None
    fraction = int(((part["fraction"] or "") + "000000")[:6])
    return ((hour * 60 + minute - offset) * 60 + second) * 1_000_000 + fraction


def _offset_minutes(zone: str | None) -> int | None:
    if zone is None or zone[0] not in "+-":
        return 0
    hours, minutes = int(zone[1:3]), int(zone[-2:]) if len(zone) > 3 else 0
    if hours > 23 or minutes > 59:
        return None
    return (hours * 60 + minutes) * (-1 if zone[0] == "-" else 1)


def read_timestamps(order: DateOrder, texts: pl.Series) -> pl.Series:
    """Read stripped texts as Datetime("us"), naive UTC; null where missing or unreadable."""
    groups = texts.str.extract_groups(f"^(?:{date_pattern(order)})$").struct.unnest()
    year, month, day = _date_parts(order)
    parts = groups.with_columns(year.alias("y"), month.alias("m"), day.alias("d"))
    parts = parts.with_columns(_clock().alias("clock"))
    moment = _days_since_epoch() * _DAY + pl.col("clock")
    valid = _is_calendar_day() & moment.is_between(_FIRST, _END, closed="left")
    return parts.select(
        pl.when(valid).then(moment).cast(pl.Datetime("us")).alias("value"),
    ).to_series()


def read_dates(order: DateOrder, texts: pl.Series) -> pl.Series:
    """Read stripped texts as Date; null where missing, unreadable or with a time of day."""
    return midnights(read_timestamps(order, texts))


def midnights(moments: pl.Series) -> pl.Series:
    """Give the dates of timestamps at midnight, null elsewhere."""
    at_midnight = moments.to_physical() % _DAY == 0
    return moments.zip_with(at_midnight.fill_null(value=False), pl.Series([None], dtype=moments.dtype)).cast(
        pl.Date
    )


def _number(name: str) -> pl.Expr:
    return pl.col(name).cast(pl.Int64)


def _date_parts(order: DateOrder) -> tuple[pl.Expr, pl.Expr, pl.Expr]:
    year, month, day = (pl.coalesce(_number(name), _number(f"{name}2")) for name in ("year", "month", "day"))
    if order == "iso":
        return year, month, day
    short = pl.col("last").str.len_bytes() == 2
    century = pl.when(short).then(pl.when(_number("last") < _PIVOT).then(2000).otherwise(1900)).otherwise(0)
    first, second = _number("first"), _number("second")
    slashed = (second, first) if order == "dmy" else (first, second)
    return (
        pl.coalesce(year, _number("last") + century),
        pl.coalesce(month, slashed[0]),
        pl.coalesce(day, slashed[1]),
    )


def _clock() -> pl.Expr:
    """The column form of `_clock_microseconds`: 0 without a time of day, null when it is impossible."""
    hour, minute, second = _number("hour"), _number("minute"), _number("second_").fill_null(0)
    half = pl.col("half")
    is_afternoon = half.str.to_lowercase() == "p"
    twelve = pl.when(hour.is_between(1, 12)).then(hour % 12 + pl.when(is_afternoon).then(12).otherwise(0))
    hour = pl.when(half.is_null()).then(hour).otherwise(twelve)
    fraction = (
        pl.concat_str(pl.col("fraction").fill_null(""), pl.lit("000000")).str.slice(0, 6).cast(pl.Int64)
    )
    zone = pl.col("zone")
    signed = zone.str.contains("^[+-]").fill_null(value=False)
    hours = pl.when(signed).then(zone.str.slice(1, 2)).cast(pl.Int64).fill_null(0)
    minutes = (
        pl.when(signed & (zone.str.len_bytes() > 3)).then(zone.str.slice(-2)).cast(pl.Int64).fill_null(0)
    )
    offset = (hours * 60 + minutes) * pl.when(zone.str.starts_with("-")).then(-1).otherwise(1)
    possible = (hour <= 23) & (minute <= 59) & (second <= 59) & (hours <= 23) & (minutes <= 59)
    clock = ((hour * 60 + minute - offset) * 60 + second) * 1_000_000 + fraction
    return pl.when(pl.col("hour").is_null()).then(0).otherwise(pl.when(possible).then(clock))


def _is_calendar_day() -> pl.Expr:
    year, month, day = pl.col("y"), pl.col("m"), pl.col("d")
    leap = ((year % 4 == 0) & (year % 100 != 0)) | (year % 400 == 0)
    short = pl.when(leap).then(29).otherwise(28)
    length = pl.when(month == 2).then(short).when(month.is_in([4, 6, 9, 11])).then(30).otherwise(31)
    return (year >= 1) & month.is_between(1, 12) & (day >= 1) & (day <= length)


def _days_since_epoch() -> pl.Expr:
    """Days from 1970-01-01, by Hinnant's days_from_civil (howardhinnant.github.io/date_algorithms.html)."""
    month, day = pl.col("m"), pl.col("d")
    year = pl.col("y") - (month <= 2).cast(pl.Int64)
    era = year // 400
    year_of_era = year - era * 400
    day_of_year = (153 * ((month + 9) % 12) + 2) // 5 + day - 1
    day_of_era = year_of_era * 365 + year_of_era // 4 - year_of_era // 100 + day_of_year
    return era * 146_097 + day_of_era - 719_468
