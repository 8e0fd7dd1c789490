"""The pull of all articles together: what the sum of the forecasts has missed, or what the total alone says.

Articles share what none of them shows clearly by itself: the shop grows, the season begins. Two factors speak
for that: the ratio of what came to what was forecast, over the latest sums that came true, and the ratio of a
forecast of the total to the sum of the articles' forecasts (a reconciliation from the top, spread in
proportion). Which one is used, and how far, is what erred least at past moments; none is an answer too.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from yunque.forecasting.local_models import fit_many
from yunque.forecasting.panel import FloatArray
from yunque.forecasting.scale import FLOOR
from yunque.forecasting.trials import History, Moment

RECENT, JUDGED = 5, 6
LIMITS = (0.7, 1.4)
MOST = 12.0
"""No article counts for more than so many of its usual spreads: one great order is no common pull."""

LEAST_GAIN = 0.002
TOTAL_MODELS = ("SES", "DOT1")


@dataclass(frozen=True, kw_only=True)
class Seen:
    """Forecasts of one moment and what came of them, over the protection interval.

    Attributes:
        moment: when.
        forecast: combined forecasts, articles x horizon.
        actual: units over `span` periods per article; NaN where unknown.
        span: periods.
        total: units of all articles over `span` periods, as a forecast of the total says.
    """

    moment: Moment
    forecast: FloatArray
    actual: FloatArray
    span: int
    total: float


@dataclass(frozen=True, kw_only=True)
class Lift:
    """A rule: source "none", "missed" or "total", and the power its factor is taken to."""

    source: str
    power: float


NONE = Lift(source="none", power=0.0)
RULES = (NONE, *(Lift(source=source, power=power) for source in ("missed", "total") for power in (0.5, 1.0)))


def forecast_total(history: History, moment: Moment, span: int) -> float:
    """Forecast the units of all articles over the next `span` periods from their total alone."""
    values = np.nansum(history.values[:, : moment.end + 1], axis=0)
    answers = [fit_many(name, 1, [values], span).sum() for name in TOTAL_MODELS]
    known = [answer for answer in answers if np.isfinite(answer)]
    return float(np.mean(known)) if known else float("nan")


def choose_lift(past: Sequence[Seen], earlier: Sequence[Sequence[Seen]]) -> Lift:
    """Choose the rule that erred least: `earlier[i]` are the moments that had come true at `past[i]`."""
    judged = [(seen, before) for seen, before in zip(past, earlier, strict=True) if before][-JUDGED:]
    if len(judged) < 2:
        return NONE
    losses = [_loss([(seen, factor(rule, seen, before)) for seen, before in judged]) for rule in RULES]
    best = int(np.argmin(losses))
    return RULES[best] if losses[best] < losses[0] - LEAST_GAIN else NONE


def factor(rule: Lift, now: Seen, before: Sequence[Seen]) -> float:
    """Give what the forecasts of a moment are multiplied by."""
    if rule.source == "none":
        return 1.0
    ratio = _missed(before[-RECENT:]) if rule.source == "missed" else _total(now)
    return float(np.clip(ratio, *LIMITS) ** rule.power)


def _weighed(seen: Seen) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Give forecast, actual, usual spread and weight of the settled articles.

    The weight is the root of the inverse spread, half-way between units and standard scores: great articles
    count for more, but one of them does not speak for all.
    """
    settled = ~np.isin(seen.moment.routes, ("", "new", "ended"))
    rows = settled & ~np.isnan(seen.actual) & ~np.isnan(seen.forecast[:, 0])
    usual = (seen.moment.dispersion * np.sqrt(seen.moment.level + FLOOR))[rows]
    forecast = seen.forecast[rows, : seen.span].sum(axis=1)
    return forecast, seen.actual[rows], usual, 1.0 / np.sqrt(usual)


def _missed(before: Sequence[Seen]) -> float:
    came = expected = 0.0
    for seen in before:
        forecast, actual, usual, weight = _weighed(seen)
        held = np.clip((actual - forecast) / usual, -MOST, MOST) * usual
        came += float(((forecast + held) * weight).sum())
        expected += float((forecast * weight).sum())
    return came / expected if expected > 0 else 1.0


def _total(now: Seen) -> float:
    expected = float(np.nansum(now.forecast[:, : now.span]))
    return now.total / expected if expected > 0 and np.isfinite(now.total) else 1.0


def _loss(judged: Sequence[tuple[Seen, float]]) -> float:
    """Give absolute error and common bias, each a share of what came."""
    wrong = signed = total = 0.0
    for seen, lifted in judged:
        forecast, actual, usual, weight = _weighed(seen)
        error = np.clip((actual - lifted * forecast) / usual, -MOST, MOST) * usual * weight
        wrong += float(np.abs(error).sum())
        signed += float(error.sum())
        total += float((actual * weight).sum())
    return (wrong + abs(signed)) / total if total > 0 else 0.0
