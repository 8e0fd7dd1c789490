"""What was asked for, day by day: sales less their returns, without transfers, with stock-outs known."""

from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

import numpy as np
import polars as pl

from yunque.forecasting.panel import Frequency, Panel, make_panel, period_of, step
from yunque.solutions.demand.columns import RETURN, SALE, TRANSFER
from yunque.solutions.demand.intake import Book
from yunque.solutions.demand.notes import noted
from yunque.solutions.demand.plan_values import DataNote

Bulk = Literal["keep", "separate"]
BULK_Z, BULK_LEAST, BULK_LINES = 4.5, 3.0, 8  # robust z of log units, times the 95 % line, lines needed
LEAST_SPREAD = 0.35  # of log units, so that articles that always sell one have room
WEEKS_NEEDED, SHORT_LEAD_DAYS = 26, 30


@dataclass(frozen=True, kw_only=True)
class History:
    """Demand as far as it is known.

    Attributes:
        sales: unique_id, date, quantity: net of returns, which are taken off the day of their sale.
        out_of_stock: unique_id, date: days that closed without stock.
        bulk: lines flagged as one-off: code, date, units, document.
        notes: what was left out or flagged.
    """

    sales: pl.DataFrame
    out_of_stock: pl.DataFrame
    bulk: pl.DataFrame
    notes: tuple[DataNote, ...]


def read_history(book: Book, bulk: Bulk = "keep") -> History:
    """Read demand from a book; `bulk` "separate" counts one-off lines as ordinary ones."""
    moves = book.movements
    sold = moves.filter((pl.col("kind") == SALE) & (pl.col("units") > 0)).with_row_index("line")
    flagged = _bulk_lines(sold)
    if bulk == "separate" and flagged.height:
        sold = (
            sold.join(flagged.select("line", "usual"), on="line", how="left", maintain_order="left")
            .with_columns(pl.coalesce("usual", "units").alias("units"))
            .drop("usual")
        )
    back, unmatched = _returns(sold, moves.filter((pl.col("kind") == RETURN) & (pl.col("units") > 0)))
    lines = pl.concat([sold.select("code", "date", "units"), back.with_columns(-pl.col("units"))])
    sales = lines.group_by(unique_id="code", date="date").agg(quantity=pl.col("units").sum())
    moved = moves.filter(pl.col("kind") == TRANSFER).height
    codes = flagged["code"].unique(maintain_order=True).to_list()
    return History(
        sales=sales.sort("unique_id", "date"),
        out_of_stock=_empty_days(moves, book.last),
        bulk=flagged.select("code", "date", "units", "document"),
        notes=noted(
            ("transfers_out", moved, ()),
            ("returns_unmatched", unmatched.height, unmatched["code"].unique(maintain_order=True).to_list()),
            ("bulk_separated" if bulk == "separate" else "bulk_lines", flagged.height, codes),
        ),
    )


def _bulk_lines(sold: pl.DataFrame) -> pl.DataFrame:
    """Find lines far above the article's own: robust z of the logarithm, and three times the 95 % line."""
    size = pl.col("units").log1p()
    middle = size.median().over("code")
    spread = ((size - middle).abs().median().over("code") * 1.4826).clip(lower_bound=LEAST_SPREAD)
    usual = pl.col("units").quantile(0.95, "higher").over("code")
    enough = pl.len().over("code") >= BULK_LINES
    marked = sold.with_columns(z=(size - middle) / spread, usual=usual, enough=enough)
    return marked.filter(pl.col("enough") & (pl.col("z") > BULK_Z) & (pl.col("units") > BULK_LEAST * usual))


