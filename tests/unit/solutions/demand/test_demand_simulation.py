"""Stock lived through: what a rule serves and holds, against a hand's reckoning."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from yunque.forecasting.sums import GRID, SumQuantiles
from yunque.solutions.demand.foreseen import foresee
from yunque.solutions.demand.rivals import before, r2_rule, textbook_rule
from yunque.solutions.demand.simulate import Stage, live, order_blindly, order_up_to
from yunque.solutions.demand.tradeoff import CURVE, service_at, tuned_level, value_at


def stage(demand: list[float], *, lead: int = 1, start: float = 0.0, pack: float = 1.0) -> Stage:
    return Stage(
        demand=np.array([demand]),
        lead=np.array([lead]),
        review=np.array([1]),
        start=np.array([start]),
        cost=np.array([2.0]),
        pack=np.array([pack]),
    )


def test_a_small_case_by_hand() -> None:
    """Start 10, order up to 8 with lead 1: stock after demand 4,4,4,4 is 6, 2, 2 (0 + 6 - 4), …"""
    found = live(stage([4.0, 4.0, 4.0, 4.0], start=10.0), order_up_to(np.full((4, 1), 8.0)))
    # period 0: position 10, no order, sells 4 -> 6; 1: orders 2, sells 4 -> 2; 2: +2, sells 4 -> 0, orders 4
    # (position 2 + 2); 3: +4, sells 4 -> 0.
    assert found.fill == 1.0 and found.cycle == 1.0
    assert found.stock_value == pytest.approx(2.0 * np.mean([2.0, 0.0, 0.0]))
    assert found.orders == 3


def test_lost_sales_are_lost_and_counted() -> None:
    found = live(stage([5.0, 5.0, 5.0]), order_up_to(np.full((3, 1), 3.0)))
    # ordered in period 0, 3 arrive in period 1 and are sold; being on their way, nothing was ordered for period 2
    assert found.fill == pytest.approx(0.3) and found.cycle == 0.0


def test_packs_are_whole_and_blind_orders_ignore_stock() -> None:
    found = live(stage([1.0] * 6, start=50.0, pack=6.0), order_blindly(np.full((6, 1), 1.0)))
    assert found.orders == 6
    assert found.stock_value == pytest.approx(2.0 * np.mean([54.0, 59.0, 64.0, 69.0, 74.0]))


def test_unknown_demand_counts_as_nothing() -> None:
    found = live(stage([2.0, float("nan"), 2.0], lead=0), order_up_to(np.full((3, 1), 2.0)))
    assert found.fill == 1.0


def test_the_rivals_rules() -> None:
    values = np.array([[np.nan, 2.0, 4.0, 6.0, 5.0]])
    mean, spread = before(values, 3, 2)
    assert mean[:, 0].tolist() == [3.0, 4.0]
    assert spread[1, 0] == pytest.approx(2.0)
    one = stage([6.0, 5.0])
    assert r2_rule(mean, one)(0, np.array([99.0]))[0] == pytest.approx(3.6)
    asked = textbook_rule(mean, spread, one, 0.5)(1, np.array([1.0]))
    assert asked[0] == pytest.approx(4.0 * 2 - 1.0)


def test_a_curve_is_read_between_its_points_only() -> None:
    rows = [
        {"rule": "yunque", "setting": level, "fill": fill, "cycle": fill, "stock_value": value}
        for level, fill, value in ((0.8, 0.7, 100.0), (0.9, 0.8, 200.0), (0.95, 0.9, 400.0))
    ]
    curve = pl.DataFrame(rows, schema=CURVE)
    assert value_at(curve, "yunque", 0.75) == pytest.approx(150.0)
    assert service_at(curve, "yunque", 300.0) == pytest.approx(0.85)
    assert value_at(curve, "r2", 0.8) is None
    between = (np.log(0.9 / 0.1) + np.log(0.95 / 0.05)) / 2
    assert tuned_level(curve, 0.85, "fill") == pytest.approx(1 / (1 + np.exp(-between)))
    assert tuned_level(curve, 0.99, "fill") is None  # beyond what was tried
    assert tuned_level(curve, 0.6, "fill") == 0.8  # less would do, but was not tried


def test_a_level_is_tuned_half_by_the_past_and_half_by_what_is_foreseen() -> None:
    row = {"rule": "yunque", "cycle_foreseen": 0.8, "stock_value": 1.0, "fill": 0.5}
    rows = [
        {**row, "setting": setting, "cycle": 0.9, "cycle_ahead": ahead}
        for setting, ahead in ((0.5, 0.7), (0.8, 0.85), (0.9, 0.8))
    ]
    curve = pl.DataFrame(rows, schema=CURVE)
    # the past achieved .1 beyond the foreseen: .05 of it is added to .7, .85 and, never falling, .85
    assert tuned_level(curve, 0.75, "cycle") == pytest.approx(0.5)
    assert tuned_level(curve, 0.9, "cycle") == pytest.approx(0.8, abs=1e-4)
    assert tuned_level(curve, 0.91, "cycle") is None
    old = curve.drop("cycle_ahead", "cycle_foreseen", "fill_ahead", "fill_foreseen")
    assert tuned_level(old, 0.9, "cycle") == pytest.approx(0.5)


def test_what_is_foreseen_is_what_drawn_demand_lets_happen() -> None:
    scores = np.broadcast_to(np.linspace(-1.0, 1.0, len(GRID)), (1, 1, len(GRID)))
    sums = SumQuantiles(
        ids=tuple(f"a{at}" for at in range(40)),
        cumulative=np.tile(np.array([[0.0, 50.0, 100.0]]), (40, 1)),
        groups=np.zeros(40, dtype=int),
        lengths=np.array([1.0]),
        scores=scores,
        dispersion=np.full(40, 3.0),
    )
    one = stage([0.0])
    room = replace(one, lead=np.zeros(40, dtype=int), review=np.ones(40, dtype=int), cost=np.ones(40))
    room = replace(room, pack=np.ones(40))
    low, high = foresee(sums, room, (0.6, 0.9))
    assert low.cycle == pytest.approx(0.6, abs=0.06) and high.cycle == pytest.approx(0.9, abs=0.04)
    assert low.fill < high.fill < 1.0
    assert foresee(sums, room, (0.6, 0.9))[0] == low
