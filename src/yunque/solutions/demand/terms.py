"""How each article is bought, what is there of it, and what had to be assumed for want of data."""

from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import polars as pl

from yunque.kernel.form import FloatArray
from yunque.solutions.demand.history import articles_of
from yunque.solutions.demand.intake import Book
from yunque.solutions.demand.notes import noted
from yunque.solutions.demand.plan_values import DataNote
from yunque.solutions.demand.wish import PlanWish

COST_SHARE, PRICE_OVER_COST = 0.65, 1.25  # where only one of them is known
ENOUGH_ORDERS = 3  # received orders of a supplier that tell its lead time


@dataclass(frozen=True, kw_only=True)
class Stockroom:
    """What is known of every article beside its demand.

    Attributes:
        table: code, name, category, supplier, warehouse, lead_days, lead_sd_days, review_days, pack, minimum,
            cost, price, on_hand, on_order, reserved, assumptions (list of codes); sorted by code, no nulls.
        notes: what had to be assumed, gathered.
    """

    table: pl.DataFrame
    notes: tuple[DataNote, ...]

    def array(self, name: str) -> FloatArray:
        """Give a column of numbers."""
        return self.table[name].to_numpy().astype(np.float64)


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What a book tells of its articles, whatever is wished.

    Attributes:
        articles: columns of ITEMS, what suppliers say and show, on_hand, reserved, on_order; sorted by code.
        stocked: codes of the stock file.
        late: documents that should have arrived.
    """

    articles: pl.DataFrame
    stocked: frozenset[str]
    late: tuple[str, ...]


def see(book: Book) -> Seen:
    """Gather what a book tells of its articles."""
    coming, late = _coming(book)
    articles = (
        articles_of(book)
        .join(_suppliers(book), on="supplier", how="left", maintain_order="left")
        .join(_stock(book), on="code", how="left", maintain_order="left")
        .join(coming, on="code", how="left", maintain_order="left")
    )
    return Seen(articles=articles, stocked=frozenset(book.tables["stock"]["code"]), late=tuple(late))


def read_stockroom(book: Book, wish: PlanWish, seen: Seen | None = None) -> Stockroom:
    """Gather terms and stock of every article of the book; `seen` when the book was looked through before."""
    there = seen or see(book)
    known = there.articles
    if wish.warehouse:
        known = known.filter(pl.col("warehouse") == wish.warehouse)
    whole = _with_terms(known, wish).with_columns(
        pl.col("on_hand").is_null().alias("stock_unknown"),
        (pl.col("on_hand") < 0).fill_null(value=False).alias("stock_negative"),
        pl.col("on_hand").fill_null(0.0).clip(lower_bound=0.0),
        pl.col("reserved").fill_null(0.0).clip(lower_bound=0.0),
        pl.col("on_order").fill_null(0.0),
    )
    strangers, late = sorted(there.stocked - set(whole["code"])), list(there.late)
    codes = ("stock_unknown", "stock_negative", "lead_time_unknown", "lead_time_zero", "lead_time_sd_unknown",
             "cost_unknown", "price_unknown", "pack_unknown", "minimum_unknown")  # fmt: skip
    told = [pl.when(pl.col(code)).then(pl.lit(code)) for code in codes]
    table = whole.with_columns(assumptions=pl.concat_list(told).list.drop_nulls())
    gathered = [(code, int(table[code].sum()), _codes(table, code)) for code in codes[:7] if code != codes[4]]
    no_review = [f"{wish.review_days:g}"] if table["review_unknown"].any() else []
    notes = noted(
        *gathered,
        ("no_supplier", int((table["supplier"] == "").sum()), _where(table, table["supplier"] == "")),
        ("stock_unknown_code", len(strangers), strangers),
        ("order_late", len(late), late),
        ("review_unknown", len(no_review), no_review),
    )
    return Stockroom(table=table.drop(*codes, "review_unknown"), notes=notes)


def _codes(table: pl.DataFrame, flag: str) -> list[str]:
    return _where(table, table[flag])


def _where(table: pl.DataFrame, mask: pl.Series) -> list[str]:
    return table["code"].filter(mask).to_list()


def _with_terms(known: pl.DataFrame, wish: PlanWish) -> pl.DataFrame:
    """Fill every term: the article's own, its supplier's, what was measured, a default with a word."""
    lead = pl.coalesce("lead_days", "supplier_lead", "measured_lead")
    sd = pl.coalesce("lead_sd_days", "supplier_sd", "measured_sd")
    usual = known.select(lead.median()).item()
    lead_default = usual if usual is not None else wish.lead_days
    first = known.with_columns(
        lead.is_null().alias("lead_time_unknown"),
        (lead <= 0).fill_null(value=False).alias("lead_time_zero"),
        sd.is_null().alias("lead_time_sd_unknown"),
        pl.col("supplier_review").is_null().alias("review_unknown"),
        pl.col("cost").is_null().alias("cost_unknown"),
        pl.col("price").is_null().alias("price_unknown"),
        (pl.col("pack").is_null() | (pl.col("pack") <= 0)).alias("pack_unknown"),
        pl.col("minimum").is_null().alias("minimum_unknown"),
        (lead.fill_null(lead_default) + wish.extra_lead_days).clip(0.0, 3650.0).alias("lead_days"),
        sd.alias("lead_sd_days"),
    )
    cost = pl.coalesce("cost", pl.col("price") * COST_SHARE).fill_null(0.0).clip(lower_bound=0.0)
    price = pl.coalesce("price", pl.col("cost") * PRICE_OVER_COST).fill_null(0.0).clip(lower_bound=0.0)
    pack = pl.when(pl.col("pack_unknown")).then(1.0).otherwise(pl.col("pack"))
    return first.with_columns(
        pl.coalesce("lead_sd_days", pl.col("lead_days") * wish.lead_sd_share)
        .clip(0.0, 3650.0)
        .alias("lead_sd_days"),
        pl.col("supplier_review").fill_null(wish.review_days).clip(1.0, 3650.0).alias("review_days"),
        (cost * wish.price_factor).alias("cost"),
        price.alias("price"),
        pack.alias("pack"),
        pl.col("minimum").fill_null(0.0).clip(lower_bound=0.0),
    )


def _suppliers(book: Book) -> pl.DataFrame:
    """Give what suppliers say, and what their received orders show."""
    told = (
        book.tables["suppliers"]
        .unique("supplier", keep="first", maintain_order=True)
        .select(
            "supplier", supplier_lead="lead_days", supplier_sd="lead_sd_days", supplier_review="review_days"
        )
    )
    days = (pl.col("received") - pl.col("ordered")).dt.total_days().cast(pl.Float64)
    measured = (
        book.tables["orders"]
        .filter(pl.col("received").is_not_null() & pl.col("ordered").is_not_null() & (days >= 0))
        .with_columns(pl.col("supplier").fill_null(""), days=days)
        .group_by("supplier")
        .agg(measured_lead=pl.col("days").mean(), measured_sd=pl.col("days").std(), orders=pl.len())
        .filter((pl.col("orders") >= ENOUGH_ORDERS) & (pl.col("supplier") != ""))
    )
    return told.join(measured.drop("orders"), on="supplier", how="full", coalesce=True).sort("supplier")


def _stock(book: Book) -> pl.DataFrame:
    """Give stock by article over all warehouses: of the stock file, else as movements tell it."""
    told = book.tables["stock"]
    summed = told.group_by("code").agg(pl.col("on_hand").sum(), pl.col("reserved").sum())
    after = (
        book.movements.filter(pl.col("stock_after").is_not_null())
        .group_by("code", "warehouse", maintain_order=True)
        .agg(pl.col("stock_after").last())
        .group_by("code")
        .agg(seen=pl.col("stock_after").sum())
    )
    both = summed.join(after, on="code", how="full", coalesce=True)
    return both.select("code", pl.coalesce("on_hand", "seen").alias("on_hand"), "reserved")


def _coming(book: Book) -> tuple[pl.DataFrame, list[str]]:
    """Give open orders by article, and the documents that should have arrived."""
    orders = book.tables["orders"]
    is_open = (pl.col("received").is_null() | (pl.col("received") >= book.today)) & (pl.col("units") > 0)
    is_placed = pl.col("ordered").is_null() | (pl.col("ordered") < book.today)
    current = orders.filter(is_open & is_placed)
    late = current.filter(pl.col("due") < book.today)
    named = late.select(pl.coalesce("document", "code"))["document"].to_list()
    return current.group_by("code").agg(on_order=pl.col("units").sum()), named


def sold_before(book: Book, today: date, days: int = 365) -> pl.DataFrame:
    """Give what each article sold: units and lines in all, units of the last `days`, last day."""
    since: Any = pl.lit(today).dt.offset_by(f"-{days}d")
    recent = pl.col("date") >= since
    sales = book.movements.filter(pl.col("kind") == "sale")
    return (
        sales.group_by("code")
        .agg(
            units=pl.col("units").sum(),
            lines=pl.len(),
            last=pl.col("date").max(),
            recent=pl.col("units").filter(recent).sum(),
            first=pl.col("date").min(),
        )
        .with_columns(
            span=pl.min_horizontal(
                pl.lit(float(days)), (pl.lit(today) - pl.col("first")).dt.total_days()
            ).clip(1.0)
        )
        .sort("code")
    )
