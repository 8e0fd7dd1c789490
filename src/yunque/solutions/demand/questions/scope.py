"""What part of a plan or history a query is about."""

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

import polars as pl

from yunque.assistant.query import Query
from yunque.solutions.demand.plan_values import PeriodForecast, PlanLine
from yunque.solutions.demand.questions.desk import Desk

SHOWN, MOST = 10, 50
MONTH_DAYS = 30.0
WEEK = 7


def about(query: Query, lines: Iterable[PlanLine]) -> list[PlanLine]:
    """Keep the lines that a query names: article, category, supplier, warehouse."""
    return [
        line
        for line in lines
        if query.article in (None, line.article.code)
        and query.category in (None, line.article.category)
        and query.supplier in (None, line.article.supplier)
        and (query.warehouse in (None, line.article.warehouse) or not line.article.warehouse)
    ]


def subject(query: Query, name: str = "") -> str | None:
    """Give what a query names, in words; None when it names nothing."""
    words = [name or query.article, query.category, query.supplier, query.warehouse, query.city]
    found = [word for word in words if word]
    return ", ".join(found) or None


def subject_of(desk: Desk, query: Query) -> str | None:
    """Give what a query names, an article by its name."""
    return subject(query, desk.name(query.article) if query.article else "")


def group_of(line: PlanLine, group: str) -> str:
    """Give the group of a line: "abc", "article", or a word of its article."""
    return (
        line.abc if group == "abc" else str(getattr(line.article, {"article": "name"}.get(group, group), ""))
    )


def within(query: Query, frame: pl.DataFrame) -> pl.DataFrame:
    """Keep the rows of a history that a query names, in its period."""
    kept = frame
    for column, value in (
        ("code", query.article),
        ("category", query.category),
        ("warehouse", query.warehouse),
        ("city", query.city),
    ):
        if value is not None and column in kept.columns:
            kept = kept.filter(pl.col(column) == value)
    return between(kept, query.start, query.end)


def between(frame: pl.DataFrame, start: date | None, end: date | None) -> pl.DataFrame:
    """Keep the rows of a stretch of days, both included."""
    if start is not None:
        frame = frame.filter(pl.col("date") >= start)
    return frame if end is None else frame.filter(pl.col("date") <= end)


def cover_wish(query: Query, today: date) -> dict[str, float]:
    """Give the wish to buy for the period that is asked about; {} where the plan as it is covers it.

    "This week" asks what to order now; so do periods that are over.
    """
    start, end = max(query.start or today, today), query.end
    if end is None or end < today or (start == today and (end - today).days < WEEK):
        return {}
    return {"cover_from": float((start - today).days), "cover_to": float((end - today).days + 1)}


def top_of(query: Query, rows: list[Any], shown: int = SHOWN) -> tuple[list[Any], int]:
    """Give the rows to show and how many are left."""
    count = min(query.top or shown, MOST)
    return rows[:count], max(len(rows) - count, 0) if query.top is None else 0


def line_facts(line: PlanLine) -> dict[str, Any]:
    """Give everything that is told of a line; numbers as the plan has them."""
    article, risk, levels, terms = line.article, line.risk, line.levels, line.terms
    return {
        "code": article.code,
        "name": article.name or article.code,
        "supplier": article.supplier or None,
        "category": article.category or None,
        "monthly": line.mean_daily * MONTH_DAYS,
        "daily": line.mean_daily,
        "on_hand": line.position.on_hand,
        "on_order": line.position.on_order,
        "reserved": line.position.reserved,
        "position": line.position.total,
        "lead_days": terms.lead_days,
        "review_days": terms.review_days,
        "pack": terms.pack if terms.pack != 1 else None,
        "unit_cost": terms.cost,
        "price": terms.price,
        "minimum": terms.minimum or None,
        "demand": levels.demand,
        "lead_demand": levels.lead_demand,
        "safety_stock": max(levels.safety_stock, 0.0),
        "reorder_point": levels.reorder_point,
        "order_up_to": levels.order_up_to,
        "level": levels.level,
        "needed": line.needed,
        "quantity": line.quantity,
        "packs": line.packs if terms.pack != 1 else None,
        "cost": line.cost,
        "left_out": line.left_out or None,
        "cover_days": line.levels.days,
        "left_then": line.left_then,
        "short": max(levels.lead_demand - line.position.total, 0.0),
        "chance": risk.stockout_probability,
        "tenths": _tenths(risk.stockout_probability),
        "ten": 10,
        "runs_out": risk.stockout_date,
        "lost_margin": risk.lost_margin or None,
        "saved_margin": max(risk.lost_margin - risk.lost_margin_after, 0.0) or None,
        "gone_now": "" if line.position.total <= 0 else None,
        "excess": risk.excess_units,
        "excess_money": risk.excess_money,
        "overstock_chance": risk.overstock_probability,
        "cover": risk.cover_days,
        "order_by": risk.latest_order_date,
        "abc": line.abc,
        "xyz": line.xyz,
        "model": line.model,
        "demand_class": line.demand_class,
    }


def _tenths(chance: float) -> int | None:
    """Give a chance in tenths for "8 of 10 times"; None where it would say never or always."""
    tenths = round(chance * 10)
    return tenths if 0 < tenths < 10 else None


def expected(line: PlanLine, start: date, end: date, period: str) -> float:
    """Give the mean demand of days, both included; a part of a period counts by its days."""
    total = 0.0
    for one in line.periods:
        last = period_end(one, period)
        days = (min(end, last) - max(start, one.start)).days + 1
        if days > 0:
            total += one.mean * days / ((last - one.start).days + 1)
    return total


def period_end(one: PeriodForecast, period: str) -> date:
    """Give the last day of a forecast period."""
    if period == "week":
        return one.start + timedelta(days=6)
    if period == "day":
        return one.start
    following = (one.start.replace(day=1) + timedelta(days=32)).replace(day=1)
    return following - timedelta(days=1)