def _returns(sold: pl.DataFrame, back: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Give returns on the day of the sale they undo (code, date, units), and those without a sale before.

    A return undoes the latest sale of the same article and units, else the latest of that article.
    """
    asked = back.select("code", "units", "date").sort("date").with_row_index("back")
    days = sold.select("code", "units", "date", sale_date="date").sort("date")
    same = asked.join_asof(days, on="date", by=["code", "units"], check_sortedness=False)
    any_ = asked.join_asof(days.drop("units"), on="date", by="code", check_sortedness=False)
    found = same.with_columns(pl.coalesce("sale_date", any_["sale_date"]).alias("sale_date"))
    matched = found.filter(pl.col("sale_date").is_not_null())
    unmatched = found.filter(pl.col("sale_date").is_null())
    return matched.select("code", "units", date="sale_date").select("code", "date", "units"), unmatched


def _empty_days(moves: pl.DataFrame, last: date) -> pl.DataFrame:
    """Give the days that closed with no stock in any warehouse, as far as the file tells stock after."""
    told = moves.filter(pl.col("stock_after").is_not_null()).select(
        "code", pl.col("warehouse").fill_null(""), "date", "stock_after"
    )
    schema: dict[str, Any] = {"unique_id": pl.String, "date": pl.Date}
    if not told.height:
        return pl.DataFrame(schema=schema)
    closing = told.group_by("code", "warehouse", "date", maintain_order=True).agg(
        pl.col("stock_after").last()
    )
    daily = closing.sort("code", "warehouse", "date").with_columns(
        until=pl.col("date").shift(-1).over("code", "warehouse")
    )
    empty = daily.filter(pl.col("stock_after") <= 0).with_columns(
        pl.coalesce(pl.col("until").dt.offset_by("-1d"), pl.lit(last)).alias("until")
    )
    days = empty.select(
        "code", "warehouse", pl.date_ranges("date", "until").alias("date")
    ).explode("date", empty_as_null=False)  # fmt: skip
    stores = closing.group_by("code").agg(stores=pl.col("warehouse").n_unique())
    every = (
        days.group_by("code", "date").len().join(stores, on="code").filter(pl.col("len") >= pl.col("stores"))
    )
    return every.select(unique_id="code", date="date").sort("unique_id", "date")


def choose_frequency(book: Book, lead_days: float) -> Frequency:
    """Choose the period: weeks when they are many and the lead time is short, else months.

    A book kept by month has no weeks to tell apart.
    """
    weeks = (book.last - book.first).days / 7
    is_weekly = lead_days <= SHORT_LEAD_DAYS and weeks >= WEEKS_NEEDED and not book.is_kept_by_month
    return "week" if is_weekly else "month"


def make_demand(book: Book, history: History, frequency: Frequency) -> Panel:
    """Give the panel that forecasts start from: closed periods, masked where half the days had no stock."""
    items = articles_of(book)
    return make_panel(
        history.sales,
        frequency=frequency,
        as_of=book.last,
        out_of_stock=_mostly_empty(history.out_of_stock, frequency),
        items=items.select(unique_id="code", category="category", price="price"),
        promotions=_promotion_days(book, items, frequency),
    )


def _mostly_empty(days: pl.DataFrame, frequency: Frequency) -> pl.DataFrame:
    """Keep one day of each period of which at least half was without stock."""
    length = {"day": 1, "week": 7, "month": 30}[frequency]
    every = {"day": "1d", "week": "1w", "month": "1mo"}[frequency]
    counted = days.group_by("unique_id", pl.col("date").dt.truncate(every)).len()
    return counted.filter(pl.col("len") * 2 >= length).select("unique_id", "date").sort("unique_id", "date")


def articles_of(book: Book) -> pl.DataFrame:
    """Give every article of the book with its columns of ITEMS; the item file first, then its movements."""
    moves = book.movements.sort("date", maintain_order=True)
    sold = pl.col("price").filter(pl.col("kind") == SALE)
    bought = pl.col("price").filter(pl.col("kind") == "purchase")
    seen = moves.group_by("code").agg(
        pl.col("name").drop_nulls().last().alias("seen_name"),
        pl.col("category").drop_nulls().last().alias("seen_category"),
        pl.col("warehouse").drop_nulls().unique().sort().alias("seen_warehouses"),
        sold.drop_nulls().tail(20).median().alias("seen_price"),
        bought.drop_nulls().last().alias("seen_cost"),
        pl.col("lead_days").drop_nulls().median().alias("seen_lead"),
    )
    items = book.tables["items"].unique("code", keep="first", maintain_order=True)
    every = pl.concat([items.select("code"), seen.select("code")]).unique().sort("code")
    joined = every.join(items, on="code", how="left").join(seen, on="code", how="left").sort("code")
    one_house = pl.when(pl.col("seen_warehouses").list.len() == 1).then(
        pl.col("seen_warehouses").list.first()
    )
    return joined.with_columns(
        pl.coalesce("name", "seen_name").fill_null("").alias("name"),
        pl.coalesce("category", "seen_category").fill_null("").alias("category"),
        pl.coalesce("warehouse", one_house).fill_null("").alias("warehouse"),
        pl.coalesce("price", "seen_price").alias("price"),
        pl.coalesce("cost", "seen_cost").alias("cost"),
        pl.coalesce("lead_days", "seen_lead").alias("lead_days"),
        pl.col("supplier").fill_null(""),
    ).drop("seen_name", "seen_category", "seen_warehouses", "seen_price", "seen_cost", "seen_lead")


def _promotion_days(book: Book, items: pl.DataFrame, frequency: Frequency) -> pl.DataFrame | None:
    """Give the share of each period that an article's promotion covers, as its strength."""
    told = book.tables["promotions"]
    if not told.height:
        return None
    known = items.select("code", "category")
    by_code = told.filter(pl.col("code").is_not_null()).select("code", "start", "end")
    by_category = told.filter(pl.col("code").is_null()).drop("code").join(known, on="category")
    both = pl.concat([by_code, by_category.select("code", "start", "end")]).filter(
        pl.col("end") >= pl.col("start")
    )
    days = both.select("code", pl.date_ranges("start", "end").alias("date")).explode(
        "date", empty_as_null=False
    )
    length = {"day": 1.0, "week": 7.0, "month": 30.0}[frequency]
    periods = [period_of(day, frequency) for day in days["date"].to_list()]
    counted = days.with_columns(pl.Series("date", periods, dtype=pl.Date)).group_by("code", "date").len()
    return counted.select(
        unique_id="code", date="date", promotion=(pl.col("len") / length).clip(upper_bound=1.0)
    ).sort("unique_id", "date")


def elapsed(book: Book, panel: Panel) -> float:
    """Give how many periods have passed from the end of the last closed one to the day of the plan."""
    start, after = step(panel.last, panel.frequency, (1, 2))
    length = (after - start).days
    return float(np.clip((book.today - start).days / length, 0.0, 400.0))
