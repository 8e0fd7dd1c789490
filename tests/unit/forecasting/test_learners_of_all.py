"""The learners of all articles: what they see, what a season is to them, and who speaks with whom."""

from datetime import date

import numpy as np
import polars as pl
import pytest

from yunque.forecasting.boosted import Form, Learner
from yunque.forecasting.calendar_features import calendar_features
from yunque.forecasting.candidates import FITS
from yunque.forecasting.combination import Errors, choose_among
from yunque.forecasting.direct import seasonal_index
from yunque.forecasting.panel import FloatArray, make_panel, step
from yunque.forecasting.trials import look_back, read_history

SEASON = np.sin(2 * np.pi * np.arange(12) / 12)


def made(count: int, months: int) -> FloatArray:
    """Make articles of different size with one season and noise."""
    rng = np.random.default_rng(5)
    size = np.exp(rng.uniform(2, 5, count))[:, None]
    shape = 1.0 + 0.5 * np.resize(SEASON, months)[None, :]
    return np.asarray(rng.poisson(size * shape).astype(float))


def learn(values: FloatArray, form: Form, end: int, horizon: int = 3) -> FloatArray:
    """Ask one learner at a moment of the past."""
    months = step(date(2020, 1, 1), "month", range(values.shape[1]))
    sales = pl.concat(
        pl.DataFrame({"unique_id": f"{at:03d}", "date": months, "quantity": row})
        for at, row in enumerate(values)
    )
    history = read_history(make_panel(sales, frequency="month", as_of=months[-1].replace(day=28)))
    moment = look_back(history, [end], horizon, frozenset()).moments[0]
    calendar = calendar_features(history.panel, None, history.length, horizon)
    learner = Learner(booster="lightgbm", form=form, seed=7, trees=40)
    return FITS[form](learner, history, moment, horizon, calendar)


def test_a_season_is_found_and_noise_is_not_one() -> None:
    rng = np.random.default_rng(2)
    noise = rng.normal(0, 0.1, (20, 60))
    found = seasonal_index(noise + np.resize(SEASON, 60), 12)
    assert np.abs(found - SEASON).max() < 0.2
    assert np.abs(seasonal_index(noise, 12)).mean() < 0.03
    assert not seasonal_index(noise[:, :20], 12).any()


@pytest.mark.parametrize("form", ["ahead", "seasonless", "flow"])
def test_a_learner_sees_nothing_of_what_comes(form: Form) -> None:
    values = made(25, 51)
    other = values.copy()
    other[:, 48:] *= 3
    said = learn(values, form, 47)
    np.testing.assert_array_equal(said, learn(other, form, 47))
    wrong = np.abs(said - values[:, 48:]).sum() / values[:, 48:].sum()
    usual = np.abs(values[:, 36:48].mean(axis=1, keepdims=True) - values[:, 48:]).sum() / values[:, 48:].sum()
    assert wrong < 0.7 * usual


@pytest.mark.parametrize(
    ("route", "spoken"),
    [("season", {"DOT", "CES", "BoostedAhead", "Theta"}), ("level", {"DOT", "CES", "BoostedAhead"})],
)
def test_a_season_takes_every_sound_model_and_a_level_the_foremost_three(
    route: str, spoken: set[str]
) -> None:
    rng = np.random.default_rng(1)
    actual = rng.normal(10, 1, (200, 1))
    shared = rng.normal(0, 1, (200, 1))
    spread = {
        "DOT": 0.5,
        "CES": 0.6,
        "BoostedAhead": 0.6,
        "Theta": 0.65,
        "Boosted": 5.0,
        "SeasonalNaive": 5.0,
    }
    forecasts = {name: actual + shared * share for name, share in spread.items()}
    errors = Errors(forecasts=forecasts, each={}, actual=actual, actual_each=actual)
    choice = choose_among(errors, list(forecasts), route)
    assert set(choice.weights) == spoken and choice.reason == "combination"
    assert sum(choice.weights.values()) == pytest.approx(1.0)
