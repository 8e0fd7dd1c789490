"""Weights of the models, chosen by what they erred at moments of the past, per kind of demand.

Equal means are hard to beat (Claeskens, Magnus, Vasnev and Wang, The forecast combination puzzle, IJF 32,
2016), so the choice is coarse. Where there is a season, every model speaks that does not lose far more than
the best. Elsewhere the models are ordered by their own loss, as many foremost ones are taken as lose least
together, and a model whose going lowers the loss further is dropped; three stay at least. Weights are half
equal, half by the inverse of the loss. What does not beat the simplest rule of its kind gives way to it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from yunque.forecasting.candidates import FLOORS, GLOBAL_ROUTES, PRIOR, PRIOR_ROUTES, route_models
from yunque.forecasting.panel import FloatArray
from yunque.forecasting.scale import FLOOR
from yunque.forecasting.trials import Moment, Trials

LEVELS = (0.5, 0.8, 0.9, 0.95, 0.98)
MIN_ROWS, MOST_ROWS = 30, 1000
LEAST_GAIN = 0.15
"""A model is dropped for a gain of this share over the root of the rows: less is noise."""

SHRINK = 0.5
LEAST_KEPT = 3
"""So many models speak at least: the one that erred least at few origins is not the best of what comes."""

STEADY = ("season",)
"""Routes in which all sound models speak: past origins of a season or more are too few to pick from."""

MOST_LOSS = 1.35
"""A model that loses so many times what the best one loses is not sound there."""


@dataclass(frozen=True, kw_only=True)
class Choice:
    """What speaks for one kind of demand.

    Attributes:
        weights: model -> weight, summing to one.
        losses: model -> its own loss relative to the equal mean of all (1.0); empty without a past.
        reason: a code of `reasons.REASONS`.
    """

    weights: dict[str, float]
    losses: dict[str, float]
    reason: str


Choices = dict[tuple[str, str], Choice]


@dataclass(frozen=True, kw_only=True)
class Errors:
    """Forecasts and what came, of one kind of demand at moments of the past, in units of usual spread.

    Attributes:
        forecasts: model -> rows x lengths (sums), NaN where it did not speak.
        each: model -> rows x periods, the same for single periods; empty where sums alone matter.
        actual: rows x lengths.
        actual_each: rows x periods.
    """

    forecasts: dict[str, FloatArray]
    each: dict[str, FloatArray]
    actual: FloatArray
    actual_each: FloatArray


def speakers(trials: Trials, route: str, season: int) -> list[str]:
    """Give the models that spoke in a route, in a fixed order."""
    local = route_models(route, season) if route else ()
    wide = [name for name, routes in GLOBAL_ROUTES.items() if route in routes]
    young = [PRIOR] if route in PRIOR_ROUTES else []
    spoke = [name for name in (*local, *wide, *young) if name in trials.forecasts]
    return spoke or sorted(trials.forecasts)  # asked for by name, whatever the route


def choose(trials: Trials, places: Sequence[int], lengths: FloatArray, season: int) -> Choices:
    """Choose weights for each (route, kind) from the moments at `places`; all of them have come true."""
    choices: Choices = {}
    for route in ("season", "level", "sparse", "short", "new"):
        names = speakers(trials, route, season)
        if not names:
            continue
        whole = _gather(trials, places, (route, None), names, lengths)
        for kind in _kinds(trials, route):
            own = _gather(trials, places, (route, kind), names, lengths)
            errors = own if len(own.actual) >= MIN_ROWS else whole
            choices[route, kind] = choose_among(errors, names, route)
    return choices


def combine(trials: Trials, place: int, choices: Choices) -> FloatArray:
    """Give the combined forecast at a moment (articles x horizon); NaN for articles not yet sold."""
    moment = trials.moments[place]
    answer = np.full(trials.actual.shape[1:], np.nan)
    for (route, kind), choice in choices.items():
        rows = np.flatnonzero((moment.routes == route) & (moment.kinds == kind))
        if len(rows):
            answer[rows] = weighted(
                {n: trials.forecasts[n][place, rows] for n in choice.weights}, choice.weights
            )
    spoken = moment.routes != ""
    silent = spoken & np.isnan(answer).any(axis=1)
    answer[silent] = moment.level[silent, None]
    answer[moment.routes == "ended"] = 0.0
    return answer


def weighted(forecasts: dict[str, FloatArray], weights: dict[str, float]) -> FloatArray:
    """Give the weighted mean of those that spoke."""
    shape = next(iter(forecasts.values())).shape
    total, weight = np.zeros(shape), np.zeros(shape)
    for name, forecast in forecasts.items():
        there = ~np.isnan(forecast)
        total = total + np.where(there, forecast, 0.0) * weights[name]
        weight = weight + there * weights[name]
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(total / weight)


def _kinds(trials: Trials, route: str) -> list[str]:
    found = {kind for m in trials.moments for kind in np.unique(m.kinds[m.routes == route]).tolist()}
    return sorted(found)


def _gather(
    trials: Trials,
    places: Sequence[int],
    pool: tuple[str, str | None],
    names: list[str],
    lengths: FloatArray,
) -> Errors:
    route, kind = pool
    spans = lengths.astype(int)
    ahead = int(spans.max())
    sums: dict[str, list[FloatArray]] = {name: [] for name in names}
    each: dict[str, list[FloatArray]] = {name: [] for name in names}
    actual: list[FloatArray] = [np.empty((0, len(spans)))]
    actual_each: list[FloatArray] = [np.empty((0, ahead))]
    for place in places:
        moment = trials.moments[place]
        rows = _rows(trials, place, (route, kind), names)
        scale = _scale(moment, rows)
        actual.append(_sums(trials.actual[place, rows], spans) / scale[:, None] / np.sqrt(spans))
        actual_each.append(trials.actual[place, rows, :ahead] / scale[:, None])
        for name in names:
            forecast = trials.forecasts[name][place, rows]
            sums[name].append(_sums(forecast, spans) / scale[:, None] / np.sqrt(spans))
            each[name].append(forecast[:, :ahead] / scale[:, None])
    is_periodic = route == "season"
    return Errors(
        forecasts={name: np.concatenate([np.empty((0, len(spans))), *parts]) for name, parts in sums.items()},
        each={n: np.concatenate([np.empty((0, ahead)), *parts]) for n, parts in each.items()}
        if is_periodic
        else {},
        actual=np.concatenate(actual),
        actual_each=np.concatenate(actual_each),
    )


def _rows(trials: Trials, place: int, pool: tuple[str, str | None], names: list[str]) -> np.ndarray:
    """Give the articles of a pool for which most models spoke (the sample that tried the costly ones)."""
    moment = trials.moments[place]
    mask = moment.routes == pool[0]
    if pool[1] is not None:
        mask = mask & (moment.kinds == pool[1])
    rows = np.flatnonzero(mask)
    if not len(rows):
        return rows
    spoke = sum((~np.isnan(trials.forecasts[name][place, rows, 0])).astype(int) for name in names)
    rows = rows[spoke >= max(1, 0.7 * np.max(spoke))]
    return np.asarray(rows[:: max(1, len(rows) // MOST_ROWS)])


def _scale(moment: Moment, rows: np.ndarray) -> FloatArray:
    return np.asarray(moment.dispersion[rows] * np.sqrt(moment.level[rows] + FLOOR))


def _sums(values: FloatArray, spans: np.ndarray) -> FloatArray:
    cumulative = np.cumsum(values, axis=1)
    return np.asarray(cumulative[:, spans - 1])


def choose_among(errors: Errors, names: list[str], route: str) -> Choice:
    """Choose who speaks in a route from what each erred."""
    equal = dict.fromkeys(names, 1.0 / len(names))
    if len(errors.actual) < MIN_ROWS:
        reason = {"new": "category_prior", "short": "few_periods"}.get(route, "no_backtest")
        return Choice(weights=equal, losses={}, reason=reason)
    names = [name for name in names if not np.isnan(errors.forecasts[name]).all()] or names
    equal = dict.fromkeys(names, 1.0 / len(names))
    whole = _loss(errors, equal)
    alone = {name: _loss(errors, {name: 1.0}) for name in names}
    kept = _sound(alone, route) if route in STEADY else _picked(errors, alone)
    losses = {name: alone[name] / whole for name in names}
    inverse = {name: 1.0 / max(losses[name], 1e-9) for name in kept}
    total = sum(inverse.values())
    weights = {name: SHRINK / len(kept) + (1 - SHRINK) * inverse[name] / total for name in kept}
    floor = FLOORS.get(route)
    if floor in losses and losses[floor] * whole < _loss(errors, weights):
        return Choice(weights={floor: 1.0}, losses=losses, reason="floor")
    reason = {"new": "category_prior", "short": "few_periods"}.get(route, "combination")
    return Choice(weights=weights, losses=losses, reason=reason)


def _sound(alone: dict[str, float], route: str) -> list[str]:
    """Give every model but the simplest rule and those that lose far more than the best."""
    models = {name: loss for name, loss in alone.items() if name != FLOORS.get(route)} or alone
    most = MOST_LOSS * min(models.values())
    return [name for name, loss in models.items() if loss <= most]


def _picked(errors: Errors, alone: dict[str, float]) -> list[str]:
    """Give the foremost models that lose least together, less those whose going lowers the loss further."""
    kept, best = _foremost(errors, alone)
    enough = 1 - LEAST_GAIN / np.sqrt(len(errors.actual))
    while len(kept) > LEAST_KEPT:
        trial = {name: _loss(errors, _equal(kept, name)) for name in kept}
        worst = min(trial, key=lambda name: trial[name])
        if trial[worst] > best * enough:
            break
        best = trial[worst]
        kept.remove(worst)
    return kept


def _foremost(errors: Errors, alone: dict[str, float]) -> tuple[list[str], float]:
    """Give the equal mean of the foremost models, as many as lose least together; and its loss."""
    ordered = sorted(alone, key=lambda name: (alone[name], name))
    least = min(LEAST_KEPT, len(ordered))
    sets = [ordered[:count] for count in range(least, len(ordered) + 1)]
    losses = [_loss(errors, dict.fromkeys(kept, 1.0 / len(kept))) for kept in sets]
    best = int(np.argmin(losses))
    return list(sets[best]), losses[best]


def _equal(kept: list[str], without: str) -> dict[str, float]:
    left = [name for name in kept if name != without]
    return dict.fromkeys(left, 1.0 / len(left))


def _loss(errors: Errors, weights: dict[str, float]) -> float:
    """Give half the pinball loss of sums about their own quantiles and half their absolute error.

    The first is what a calibrated stock level costs, the second keeps the mean honest. Where a season is
    known, the absolute error of single periods stands beside them.
    """
    forecast = weighted({name: errors.forecasts[name] for name in weights}, weights)
    residual = errors.actual - forecast
    parts = []
    for column in range(residual.shape[1]):
        seen = residual[:, column]
        seen = seen[~np.isnan(seen)]
        if len(seen):
            parts.append(0.5 * _pinball(seen) + 0.25 * float(np.abs(seen).mean()))
    if errors.each:
        single = weighted({name: errors.each[name] for name in weights}, weights)
        parts.extend([0.5 * float(np.nanmean(np.abs(errors.actual_each - single)))] * max(1, len(parts)))
    return float(np.mean(parts)) if parts else 0.0


def _pinball(residual: FloatArray) -> float:
    """Give the mean pinball loss of residuals about their own quantiles."""
    quantiles = np.quantile(residual, LEVELS)
    over = residual[None, :] - quantiles[:, None]
    tau = np.array(LEVELS)[:, None]
    return float(np.maximum(tau * over, (tau - 1) * over).mean())
