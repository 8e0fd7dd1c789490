"""What articles with hardly any history will sell, learnt from the launches of others.

An article's mean is drawn towards what others of its category sold at the same age; how strongly is learnt
from past launches. From `LEARN` launches on, gradient boosting on price, first periods and category speaks
beside it.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from yunque.forecasting.panel import FloatArray
from yunque.forecasting.request import Booster
from yunque.forecasting.trials import History, Moment

AGES = 10
"""Periods after the first sale within which a launch is one."""

AHEAD = 4
LEARN = 80
PRIOR_STRENGTH = 2.0
CATEGORY_STRENGTH = 10.0


@dataclass(frozen=True, kw_only=True)
class Launches:
    """Past launches, each seen at each age: what was known and what followed.

    Attributes:
        known: features, launches x len(FEATURES).
        followed: mean units of the next periods.
        rows: article of each.
    """

    known: FloatArray
    followed: FloatArray
    rows: np.ndarray


def fit_launches(
    history: History, moment: Moment, horizon: int, booster: Booster, seed: int
) -> dict[str, FloatArray]:
    """Forecast articles of at most `AGES` periods: {"Prior": …, "Launch": …}, each articles x horizon.

    "Launch" is absent where there are fewer than `LEARN` launches or no booster; NaN for older articles.
    """
    category = history.panel.items["category"].fill_null("").to_numpy()
    price = history.panel.items["price"].to_numpy().astype(float)
    past = _past(history, moment, price)
    past = past if len(past.followed) else _established(moment, price)
    young = np.flatnonzero(np.isin(moment.routes, ("new", "short", "")))
    answers: dict[str, FloatArray] = {}
    level = _prior(past, category)
    ages, means, last = _first_periods(history, moment, young)
    strength = _strength(past, level)
    blended = (ages * means + strength * level[young]) / (ages + strength)
    answers["Prior"] = _spread(blended, young, len(category), horizon)
    if booster != "none" and (past.known[:, 0] > 0).sum() >= LEARN and len(young):
        features = _features(ages, means, last, price[young], level[young])
        fresh = past.known.copy()
        fresh[:, -1] = np.log1p(level[past.rows])
        learnt = _boost(fresh, past.followed, features, booster, seed)
        answers["Launch"] = _spread(learnt, young, len(category), horizon)
    return answers


def _past(history: History, moment: Moment, price: FloatArray) -> Launches:
    """Look at every article that began within the panel, at each age whose sequel is over."""
    known, followed, rows = [], [], []
    for row in np.flatnonzero((moment.starts > 0) & (moment.starts <= moment.end)).tolist():
        series = history.series(row, moment)
        for age in range(min(AGES, len(series) - AHEAD + 1)):
            seen = series[:age]
            mean = seen.mean() if age else 0.0
            known.append((age, mean, seen[-1] if age else 0.0, price[row]))
            followed.append(series[age : age + AHEAD].mean())
            rows.append(row)
    table = np.array(known, dtype=float).reshape(-1, 4)
    ages, means, last, prices = table.T
    features = _features(ages, means, last, prices, np.zeros(len(table)))
    return Launches(known=features, followed=np.array(followed), rows=np.array(rows, dtype=int))


def _established(moment: Moment, price: FloatArray) -> Launches:
    """Take the levels of the articles there are, where none of them was launched within the panel."""
    rows = np.flatnonzero(~np.isin(moment.routes, ("", "new", "ended")))
    zeros = np.zeros(len(rows))
    known = _features(zeros, zeros, zeros, price[rows], zeros)
    return Launches(known=known, followed=moment.level[rows], rows=rows)


def _features(
    ages: FloatArray, means: FloatArray, last: FloatArray, price: FloatArray, level: FloatArray
) -> FloatArray:
    return np.column_stack([ages, np.log1p(means), np.log1p(last), np.log1p(price), np.log1p(level)])


def _prior(past: Launches, category: np.ndarray) -> FloatArray:
    """Give each article the usual level of its category's other launches, drawn towards that of all."""
    count = len(category)
    codes = np.unique(category, return_inverse=True)[1]
    own_sum = np.bincount(past.rows, past.followed, count)
    own = np.bincount(past.rows, minlength=count).astype(float)
    overall = (own_sum.sum() - own_sum) / np.maximum(own.sum() - own, 1.0)
    alike_sum = np.bincount(codes, own_sum)[codes] - own_sum
    alike = np.bincount(codes, own)[codes] - own
    drawn = (alike_sum + CATEGORY_STRENGTH * overall) / (alike + CATEGORY_STRENGTH)
    return np.asarray(np.where(category == "", overall, drawn))


def _strength(past: Launches, level: FloatArray) -> float:
    """Choose how many periods of its own outweigh the prior: what erred least on past launches."""
    aged = past.known[:, 0] > 0
    if aged.sum() < LEARN // 2:
        return PRIOR_STRENGTH
    ages, means = past.known[aged, 0], np.expm1(past.known[aged, 1])
    prior, followed = level[past.rows[aged]], past.followed[aged]
    errors = {
        strength: float(np.abs((ages * means + strength * prior) / (ages + strength) - followed).sum())
        for strength in (0.25, 0.5, 1.0, 2.0, 4.0)
    }
    return min(errors, key=lambda strength: errors[strength])


def _first_periods(
    history: History, moment: Moment, young: np.ndarray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Give ages, means and last values of young articles; zeros for one never sold."""
    series = [history.series(row, moment) for row in young.tolist()]
    ages = np.array([len(one) for one in series], dtype=float)
    means = np.array([one.mean() if len(one) else 0.0 for one in series])
    last = np.array([one[-1] if len(one) else 0.0 for one in series])
    return ages, means, last


def _spread(means: FloatArray, rows: np.ndarray, count: int, horizon: int) -> FloatArray:
    answer = np.full((count, horizon), np.nan)
    answer[rows] = np.maximum(means, 0.0)[:, None]
    return answer


def _boost(
    known: FloatArray, followed: FloatArray, asked: FloatArray, booster: Booster, seed: int
) -> FloatArray:
    """Learn the sequel of launches with a Tweedie loss."""
    if booster == "xgboost":
        from xgboost import XGBRegressor

        model: Any = XGBRegressor(
            n_estimators=80,
            max_depth=4,
            learning_rate=0.07,
            objective="reg:tweedie",
            random_state=seed,
            n_jobs=1,
        )
        return np.asarray(model.fit(known, followed).predict(asked), dtype=np.float64)
    import lightgbm

    parameters = {
        "objective": "tweedie",
        "num_leaves": 15,
        "learning_rate": 0.07,
        "min_data_in_leaf": 20,
        "seed": seed,
        "deterministic": True,
        "force_row_wise": True,
        "num_threads": 1,
        "verbosity": -1,
    }
    model = lightgbm.train(parameters, lightgbm.Dataset(known, followed), num_boost_round=80)
    return np.asarray(model.predict(asked), dtype=np.float64)
