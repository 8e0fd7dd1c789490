"""Answers from the history: sales and purchases by period, place and article, and forecasts."""

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

import polars as pl

from yunque.assistant.query import Query
from yunque.assistant.story import Story
from yunque.solutions.demand.columns import SALE
from yunque.solutions.demand.questions.desk import Desk
from yunque.solutions.demand.questions.found import Found
from yunque.solutions.demand.questions.scope import (
    about,
    expected,
    group_of,
    period_end,
    subject,
    top_of,
    within,
)

MONTHS_SHOWN = 12


def summed(frame: pl.DataFrame) -> dict[str, Any]:
    """Give units, money (None when no line has any) and lines of sales; of purchases the same."""
    units, value = frame.select(pl.col("units").sum(), value=pl.col("value").sum()).row(0)
    has_value = frame.height > 0 and frame["value"].null_count() < frame.height
    sold = frame.filter(pl.col("kind") == SALE).height if "kind" in frame.columns else frame.height
    return {"units": float(units or 0.0), "value": float(value) if has_value else None, "lines": sold}


def known_of(desk: Desk, query: Query) -> dict[str, Any]:
    name = desk.name(query.article) if query.article else ""
    return {"subject": subject(query, name), "start": query.start, "end": query.end, "tail": None}


def found_of(key: str, facts: dict[str, Any], rows: Sequence[Any] = (), left: int = 0) -> Found:
    return Found(story=Story(key=key, facts=facts, rows=rows, left=left), more={"filas": list(rows)})


def sales_in_period(desk: Desk, query: Query) -> Found:
    """Sales of a period, net of returns."""
    frame = within(query, desk.sales)
    if not frame.height:
        return found_of("no_sales", known_of(desk, query))
    first, last = frame.select(pl.col("date").min(), last=pl.col("date").max()).row(0)
    return found_of("sales", {**known_of(desk, query), **summed(frame), "first": first, "last": last})


def by_month(kind: str) -> Callable[[Desk, Query], Found]:
    """Give the answer of sales or purchases month by month, the newest twelve when no period is asked for."""

    def answer(desk: Desk, query: Query) -> Found:
        frame = within(query, desk.sales if kind == "sales" else desk.purchases)
        rows = _per(frame, "1mo")
        shown = rows if query.start else rows[-MONTHS_SHOWN:]
        facts = {**known_of(desk, query), **summed(frame), "months": len(shown)}
        return found_of(f"{kind}_by_month" if rows else f"no_{kind}", facts, shown[-36:])

    return answer


def _per(frame: pl.DataFrame, every: str) -> list[dict[str, Any]]:
    grouped = (
        frame.group_by(month=pl.col("date").dt.truncate(every))
        .agg(pl.col("units").sum(), value=pl.col("value").sum(), known=pl.col("value").is_not_null().any())
        .sort("month")
    )
    return [
        {"month": day, "year": day.year, "units": units, "value": value if has else None}
        for day, units, value, has in grouped.iter_rows()
    ]


def sales_by_year(desk: Desk, query: Query) -> Found:
    """Sales year by year."""
    rows = _per(within(query, desk.sales), "1y")
    return found_of(
        "sales_by_year" if rows else "no_sales", {**known_of(desk, query), "years": len(rows)}, rows
    )


def by_group(column: str) -> Callable[[Desk, Query], Found]:
    """Give the answer of sales by a column: city, warehouse, category."""

    def answer(desk: Desk, query: Query) -> Found:
        frame = within(query, desk.sales)
        grouped = (
            frame.filter(pl.col(column).is_not_null() & (pl.col(column) != ""))
            .group_by(column)
            .agg(pl.col("units").sum(), value=pl.col("value").sum())
            .sort("value", "units", column, descending=[True, True, False], nulls_last=True)
        )
        rows = [
            {"group": name, "units": units, "value": value or None}
            for name, units, value in grouped.iter_rows()
        ]
        shown, left = top_of(query, rows)
        facts = {**known_of(desk, query), **summed(frame)}
        named = query.city if column == "city" else query.warehouse if column == "warehouse" else None
        if named:
            return found_of("sales" if frame.height else "no_sales", {**facts, **_days_of(frame)})
        return found_of("sales_by_group" if rows else f"no_{column}", facts, shown, left)

    return answer


def _days_of(frame: pl.DataFrame) -> dict[str, Any]:
    first, last = frame.select(pl.col("date").min(), last=pl.col("date").max()).row(0)
    return {"first": first, "last": last}


def sold(*, best: bool) -> Callable[[Desk, Query], Found]:
    """Give the answer of what sold most or least, by units."""

    def answer(desk: Desk, query: Query) -> Found:
        frame = within(query, desk.sales)
        grouped = frame.group_by("code").agg(pl.col("units").sum(), value=pl.col("value").sum())
        ordered = grouped.sort("units", "code", descending=[best, False])
        rows = [
            {"name": desk.name(code), "code": code, "units": units, "value": value or None}
            for code, units, value in ordered.iter_rows()
        ]
        shown, left = top_of(query, rows)
        key = ("top_sold" if best else "least_sold") if rows else "no_sales"
        return found_of(key, {**known_of(desk, query), "articles": len(rows)}, shown, left)

    return answer


