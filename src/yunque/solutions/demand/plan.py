"""From a book and its forecasts to the purchase plan: a line per article, totals, budget, warnings."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

import numpy as np
import polars as pl

from yunque.forecasting.panel import DAYS
from yunque.solutions.demand.basis import Basis
from yunque.solutions.demand.cover import is_alone
from yunque.solutions.demand.grades import abc
from yunque.solutions.demand.levels import Ahead
from yunque.solutions.demand.plan_reasons import plan_notes, reasons
from yunque.solutions.demand.plan_values import (
    Article,
    Budget,
    Levels,
    PeriodForecast,
    PlanLine,
    Position,
    PurchasePlan,
    Risk,
    Terms,
    Total,
)
from yunque.solutions.demand.reckon import Reckoned, reckon
from yunque.solutions.demand.standing import ScaledPeriods
from yunque.solutions.demand.terms import Stockroom, read_stockroom
from yunque.solutions.demand.wish import PlanWish


def make_plan(basis: Basis, wish: PlanWish | None = None, *, run_id: str = "") -> PurchasePlan:
    """Make the plan of a day.

    Raises:
        NotFoundError: an article of the book is not among the forecasts (they are of another book).
    """
    asked = wish or PlanWish()
    room = read_stockroom(basis.book, asked, basis.standing.seen)
    ahead = look_ahead(basis, room, asked)
    done = reckon(room, ahead, asked)
    lines = _lines(basis, room, done, asked)
    order = sorted(range(len(lines)), key=lambda at: (-lines[at].risk.lost_margin, -lines[at].cost, at))
    ranked = tuple(lines[at] for at in order)
    return PurchasePlan(
        run_id=run_id,
        company=basis.book.company,
        nit=basis.book.nit,
        as_of=basis.book.today,
        currency=asked.currency,
        period=basis.panel.frequency,
        measure=asked.measure,
        service=asked.service,
        horizon_days=asked.horizon_days,
        lines=ranked,
        by_supplier=totals(ranked, lambda line: line.article.supplier),
        by_category=totals(ranked, lambda line: line.article.category),
        by_abc=totals(ranked, lambda line: line.abc),
        budget=_budget(asked, room, done),
        warnings=plan_notes(basis, room, done, asked),
        covers=_covers(basis.book.today, asked),
        coverage=coverage(basis.forecasts.backtest),
        accuracy=accuracy(basis.forecasts.backtest),
    )


def look_ahead(basis: Basis, room: Stockroom, wish: PlanWish) -> Ahead:
    """Give the demand ahead of the articles of the stockroom, from the day of the plan on."""
    return Ahead(
        sums=basis.forecasts.sums,
        ids=tuple(room.table["code"]),
        length=DAYS[basis.panel.frequency],
        start=basis.standing.elapsed,
        factor=wish.demand_factor,
        memory=basis.standing.memory,
    )


def _covers(today: date, wish: PlanWish) -> tuple[date, date] | None:
    if wish.cover_to is None:
        return None
    return today + timedelta(days=int(wish.cover_from)), today + timedelta(days=int(wish.cover_to) - 1)


def totals(lines: Iterable[PlanLine], key: Any) -> tuple[Total, ...]:
    """Sum what is bought by a key of the lines, most money first."""
    groups: dict[str, list[PlanLine]] = {}
    for line in lines:
        if line.quantity > 0:
            groups.setdefault(key(line), []).append(line)
    found = [
        Total(
            key=name,
            articles=len(some),
            units=sum(one.quantity for one in some),
            cost=sum(one.cost for one in some),
        )
        for name, some in groups.items()
    ]
    return tuple(sorted(found, key=lambda one: (-one.cost, one.key)))


def coverage(backtest: pl.DataFrame) -> dict[float, float]:
    """Give the measured coverage of all articles by asked level; {} where none was measured."""
    return {
        float(name.removeprefix("coverage_")): value
        for name, value in _overall(backtest).items()
        if name.startswith("coverage_") and value is not None
    }


def accuracy(backtest: pl.DataFrame) -> dict[str, float]:
    """Give the measured errors of all articles by name; {} where none were measured."""
    row = _overall(backtest)
    return {name: row[name] for name in ("wape", "bias", "mase", "pinball") if row.get(name) is not None}


def _overall(backtest: pl.DataFrame) -> Mapping[str, Any]:
    found = (
        backtest.filter(pl.col("demand_class") == "all") if "demand_class" in backtest.columns else backtest
    )
    return found.row(0, named=True) if found.height else {}


def _budget(wish: PlanWish, room: Stockroom, done: Reckoned) -> Budget:
    price = room.array("pack") * room.array("cost")
    left = done.suggested.packs - done.packs
    return Budget(
        cap=wish.budget,
        used=float(done.packs @ price),
        left_out_cost=float(np.maximum(left, 0) @ price),
        left_out_lost_margin=float(np.maximum(done.lost_after - done.lost_left, 0.0).sum()),
        method=done.spent.method,
    )


def _lines(basis: Basis, room: Stockroom, done: Reckoned, wish: PlanWish) -> list[PlanLine]:
    book = basis.book
    models, sold, periods = basis.standing.models, basis.standing.sold, basis.standing.periods
    codes = room.table["code"].to_list()
    money = np.array([sold.get(code, {}).get("recent", 0.0) for code in codes]) * _worth(room)
    swings, alone = basis.standing.swings, is_alone(wish)
    grades = abc(money)
    lines = []
    for at, row in enumerate(room.table.iter_rows(named=True)):
        code, model = row["code"], models[row["code"]]
        past = sold.get(code)
        past_daily = past["recent"] / past["span"] if past else 0.0
        quantity = float(done.packs[at] * row["pack"])
        left = float(max(done.suggested.packs[at] - done.packs[at], 0) * row["pack"])
        lines.append(
            PlanLine(
                article=Article(
                    **{name: row[name] for name in ("code", "name", "category", "supplier", "warehouse")}
                ),
                demand_class=model["demand_class"],
                abc=grades[at],  # type: ignore[arg-type]
                xyz=swings.get(code, "Z"),  # type: ignore[arg-type]
                model=model["model"],
                confidence=model["confidence"],
                periods=_scaled(periods.get(code, ()), wish.demand_factor),
                mean_daily=float(done.daily[at]),
                past_daily=past_daily,
                position=Position(**{name: row[name] for name in ("on_hand", "on_order", "reserved")}),
                terms=Terms(
                    **{
                        name: row[name]
                        for name in (
                            "lead_days",
                            "lead_sd_days",
                            "review_days",
                            "pack",
                            "minimum",
                            "cost",
                            "price",
                        )
                    }
                ),
                levels=_levels(done, at),
                risk=_risk(done, at, row, book.today),
                needed=float(done.needed[at]),
                quantity=quantity,
                packs=int(done.packs[at]),
                cost=quantity * row["cost"],
                left_out=left,
                left_then=float(done.there[at]) if alone else None,
                reasons=reasons(done, at, row, model["demand_class"], past_daily),
                assumptions=tuple(row["assumptions"]),
            )
        )
    return lines


def _worth(room: Stockroom) -> np.ndarray:
    cost, price = room.array("cost"), room.array("price")
    return np.where(cost > 0, cost, price)


def _scaled(plain: tuple[PeriodForecast, ...], factor: float) -> Sequence[PeriodForecast]:
    return plain if factor == 1.0 else ScaledPeriods(plain, factor)


def _levels(done: Reckoned, at: int) -> Levels:
    return Levels(
        demand=float(done.demand[at]),
        lead_demand=float(done.lead_demand[at]),
        safety_stock=float(done.order_up_to[at] - done.demand[at]),
        reorder_point=float(done.reorder_point[at]),
        order_up_to=float(done.order_up_to[at]),
        level=float(done.level[at]),
        days=float(done.days[at]),
    )


def _risk(done: Reckoned, at: int, row: Mapping[str, Any], today: date) -> Risk:
    position = row["on_hand"] + row["on_order"] - row["reserved"]
    daily = float(done.daily[at])
    return Risk(
        stockout_probability=float(done.stockout[at]),
        stockout_date=_after(today, float(done.runs_out[at])),
        lost_margin=float(done.lost[at]),
        lost_margin_after=float(done.lost_after[at]),
        excess_units=float(done.excess[at]),
        excess_money=float(done.excess[at] * row["cost"]),
        overstock_probability=float(done.overstock[at]),
        cover_days=max(position, 0.0) / daily if daily > 1e-9 else None,
        latest_order_date=_after(today, float(done.order_by[at])),
    )


def _after(today: date, days: float) -> date | None:
    return today + timedelta(days=int(days)) if np.isfinite(days) else None
