"""One learner for all articles that looks straight at each period ahead, from one footing for all of them.

Every article is put on one footing before anything is learnt: logarithms, in one of the two forms less the
article's own seasonal index (drawn to nothing as far as it looks like noise), less its recent level, in units
of its usual change from one period to the next. The learner reads the latest periods, those one and two
seasons before the asked one, and how far ahead that is; it minimises the absolute error. It asks for each
period by itself, where the learner of `boosted` goes step by step, so that the two err differently
(Ben Taieb, Bontempi, Atiya and Sorjamaa, A review and comparison of strategies for multi-step ahead time
series forecasting, Expert Systems with Applications 39, 2012). How old an article was at a past moment is not
among what it reads: articles that began together share shocks at the same age, which never come again.
"""

from dataclasses import dataclass

import numpy as np

from yunque.forecasting.boosted import Learner, regressor
from yunque.forecasting.calendar_features import CalendarFeatures, known_ahead
from yunque.forecasting.local_models import GROWTH_LIMIT
from yunque.forecasting.panel import FloatArray
from yunque.forecasting.trials import History, Moment

LATEST, LEVEL = 13, 12
"""Periods that are read one by one, and over which the level is the mean."""

MIN_TRIPLES, FEW_TRIPLES, MAX_TRIPLES = 300, 5_000, 120_000
HELD = 15.0
"""No change to learn from counts for more than so many usual ones."""

Where = tuple[np.ndarray, np.ndarray, np.ndarray]
"""Rows, columns of the last known period, and steps ahead."""


@dataclass(frozen=True, kw_only=True)
class Footing:
    """Histories on one footing.

    Attributes:
        values: articles x periods: logarithms less the seasonal index; NaN before the first sale.
        index: articles x season: the seasonal index, in logarithms, by column modulo the season.
        starts: column of each article's first sale.
    """

    values: FloatArray
    index: FloatArray
    starts: np.ndarray


def fit_direct(
    learner: Learner, history: History, moment: Moment, horizon: int, calendar: CalendarFeatures
) -> FloatArray:
    """Learn from all articles up to a moment and forecast (articles x horizon); NaN where it cannot speak.

    It speaks for articles of two seasons or more; with fewer than `MIN_TRIPLES` examples, for none.
    """
    answers = np.full((len(history.values), horizon), np.nan)
    ages = moment.end + 1 - moment.starts
    asked = (moment.routes != "") & (moment.routes != "ended")
    rows = np.flatnonzero((ages >= 2 * history.season) & asked)
    if not len(rows):
        return answers
    values = history.values[rows, : moment.end + 1]
    footing = put_on_footing(
        values, moment.starts[rows], history.season, is_free=learner.form == "seasonless"
    )
    known = known_ahead(calendar, rows, moment.end + 1 + horizon)
    examples = _examples(footing, horizon, history.season, learner.seed)
    if len(examples[0]) < MIN_TRIPLES:
        return answers
    table, level, change = _features(footing, examples, history.season, known)
    row, column, ahead = examples
    target = np.clip((footing.values[row, column + ahead] - level) / change, -HELD, HELD)
    model = regressor(learner).fit(table, target)
    every = np.arange(len(rows))
    now = (
        np.repeat(every, horizon),
        np.full(len(rows) * horizon, moment.end),
        np.tile(np.arange(1, horizon + 1), len(rows)),
    )
    table, level, change = _features(footing, now, history.season, known)
    logs = np.asarray(model.predict(table)) * change + level + _index(footing, now, history.season)
    forecast = np.expm1(np.clip(logs, 0.0, 40.0)).reshape(len(rows), horizon)
    top = np.nanmax(values, axis=1)
    answers[rows] = np.clip(forecast, 0.0, GROWTH_LIMIT * top[:, None])
    return answers


def put_on_footing(values: FloatArray, starts: np.ndarray, season: int, *, is_free: bool) -> Footing:
    """Take logarithms, and the seasonal index off where the footing is to be free of it.

    Args:
        values: articles x periods, NaN before the first sale.
        starts: column of each article's first sale.
        season: periods in a season.
        is_free: whether the index is taken off.
    """
    logs = np.log1p(np.maximum(values, 0.0))
    index = seasonal_index(logs, season) if is_free else np.zeros((len(logs), season))
    phase = np.arange(values.shape[1]) % season
    return Footing(values=logs - index[:, phase], index=index, starts=starts)