def extreme_sale(*, largest: bool) -> Callable[[Desk, Query], Found]:
    """Give the answer of the largest or smallest sales, line by line or by document."""

    def answer(desk: Desk, query: Query) -> Found:
        frame = _documents(within(query, desk.sales))
        if not frame.height:
            return found_of("no_sales", known_of(desk, query))
        by = "value" if frame["value"].null_count() < frame.height else "units"
        ordered = frame.filter(pl.col(by).is_not_null()).sort(by, "date", descending=[largest, False])
        names = {code: desk.name(code) for code in ordered["code"].head(60).to_list()}
        rows = [
            {
                "name": names.get(row["code"], row["code"]),
                "units": row["units"],
                "value": row["value"],
                "date": row["date"],
            }
            for row in ordered.head(query.top or 1).iter_rows(named=True)
        ]
        return found_of("largest_sale" if largest else "smallest_sale", known_of(desk, query), rows)

    return answer


def _documents(frame: pl.DataFrame) -> pl.DataFrame:
    """Give sales by document, or by line where documents are not told."""
    sales = frame.filter(pl.col("kind") == SALE)
    if sales.height == 0 or sales["document"].null_count() > 0 or (sales["document"] == "").any():
        return sales.select("code", "date", "units", "value")
    return sales.group_by("document", maintain_order=True).agg(
        pl.col("code").first(), pl.col("date").first(), pl.col("units").sum(), pl.col("value").sum()
    )


def average_sale(desk: Desk, query: Query) -> Found:
    """The average sale and the average month."""
    frame = within(query, desk.sales)
    documents = _documents(frame)
    months = len(_per(frame, "1mo"))
    if not documents.height:
        return found_of("no_sales", known_of(desk, query))
    whole = summed(frame)
    facts = {
        **known_of(desk, query),
        "sales": documents.height,
        "months": months,
        "mean_units": float(documents["units"].mean() or 0.0),  # type: ignore[arg-type]
        "mean_value": None if whole["value"] is None else float(documents["value"].mean() or 0.0),  # type: ignore[arg-type]
        "monthly_units": whole["units"] / months,
        "monthly_value": None if whole["value"] is None else whole["value"] / months,
    }
    return found_of("average_sale", facts)


def sale_count(desk: Desk, query: Query) -> Found:
    """How many sales there were: documents, or lines where documents are not told."""
    frame = within(query, desk.sales)
    return found_of(
        "sale_count", {**known_of(desk, query), **summed(frame), "sales": _documents(frame).height}
    )


def forecast(desk: Desk, query: Query) -> Found:
    """What will be sold: an article, a category, or everything, in the period that is asked about."""
    lines = about(query, desk.plan.lines)
    periods = lines[0].periods if lines else ()
    if not periods:
        return found_of("no_forecast", known_of(desk, query))
    last = period_end(periods[-1], desk.plan.period)
    start = max(query.start or desk.today, periods[0].start)
    end = min(query.end or last, last)
    if start > end:
        return found_of("forecast_beyond", {**known_of(desk, query), "last": last})
    each = [expected(line, start, end, desk.plan.period) for line in lines]
    units = sum(each)
    money = sum(one * line.terms.price for one, line in zip(each, lines, strict=True))
    only = lines[0] if len(lines) == 1 else None
    inside = [
        one
        for one in (only.periods if only else ())
        if start <= one.start and period_end(one, desk.plan.period) <= end
    ]
    rows = [{"first": one.start, "mean": one.mean, "p10": one.p10, "p90": one.p90} for one in inside[:12]]
    facts = {
        **known_of(desk, query),
        "start": start,
        "end": end,
        "units": units,
        "value": money or None,
        "articles": len(lines),
        "cut": last if query.end and query.end > last else None,
        "p10": inside[0].p10 if len(inside) == 1 else None,
        "p90": inside[0].p90 if len(inside) == 1 else None,
        "model": only.model if only else None,
        "confidence": only.confidence if only else None,
    }
    groups = _forecast_groups(desk, query, (start, end)) if query.group else []
    story = Story(key="forecast_by_group" if groups else "forecast", facts=facts, rows=groups or rows)
    more = {"grupos": groups} if groups else {"periodos": rows}
    return Found(story=story, plan=desk.plan, lines=tuple(lines[:50]), more=more)


def _forecast_groups(desk: Desk, query: Query, span: tuple[date, date]) -> list[dict[str, Any]]:
    """Give what is expected of every group of articles, most first."""
    sums: dict[str, list[float]] = {}
    for line in about(query, desk.plan.lines):
        units = expected(line, *span, desk.plan.period)
        both = sums.setdefault(group_of(line, query.group or "category") or "-", [0.0, 0.0])
        both[0] += units
        both[1] += units * line.terms.price
    rows = [{"group": name, "units": units, "value": money or None} for name, (units, money) in sums.items()]
    return sorted(rows, key=lambda row: (-float(row["units"]), str(row["group"])))[:20]  # type: ignore[arg-type]
