"""What every plan promises: its arithmetic, packs, minimums, budget, nothing twice, and what it assumed."""

from dataclasses import replace

import polars as pl
import pytest
from demand_case import average_forecasts, small_basis
from hypothesis import given, settings
from hypothesis import strategies as st

from yunque.errors import UsageError
from yunque.services.demand_plan import csv_bytes, flat, workbook
from yunque.solutions.demand.basis import Basis
from yunque.solutions.demand.drafts import order_drafts
from yunque.solutions.demand.history import make_demand, read_history
from yunque.solutions.demand.intake import take_in
from yunque.solutions.demand.months import monthly_demand
from yunque.solutions.demand.plan import make_plan
from yunque.solutions.demand.plan_tables import FORECASTS, LINES, plan_tables
from yunque.solutions.demand.plan_values import ASSUMPTIONS, REASONS, PurchasePlan
from yunque.solutions.demand.report import render_demand
from yunque.solutions.demand.result import faults, recommendations
from yunque.solutions.demand.terms import sold_before
from yunque.solutions.demand.tradeoff import CURVE
from yunque.solutions.demand.wish import PlanWish


def planned(raw: dict[str, pl.DataFrame], wish: PlanWish | None = None) -> PurchasePlan:
    book = take_in(raw)
    history = read_history(book)
    panel = make_demand(book, history, "week")
    return make_plan(Basis(book=book, history=history, panel=panel, forecasts=average_forecasts(panel)), wish)


def one_article(**more: pl.DataFrame) -> dict[str, pl.DataFrame]:
    days = pl.date_range(pl.date(2024, 1, 1), pl.date(2024, 12, 29), eager=True)
    sales = pl.DataFrame({"fecha": days, "codigo": ["A"] * len(days), "cantidad": [2.0] * len(days)})
    return {"sales": sales, **more}


@settings(max_examples=12, deadline=None)
@given(
    service=st.sampled_from([0.5, 0.8, 0.95, 0.99]),
    measure=st.sampled_from(["cycle", "fill"]),
    share=st.sampled_from([None, 0.0, 0.3, 0.9, 2.0]),
    demand=st.sampled_from([0.5, 1.0, 3.0]),
)
def test_a_plan_keeps_its_promises(service: float, measure: str, share: float | None, demand: float) -> None:
    wish = PlanWish(service=service, measure=measure, demand_factor=demand)  # type: ignore[arg-type]
    free = make_plan(small_basis(), wish)
    budget = None if share is None else share * free.cost
    plan = make_plan(small_basis(), replace(wish, budget=budget))
    assert budget is None or plan.cost <= budget + 1e-6
    assert plan.budget.used == pytest.approx(plan.cost)
    assert sum(one.cost for one in plan.by_supplier) == pytest.approx(plan.cost)
    assert sum(one.units for one in plan.by_category) == pytest.approx(sum(x.quantity for x in plan.lines))
    for line in plan.lines:
        assert line.quantity == line.packs * line.terms.pack
        assert line.quantity == 0 or line.quantity >= line.terms.minimum or line.left_out > 0
        assert line.cost == pytest.approx(line.quantity * line.terms.cost)
        assert line.needed == pytest.approx(max(line.levels.order_up_to - line.position.total, 0.0))
        if line.position.total >= line.levels.order_up_to:
            assert line.quantity == 0 and "covered" in line.reasons
        assert line.levels.safety_stock == pytest.approx(line.levels.order_up_to - line.levels.demand)
        assert line.risk.lost_margin_after <= line.risk.lost_margin + 1e-9
        assert set(line.reasons) <= set(REASONS) and set(line.assumptions) <= set(ASSUMPTIONS)


def test_more_service_costs_more_and_the_same_wish_gives_the_same_plan() -> None:
    low, high = (make_plan(small_basis(), PlanWish(service=level)) for level in (0.8, 0.98))
    assert low.cost < high.cost
    assert make_plan(small_basis(), PlanWish(service=0.8)) == low


def test_what_is_not_known_is_assumed_and_said() -> None:
    plan = planned(one_article())
    line = plan.lines[0]
    assert {"stock_unknown", "lead_time_unknown", "cost_unknown", "price_unknown", "pack_unknown"} <= set(
        line.assumptions
    )
    assert line.terms.lead_days == 14.0 and line.quantity >= 42
    codes = {one.code for one in plan.warnings}
    assert {"stock_unknown", "lead_time_unknown", "cost_unknown", "no_supplier", "review_unknown"} <= codes
    assert all(one.text["es"] and one.text["en"] for one in plan.warnings)


