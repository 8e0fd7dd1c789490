"""What the calendar says of each period: holidays, paydays, days of sales, working days, promotions."""

from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

import numpy as np
import polars as pl

from yunque.forecasting.commercial_days import Country, commercial_days, paydays
from yunque.forecasting.panel import FloatArray, Panel, distance, period_of, step

MIN_SEASONS = 2


@dataclass(frozen=True, kw_only=True)
class CalendarFeatures:
    """Known-ahead features by period (and, for promotions, by article).

    Attributes:
        names: the features' columns; empty where no country was told and no promotion is known.
        periods: ds (column of the panel's arrays; beyond their end for what comes) and the features.
        promotions: unique_id (row of the panel's articles), ds, promotion; empty where none is known.
    """

    names: tuple[str, ...]
    periods: pl.DataFrame
    promotions: pl.DataFrame

    def table(self, start: int, stop: int) -> pl.DataFrame:
        """Give the calendar of the columns from `start` to before `stop`."""
        return self.periods.filter(pl.col("ds").is_between(start, stop - 1))

    def with_promotions(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Join promotions to rows of (unique_id, ds)."""
        if not len(self.promotions):
            return frame
        joined = frame.join(self.promotions, on=["unique_id", "ds"], how="left", maintain_order="left")
        return joined.with_columns(pl.col("promotion").fill_null(0.0))

    def coming(self, ids: pl.Series, start: int, horizon: int) -> pl.DataFrame:
        """Give the features of the periods ahead for each article: unique_id, ds and `names`."""
        grid = pl.DataFrame({"unique_id": ids}).join(self.table(start, start + horizon), how="cross")
        return self.with_promotions(grid)


def calendar_features(panel: Panel, country: Country | None, length: int, horizon: int) -> CalendarFeatures:
    """Read the calendar for the panel's `length` periods and `horizon` more."""
    first = step(panel.last, panel.frequency, (1 - length,))[0]
    days = step(first, panel.frequency, range(length + horizon + 1))
    columns: dict[str, list[float]] = {}
    if country is not None:
        columns = _counts(country, days)
        if length >= MIN_SEASONS * 12 and panel.frequency == "month":
            columns["month"] = [float(day.month) for day in days[:-1]]
    ds = pl.DataFrame({"ds": np.arange(length + horizon)})
    periods = ds.with_columns(**{name: pl.Series(values) for name, values in columns.items()})
    promotions = _promotions(panel, first, length + horizon)
    names = (*columns, *(("promotion",) if len(promotions) else ()))
    return CalendarFeatures(names=names, periods=periods, promotions=promotions)


def known_ahead(calendar: CalendarFeatures, rows: np.ndarray, stop: int) -> FloatArray:
    """Give what is known ahead of each period (articles x periods x features)."""
    names = [name for name in calendar.names if name != "promotion"]
    periods = calendar.table(0, stop).select(names).to_numpy().astype(float) if names else np.empty((stop, 0))
    every = np.broadcast_to(periods, (len(rows), *periods.shape))
    if not len(calendar.promotions):
        return np.asarray(every)
    promoted = np.zeros((len(rows), stop, 1))
    place = {row: at for at, row in enumerate(rows.tolist())}
    for article, period, strength in calendar.promotions.iter_rows():
        if article in place and period < stop:
            promoted[place[article], period, 0] = strength
    return np.concatenate([every, promoted], axis=2)


def holidays_of(country: Country, years: range) -> dict[date, str]:
    """Give a country's public holidays by the package holidays, with their names in Spanish."""
    import holidays

    known = holidays.country_holidays(country, years=years, language="es")
    return {day: str(name) for day, name in sorted(known.items())}


def _counts(country: Country, days: list[date]) -> dict[str, list[float]]:
    """Count by period (days[i] to before days[i + 1]) what falls into it."""
    years = range(days[0].year, days[-1].year + 1)
    free = set(holidays_of(country, years))
    paid = {day for year in years for month in range(1, 13) for day in paydays(year, month)}
    sales = {
        first + timedelta(days=offset)
        for year in years
        for _, first, last in commercial_days(country, year)
        for offset in range((last - first).days + 1)
    }
    counted: dict[str, list[float]] = {"holidays": [], "paydays": [], "sales_days": [], "working_days": []}
    for first, following in pairwise(days):
        span = [first + timedelta(days=offset) for offset in range((following - first).days)]
        counted["holidays"].append(float(sum(day in free for day in span)))
        counted["paydays"].append(float(sum(day in paid for day in span)))
        counted["sales_days"].append(float(sum(day in sales for day in span)))
        counted["working_days"].append(float(sum(day.weekday() < 6 and day not in free for day in span)))
    return counted


def _promotions(panel: Panel, first: date, stop: int) -> pl.DataFrame:
    rows = {unique_id: row for row, unique_id in enumerate(panel.ids)}
    told = [
        (rows[unique_id], distance(first, period_of(period, panel.frequency), panel.frequency), strength)
        for unique_id, period, strength in panel.promotions.select(
            "unique_id", "period", "promotion"
        ).iter_rows()
        if unique_id in rows
    ]
    kept = [row for row in told if 0 <= row[1] < stop]
    return pl.DataFrame(
        kept, schema={"unique_id": pl.Int64, "ds": pl.Int64, "promotion": pl.Float64}, orient="row"
    )
