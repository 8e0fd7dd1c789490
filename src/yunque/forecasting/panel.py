"""Demand of many articles on one calendar of closed periods: what every forecast starts from."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Literal

import numpy as np
import numpy.typing as npt
import polars as pl

from yunque.errors import UsageError

Frequency = Literal["day", "week", "month"]
FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

TRUNCATION: dict[Frequency, str] = {"day": "1d", "week": "1w", "month": "1mo"}
SEASON: dict[Frequency, int] = {"day": 7, "week": 52, "month": 12}
DAYS: dict[Frequency, float] = {"day": 1.0, "week": 7.0, "month": 365.25 / 12}
GRACE_DAYS: dict[Frequency, int] = {"day": 0, "week": 2, "month": 3}

ITEM_SCHEMA = {"unique_id": pl.String, "category": pl.String, "price": pl.Float64}
PROMOTION_SCHEMA = {"unique_id": pl.String, "period": pl.Date, "promotion": pl.Float64}


@dataclass(frozen=True, kw_only=True)
class Panel:
    """Units per article and closed period, without gaps from each article's first sale.

    Attributes:
        frame: unique_id, period (its first day; Monday for weeks), quantity (units, >= 0), known (False where
            stock was zero, so that a zero says nothing about demand); sorted by both keys.
        frequency: the length of a period.
        last: the first day of the last closed period; every article's rows end here.
        items: unique_id, category and price, null where not told; one row for every article, also for those
            never sold.
        promotions: unique_id, period, promotion (a strength, 1 for on); past and known ahead.
        notes: what was changed on the way, as (code, count).
    """

    frame: pl.DataFrame
    frequency: Frequency
    last: date
    items: pl.DataFrame
    promotions: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=PROMOTION_SCHEMA))
    notes: tuple[tuple[str, int], ...] = ()

    @property
    def ids(self) -> list[str]:
        """Every article, sorted; the order of all arrays."""
        return self.items["unique_id"].to_list()

    def ahead(self, periods: int) -> list[date]:
        """Give the first days of the `periods` periods that follow the last closed one."""
        return step(self.last, self.frequency, range(1, periods + 1))

    def until(self, last: date) -> "Panel":
        """Give the panel as it stood when the period of `last` closed; promotions known ahead stay.

        An article that had not sold yet keeps its row in `items`, so that arrays of two moments line up.
        """
        closed = period_of(last, self.frequency)
        frame = self.frame.filter(pl.col("period") <= closed)
        return replace(self, frame=frame, last=min(closed, self.last))


def period_of(day: date, frequency: Frequency) -> date:
    """Give the first day of the period of `day`."""
    if frequency == "week":
        return day - timedelta(days=day.weekday())
    return day.replace(day=1) if frequency == "month" else day


def step(start: date, frequency: Frequency, offsets: Iterable[int]) -> list[date]:
    """Give the periods that lie so many periods after (or, negative, before) the period `start`."""
    if frequency == "month":
        months = [start.year * 12 + start.month - 1 + offset for offset in offsets]
        return [date(month // 12, month % 12 + 1, 1) for month in months]
    days = 7 if frequency == "week" else 1
    return [start + timedelta(days=days * offset) for offset in offsets]


def last_closed(as_of: date, frequency: Frequency) -> date:
    """Give the last period that was over by the end of `as_of`, weekends and month ends taken generously."""
    period = period_of(as_of, frequency)
    ends = step(period, frequency, (1,))[0] - timedelta(days=1)
    is_over = (ends - as_of).days <= GRACE_DAYS[frequency]
    return period if is_over else step(period, frequency, (-1,))[0]


def make_panel(
    sales: pl.DataFrame,
    *,
    frequency: Frequency,
    as_of: date | None = None,
    out_of_stock: pl.DataFrame | None = None,
    items: pl.DataFrame | None = None,
    promotions: pl.DataFrame | None = None,
) -> Panel:
    """Sum dated sales into closed periods, fill the gaps with zeros, and mask zeros without stock.

    Args:
        sales: unique_id, date, quantity (units; negative for returns, which are netted in their period).
        frequency: the length of a period.
        as_of: the last day the sales cover; their last date when not told. The period it leaves open is
            dropped.
        out_of_stock: unique_id, date: days or periods that closed without stock; a period without sales in it
            is then unknown, not zero.
        items: unique_id and, where known, category and price; articles without sales may stand here.
        promotions: unique_id, date and promotion; also of periods to come.

    Raises:
        UsageError: a frame lacks one of its columns, or there is neither a sale nor an item.
    """
    _require(sales, ("unique_id", "date", "quantity"), "sales")
    dated = _dated(sales, frequency).with_columns(pl.col("quantity").cast(pl.Float64).fill_nan(None))
    dated = dated.filter(pl.col("quantity").is_finite())
    days: date | None = as_of or _last_day(dated)
    named = _items(items, dated)
    if days is None or not len(named):
        raise UsageError("There is no sale to forecast from.", hint="Give at least one dated sale.")
    last = last_closed(days, frequency)
    closed = dated.filter(pl.col("period") <= last)
    summed = closed.group_by("unique_id", "period").agg(pl.col("quantity").sum())
    filled = _fill(summed, frequency, last)
    negative = int((filled["quantity"] < 0).sum())
    frame = filled.with_columns(pl.col("quantity").clip(lower_bound=0.0))
    frame, masked = _mask(frame, out_of_stock, frequency)
    notes = (
        ("open_period_lines", len(dated) - len(closed)),
        ("netted_below_zero", negative),
        ("masked_without_stock", masked),
    )
    return Panel(
        frame=frame,
        frequency=frequency,
        last=last,
        items=named,
        promotions=_promotions(promotions, frequency),
        notes=tuple(note for note in notes if note[1]),
    )


def to_matrix(panel: Panel) -> tuple[FloatArray, BoolArray]:
    """Give quantity (articles x periods; NaN before the first sale) and whether it is known.

    The rows are `panel.ids`, the last column is `panel.last`, the first the earliest sale of any article.
    """
    ids = panel.ids
    if not len(panel.frame):
        return np.full((len(ids), 1), np.nan), np.zeros((len(ids), 1), dtype=bool)
    first = panel.frame["period"].min()
    assert isinstance(first, date)  # noqa: S101 - polars types the minimum of any column as any literal
    length = distance(first, panel.last, panel.frequency) + 1
    columns = {day: at for at, day in enumerate(step(first, panel.frequency, range(length)))}
    rows = panel.frame["unique_id"].replace_strict(ids, range(len(ids)), return_dtype=pl.Int64).to_numpy()
    places = panel.frame["period"].replace_strict(
        list(columns), list(columns.values()), return_dtype=pl.Int64
    )
    values = np.full((len(ids), length), np.nan)
    known = np.zeros((len(ids), length), dtype=bool)
    values[rows, places.to_numpy()] = panel.frame["quantity"].to_numpy()
    known[rows, places.to_numpy()] = panel.frame["known"].to_numpy()
    return values, known


def distance(first: date, last: date, frequency: Frequency) -> int:
    """Count the periods from `first` to `last`, both first days of periods."""
    if frequency == "month":
        return (last.year - first.year) * 12 + last.month - first.month
    return (last - first).days // (7 if frequency == "week" else 1)


def _require(frame: pl.DataFrame, columns: tuple[str, ...], name: str) -> None:
    absent = [column for column in columns if column not in frame.columns]
    if absent:
        raise UsageError(f"The table of {name} lacks {', '.join(absent)}.", hint=f"It has {frame.columns}.")


def _dated(frame: pl.DataFrame, frequency: Frequency) -> pl.DataFrame:
    day = pl.col("date").cast(pl.Date)
    period = day.dt.truncate(TRUNCATION[frequency])
    return frame.with_columns(pl.col("unique_id").cast(pl.String), day, period.alias("period")).filter(
        pl.col("date").is_not_null() & pl.col("unique_id").is_not_null()
    )


def _last_day(dated: pl.DataFrame) -> date | None:
    last = dated["date"].max() if len(dated) else None
    return last if isinstance(last, date) else None


def _items(items: pl.DataFrame | None, dated: pl.DataFrame) -> pl.DataFrame:
    sold = dated.select("unique_id").unique()
    if items is None:
        known = pl.DataFrame(schema=ITEM_SCHEMA)
    else:
        _require(items, ("unique_id",), "items")
        told = [
            pl.col(name).cast(kind, strict=False) if name in items.columns else pl.lit(None, kind).alias(name)
            for name, kind in ITEM_SCHEMA.items()
        ]
        known = items.select(told).unique("unique_id", keep="first", maintain_order=True)
    every = pl.concat([known.select("unique_id"), sold]).drop_nulls().unique()
    return every.join(known, on="unique_id", how="left").sort("unique_id")


def _fill(summed: pl.DataFrame, frequency: Frequency, last: date) -> pl.DataFrame:
    """Give every article a row for each period from its first with a sale to `last`."""
    sold = summed.filter(pl.col("quantity") > 0)
    starts = sold.group_by("unique_id").agg(pl.col("period").min().alias("first"))
    ranges = pl.date_ranges("first", pl.lit(last), interval=TRUNCATION[frequency]).alias("period")
    grid = starts.select("unique_id", ranges).explode("period", empty_as_null=False)
    filled = grid.join(summed, on=["unique_id", "period"], how="left")
    return filled.with_columns(pl.col("quantity").fill_null(0.0)).sort("unique_id", "period")


def _mask(
    frame: pl.DataFrame, out_of_stock: pl.DataFrame | None, frequency: Frequency
) -> tuple[pl.DataFrame, int]:
    if out_of_stock is None or not len(out_of_stock):
        return frame.with_columns(known=pl.lit(True)), 0
    _require(out_of_stock, ("unique_id", "date"), "days without stock")
    empty = _dated(out_of_stock, frequency).select("unique_id", "period").unique()
    marked = frame.join(empty.with_columns(empty=pl.lit(True)), on=["unique_id", "period"], how="left")
    unknown = pl.col("empty").fill_null(False) & (pl.col("quantity") <= 0)
    marked = marked.with_columns(known=~unknown).drop("empty").sort("unique_id", "period")
    return marked, int((~marked["known"]).sum())


def _promotions(promotions: pl.DataFrame | None, frequency: Frequency) -> pl.DataFrame:
    if promotions is None or not len(promotions):
        return pl.DataFrame(schema=PROMOTION_SCHEMA)
    _require(promotions, ("unique_id", "date"), "promotions")
    strength = pl.col("promotion").cast(pl.Float64) if "promotion" in promotions.columns else pl.lit(1.0)
    dated = _dated(promotions, frequency).with_columns(promotion=strength)
    return dated.group_by("unique_id", "period").agg(pl.col("promotion").max()).sort("unique_id", "period")
