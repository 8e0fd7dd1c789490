"""One learner for all articles: gradient boosting on lags and calendar, by mlforecast.

Two forms. "log": logarithms, differenced and standardised, for demand with a season and a trend. "tweedie":
units with a Tweedie loss, for demand with zeros (the form of the M5 winners;
Makridakis, Spiliotis and Assimakopoulos, M5 accuracy competition, IJF 38, 2022).
"""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import polars as pl

from yunque.forecasting.calendar_features import CalendarFeatures
from yunque.forecasting.local_models import GROWTH_LIMIT
from yunque.forecasting.panel import FloatArray
from yunque.forecasting.request import Booster
from yunque.forecasting.trials import History, Moment

Form = Literal["log", "tweedie", "ahead", "seasonless", "flow"]
MIN_ROWS, MIN_PERIODS = 60, 8
MAX_ROWS = 200_000
NO_FIT = (ArithmeticError, LookupError, ValueError, TypeError, RuntimeError, AttributeError)


@dataclass(frozen=True, kw_only=True)
class Learner:
    """Which booster, in which form.

    Attributes:
        booster: library.
        form: what is learnt.
        seed: of the booster.
        trees: how many.
    """

    booster: Booster
    form: Form
    seed: int
    trees: int = 150


def is_installed(booster: Booster) -> bool:
    """Say whether the booster and mlforecast are there."""
    from importlib.util import find_spec  # only when a forecast is asked for

    return booster != "none" and find_spec(booster) is not None and find_spec("mlforecast") is not None


def fit_global(
    learner: Learner, history: History, moment: Moment, horizon: int, calendar: CalendarFeatures
) -> FloatArray:
    """Learn from all articles up to a moment and forecast (articles x horizon); NaN where it cannot speak.

    It speaks for articles of at least `MIN_PERIODS` periods (two seasons in the form "log"); with fewer than
    `MIN_ROWS` rows, for none.
    """
    answers = np.full((len(history.values), horizon), np.nan)
    ages = moment.end + 1 - moment.starts
    # Logarithms are differenced and want lags of a season: shorter articles would take those lags from all.
    youngest = 2 * history.season if learner.form == "log" else MIN_PERIODS
    rows = np.flatnonzero((ages >= youngest) & (moment.routes != "") & (moment.routes != "ended"))
    if ages[rows].sum() < MIN_ROWS or not len(rows):
        return answers
    rows = rows if ages[rows].sum() <= MAX_ROWS else _thin(rows, ages, learner.seed)
    frame = _frame(learner, history, moment, rows)
    frame = frame.join(calendar.table(0, moment.end + 1), on="ds", how="left", maintain_order="left")
    frame = calendar.with_promotions(frame)
    try:
        forecast = _fit_predict(learner, history, frame, horizon, (moment.end + 1, calendar))
    except NO_FIT:
        return answers
    top = np.nanmax(history.values[rows, : moment.end + 1], axis=1)
    answers[rows] = np.clip(forecast, 0.0, GROWTH_LIMIT * top[:, None])
    return answers


def _thin(rows: np.ndarray, ages: np.ndarray, seed: int) -> np.ndarray:
    """Keep as many articles as fit; the others go without the learner."""
    share = MAX_ROWS / ages[rows].sum()
    kept = np.random.default_rng(seed).permutation(len(rows))[: max(1, int(share * len(rows)))]
    return np.sort(rows[kept])


def _frame(learner: Learner, history: History, moment: Moment, rows: np.ndarray) -> pl.DataFrame:
    """Give rows of (unique_id, ds, y, statics).

    Units stay units: dividing by an article's mean, which contains what is to be learnt, taught a return to
    that mean, and forecasts of a growing shop fell short by a quarter.
    """
    starts = moment.starts[rows]
    ages = moment.end + 1 - starts
    y = np.concatenate([history.series(row, moment) for row in rows.tolist()])
    ids = np.repeat(rows, ages)
    ds = np.concatenate([np.arange(start, moment.end + 1) for start in starts.tolist()])
    if learner.form == "log":
        data = {"unique_id": ids, "ds": ds, "y": np.log1p(y)}
        return pl.DataFrame(data)
    items = history.panel.items
    category = items["category"].fill_null("").rank("dense").to_numpy().astype(float)
    price = np.log1p(items["price"].fill_null(-0.5).clip(lower_bound=-0.5).to_numpy())
    data = {
        "unique_id": ids,
        "ds": ds,
        "y": y,
        "category": category[ids],
        "price": price[ids],
    }
    return pl.DataFrame(data)


