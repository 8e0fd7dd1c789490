"""One learner for all articles without two seasons of history, or with many zeros: the flow of units.

What each article sells in a period to come, as a multiple of its own recent flow, is learnt from all articles
and past moments with a Poisson loss, weighted by the flow, so that the answer is an expectation and units
count, not articles. It reads recent periods and means, how long the article has been silent, and how it sold
in the same part of the year before: with less than two seasons nobody can fit a seasonal index, but an
article that has sold little since last Christmas tells what it is for. The age is left out, as in `direct`.
"""

from dataclasses import dataclass

import numpy as np

from yunque.forecasting.boosted import Learner, regressor
from yunque.forecasting.calendar_features import CalendarFeatures, known_ahead
from yunque.forecasting.direct import MIN_TRIPLES, Where
from yunque.forecasting.local_models import GROWTH_LIMIT
from yunque.forecasting.panel import FloatArray
from yunque.forecasting.trials import History, Moment

LEAST_AGE, FIRST = 8, 12
MAX_TRIPLES = 60_000
HELD = 8.0
"""No period counts for more than so many times the recent flow: one great order is no rule."""

MEANS = (1, 2, 3, 4, 5, 6, 8, 12, 26)
FADING = (0.1, 0.3)
KERNELS = (0.1, 0.17)
"""Widths, in seasons, of what counts as the same part of the year."""

RECENT = 0.25
"""The latest quarter of a season is no part of the year before."""


@dataclass(frozen=True, kw_only=True)
class Flow:
    """Arrays that features are read from, each articles x periods, as known at the end of each period.

    Attributes:
        units: units sold; zero before the first sale.
        sums: units of all periods before a column (articles x (periods + 1)).
        age: periods since the first sale, that period included; zero before.
        faded: exponentially weighted means, one array for each of `FADING`.
        silence: periods since the last sale.
    """

    units: FloatArray
    sums: FloatArray
    age: FloatArray
    faded: tuple[FloatArray, ...]
    silence: FloatArray


def fit_flow(
    learner: Learner, history: History, moment: Moment, horizon: int, calendar: CalendarFeatures
) -> FloatArray:
    """Learn from all articles up to a moment and forecast (articles x horizon); NaN where it cannot speak.

    It speaks for articles of at least `LEAST_AGE` periods; with fewer than `MIN_TRIPLES` examples, for none.
    """
    answers = np.full((len(history.values), horizon), np.nan)
    ages = moment.end + 1 - moment.starts
    rows = np.flatnonzero((ages >= LEAST_AGE) & (moment.routes != "") & (moment.routes != "ended"))
    if not len(rows):
        return answers
    flow = read_flow(history.values[rows, : moment.end + 1])
    about = (known_ahead(calendar, rows, moment.end + 1 + horizon), _statics(history, rows))
    examples = _examples(flow, horizon, learner.seed)
    if len(examples[0]) < MIN_TRIPLES:
        return answers
    table, scale = _features(flow, examples, history.season, about)
    row, column, ahead = examples
    target = np.minimum(flow.units[row, column + ahead] / scale, HELD)
    model = regressor(learner).fit(table, target, sample_weight=scale / scale.mean())
    now = (
        np.repeat(np.arange(len(rows)), horizon),
        np.full(len(rows) * horizon, moment.end),
        np.tile(np.arange(1, horizon + 1), len(rows)),
    )
    table, scale = _features(flow, now, history.season, about)
    forecast = (np.asarray(model.predict(table), dtype=float) * scale).reshape(len(rows), horizon)
    answers[rows] = np.clip(forecast, 0.0, GROWTH_LIMIT * flow.units.max(axis=1)[:, None])
    return answers


def read_flow(values: FloatArray) -> Flow:
    """Prepare what features are read from (values: articles x periods, NaN before the first sale)."""
    units, begun = np.nan_to_num(values), ~np.isnan(values)
    count, length = units.shape
    faded = tuple(np.zeros((count, length)) for _ in FADING)
    silence = np.zeros((count, length))
    age = np.cumsum(begun, axis=1).astype(float)
    for column in range(length):
        now, before = units[:, column], max(column - 1, 0)
        silence[:, column] = np.where(now > 0, 0.0, silence[:, before] + 1.0)
        for rate, mean in zip(FADING, faded, strict=True):
            share = np.maximum(rate, 1.0 / np.maximum(age[:, column], 1.0))
            mean[:, column] = share * now + (1 - share) * mean[:, before]
    sums = np.concatenate([np.zeros((count, 1)), np.cumsum(units, axis=1)], axis=1)
    return Flow(units=units, sums=sums, age=age, faded=faded, silence=silence)


