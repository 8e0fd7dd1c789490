"""What articles with hardly any history will sell: their own first periods, and the launches of others.

An article's mean is drawn towards what others of its category sold at the same age, once in units and once
in logarithms, and the mean of both is told. In units alone a launch that went well is believed too much, in
logarithms alone the sum of all articles falls short (`benchmarks/demand_launches.py`). Gradient boosting on
price, age and first periods erred more at every age (docs/decisions/0024-which-models-forecast-demand.md).
"""

from dataclasses import dataclass

import numpy as np

from yunque.forecasting.panel import FloatArray
from yunque.forecasting.trials import History, Moment

AGES = 10
"""Periods after the first sale within which a launch is one."""

AHEAD = 4
PRIOR_STRENGTH = 0.5
"""How many periods of its own the launches of others weigh."""

CATEGORY_STRENGTH = 10.0


@dataclass(frozen=True, kw_only=True)
class Launches:
    """Past launches, each seen at each age.

    Attributes:
        followed: mean units of the next periods.
        rows: article of each.
    """

    followed: FloatArray
    rows: np.ndarray


def fit_launches(history: History, moment: Moment, horizon: int) -> FloatArray:
    """Forecast articles with less history than a season (articles x horizon); NaN for older ones."""
    category = history.panel.items["category"].fill_null("").to_numpy()
    past = _past(history, moment)
    past = past if len(past.followed) else _established(moment)
    young = np.flatnonzero(np.isin(moment.routes, ("new", "short", "")))
    level = _prior(past, category)[young]
    ages, means = _first_periods(history, moment, young)
    own = ages / (ages + PRIOR_STRENGTH)
    in_units = own * means + (1 - own) * level
    in_logs = np.expm1(own * np.log1p(means) + (1 - own) * np.log1p(level))
    answer = np.full((len(category), horizon), np.nan)
    answer[young] = np.maximum((in_units + in_logs) / 2, 0.0)[:, None]
    return answer


def _past(history: History, moment: Moment) -> Launches:
    """Look at every article that began within the panel, at each age whose sequel is over."""
    followed, rows = [], []
    for row in np.flatnonzero((moment.starts > 0) & (moment.starts <= moment.end)).tolist():
        series = history.series(row, moment)
        for age in range(min(AGES, len(series) - AHEAD + 1)):
            followed.append(series[age : age + AHEAD].mean())
            rows.append(row)
    return Launches(followed=np.array(followed), rows=np.array(rows, dtype=int))


def _established(moment: Moment) -> Launches:
    """Take the levels of the articles there are, where none of them was launched within the panel."""
    rows = np.flatnonzero(~np.isin(moment.routes, ("", "new", "ended")))
    return Launches(followed=moment.level[rows], rows=rows)


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


def _first_periods(history: History, moment: Moment, young: np.ndarray) -> tuple[FloatArray, FloatArray]:
    """Give ages and means of young articles; zeros for one never sold."""
    series = [history.series(row, moment) for row in young.tolist()]
    ages = np.array([len(one) for one in series], dtype=float)
    return ages, np.array([one.mean() if len(one) else 0.0 for one in series])
