"""Answers about stock and articles: what runs out, what is too much, cover, classes, novelty, trust, data."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

import polars as pl

from yunque.assistant.query import Query
from yunque.assistant.story import Story
from yunque.solutions.demand.columns import SALE
from yunque.solutions.demand.plan_values import PlanLine
from yunque.solutions.demand.questions.desk import Desk
from yunque.solutions.demand.questions.found import Found
from yunque.solutions.demand.questions.scope import about, line_facts, subject_of, top_of

TRUST = {
    "es": {"high": "alta", "medium": "media", "low": "baja"},
    "en": {"high": "high", "medium": "medium", "low": "low"},
}
LIKELY = 0.5  # from which an article is said to be at risk
NEW_CLASSES = frozenset({"new", "short"})


def _ranked(desk: Desk, query: Query, key: str, lines: Sequence[PlanLine], **facts: Any) -> Found:
    shown, left = top_of(query, list(lines))
    known = {
        "articles": len(lines),
        "subject": subject_of(desk, query),
        "day": desk.today,
        "end": query.end,
        **facts,
    }
    story = Story(
        key=key if lines else f"{key}_nothing",
        facts=known,
        rows=[line_facts(one) for one in shown],
        left=left,
    )
    return Found(story=story, plan=desk.plan, lines=tuple(shown))


def stockout_risk(desk: Desk, query: Query) -> Found:
    """What runs out: before a day where one is asked for, else before an order placed now arrives."""
    lines = about(query, desk.plan.lines)
    if query.article is not None and lines:
        line = lines[0]
        facts = {**line_facts(line), "end": query.end}
        key = "stockout_one" if line.risk.stockout_date else "stockout_one_never"
        return Found(story=Story(key=key, facts=facts), plan=desk.plan, lines=(line,))
    end = query.end
    if end is not None:
        risky = [one for one in lines if one.risk.stockout_date is not None and one.risk.stockout_date <= end]
    else:
        risky = [one for one in lines if one.risk.stockout_probability >= LIKELY]
    risky.sort(
        key=lambda one: (one.risk.stockout_date or desk.today + timedelta(days=9999), -one.risk.lost_margin)
    )
    lost = sum(one.risk.lost_margin for one in risky)
    return _ranked(desk, query, "stockout", risky, lost=lost or None)


def overstock(desk: Desk, query: Query) -> Found:
    """What is there beyond what nine of ten futures would sell, by money."""
    lines = [one for one in about(query, desk.plan.lines) if one.risk.excess_units > 0]
    lines.sort(key=lambda one: (-one.risk.excess_money, one.article.code))
    money = sum(one.risk.excess_money for one in lines)
    units = sum(one.risk.excess_units for one in lines)
    return _ranked(desk, query, "overstock", lines, money=money, units=units, horizon=desk.plan.horizon_days)


def cover(desk: Desk, query: Query) -> Found:
    """For how many days stock and orders last."""
    lines = [one for one in about(query, desk.plan.lines) if one.risk.cover_days is not None]
    lines.sort(key=lambda one: (one.risk.cover_days or 0.0, one.article.code))
    return _ranked(desk, query, "cover_one" if len(lines) == 1 else "cover", lines)


def stock_level(desk: Desk, query: Query) -> Found:
    """What is on hand and what it is worth."""
    lines = about(query, desk.plan.lines)
    lines.sort(key=lambda one: (-one.position.on_hand * one.terms.cost, one.article.code))
    units = sum(one.position.on_hand for one in lines)
    value = sum(one.position.on_hand * one.terms.cost for one in lines)
    unknown = sum("stock_unknown" in one.assumptions for one in lines)
    many = len(lines) if query.article is None else None
    return _ranked(desk, query, "stock", lines, units=units, value=value, unknown=unknown or None, many=many)


def abc(desk: Desk, query: Query) -> Found:
    """Classes by money, and of whom they are."""
    lines = about(query, desk.plan.lines)
    if query.abc_class is not None:
        lines = [one for one in lines if one.abc == query.abc_class]
    counts = {f"count_{grade.lower()}": sum(one.abc == grade for one in lines) for grade in "ABC"}
    lines.sort(key=lambda one: (one.abc, -one.past_daily * (one.terms.cost or one.terms.price)))
    key = "abc" if query.abc_class is None or not lines else "abc_class"
    return _ranked(desk, query, key, lines, **counts, asked=query.abc_class)


def new_articles(desk: Desk, query: Query) -> Found:
    """Articles with little history, whose forecast is borrowed."""
    lines = [one for one in about(query, desk.plan.lines) if one.demand_class in NEW_CLASSES]
    return _ranked(desk, query, "new", lines)


def dearest(desk: Desk, query: Query) -> Found:
    """Articles by price."""
    lines = [one for one in about(query, desk.plan.lines) if max(one.terms.price, one.terms.cost) > 0]
    lines.sort(key=lambda one: (-max(one.terms.price, one.terms.cost), one.article.code))
    return _ranked(desk, query, "dearest", lines)


def article_count(desk: Desk, query: Query) -> Found:
    """How many articles, suppliers and categories there are."""
    lines = about(query, desk.plan.lines)
    facts = {
        "articles": len(lines),
        "suppliers": len({one.article.supplier for one in lines} - {""}),
        "categories": len({one.article.category for one in lines} - {""}),
        "subject": subject_of(desk, query),
    }
    return Found(story=Story(key="article_count", facts=facts), plan=desk.plan)


def accuracy(desk: Desk, query: Query) -> Found:
    """How far off the forecasts were, measured on the past."""
    lines = about(query, desk.plan.lines)
    counts = {name: sum(one.confidence == name for one in lines) for name in ("high", "medium", "low")}
    own = desk.errors.get(query.article, {}) if query.article is not None else None
    measured = dict(desk.plan.accuracy if own is None else own)
    bias = measured.get("bias")
    covered = min(desk.plan.coverage, key=lambda level: abs(level - desk.plan.service), default=None)
    facts = {
        **counts,
        "articles": len(lines),
        "subject": subject_of(desk, query),
        "wape": measured.get("wape"),
        "over": bias if bias is not None and bias >= 0 else None,
        "under": -bias if bias is not None and bias < 0 else None,
        "asked_level": covered,
        "reached": None if covered is None else desk.plan.coverage[covered],
    }
    key = "accuracy" if measured.get("wape") is not None else "accuracy_unmeasured"
    if query.article is not None and len(lines) == 1:
        facts |= {"trust_es": TRUST["es"][lines[0].confidence], "trust_en": TRUST["en"][lines[0].confidence]}
        key = key.replace("accuracy", "accuracy_one", 1)
    return Found(story=Story(key=key, facts=facts), plan=desk.plan, more={"medidas": dict(measured)})


def data_quality(desk: Desk, query: Query) -> Found:
    """What the data lack and what was assumed."""
    notes = list(desk.plan.warnings)
    shown, left = top_of(query, notes, 12)
    rows = [{"es": one.text["es"], "en": one.text["en"], "count": one.count} for one in shown]
    facts = {"notes": len(notes)}
    key = "data" if notes else "data_nothing"
    more = {
        "advertencias": [
            {"codigo": one.code, "cantidad": one.count, "ejemplos": one.examples, **one.text} for one in notes
        ]
    }
    return Found(story=Story(key=key, facts=facts, rows=rows, left=left), plan=desk.plan, more=more)


def rotation(desk: Desk, query: Query) -> Found:
    """How often a year the stock is sold, at the pace of the last year."""
    lines = [one for one in about(query, desk.plan.lines) if one.position.on_hand > 0]
    sold = {one.article.code: one.past_daily * 365 for one in lines}
    rows = [
        {
            "name": one.article.name or one.article.code,
            "turns": sold[one.article.code] / one.position.on_hand,
            "on_hand": one.position.on_hand,
            "yearly": sold[one.article.code],
        }
        for one in lines
    ]
    rows.sort(key=lambda row: -float(row["turns"]))  # type: ignore[arg-type]
    shown, left = top_of(query, rows)
    cost = sum(one.position.on_hand * one.terms.cost for one in lines)
    moved = sum(sold[one.article.code] * one.terms.cost for one in lines)
    facts = {
        "turns": moved / cost if cost else None,
        "articles": len(lines),
        "subject": subject_of(desk, query),
        "year": 365,
    }
    key = "rotation" if lines else "stock_nothing"
    return Found(story=Story(key=key, facts=facts, rows=shown, left=left), plan=desk.plan)


def trend(*, up: bool) -> Callable[[Desk, Query], Found]:
    """Give the answer about what grows or falls: the last 90 days beside the 90 before them."""

    def answer(desk: Desk, query: Query) -> Found:
        last = desk.today - timedelta(days=1)
        sales = desk.sales.filter(pl.col("kind") == SALE)
        recent = sales.filter(pl.col("date") > last - timedelta(days=90))
        older = sales.filter(
            (pl.col("date") <= last - timedelta(days=90)) & (pl.col("date") > last - timedelta(days=180))
        )
        now = dict(recent.group_by("code").agg(pl.col("units").sum()).iter_rows())
        then = dict(older.group_by("code").agg(pl.col("units").sum()).iter_rows())
        codes = [one.article.code for one in about(query, desk.plan.lines)]
        rows = []
        for code in codes:
            before, after = then.get(code, 0.0), now.get(code, 0.0)
            if before > 0 and (after > before if up else after < before):
                rows.append(
                    {
                        "name": desk.name(code),
                        "code": code,
                        "before": before,
                        "after": after,
                        "change": abs(after - before) / before,
                    }
                )
        rows.sort(key=lambda row: -abs(float(row["after"]) - float(row["before"])))
        shown, left = top_of(query, rows)
        facts = {"articles": len(rows), "days": 90, "subject": subject_of(desk, query)}
        key = ("growth" if up else "decline") if rows else "trend_nothing"
        return Found(story=Story(key=key, facts=facts, rows=shown, left=left), more={"articulos": shown})

    return answer
