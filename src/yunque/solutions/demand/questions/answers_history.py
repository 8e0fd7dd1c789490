"""Answers from the history: sales and purchases by period, place and article, and forecasts of what comes."""

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from typing import Any

import polars as pl

from yunque.assistant.calendar_math import add_months, length, month_span
from yunque.assistant.query import Query
from yunque.assistant.story import Story
from yunque.solutions.demand.columns import SALE
from yunque.solutions.demand.questions.desk import Desk
from yunque.solutions.demand.questions.found import Found
from yunque.solutions.demand.questions.scope import (
    about,
    between,
    expected,
    group_of,
    period_end,
    subject,
    top_of,
    within,
)

MONTHS_SHOWN = 12
SAME_DAYS = 3  # months differ by so many


def _sum(frame: pl.DataFrame) -> dict[str, Any]:
    """Give units, money (None when no line has any) and lines of sales; of purchases the same."""
    units, value = frame.select(pl.col("units").sum(), value=pl.col("value").sum()).row(0)
    has_value = frame.height > 0 and frame["value"].null_count() < frame.height
    sold = frame.filter(pl.col("kind") == SALE).height if "kind" in frame.columns else frame.height
    return {"units": float(units or 0.0), "value": float(value) if has_value else None, "lines": sold}


def _known(desk: Desk, query: Query) -> dict[str, Any]:
    name = desk.name(query.article) if query.article else ""
    return {"subject": subject(query, name), "start": query.start, "end": query.end, "tail": None}


def _found(key: str, facts: dict[str, Any], rows: Sequence[Any] = (), left: int = 0) -> Found:
    return Found(story=Story(key=key, facts=facts, rows=rows, left=left), more={"filas": list(rows)})


def sales_in_period(desk: Desk, query: Query) -> Found:
    """Sales of a period, net of returns."""
    frame = within(query, desk.sales)
    if not frame.height:
        return _found("no_sales", _known(desk, query))
    first, last = frame.select(pl.col("date").min(), last=pl.col("date").max()).row(0)
    return _found("sales", {**_known(desk, query), **_sum(frame), "first": first, "last": last})


def by_month(kind: str) -> Callable[[Desk, Query], Found]:
    """Give the answer of sales or purchases month by month, the newest twelve when no period is asked for."""

    def answer(desk: Desk, query: Query) -> Found:
        frame = within(query, desk.sales if kind == "sales" else desk.purchases)
        rows = _per(frame, "1mo")
        shown = rows if query.start else rows[-MONTHS_SHOWN:]
        facts = {**_known(desk, query), **_sum(frame), "months": len(shown)}
        return _found(f"{kind}_by_month" if rows else f"no_{kind}", facts, shown[-36:])

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
    return _found("sales_by_year" if rows else "no_sales", {**_known(desk, query), "years": len(rows)}, rows)


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
        facts = {**_known(desk, query), **_sum(frame)}
        named = query.city if column == "city" else query.warehouse if column == "warehouse" else None
        if named:
            return _found("sales" if frame.height else "no_sales", {**facts, **_days_of(frame)})
        return _found("sales_by_group" if rows else f"no_{column}", facts, shown, left)

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
        return _found(key, {**_known(desk, query), "articles": len(rows)}, shown, left)

    return answer


def extreme_sale(*, largest: bool) -> Callable[[Desk, Query], Found]:
    """Give the answer of the largest or smallest sales, line by line or by document."""

    def answer(desk: Desk, query: Query) -> Found:
        frame = _documents(within(query, desk.sales))
        if not frame.height:
            return _found("no_sales", _known(desk, query))
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
        return _found("largest_sale" if largest else "smallest_sale", _known(desk, query), rows)

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
        return _found("no_sales", _known(desk, query))
    whole = _sum(frame)
    facts = {
        **_known(desk, query),
        "sales": documents.height,
        "months": months,
        "mean_units": float(documents["units"].mean() or 0.0),  # type: ignore[arg-type]
        "mean_value": None if whole["value"] is None else float(documents["value"].mean() or 0.0),  # type: ignore[arg-type]
        "monthly_units": whole["units"] / months,
        "monthly_value": None if whole["value"] is None else whole["value"] / months,
    }
    return _found("average_sale", facts)


