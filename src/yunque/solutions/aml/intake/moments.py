"""Dates and hours as people write them; zones are brought to Mexico City, a missing hour stays unknown."""

from dataclasses import dataclass
from datetime import date, time

import polars as pl

from yunque.solutions.aml.intake.faults import Faults

ZONE = "America/Mexico_City"
FIRST_DAY = date(2016, 1, 28)
MONTHS = ("ene", "feb", "mar", "abr", "may", "jun", "jul", "ago", "sep", "oct", "nov", "dic")
ISO_DAY = r"^(\d{4})[-/.]?(\d{2})[-/.]?(\d{2})(?:[t ]|$)"
YEAR_LAST = r"^(\d{1,2})[-/. ](\d{1,2})[-/. ](\d{4}|\d{2})(?:[t ,]|$)"
MONTH_NAME = (
    r"^(\d{1,2})(?:[-/. ]|\s+de\s+)+([a-zñ]{3})[a-zñ]*\.?(?:[-/. ]|\s+del?\s+)+(\d{4}|\d{2})(?:[t ,]|$)"
)
# a date of any of these kinds, and what parts it from the clock
HEAD = (
    r"^(?:\d{4}[-/.]?\d{2}[-/.]?\d{2}|\d{1,2}[-/. ]\d{1,2}[-/. ](?:\d{4}|\d{2})"
    r"|\d{1,2}(?:[-/. ]|\s+de\s+)+[a-zñ]{3}[a-zñ]*\.?(?:[-/. ]|\s+del?\s+)+(?:\d{4}|\d{2}))(?:[t ,]+|$)"
)
ZONED = r"(z|utc|gmt|[+-]\d{2}:?(?:\d{2})?)$"
CLOCK = (
    rf"^(\d{{1,2}}):(\d{{2}})(?::(\d{{2}})(?:[.,]\d+)?)?\s*(?:([ap])\.?\s*(?:m\.?)?)?\s*(?:{ZONED[:-1]})?$"
)
OFFSET = r"^([+-])(\d{2}):?(\d{2})?$"
CENTURY = "20"


@dataclass(frozen=True, kw_only=True)
class Moments:
    """Days and hours of a table.

    Attributes:
        day: null where unreadable.
        hour: null where the file tells none.
        is_converted: the text had a time zone other than ours.
        doubtful_order: some dates can only be month/day/year and none only day/month/year.
    """

    day: pl.Series
    hour: pl.Series
    is_converted: pl.Series
    doubtful_order: bool


def read_moments(days: pl.Series, hours: pl.Series | None, as_of: date, faults: Faults) -> Moments:
    """Read the columns `fecha` and `hora`.

    A column of timestamps that are all midnight tells no hour, unless they have a time zone of their own.
    """
    text = days.str.to_lowercase().str.strip_chars()
    parts = day_parts(text)
    rest = text.str.replace(HEAD, "")
    clock = clock_parts(rest, zoned=True)
    local = localised(parts, clock)
    own = ~local["is_converted"]
    all_midnight = bool((local["clock"].filter(own).drop_nulls() == time(0)).all())
    hour = local["clock"].set(own & all_midnight, None)
    if hours is not None:
        said = hour_of(hours.str.to_lowercase().str.strip_chars())
        faults.add(hours.is_not_null() & said.is_null(), hours, "hora", "hora_ilegible")
        hour = said.zip_with(said.is_not_null(), hour)
    is_whole = (rest == "") | rest.str.contains(CLOCK)  # nothing is left that was not understood
    day = local["day"].zip_with(is_whole.fill_null(value=False), local["day"].clear(days.len()))
    faults.add(days.is_null(), days, "fecha", "falta")
    faults.add(days.is_not_null() & day.is_null(), days, "fecha", "fecha_ilegible")
    faults.add(day > as_of, days, "fecha", "fecha_futura")
    faults.add(day < FIRST_DAY, days, "fecha", "fecha_sin_uma")
    second = text.str.extract(YEAR_LAST, 2).cast(pl.Int64, strict=False)
    first = text.str.extract(YEAR_LAST, 1).cast(pl.Int64, strict=False)
    doubtful = bool((second > 12).any()) and not bool((first > 12).any())
    return Moments(day=day, hour=hour, is_converted=local["is_converted"], doubtful_order=doubtful)


def day_parts(text: pl.Series) -> pl.DataFrame:
    """Take year, month and day out of ISO dates, day/month/year, and days with the name of the month."""
    month_names = {name: number for number, name in enumerate(MONTHS, start=1)} | {"set": 9}
    frame = text.to_frame("t")
    iso = [pl.col("t").str.extract(ISO_DAY, n).cast(pl.Int32, strict=False) for n in (1, 2, 3)]
    last = [pl.col("t").str.extract(YEAR_LAST, n) for n in (3, 2, 1)]
    named = [pl.col("t").str.extract(MONTH_NAME, n) for n in (3, 2, 1)]
    name = named[1].replace_strict(month_names, default=None, return_dtype=pl.Int32)
    whole = pl.col("t").str.contains(r"^\d{4}[-/.]\d{2}[-/.]\d{2}|^\d{8}(?:[t ]|$)")
    return frame.select(
        year=pl.coalesce(pl.when(whole).then(iso[0]), four_digits(last[0]), four_digits(named[0])),
        month=pl.coalesce(pl.when(whole).then(iso[1]), last[1].cast(pl.Int32, strict=False), name),
        day=pl.coalesce(
            pl.when(whole).then(iso[2]),
            last[2].cast(pl.Int32, strict=False),
            named[2].cast(pl.Int32, strict=False),
        ),
    )