def _fit_predict(
    learner: Learner,
    history: History,
    frame: pl.DataFrame,
    horizon: int,
    ahead: tuple[int, CalendarFeatures],
) -> FloatArray:
    model = _forecaster(learner, history, frame)
    static = [name for name in ("category", "price") if name in frame.columns]
    model.fit(frame, static_features=static, dropna=learner.form == "log")
    start, calendar = ahead
    coming = calendar.coming(frame["unique_id"].unique(maintain_order=True), start, horizon)
    predicted = model.predict(horizon, X_df=coming) if calendar.names else model.predict(horizon)
    answer: FloatArray = predicted["model"].to_numpy().astype(np.float64).reshape(-1, horizon)
    return np.expm1(np.clip(answer, -5.0, 40.0)) if learner.form == "log" else answer


def _forecaster(learner: Learner, history: History, frame: pl.DataFrame) -> Any:
    from mlforecast import MLForecast
    from mlforecast.lag_transforms import ExpandingMean, ExponentiallyWeightedMean, RollingMean, RollingStd
    from mlforecast.target_transforms import Differences, LocalStandardScaler

    shortest = int(frame.group_by("unique_id").len()["len"].min() or 0)  # type: ignore[arg-type]
    season = history.season
    if learner.form == "log":
        has_season = shortest > season + MIN_PERIODS
        lags = [*range(1, min(season, 12) + 1), season, season + 1] if has_season else [1, 2, 3]
        transforms: dict[int, list[Any]] = {1: [RollingMean(3), RollingMean(6), RollingStd(6)]}
        if has_season:
            transforms[1].append(RollingMean(season))
        target = [Differences([1]), LocalStandardScaler()]
    else:
        lags = [1, 2, 3, 4, *([season] if season <= 12 else [])]
        windows = [RollingMean(size, min_samples=1) for size in (3, 6, 12)]
        transforms = {1: [*windows, ExponentiallyWeightedMean(0.2), ExpandingMean()]}
        target = []
    return MLForecast(
        models={"model": regressor(learner)},
        freq=1,
        lags=sorted(set(lags)),
        lag_transforms=transforms,
        target_transforms=target,
        num_threads=1,
    )


ABSOLUTE = {"xgboost": {"objective": "reg:absoluteerror"}, "lightgbm": {"objective": "regression_l1"}}
LOSSES: dict[Form, dict[str, dict[str, Any]]] = {
    "log": {"xgboost": {"objective": "reg:squarederror"}, "lightgbm": {"objective": "regression"}},
    "tweedie": {
        "xgboost": {"objective": "reg:tweedie", "tweedie_variance_power": 1.3},
        "lightgbm": {"objective": "tweedie", "tweedie_variance_power": 1.3},
    },
    "ahead": ABSOLUTE,
    "seasonless": ABSOLUTE,
    "flow": {"xgboost": {"objective": "count:poisson"}, "lightgbm": {"objective": "poisson"}},
}
LEAST_IN_LEAF: dict[Form, int] = {"log": 20, "tweedie": 20, "ahead": 60, "seasonless": 60, "flow": 60}


def regressor(learner: Learner) -> Any:
    """Give the booster that a learner is made of, not yet fitted."""
    loss, least = LOSSES[learner.form], LEAST_IN_LEAF[learner.form]
    leaves = 15 if learner.form == "flow" else 31
    if learner.booster == "xgboost":
        from xgboost import XGBRegressor

        return XGBRegressor(
            n_estimators=learner.trees,
            learning_rate=0.06,
            max_leaves=leaves,
            grow_policy="lossguide",
            max_depth=0,
            min_child_weight=least,
            subsample=0.8,
            colsample_bytree=0.7,
            tree_method="hist",
            random_state=learner.seed,
            n_jobs=1,
            **loss["xgboost"],
        )
    from lightgbm import LGBMRegressor

    return LGBMRegressor(
        n_estimators=learner.trees,
        learning_rate=0.06,
        num_leaves=leaves,
        min_child_samples=least,
        subsample=0.8,
        subsample_freq=1,
        colsample_bytree=0.7,
        random_state=learner.seed,
        deterministic=True,
        force_row_wise=True,
        max_bin=63,
        n_jobs=1,
        verbosity=-1,
        **loss["lightgbm"],
    )
