"""Answers to "what if": the plan beside the plan with lead time, demand, price or service level changed."""

from collections.abc import Sequence
from typing import Any

from yunque.assistant.query import Query
from yunque.assistant.story import Story
from yunque.solutions.demand.plan_values import PlanLine
from yunque.solutions.demand.questions.answers_plan import period_facts
from yunque.solutions.demand.questions.desk import Desk
from yunque.solutions.demand.questions.found import Found
from yunque.solutions.demand.questions.scope import about, cover_wish, line_facts, subject_of, top_of


def what_if(desk: Desk, query: Query) -> Found:
    """The plan beside the plan with one thing changed, on the articles that the question names."""
    if query.what == "no_purchase":
        return _without_purchase(desk, query, about(query, desk.plan.lines))
    cover = cover_wish(query, desk.today)
    before = about(query, (desk.plan_with(**cover) if cover else desk.plan).lines)
    changes, change = _changes(query, before)
    plan = desk.plan_with(**cover, **changes)
    after = {line.article.code: line for line in plan.lines}
    rows = [
        {
            "name": line.article.name or line.article.code,
            "before": line.quantity,
            "after": after[line.article.code].quantity,
        }
        for line in before
        if line.article.code in after and after[line.article.code].quantity != line.quantity
    ]
    rows.sort(key=lambda row: -abs(float(row["after"]) - float(row["before"])))  # type: ignore[arg-type]
    first, second = (
        sum(one.cost for one in before),
        sum(after[one.article.code].cost for one in before if one.article.code in after),
    )
    shown, left = top_of(query, rows, 5)
    facts = {
        "subject": subject_of(desk, query),
        "cost_before": first,
        "cost_after": second,
        "more": second - first if second > first else None,
        "less": first - second if second < first else None,
        "changed": len(rows),
        "lead_change": None,
        "demand_up": None,
        "demand_down": None,
        "price_up": None,
        "price_down": None,
        "service": None,
        **period_facts(plan),
        **change,
    }
    lines = tuple(after[one.article.code] for one in before[:50] if one.article.code in after)
    return Found(story=Story(key="what_if", facts=facts, rows=shown, left=left), plan=plan, lines=lines)


def _changes(query: Query, before: Sequence[PlanLine]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Give the changed wishes, and how the change is told."""
    if query.what == "service_level" and query.service_level is not None:
        changes: dict[str, Any] = {"service": query.service_level}
        if query.lead_time is None and query.lead_time_change is None:
            return changes, dict(changes)
        lead, told = _lead_changes(query, before)
        return {**changes, **lead}, {**changes, **told}
    if query.what == "demand" and query.demand_change is not None:
        return {"demand_factor": 1 + query.demand_change}, _signed("demand", query.demand_change)
    if query.what == "price" and query.price_change is not None:
        return {"price_factor": 1 + query.price_change}, _signed("price", query.price_change)
    return _lead_changes(query, before)


def _lead_changes(query: Query, before: Sequence[PlanLine]) -> tuple[dict[str, Any], dict[str, Any]]:
    extra = query.lead_time_change
    if extra is None:
        leads = sorted(line.terms.lead_days for line in before) or [0.0]
        extra = (query.lead_time or 0.0) - leads[len(leads) // 2]
    if extra >= 0:
        return {"extra_lead_days": extra}, {"lead_more": extra, "lead_less": None}
    return {"extra_lead_days": extra}, {"lead_more": None, "lead_less": -extra}


def _signed(name: str, change: float) -> dict[str, float | None]:
    return {f"{name}_up": change} if change >= 0 else {f"{name}_down": -change}


def _without_purchase(desk: Desk, query: Query, lines: Sequence[PlanLine]) -> Found:
    risky = sorted(
        (one for one in lines if one.risk.stockout_probability >= 0.5), key=lambda one: -one.risk.lost_margin
    )
    shown, left = top_of(query, risky, 5)
    facts = {"articles": len(risky), "lost": sum(one.risk.lost_margin for one in lines)}
    return Found(
        story=Story(key="no_purchase", facts=facts, rows=[line_facts(one) for one in shown], left=left),
        plan=desk.plan,
        lines=tuple(shown),
    )
