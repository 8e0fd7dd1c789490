"""Quantiles of sums: monotone, never negative, for any number of periods, the same after a round trip."""

from datetime import date

import numpy as np
import pytest

from yunque.errors import NotFoundError
from yunque.forecasting.calibration import (
    KINDS,
    Residuals,
    adapt,
    adapted,
    places_of,
    quantile_scores,
)
from yunque.forecasting.commercial_days import commercial_days, easter, paydays
from yunque.forecasting.scale import deviation, dispersion
from yunque.forecasting.sums import GRID, SumQuantiles


def quantiles() -> SumQuantiles:
    rng = np.random.default_rng(0)
    past = [Residuals(scores=rng.normal(size=(300, 2)), groups=np.zeros(300, dtype=np.int64))]
    table, _ = quantile_scores(past, 2)
    return SumQuantiles(
        ids=("a", "b"),
        cumulative=np.array([[0.0, 10.0, 20.0, 30.0], [0.0, 0.0, 0.0, 0.0]]),
        groups=np.array([0, KINDS.index("ended") * 3]),
        lengths=np.array([1.0, 3.0]),
        scores=table,
        dispersion=np.array([1.0, 1.0]),
    )


def test_means_go_on_between_and_beyond_the_horizon() -> None:
    sums = quantiles()
    assert [sums.mean("a", k) for k in (0, 0.5, 2, 3, 5)] == [0.0, 5.0, 20.0, 30.0, 50.0]


def test_outcomes_are_monotone_and_never_negative() -> None:
    sums = quantiles()
    for span in (0.0, 0.3, 1.0, 2.2, 3.0, 9.0):
        outcomes = sums.outcomes("a", span)
        assert (outcomes >= 0).all() and (np.diff(outcomes) >= 0).all()
    assert sums.outcomes("a", 0.0).max() == 0.0
    assert sums.outcomes("b", 3.0).max() == 0.0  # ended, and nothing of the kind ever came back


def test_the_probability_above_a_quantile_is_its_complement() -> None:
    sums = quantiles()
    for level in (0.5, 0.8, 0.95):
        above = sums.probability_above("a", 2.0, sums.quantile("a", 2.0, level))
        assert above == pytest.approx(1 - level, abs=1e-6)


def test_samples_and_tables_say_the_same() -> None:
    sums = quantiles()
    row = sums.table({"a": 2.0}, (0.5, 0.95)).row(0, named=True)
    assert row["q0.95"] == pytest.approx(sums.quantile("a", 2.0, 0.95))
    assert sums.sample("a", 2.0).mean() == pytest.approx(20.0, rel=0.05)


def test_an_unknown_article_is_named() -> None:
    with pytest.raises(NotFoundError, match="article"):
        quantiles().mean("zz", 1.0)


def test_conformal_quantiles_cover_what_they_say() -> None:
    rng = np.random.default_rng(1)
    draw = lambda: Residuals(scores=rng.gamma(2.0, size=(4000, 1)), groups=rng.integers(0, 3, 4000))  # noqa: E731
    table, _ = quantile_scores([draw()], 1)
    fresh = draw()
    places = places_of(fresh.scores, table, fresh.groups)[:, 0]
    for level in (0.5, 0.8, 0.9, 0.95, 0.98):
        assert abs((places <= level).mean() - level) < 0.02


def test_levels_follow_a_drift() -> None:
    groups = np.zeros(500, dtype=np.int64)
    late = np.linspace(0.3, 1.0, 500)[:, None]  # demand grew: outcomes lie high among their quantiles
    offsets = adapt(np.zeros(len(KINDS)), late, groups)
    table = np.broadcast_to(GRID, (len(KINDS) * 3, 1, len(GRID))).copy()
    moved = adapted(table, offsets)
    assert 0.83 > np.interp(0.8, GRID, moved[0, 0]) > 0.8
    assert np.interp(0.98, GRID, moved[0, 0]) < 0.985
    assert (np.diff(moved, axis=-1) >= 0).all()
    assert np.array_equal(moved[3:], adapted(table, np.zeros_like(offsets))[3:])


def test_one_great_order_widens_intervals_less_than_its_square() -> None:
    values = np.tile(np.array([4.0, 6.0] * 12), (40, 1))
    great = values.copy()
    great[0, 5] = 600.0
    known = np.ones_like(values, dtype=bool)
    wider = deviation(great, known)[0] / deviation(values, known)[0]
    level = np.full(40, 5.0)
    squared = dispersion(great, known, level, 52)[0] / dispersion(values, known, level, 52)[0]
    assert 1.0 < wider < squared / 3


def test_commercial_days_fall_where_they_should() -> None:
    colombia = {day.code: (first, last) for day, first, last in commercial_days("CO", 2026)}
    assert colombia["mothers_day"][0] == date(2026, 5, 10)
    assert colombia["love_and_friendship"][0] == date(2026, 9, 19)
    assert colombia["black_friday"][0] == date(2026, 11, 27)
    mexico = {day.code: (first, last) for day, first, last in commercial_days("MX", 2024)}
    assert mexico["buen_fin"] == (date(2024, 11, 15), date(2024, 11, 18))
    assert mexico["holy_week"] == (date(2024, 3, 24), date(2024, 3, 31))
    assert "buen_fin" not in {day.code for day, _, _ in commercial_days("MX", 2010)}
    assert easter(2025) == date(2025, 4, 20) and paydays(2024, 2)[1] == date(2024, 2, 29)
