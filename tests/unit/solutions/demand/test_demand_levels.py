"""Levels, quantities and budgets: against stockpyl and its book, and promises that no plan may break."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from yunque.forecasting.sums import GRID, SumQuantiles
from yunque.solutions.demand.budget import Wanted, spend
from yunque.solutions.demand.levels import (
    Ahead,
    economic_lot,
    fill_level,
    newsvendor_level,
    quantile,
    short,
)
from yunque.solutions.demand.quantities import Asked, suggest


def normal_sums(mean: float, sd: float) -> SumQuantiles:
    """Demand of one period is normal; sums of k periods have k times its mean and variance."""
    return SumQuantiles(
        ids=("A",),
        cumulative=mean * np.arange(13.0)[None, :],
        groups=np.zeros(1, dtype=np.int64),
        lengths=np.array([1.0]),
        scores=norm.ppf(GRID)[None, None, :],
        dispersion=np.array([sd / np.sqrt(mean)]),
    )


def draws(mean: float, sd: float, periods: float, lead_sd: float = 0.0) -> np.ndarray:
    ahead = Ahead(sums=normal_sums(mean, sd), ids=("A",), length=7.0)
    return ahead.draws(np.array([7.0 * periods]), np.array([7.0 * lead_sd]))


# stockpyl 1.0.2: newsvendor_normal(1 - level, level, 50, 8) and economic_order_quantity(8, 0.225, 1300). It pins
# a Sphinx of 2022, so its answers stand here; where it is installed, they are asked for again.
NEWSVENDOR = {0.8: 56.73297, 0.9: 60.25241, 0.95: 63.15883}
LOT = 304.04678


@pytest.mark.parametrize("level", NEWSVENDOR)
def test_the_order_up_to_level_is_stockpyls_newsvendor(level: float) -> None:
    assert quantile(draws(50.0, 8.0, 1.0), level)[0] == pytest.approx(NEWSVENDOR[level], abs=1.0)


def test_lot_and_level_of_money_are_stockpyls() -> None:
    lot = economic_lot(np.array([1300.0]), np.array([1.125]), 8.0, 0.2)
    assert lot[0] == pytest.approx(LOT, abs=1e-3)
    found = newsvendor_level(np.array([0.7]), np.array([0.18 * 365]), 1.0, np.array([1.0]))
    assert found[0] == pytest.approx(0.7 / (0.7 + 0.18))


@pytest.mark.filterwarnings("ignore")
def test_what_stands_here_of_stockpyl_is_what_it_says() -> None:
    newsvendor = pytest.importorskip("stockpyl.newsvendor")
    eoq = pytest.importorskip("stockpyl.eoq")
    for level, oracle in NEWSVENDOR.items():
        terms = {"holding_cost": 1 - level, "stockout_cost": level}
        found, _ = newsvendor.newsvendor_normal(**terms, demand_mean=50.0, demand_sd=8.0)
        assert found == pytest.approx(oracle, abs=1e-3)
    assert eoq.economic_order_quantity(8, 0.225, 1300)[0] == pytest.approx(LOT, abs=1e-3)


def test_expected_shortage_is_that_of_the_normal_loss_function() -> None:
    found = short(draws(50.0, 8.0, 1.0), np.array([54.0]))[0]
    z = 0.5
    assert found == pytest.approx(8.0 * (norm.pdf(z) - z * norm.sf(z)), rel=0.05)


def test_an_uncertain_lead_time_adds_its_variance() -> None:
    """Var D = P s^2 + mu^2 s_L^2 (law of total variance)."""
    found = draws(50.0, 8.0, 4.0, lead_sd=0.5)
    assert found.mean() == pytest.approx(200.0, rel=0.01)
    assert found.std() == pytest.approx(np.sqrt(4 * 64 + 50**2 * 0.25), rel=0.05)


def test_the_fill_level_gives_the_fill_rate() -> None:
    protection, lead = draws(50.0, 30.0, 3.0), draws(50.0, 30.0, 2.0)
    level = fill_level(protection, lead, 0.95)
    served = 1 - (short(protection, level) - short(lead, level)) / 50.0
    assert served[0] == pytest.approx(0.95, abs=0.005)
    assert fill_level(protection, lead, 0.99)[0] > level[0]


def test_a_plan_in_the_middle_of_a_period_counts_what_is_left_of_it() -> None:
    rising = replace(normal_sums(50.0, 8.0), cumulative=np.cumsum(np.arange(13.0))[None, :])
    ahead = Ahead(sums=rising, ids=("A",), length=7.0, start=0.5)
    assert ahead.mean(np.array([7.0]))[0] == pytest.approx(0.5 * 1 + 0.5 * 2)
    assert ahead.curve(np.array([0.0, 7.0]))[0].tolist() == pytest.approx([0.0, 1.5])


positive = st.floats(0.0, 1e4, allow_nan=False)


@settings(max_examples=80, deadline=None)
@given(
    needed=positive,
    position=st.floats(-100.0, 1e4),
    pack=st.sampled_from([0.5, 1.0, 6.0, 12.0, 144.0]),
    minimum=st.sampled_from([0.0, 1.0, 7.0, 100.0, 1e6]),
    daily=st.floats(0.0, 100.0),
    lot=st.sampled_from([0.0, 50.0]),
)
def test_quantities_are_whole_packs_of_at_least_the_minimum(
    needed: float, position: float, pack: float, minimum: float, daily: float, lot: float
) -> None:
    each = (np.array([value]) for value in (needed, position, pack, minimum, daily, lot))
    names = ("needed", "position", "pack", "minimum", "daily", "lot")
    found = suggest(Asked(**dict(zip(names, each, strict=True)), max_cover_days=180.0))
    units = float(found.packs[0] * pack)
    assert found.packs[0] == int(found.packs[0]) >= 0
    if needed <= 1e-9 * pack:
        assert units == 0
    elif found.waits[0]:
        assert units == 0 and (daily == 0 or (position + minimum) / daily > 180.0 - pack / max(daily, 1e-9))
    else:
        assert units >= needed - 1e-6 * pack and units >= minimum - 1e-6 * pack
        assert units < max(needed, minimum, lot) + pack


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), share=st.floats(0.0, 1.2), has_minimums=st.booleans())
def test_a_budget_is_never_exceeded_nor_a_minimum_undercut(
    seed: int, share: float, has_minimums: bool
) -> None:
    rng = np.random.default_rng(seed)
    count = 6
    least = rng.integers(1, 4, count) if has_minimums else np.ones(count, dtype=np.int64)
    packs = np.where(rng.random(count) < 0.2, 0, np.maximum(rng.integers(1, 9, count), least))
    wanted = Wanted(
        packs=packs,
        least=least,
        pack=rng.choice([1.0, 6.0], count),
        price=rng.uniform(1.0, 50.0, count),
        margin=rng.uniform(0.0, 9.0, count),
        position=rng.uniform(0.0, 5.0, count),
        draws=np.sort(rng.gamma(2.0, 8.0, (count, 60)), axis=1),
    )
    budget = float(share * (packs @ wanted.price))
    found = spend(wanted, budget)
    assert float(found.packs @ wanted.price) <= budget * (1 + 1e-9) + 1e-9
    assert ((found.packs == 0) | (found.packs >= np.minimum(least, packs))).all()
    assert (found.packs <= packs).all()


def test_the_integer_program_beats_greed_where_a_minimum_binds() -> None:
    """A dear minimum that greed takes first leaves no money for two that save more together."""
    wanted = Wanted(
        packs=np.array([6, 5, 5]),
        least=np.array([6, 5, 5]),
        pack=np.ones(3),
        price=np.array([10.0, 10.0, 10.0]),
        margin=np.array([11.0, 10.0, 10.0]),
        position=np.zeros(3),
        draws=np.full((3, 10), 6.0),
    )
    found = spend(wanted, 100.0)
    assert found.method == "milp" and found.packs.tolist() == [0, 5, 5]
