"""Answers about what to buy: the list, one article, a budget, a supplier, the money, the dates, what-ifs."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from yunque.assistant.query import Query
from yunque.assistant.story import Story
from yunque.errors import UsageError
from yunque.solutions.demand.cover import AFTER_DAYS
from yunque.solutions.demand.plan_values import PlanLine, PurchasePlan
from yunque.solutions.demand.questions.desk import Desk
from yunque.solutions.demand.questions.found import Found
from yunque.solutions.demand.questions.scope import (
    about,
    cover_wish,
    group_of,
    line_facts,
    subject_of,
    top_of,
)

GONE = 0.05  # units that are none


def wished(desk: Desk, query: Query, **more: Any) -> PurchasePlan:
    """Give the plan, or the plan anew with the service level and for the period that is asked for."""
    changes = {**cover_wish(query, desk.today), **more}
    if query.service_level is not None:
        changes["service"] = query.service_level
    return desk.plan_with(**changes) if changes else desk.plan


def _totals(lines: Sequence[PlanLine], plan: PurchasePlan) -> dict[str, Any]:
    return {
        "articles": len(lines),
        "units": sum(line.quantity for line in lines),
        "cost": sum(line.cost for line in lines),
        "service": plan.service,
        "measure": plan.measure,
        "day": plan.as_of,
        "tail": None,
        **period_facts(plan),
    }


def period_facts(plan: PurchasePlan) -> dict[str, Any]:
    """Give the period that is bought for: from today to a day, or a later one on its own."""
    if plan.covers is None:
        return {"until": None, "first": None, "last": None, "after": None}
    first, last = plan.covers
    alone = any(line.left_then is not None for line in plan.lines)
    after = min((last - plan.as_of).days + 1, round(AFTER_DAYS))
    return {
        "until": None if alone else last,
        "first": first if alone else None,
        "last": last if alone else None,
        "after": None if alone else after,
    }


def _line_covered(plan: PurchasePlan, line: PlanLine) -> dict[str, Any]:
    """Give the period that one line is bought for; its own order may have to last longer than is asked."""
    left = line.left_then
    told = {**period_facts(plan), "now": "" if left is None else None, "gone": None}
    if left is not None and left < GONE:
        told |= {"left_then": None, "gone": ""}
    if told["until"] is not None:
        lasts = plan.as_of + timedelta(days=round(line.levels.days) - 1)
        told["until"] = max(told["until"], lasts)
    if told["first"] is not None:
        early = told["first"] - timedelta(days=round(line.terms.lead_days))
        told["order_by"] = max(early, plan.as_of)
    return told


def buy_list(desk: Desk, query: Query) -> Found:
    """What to buy now, and what will have to be ordered by the end of the period that is asked about."""
    plan = wished(desk, query)
    lines = about(query, plan.lines)
    bought = [line for line in lines if line.quantity > 0]
    end = query.end if plan.covers is None else None
    later = [
        line
        for line in lines
        if line.quantity == 0 and end and line.risk.latest_order_date and line.risk.latest_order_date <= end
    ]
    shown, left = top_of(query, bought)
    facts = {
        **_totals(bought, plan),
        "subject": subject_of(desk, query),
        "end": end,
        "later": len(later) or None,
        "usual": _usual_cost(desk, query, plan),
    }
    key = "buy_list" if bought else "buy_nothing"
    story = Story(key=key, facts=facts, rows=[line_facts(line) for line in shown], left=left)
    return Found(
        story=story, plan=plan, lines=tuple(shown), more={"para_despues": [_later(line) for line in later]}
    )


def _usual_cost(desk: Desk, query: Query, plan: PurchasePlan) -> float | None:
    """Give what the plan itself spends, to stand beside what another period would cost."""
    if plan.covers is None:
        return None
    return sum(line.cost for line in about(query, desk.plan.lines))


def _later(line: PlanLine) -> dict[str, Any]:
    return {
        "articulo_codigo": line.article.code,
        "articulo_nombre": line.article.name,
        "fecha_limite_pedido": line.risk.latest_order_date,
    }


def one_article(desk: Desk, query: Query) -> Found:
    """Whether to buy an article, how much, and why: one arithmetic."""
    plan = wished(desk, query)
    line = plan.line(query.article or "")
    if line is None:
        name = desk.name(query.article or "")
        return Found(story=Story(key="not_planned", facts={"name": name, "code": query.article}), plan=plan)
    key = "cover" if plan.covers is not None else "why" if query.intent == "why" else "article"
    facts = {**line_facts(line), "asked": None, "service": plan.service, **_line_covered(plan, line)}
    if query.quantity is not None and query.quantity != line.quantity:
        facts["asked"] = query.quantity
    found = Story(key=f"{key}_buy" if line.quantity > 0 else f"{key}_enough", facts=facts)
    return Found(
        story=found, plan=plan, lines=(line,), more={"razones": line.reasons, "supuestos": line.assumptions}
    )


def why(desk: Desk, query: Query) -> Found:
    """Why an article's quantity is what it is."""
    return one_article(desk, query)


