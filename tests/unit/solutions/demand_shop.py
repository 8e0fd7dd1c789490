"""A small plan and history for tests of answers, made by hand: no forecast is trained for them."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import yaml

from yunque.solutions.demand.columns import MOVEMENTS, PURCHASE, SALE
from yunque.solutions.demand.plan import totals
from yunque.solutions.demand.plan_values import (
    Article,
    Budget,
    DataNote,
    Levels,
    PeriodForecast,
    PlanLine,
    Position,
    PurchasePlan,
    Risk,
    Terms,
)
from yunque.solutions.demand.questions.desk import Desk

CATALOGUE = yaml.safe_load((Path(__file__).parent / "demand_questions" / "catalogue.yaml").read_text("utf-8"))
TODAY: date = CATALOGUE["today"]


def line_of(at: int, row: list[str], name: str | None = None) -> PlanLine:
    """An article's line; every third has enough, the last one is new, every fifth has too much."""
    daily = 0.4 + at * 0.13
    enough, pack = at % 3 == 0, (1.0, 12.0, 6.0)[at % 3]
    lead, cost = 5.0 + at % 7, 1250.5 * (at + 1)
    need = daily * (lead + 7) * 1.6
    on_hand = round(need * 2) if enough else round(daily * 3)
    packs = 0 if enough else int(-(-(need - on_hand) // pack))
    periods = tuple(
        PeriodForecast(
            start=TODAY - timedelta(days=2) + timedelta(weeks=w),
            mean=daily * 7,
            p10=daily * 3,
            p50=daily * 7,
            p90=daily * 11,
            p95=daily * 13,
        )
        for w in range(30)
    )
    return PlanLine(
        article=Article(code=row[0], name=name or row[1], category=row[2], supplier=row[3], warehouse=""),
        demand_class="new" if at == 24 else "smooth", abc="ABC"[at % 3], xyz="XYZ"[at % 3], model="CES + DOT",  # type: ignore[arg-type]
        confidence="high" if at % 2 else "low", periods=periods, mean_daily=daily, past_daily=daily * 0.9,
        position=Position(on_hand=on_hand, on_order=0.0, reserved=1.0 if enough else 0.0),
        terms=Terms(lead_days=lead, lead_sd_days=1.0, review_days=7.0, pack=pack, minimum=0.0, cost=cost, price=cost * 1.6),
        levels=Levels(demand=daily * (lead + 7), lead_demand=daily * lead, safety_stock=need - daily * (lead + 7), reorder_point=daily * lead * 1.5, order_up_to=need, level=0.95),
        risk=Risk(
            stockout_probability=0.02 if enough else 0.83, stockout_date=None if enough else TODAY + timedelta(days=1 + at),
            lost_margin=0.0 if enough else 54321.5 * (at + 1), lost_margin_after=0.0, excess_units=7.0 if at % 5 == 0 else 0.0,
            excess_money=7.0 * cost if at % 5 == 0 else 0.0, overstock_probability=0.4, cover_days=on_hand / daily,
            latest_order_date=TODAY + timedelta(days=20 if enough else 0),
        ),
        needed=max(need - on_hand, 0.0), quantity=packs * pack, packs=packs, cost=packs * pack * cost,
        reasons=("covered",) if enough else ("buy",), assumptions=(),
    )  # fmt: skip


def plan_of(lines: tuple[PlanLine, ...], currency: str = "COP", **changes: Any) -> PurchasePlan:
    return PurchasePlan(
        run_id="run-1", company="1", nit="900123456", as_of=TODAY, currency=currency, period="week",
        measure="cycle", service=changes.get("service", 0.95), horizon_days=90, lines=lines,
        by_supplier=totals(lines, lambda one: one.article.supplier),
        by_category=totals(lines, lambda one: one.article.category), by_abc=totals(lines, lambda one: one.abc),
        budget=Budget(cap=changes.get("budget"), used=sum(one.cost for one in lines), left_out_cost=1000.0, left_out_lost_margin=250.0, method="greedy"),
        warnings=(DataNote(code="cost_unknown", count=3, examples=("LIB-100",), text={"es": "3 artículos sin costo.", "en": "3 articles without cost."}),),
        coverage={0.8: 0.79, 0.95: 0.941}, accuracy={"wape": 0.31, "bias": -0.04},
    )  # fmt: skip


def movements() -> pl.DataFrame:
    rows = []
    for at, (code, name, category, _) in enumerate(CATALOGUE["articles"]):
        for month in range(24):
            day = TODAY - timedelta(days=3 + month * 30)
            rows.append(
                (
                    SALE,
                    day,
                    code,
                    name,
                    category,
                    10.0 + at + (24 - month) * (1 if at % 2 else -0.2),
                    f"F-{month}-{at}",
                )
            )
            rows.append((PURCHASE, day - timedelta(days=9), code, name, category, 14.0, f"C-{month}-{at}"))
    names = ("kind", "date", "code", "name", "category", "units", "document")
    frame = pl.DataFrame(rows, schema={one: MOVEMENTS[one] for one in names}, orient="row")
    more = frame.with_columns(
        company=pl.lit("1"), nit=pl.lit("900123456"), warehouse=pl.lit("Bodega Norte"), city=pl.lit("Bogotá"),
        price=pl.lit(1999.5), value=pl.col("units") * 1999.5, stock_after=pl.lit(None, pl.Float64), lead_days=pl.lit(None, pl.Float64),
    )  # fmt: skip
    return more.select(list(MOVEMENTS)).cast(MOVEMENTS)


def make_desk(country: str = "CO", names: Mapping[str, str] | None = None) -> Desk:
    """A desk over the catalogue; planning anew scales what is bought."""
    renamed = names or {}
    lines = tuple(line_of(at, row, renamed.get(row[0])) for at, row in enumerate(CATALOGUE["articles"]))
    currency = {"CO": "COP", "MX": "MXN"}[country]

    def replan(changes: Mapping[str, Any]) -> PurchasePlan:
        factor = changes.get("demand_factor", 1.0) * (1 + changes.get("extra_lead_days", 0.0) / 20)
        rate = changes.get("price_factor", 1.0)
        made, left = [], changes.get("budget")
        for one in lines:
            packs = round(one.packs * factor)
            cost = packs * one.terms.pack * one.terms.cost * rate
            if left is not None:
                packs, cost = (packs, cost) if cost <= left else (0, 0.0)
                left -= cost
            made.append(replace(one, packs=packs, quantity=packs * one.terms.pack, cost=cost))
        return plan_of(tuple(made), currency, **changes)

    return Desk(plan=plan_of(lines, currency), movements=movements(), replan=replan, country=country)
