"""A purchase plan as tables: what answers, files and pages read, by column names that stay."""

from datetime import date
from typing import Any

import polars as pl

from yunque.solutions.demand.plan_values import PlanLine, PurchasePlan, Total

LINES: dict[str, Any] = {
    "code": pl.String, "name": pl.String, "category": pl.String, "supplier": pl.String,
    "warehouse": pl.String, "demand_class": pl.String, "abc": pl.String, "xyz": pl.String,
    "model": pl.String, "confidence": pl.String, "mean_daily": pl.Float64, "past_daily": pl.Float64,
    "on_hand": pl.Float64, "on_order": pl.Float64, "reserved": pl.Float64, "position": pl.Float64,
    "lead_days": pl.Float64, "lead_sd_days": pl.Float64, "review_days": pl.Float64, "pack": pl.Float64,
    "minimum": pl.Float64, "unit_cost": pl.Float64, "price": pl.Float64, "demand": pl.Float64,
    "lead_demand": pl.Float64, "safety_stock": pl.Float64, "reorder_point": pl.Float64,
    "order_up_to": pl.Float64, "level": pl.Float64, "needed": pl.Float64, "quantity": pl.Float64,
    "packs": pl.Int64, "cost": pl.Float64, "left_out": pl.Float64, "stockout_probability": pl.Float64,
    "stockout_date": pl.Date, "lost_margin": pl.Float64, "lost_margin_after": pl.Float64,
    "excess_units": pl.Float64, "excess_money": pl.Float64, "overstock_probability": pl.Float64,
    "cover_days": pl.Float64, "latest_order_date": pl.Date, "reasons": pl.List(pl.String),
    "assumptions": pl.List(pl.String),
}  # fmt: skip
FORECASTS: dict[str, Any] = {
    "code": pl.String, "start": pl.Date, "mean": pl.Float64, "p10": pl.Float64, "p50": pl.Float64,
    "p90": pl.Float64, "p95": pl.Float64,
}  # fmt: skip
TOTALS: dict[str, Any] = {"key": pl.String, "articles": pl.Int64, "units": pl.Float64, "cost": pl.Float64}


def line_row(line: PlanLine) -> dict[str, Any]:
    """Give a line as a flat row, with the columns of LINES."""
    article, terms, levels, risk = line.article, line.terms, line.levels, line.risk
    return {
        "code": article.code, "name": article.name, "category": article.category,
        "supplier": article.supplier, "warehouse": article.warehouse, "demand_class": line.demand_class,
        "abc": line.abc, "xyz": line.xyz, "model": line.model, "confidence": line.confidence,
        "mean_daily": line.mean_daily, "past_daily": line.past_daily, "on_hand": line.position.on_hand,
        "on_order": line.position.on_order, "reserved": line.position.reserved,
        "position": line.position.total, "lead_days": terms.lead_days, "lead_sd_days": terms.lead_sd_days,
        "review_days": terms.review_days, "pack": terms.pack, "minimum": terms.minimum,
        "unit_cost": terms.cost, "price": terms.price, "demand": levels.demand,
        "lead_demand": levels.lead_demand, "safety_stock": levels.safety_stock,
        "reorder_point": levels.reorder_point, "order_up_to": levels.order_up_to, "level": levels.level,
        "needed": line.needed, "quantity": line.quantity, "packs": line.packs, "cost": line.cost,
        "left_out": line.left_out, "stockout_probability": risk.stockout_probability,
        "stockout_date": risk.stockout_date, "lost_margin": risk.lost_margin,
        "lost_margin_after": risk.lost_margin_after, "excess_units": risk.excess_units,
        "excess_money": risk.excess_money, "overstock_probability": risk.overstock_probability,
        "cover_days": risk.cover_days, "latest_order_date": risk.latest_order_date,
        "reasons": list(line.reasons), "assumptions": list(line.assumptions),
    }  # fmt: skip


def lines_table(plan: PurchasePlan) -> pl.DataFrame:
    """Give a row per article (LINES), in the order of the plan."""
    return pl.DataFrame([line_row(line) for line in plan.lines], schema=LINES)


def forecasts_table(plan: PurchasePlan) -> pl.DataFrame:
    """Give a row per article and period (FORECASTS)."""
    rows = [
        {"code": line.article.code, **{name: getattr(one, name) for name in list(FORECASTS)[1:]}}
        for line in plan.lines
        for one in line.periods
    ]
    return pl.DataFrame(rows, schema=FORECASTS)


def totals_table(totals: tuple[Total, ...]) -> pl.DataFrame:
    """Give a row per group (TOTALS)."""
    return pl.DataFrame([one.__dict__ for one in totals], schema=TOTALS)


def plan_tables(plan: PurchasePlan) -> dict[str, pl.DataFrame]:
    """Give every table of a plan by name: lines, forecasts, suppliers, categories, abc, warnings."""
    warnings = [
        {"code": one.code, "count": one.count, "examples": list(one.examples), **one.text}
        for one in plan.warnings
    ]
    schema: dict[str, Any] = {
        "code": pl.String,
        "count": pl.Int64,
        "examples": pl.List(pl.String),
        "en": pl.String,
        "es": pl.String,
    }
    return {
        "lines": lines_table(plan),
        "forecasts": forecasts_table(plan),
        "suppliers": totals_table(plan.by_supplier),
        "categories": totals_table(plan.by_category),
        "abc": totals_table(plan.by_abc),
        "warnings": pl.DataFrame(warnings, schema=schema),
    }


def plan_facts(plan: PurchasePlan) -> dict[str, Any]:
    """Give what a plan says beside its tables, as JSON-ready values."""
    return {
        "run_id": plan.run_id, "company": plan.company, "nit": plan.nit, "as_of": _iso(plan.as_of),
        "currency": plan.currency, "period": plan.period, "measure": plan.measure,
        "service": plan.service, "horizon_days": plan.horizon_days, "cost": plan.cost,
        "articles": len(plan.lines), "bought": len(plan.bought), "budget": dict(plan.budget.__dict__),
        "coverage": {str(level): share for level, share in plan.coverage.items()},
        "accuracy": dict(plan.accuracy),
    }  # fmt: skip


def _iso(day: date | None) -> str | None:
    return None if day is None else day.isoformat()
