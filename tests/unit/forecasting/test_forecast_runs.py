"""The stage's front door on small panels: complete answers, bad input without an exception, equal bytes."""

import math
from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from yunque.errors import UsageError
from yunque.forecasting.answer import DEMAND_CLASSES, from_tables
from yunque.forecasting.forecast import forecast, roll
from yunque.forecasting.panel import Panel, make_panel, step
from yunque.forecasting.request import ForecastRequest

QUIET = {"booster": "none", "only": ("SES", "Average")}


def panel_of(articles: int, months: int, seed: int = 0) -> Panel:
    rng = np.random.default_rng(seed)
    starts = step(date(2021, 1, 1), "month", range(months))
    rows = [
        (f"a{at:03d}", day + timedelta(days=27), float(rng.poisson(3 + at % 7)))
        for at in range(articles)
        for day in starts[0 if at % 5 else months // 2 :]
    ]
    sales = pl.DataFrame(rows, schema=["unique_id", "date", "quantity"], orient="row")
    return make_panel(sales, frequency="month", as_of=step(starts[-1], "month", (1,))[0] - timedelta(days=1))


def request(**changes: object) -> ForecastRequest:
    asked = {"horizon_periods": 4, "default_protection": (1.5, 1.0), **QUIET, **changes}
    return ForecastRequest(**asked)  # type: ignore[arg-type]


def test_an_answer_is_complete_and_the_same_twice() -> None:
    panel = panel_of(40, 24)
    answer, again = forecast(panel, request()), forecast(panel, request())
    assert answer.items["unique_id"].to_list() == panel.ids
    assert set(answer.items["demand_class"]) <= set(DEMAND_CLASSES)
    assert len(answer.periods) == 40 * 4
    ordered = answer.periods.select((pl.col("p10") <= pl.col("p50")) & (pl.col("p50") <= pl.col("p90")))
    assert ordered.to_series().all() and (answer.periods["p10"] >= 0).all()
    assert answer.backtest["demand_class"][0] == "all" and answer.backtest["origins"][0] == 6
    assert answer.totals["mean"].sum() == pytest.approx(answer.periods["mean"].sum())
    for name, table in answer.to_tables().items():
        assert name == "about" or table.equals(again.to_tables()[name]), name
    back = from_tables(answer.to_tables())
    assert back.sums.quantile("a001", 2.5, 0.95) == answer.sums.quantile("a001", 2.5, 0.95)


def test_rolling_sees_only_what_had_come_true() -> None:
    """Later periods, however wild, change nothing of what was forecast before them."""
    panel = panel_of(30, 24)
    origin = step(panel.last, "month", (-3,))[0]
    wild = make_panel(
        panel.frame.select(
            "unique_id",
            pl.col("period").alias("date"),
            pl.when(pl.col("period") > origin).then(999.0).otherwise(pl.col("quantity")).alias("quantity"),
        ),
        frequency="month",
        as_of=date(2022, 12, 31),
    )
    [(day, sums, means)], [(_, wild_sums, wild_means)] = (roll(p, request(), [origin]) for p in (panel, wild))
    assert day == origin and np.array_equal(means, wild_means)
    assert sums.quantile("a001", 2.5, 0.9) == wild_sums.quantile("a001", 2.5, 0.9)


@pytest.mark.parametrize(
    "quantities", [[5.0], [0.0, 0.0, 0.0], [-3.0, -1.0], [1e9, 0.0, 1e-9], [7.0] * 40], ids=str
)
def test_poor_histories_are_answered(quantities: list[float]) -> None:
    days = step(date(2021, 1, 1), "month", range(len(quantities)))
    sales = pl.DataFrame({"unique_id": ["a"] * len(days), "date": days, "quantity": quantities})
    panel = make_panel(sales, frequency="month", as_of=step(days[-1], "month", (1,))[0] - timedelta(days=1))
    answer = forecast(panel, request())
    assert answer.items.height == 1
    assert all(math.isfinite(value) and value >= 0 for value in answer.sums.outcomes("a", 2.5))


def test_a_budget_of_nothing_still_answers() -> None:
    ticks = iter(range(10**6))
    answer = forecast(
        panel_of(20, 24), request(only=(), budget_seconds=0.001, clock=lambda: float(next(ticks)))
    )
    assert answer.items.height == 20
    assert "candidates_out_of_time" in dict(answer.notes)


def test_what_cannot_be_asked_is_refused() -> None:
    with pytest.raises(UsageError, match="lead time"):
        request(default_protection=(-1.0, 1.0))
    with pytest.raises(UsageError, match="booster"):
        request(booster="prophet")


@pytest.mark.slow
@pytest.mark.parametrize("booster", ["lightgbm", "xgboost"])
def test_the_global_learner_speaks(booster: str) -> None:
    panel = panel_of(60, 40)
    answer = forecast(panel, request(booster=booster, only=(), country="CO"))
    assert answer.weights["model"].str.contains("Boosted").any()
    again = forecast(panel, request(booster=booster, only=(), country="CO"))
    assert answer.periods.equals(again.periods)