def budget_plan(desk: Desk, query: Query) -> Found:
    """What to buy first with so much money."""
    amount = query.amount or 0.0
    if query.currency and query.currency != desk.plan.currency:
        raise UsageError(
            f"The plan is in {desk.plan.currency}, the amount in {query.currency}. / "
            f"El plan está en {desk.plan.currency} y el monto en {query.currency}.",
            hint=f"Give the amount in {desk.plan.currency}; no exchange rate is kept here.",
        )
    plan = wished(desk, query, budget=amount)
    bought = [line for line in about(query, plan.lines) if line.quantity > 0]
    shown, left = top_of(query, bought)
    facts = {
        **_totals(bought, plan),
        "amount": amount,
        "rest": max(amount - plan.budget.used, 0.0),
        "left_out": plan.budget.left_out_cost or None,
        "lost": plan.budget.left_out_lost_margin or None,
        "subject": subject_of(desk, query),
    }
    key = "budget" if bought else "budget_nothing"
    return Found(
        story=Story(key=key, facts=facts, rows=[line_facts(one) for one in shown], left=left),
        plan=plan,
        lines=tuple(shown),
    )


def supplier_order(desk: Desk, query: Query) -> Found:
    """The order to one supplier, or the sums of the orders to all."""
    plan = wished(desk, query)
    if query.supplier is None:
        return _by_group(desk, query, plan, "supplier")
    bought = [line for line in about(query, plan.lines) if line.quantity > 0]
    shown, left = top_of(query, bought, 50)
    facts = {**_totals(bought, plan), "supplier": query.supplier}
    key = "supplier" if bought else "supplier_nothing"
    return Found(
        story=Story(key=key, facts=facts, rows=[line_facts(one) for one in shown], left=left),
        plan=plan,
        lines=tuple(shown),
    )


def investment_total(desk: Desk, query: Query) -> Found:
    """The money of the purchases, whole or by group."""
    plan = wished(desk, query)
    return _by_group(desk, query, plan, query.group or "supplier")


def _by_group(desk: Desk, query: Query, plan: PurchasePlan, group: str) -> Found:
    bought = [line for line in about(query, plan.lines) if line.quantity > 0]
    sums: dict[str, list[PlanLine]] = {}
    for line in bought:
        sums.setdefault(group_of(line, group) or "-", []).append(line)
    rows = [
        {
            "group": name,
            "articles": len(some),
            "units": sum(one.quantity for one in some),
            "cost": sum(one.cost for one in some),
        }
        for name, some in sums.items()
    ]
    rows.sort(key=lambda row: (-float(row["cost"]), str(row["group"])))
    shown, left = top_of(query, rows)
    facts = {**_totals(bought, plan), "subject": subject_of(desk, query)}
    return Found(
        story=Story(key="investment", facts=facts, rows=shown, left=left), plan=plan, lines=tuple(bought[:50])
    )


def order_dates(desk: Desk, query: Query) -> Found:
    """The last day to order, soonest first."""
    lines = [line for line in about(query, desk.plan.lines) if line.risk.latest_order_date is not None]
    if query.end is not None:
        lines = [
            line for line in lines if line.risk.latest_order_date and line.risk.latest_order_date <= query.end
        ]
    lines.sort(key=lambda line: (line.risk.latest_order_date or desk.today, line.article.code))
    shown, left = top_of(query, lines)
    facts = {"articles": len(lines), "subject": subject_of(desk, query), "end": query.end, "day": desk.today}
    key = "order_dates" if lines else "order_dates_nothing"
    return Found(
        story=Story(key=key, facts=facts, rows=[line_facts(one) for one in shown], left=left),
        plan=desk.plan,
        lines=tuple(shown),
    )