def _statics(history: History, rows: np.ndarray) -> FloatArray:
    items = history.panel.items
    category = items["category"].fill_null("").rank("dense").to_numpy().astype(float)
    price = np.log1p(items["price"].fill_null(-0.5).clip(lower_bound=-0.5).to_numpy())
    return np.asarray(np.column_stack([category, price])[rows], dtype=np.float64)


def _examples(flow: Flow, horizon: int, seed: int) -> Where:
    """Draw what to learn from: articles, moments and steps ahead that have come true."""
    length = flow.units.shape[1]
    parts: list[Where] = [(np.empty(0, dtype=int), np.empty(0, dtype=int), np.empty(0, dtype=int))]
    for end in range(min(FIRST, length // 2), length - 1):
        rows = np.flatnonzero(flow.age[:, end] >= LEAST_AGE)
        steps = min(horizon, length - 1 - end)
        ahead = np.tile(np.arange(1, steps + 1), len(rows))
        parts.append((np.repeat(rows, steps), np.full(len(ahead), end), ahead))
    row, column, ahead = (np.concatenate([part[at] for part in parts]) for at in range(3))
    if len(row) > MAX_TRIPLES:
        kept = np.sort(np.random.default_rng(seed).choice(len(row), MAX_TRIPLES, replace=False))
        row, column, ahead = row[kept], column[kept], ahead[kept]
    return row, column, ahead


def _features(
    flow: Flow, where: Where, season: int, about: tuple[FloatArray, FloatArray]
) -> tuple[FloatArray, FloatArray]:
    """Give the table, and the recent flow that units are multiples of."""
    row, column, ahead = where
    age = flow.age[row, column]
    means = [_mean(flow, row, column, age, span) for span in MEANS]
    fading = [mean[row, column] for mean in flow.faded]
    ever = flow.sums[row, column + 1] / np.maximum(age, 1.0)
    of = dict(zip(MEANS, means, strict=True))
    scale = (of[4] + of[12] + of[26]) / 6 + fading[0] / 2 + 0.1
    latest = flow.units[row[:, None], np.maximum(column[:, None] - np.arange(13), 0)]
    latest = np.where(np.arange(13) < age[:, None], latest, 0.0)
    rates = np.column_stack([*means, *fading, ever]) / scale[:, None]
    table = np.column_stack(
        [
            np.log(rates + 0.1),
            np.log(scale),
            flow.silence[row, column],
            (latest[:, :12] > 0).sum(axis=1) / np.minimum(age, 12.0),
            np.log(latest.max(axis=1) / scale + 0.1),
            np.median(latest, axis=1) / scale,
            ahead,
            *(_same_part(flow, where, season, ever, width) for width in KERNELS),
            about[0][row, column + ahead],
            about[1][row],
        ]
    )
    return table.astype(np.float32), scale


def _mean(flow: Flow, row: np.ndarray, column: np.ndarray, age: FloatArray, span: int) -> FloatArray:
    total = flow.sums[row, column + 1] - flow.sums[row, np.maximum(column + 1 - span, 0)]
    return np.asarray(total / np.maximum(np.minimum(age, span), 1.0))


def _same_part(flow: Flow, where: Where, season: int, ever: FloatArray, width: float) -> FloatArray:
    """Give the units of the same part of the year before, as a logarithm of multiples of the whole mean.

    Periods count by a bell over their distance in the year to the asked one; the latest do not count.
    Without any, or of little weight, the answer nears zero.
    """
    row, column, ahead = where
    answer = np.zeros(len(row))
    recent = round(RECENT * season)
    for end, step in np.unique(np.column_stack([column, ahead]), axis=0).tolist():
        stop = end + 1 - recent
        if stop <= 0:
            continue
        away = (end + step - np.arange(stop)) % season
        bell = np.exp(-0.5 * (np.minimum(away, season - away) / (width * season)) ** 2)
        of = np.flatnonzero((column == end) & (ahead == step))
        rows = row[of]
        weight = (flow.age[rows, :stop] > 0) @ bell
        there = 0.5 * ever[of]
        ratio = (flow.units[rows, :stop] @ bell + there) / ((weight + 0.5) * np.maximum(ever[of], 1e-9))
        answer[of] = np.log(ratio + 0.02)
    return answer