def four_digits(year: pl.Expr) -> pl.Expr:
    """Complete a year of two digits."""
    short = year.str.len_chars() == 2
    return pl.when(short).then(pl.lit(CENTURY) + year).otherwise(year).cast(pl.Int32, strict=False)


def clock_parts(text: pl.Series, *, zoned: bool) -> pl.DataFrame:
    """Take the hour out of texts, and how many minutes its zone lies east of Greenwich."""
    frame = text.to_frame("t")
    hour = pl.col("t").str.extract(CLOCK, 1).cast(pl.Int64, strict=False)
    half = pl.col("t").str.extract(CLOCK, 4)
    twelve = hour % 12
    turned = pl.when(half == "p").then(twelve + 12).when(half == "a").then(twelve).otherwise(hour)
    after = pl.col("t").str.extract(ZONED, 1)
    sign = pl.when(after.str.starts_with("-")).then(-1).otherwise(1)
    minutes = sign * (
        after.str.extract(OFFSET, 2).cast(pl.Int64, strict=False) * 60
        + after.str.extract(OFFSET, 3).cast(pl.Int64, strict=False).fill_null(0)
    )
    greenwich = after.is_in(["z", "utc", "gmt"])
    east = pl.when(greenwich).then(pl.lit(0, pl.Int64)).otherwise(minutes)
    return frame.select(
        hour=turned,
        minute=pl.col("t").str.extract(CLOCK, 2).cast(pl.Int64, strict=False),
        second=pl.col("t").str.extract(CLOCK, 3).cast(pl.Int64, strict=False).fill_null(0),
        east=east if zoned else pl.lit(None, pl.Int64),
    )


def localised(parts: pl.DataFrame, clock: pl.DataFrame) -> pl.DataFrame:
    """Give day and hour in Mexico City: texts with a zone are moved, others are taken as they stand."""
    frame = pl.concat([parts, clock], how="horizontal")
    valid = (pl.col("hour") < 24) & (pl.col("minute") < 60) & (pl.col("second") < 60)
    safe = frame.with_columns(
        pl.when(valid).then(pl.col(name)).alias(name) for name in ("hour", "minute", "second")
    )
    broken = pl.col("hour").is_null() & pl.lit(frame["hour"].is_not_null())
    known = safe.with_columns(
        year=pl.when(~broken).then("year"), day=pl.when(pl.col("day").is_between(1, 31)).then("day")
    ).with_columns(month=pl.when(pl.col("month").is_between(1, 12)).then("month"))
    dated = known.with_columns(
        text=pl.format("{}-{}-{}", "year", pl.col("month"), pl.col("day"))
    ).with_columns(date=pl.col("text").str.to_date("%Y-%m-%d", strict=False))
    stamp = pl.col("date").cast(pl.Datetime("us")) + pl.duration(
        hours=pl.col("hour").fill_null(0),
        minutes=pl.col("minute").fill_null(0),
        seconds=pl.col("second").fill_null(0),
    )
    moved = (
        (stamp - pl.duration(minutes=pl.col("east").fill_null(0)))
        .dt.replace_time_zone("UTC")
        .dt.convert_time_zone(ZONE)
        .dt.replace_time_zone(None)
    )
    zoned = pl.col("east").is_not_null()
    final = dated.with_columns(moment=pl.when(zoned).then(moved).otherwise(stamp))
    return final.select(
        day=pl.col("moment").dt.date(),
        clock=pl.when(pl.col("hour").is_not_null()).then(pl.col("moment").dt.time()),
        is_converted=zoned.fill_null(value=False),
    )


def hour_of(text: pl.Series) -> pl.Series:
    """Read hours: "14:30", "2:30 pm", "14"; one with a zone of its own is refused: the day might move."""
    clock = clock_parts(text.set(text.str.contains(ZONED).fill_null(value=False), None), zoned=False)
    whole = text.str.extract(r"^(\d{1,2})$").cast(pl.Int64, strict=False)
    frame = clock.with_columns(hour=pl.coalesce("hour", pl.lit(whole)), minute=pl.col("minute").fill_null(0))
    valid = (pl.col("hour") < 24) & (pl.col("minute") < 60) & (pl.col("second") < 60)
    return frame.select(
        pl.when(valid).then(pl.time(pl.col("hour"), pl.col("minute"), pl.col("second")))
    ).to_series()