def sale_count(desk: Desk, query: Query) -> Found:
    """How many sales there were: documents, or lines where documents are not told."""
    frame = within(query, desk.sales)
    return _found("sale_count", {**_known(desk, query), **_sum(frame), "sales": _documents(frame).height})


def compare_periods(desk: Desk, query: Query) -> Found:
    """One period beside another; the one before where only one is named."""
    first, second = _two(desk, query)
    scope = within(
        Query(
            intent=query.intent,
            article=query.article,
            category=query.category,
            warehouse=query.warehouse,
            city=query.city,
        ),
        desk.sales,
    )
    a, b = _sum(between(scope, *first)), _sum(between(scope, *second))
    days_a, days_b = _days_seen(desk, first), _days_seen(desk, second)
    uneven = abs(days_a - days_b) > SAME_DAYS and min(days_a, days_b) > 0
    rate_a, rate_b = a["units"] / max(days_a, 1), b["units"] / max(days_b, 1)
    old, new = (rate_a, rate_b) if uneven else (a["units"], b["units"])
    change = (new - old) / old if old and min(days_a, days_b) > 0 else None
    facts = {
        **_known(desk, query),
        "start_a": first[0],
        "end_a": first[1],
        "start_b": second[0],
        "end_b": second[1],
        "units_a": a["units"],
        "value_a": a["value"],
        "units_b": b["units"],
        "value_b": b["value"],
        "up": change if change is not None and change > 0 else None,
        "down": -change if change is not None and change < 0 else None,
        "same": "" if change == 0 else None,
        "days_a": days_a if uneven else None,
        "days_b": days_b if uneven else None,
        "rate_a": rate_a if uneven else None,
        "rate_b": rate_b if uneven else None,
        "today": desk.today if max(first[1], second[1]) >= desk.today else None,
    }
    return _found("compare", facts)


def _days_seen(desk: Desk, span: tuple[date, date]) -> int:
    """Give the days of a period that lie before the day of the plan."""
    return max((min(span[1], desk.today - timedelta(days=1)) - span[0]).days + 1, 0)


def _two(desk: Desk, query: Query) -> tuple[tuple[date, date], tuple[date, date]]:
    """Give two periods, the older one first."""
    last = desk.today - timedelta(days=1)
    start, end = query.start, query.end
    if start is None or end is None:
        start, end = month_span(last.year, last.month)
    if query.start_b is not None and query.end_b is not None:
        other = (query.start_b, query.end_b)
        if other == (start, end):  # "diciembre con diciembre del año pasado", asked in January
            other = add_months(start, -12), add_months(end, -12)
        return _ordered((start, end), other)
    days = (end - start).days + 1
    if days >= 365 or (start.day == 1 and days > 27):
        months = max(round(days / 30.4), 1)
        before = length(start, "month", months, back=True)
    else:
        before = (start - timedelta(days=days), start - timedelta(days=1))
    return before, (start, end)


def _ordered(a: tuple[date, date], b: tuple[date, date]) -> tuple[tuple[date, date], tuple[date, date]]:
    return (a, b) if a <= b else (b, a)


def forecast(desk: Desk, query: Query) -> Found:
    """What will be sold: an article, a category, or everything, in the period that is asked about."""
    lines = about(query, desk.plan.lines)
    periods = lines[0].periods if lines else ()
    if not periods:
        return _found("no_forecast", _known(desk, query))
    last = period_end(periods[-1], desk.plan.period)
    start = max(query.start or desk.today, periods[0].start)
    end = min(query.end or last, last)
    if start > end:
        return _found("forecast_beyond", {**_known(desk, query), "last": last})
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
        **_known(desk, query),
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