def seasonal_index(logs: FloatArray, season: int) -> FloatArray:
    """Give what each article's phases lie above its centred moving mean (articles x season), drawn to zero.

    The medians of each phase are multiplied by the share of their variance that is not what the mean of as
    much noise would have (a James-Stein weight); an article of less than two seasons has none.
    """
    count, length = logs.shape
    if length < 2 * season:
        return np.zeros((count, season))
    kernel = np.ones(season) if season % 2 else np.r_[0.5, np.ones(season - 1), 0.5]
    width, half = length - len(kernel) + 1, season // 2
    moving = np.zeros((count, width))
    for offset, weight in enumerate((kernel / season).tolist()):
        moving += weight * logs[:, offset : offset + width]
    above = logs[:, half : half + width] - moving
    phase = np.arange(half, half + width) % season
    index = np.zeros((count, season))
    for at in np.unique(phase).tolist():
        index[:, at] = _median(above[:, phase == at])
    index -= index.mean(axis=1, keepdims=True)
    fitted = np.where(np.isnan(above), np.nan, index[:, phase])
    seen = (~np.isnan(above)).sum(axis=1)
    noise = _variance(above - fitted) / np.maximum(seen / season, 1.0)
    signal = np.maximum(_variance(fitted) - noise, 0.0)
    share = np.where(seen >= season, signal / (signal + noise + 1e-12), 0.0)
    return np.asarray(index * share[:, None])


def _median(values: FloatArray) -> FloatArray:
    """Give each row's median of what is known; zero where nothing is."""
    ordered = np.sort(values, axis=1)  # NaN last
    seen = (~np.isnan(values)).sum(axis=1)
    rows = np.arange(len(values))
    low, high = (
        ordered[rows, np.maximum((seen - 1) // 2, 0)],
        ordered[rows, np.minimum(seen // 2, values.shape[1] - 1)],
    )
    return np.where(seen > 0, (low + high) / 2, 0.0)


def _variance(values: FloatArray) -> FloatArray:
    seen = np.maximum((~np.isnan(values)).sum(axis=1), 1)
    filled = np.nan_to_num(values)
    mean = filled.sum(axis=1) / seen
    return np.asarray(np.maximum((filled**2).sum(axis=1) / seen - mean**2, 0.0))


def _examples(footing: Footing, horizon: int, season: int, seed: int) -> Where:
    """Draw what to learn from: moments with two seasons before them; with one, where those are too few."""
    where = _moments(footing, horizon, 2 * season)
    if len(where[0]) < FEW_TRIPLES:
        where = _moments(footing, horizon, season)
    if len(where[0]) > MAX_TRIPLES:
        kept = np.sort(np.random.default_rng(seed).choice(len(where[0]), MAX_TRIPLES, replace=False))
        return where[0][kept], where[1][kept], where[2][kept]
    return where


def _moments(footing: Footing, horizon: int, least: int) -> Where:
    """Give every article, moment with `least` periods before it, and step ahead that has come true."""
    length = footing.values.shape[1]
    parts: list[Where] = [(np.empty(0, dtype=int), np.empty(0, dtype=int), np.empty(0, dtype=int))]
    for end in range(least, length - 1):
        rows = np.flatnonzero(end + 1 - footing.starts >= least)
        steps = min(horizon, length - 1 - end)
        ahead = np.tile(np.arange(1, steps + 1), len(rows))
        parts.append((np.repeat(rows, steps), np.full(len(ahead), end), ahead))
    row, column, ahead = (np.concatenate([part[at] for part in parts]) for at in range(3))
    return row, column, ahead


def _index(footing: Footing, where: Where, season: int) -> FloatArray:
    row, column, ahead = where
    return np.asarray(footing.index[row, (column + ahead) % season])


def _features(
    footing: Footing, where: Where, season: int, known: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Give the table, and the level and usual change that it is measured from and in."""
    row, column, ahead = where
    latest = _back(footing, row, column[:, None] - np.arange(2 * LEVEL))
    before = latest[:, LEVEL:]
    level = np.nanmean(latest[:, :LEVEL], axis=1)
    steps = np.abs(np.diff(latest, axis=1))
    seen = ~np.isnan(steps)
    change = np.where(seen, steps, 0.0).sum(axis=1) / np.maximum(seen.sum(axis=1), 1) + 1e-3
    there = (~np.isnan(before)).sum(axis=1)
    earlier = np.where(there > 0, np.nan_to_num(before).sum(axis=1) / np.maximum(there, 1), np.nan)
    # The same phase one and two seasons before the asked period, of those that are over.
    same = column + ahead - season * ((ahead + season - 1) // season)
    seasons = _back(footing, row, np.column_stack([same, same - season]))
    scaled = (latest[:, :LATEST] - level[:, None]) / change[:, None]
    table = np.column_stack(
        [
            scaled,
            (seasons - level[:, None]) / change[:, None],
            ahead,
            scaled[:, :3].mean(axis=1),
            scaled[:, :6].mean(axis=1),
            (level - earlier) / change,
            np.sqrt(_variance(latest)) / change,
            level,
            np.log(change),
            footing.values.shape[1] - footing.starts[row],
            _index(footing, where, season) / change,
            known[row, column + ahead],
        ]
    )
    return table.astype(np.float32), level, change


def _back(footing: Footing, row: np.ndarray, columns: np.ndarray) -> FloatArray:
    """Read articles at columns (one row of columns an article); NaN before the panel begins."""
    values = footing.values[row[:, None], np.maximum(columns, 0)]
    return np.where(columns >= 0, values, np.nan)