def test_stock_and_orders_on_their_way_are_counted_once() -> None:
    stock = pl.DataFrame({"sku": ["A", "Z"], "existencias": [20, 5], "reservado": [5, 0]})
    orders = pl.DataFrame(
        {
            "sku": ["A", "A"],
            "cantidad": [30, 99],
            "fecha_recibido": [None, "2024-12-01"],
            "orden": ["O1", "O2"],
        }
    )
    line = planned(one_article(stock=stock, orders=orders)).lines[0]
    assert (line.position.on_hand, line.position.on_order, line.position.reserved) == (20, 30, 5)
    assert line.position.total == 45
    full = planned(one_article(stock=stock.with_columns(existencias=pl.lit(10_000)))).lines[0]
    assert full.quantity == 0 and "overstock" in full.reasons and full.risk.excess_units > 0


def test_a_minimum_that_lasts_too_long_waits() -> None:
    items = pl.DataFrame({"sku": ["A"], "pedido_minimo": [5_000], "costo": [10.0], "lead_time": [0]})
    plan = planned(one_article(items=items))
    line = plan.lines[0]
    assert line.quantity == 0 and "wait_minimum" in line.reasons and "lead_time_zero" in line.assumptions
    bound = planned(one_article(items=items.with_columns(pedido_minimo=pl.lit(60))), PlanWish(budget=100.0))
    assert bound.cost == 0 and "minimum_above_budget" in {one.code for one in bound.warnings}


@pytest.mark.parametrize(
    "sales",
    [
        pl.DataFrame({"fecha": ["2024-01-01"], "codigo": ["A"], "cantidad": [1]}),
        pl.DataFrame({"fecha": ["2024-01-01"] * 2, "codigo": ["A", "B"], "cantidad": [0, 0]}),
    ],
)
def test_one_row_or_all_zeros_give_a_plan(sales: pl.DataFrame) -> None:
    plan = planned({"sales": sales})
    assert plan.lines and "short_history" in {one.code for one in plan.warnings}


def test_a_wish_that_no_plan_can_do_is_refused() -> None:
    for wrong in ({"service": 1.0}, {"budget": -1.0}, {"measure": "x"}, {"demand_factor": 0.0}):
        with pytest.raises(UsageError):
            PlanWish(**wrong)  # type: ignore[arg-type]


def test_tables_answers_and_files_have_their_shape() -> None:
    plan = make_plan(small_basis(), PlanWish())
    tables = plan_tables(plan)
    assert tables["lines"].columns == list(LINES) and tables["forecasts"].columns == list(FORECASTS)
    sold = {row["code"]: row for row in sold_before(small_basis().book, plan.as_of).iter_rows(named=True)}
    document = recommendations(plan, 1.0, sold)
    assert faults(document) == () and faults({}) != ()
    assert document["inversion_estimada"] == pytest.approx(plan.cost)
    drafts = order_drafts(plan)
    assert sum(table["costo_total"].sum() for table in drafts.values()) == pytest.approx(plan.cost)
    assert workbook(drafts)[:2] == b"PK"  # type: ignore[index]


def test_no_name_becomes_a_formula() -> None:
    table = pl.DataFrame({"name": ["=HYPERLINK(1)", "+1", "plain"], "codes": [["a", "b"], [], ["c"]]})
    assert flat(table)["name"].to_list() == ["'=HYPERLINK(1)", "'+1", "plain"]
    assert b"a b" in csv_bytes(flat(table))


def test_the_report_shows_the_plan_in_both_languages() -> None:
    plan = make_plan(small_basis(), PlanWish())
    rows = [
        {"rule": "yunque", "setting": one, "fill": one, "cycle": one, "stock_value": 100 * one}
        for one in (0.5, 0.9)
    ]
    history, curve = small_basis().panel.frame, pl.DataFrame(rows, schema=CURVE)
    english, spanish = render_demand(plan, history, "en"), render_demand(plan, history, "es", curve)
    assert "What to buy" in english and "Qué comprar" in spanish
    assert (english.count("data:image/svg+xml"), spanish.count("data:image/svg+xml")) == (3, 4)
    for page in (english, spanish):
        assert "<script" not in page
        assert plan.bought[0].article.code in page
    cost = f"{plan.cost:,.0f}"
    assert cost in english and cost.replace(",", ".") in spanish and cost not in spanish
    day = plan.as_of
    assert f"{day:%B} {day.day}, {day.year}" in english and f" de {day.year} para el NIT 900123456" in spanish
    poor = make_plan(small_basis(), PlanWish(budget=100_000.0))
    assert "De un presupuesto de 100.000 se gastan" in render_demand(poor, history, "es")


def test_months_add_up_to_their_weeks() -> None:
    basis = small_basis()
    monthly = monthly_demand(basis, 2)
    code = basis.panel.ids[0]
    mean = basis.forecasts.sums.mean(code, 1.0) / 7
    first = monthly.filter(pl.col("code") == code).row(0, named=True)
    assert first["month"].isoformat() == "2023-08-01"
    assert first["mean"] == pytest.approx(31 * mean)
    assert first["low"] <= first["mean"] <= first["high"]
