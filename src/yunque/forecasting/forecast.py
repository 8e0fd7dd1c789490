"""Series in, forecasts with calibrated quantiles of summed demand out: the stage's front door."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from yunque.forecasting.answer import Forecasts
from yunque.forecasting.assemble import Run, assemble, quantiles_of
from yunque.forecasting.calendar_features import calendar_features
from yunque.forecasting.candidates import ask_all
from yunque.forecasting.engine import Engine
from yunque.forecasting.panel import FloatArray, Panel, distance, period_of, step
from yunque.forecasting.point_errors import point_errors
from yunque.forecasting.proof import judge
from yunque.forecasting.request import ForecastRequest
from yunque.forecasting.sums import SumQuantiles
from yunque.forecasting.trials import History, look_back, plan_ends, read_history

MAX_LENGTHS = 5


def forecast(panel: Panel, request: ForecastRequest) -> Forecasts:
    """Forecast every article of the panel, with the proof of its past.

    Raises:
        UsageError: the optional libraries of the extra "forecast" are not installed.
    """
    began = request.clock()
    setting = _set(panel, request)
    ends = plan_ends(setting.history.length, int(setting.lengths[-1]), request.origins)
    engine = _ask(setting, request, [*ends, setting.history.length - 1], whole=1)
    last = len(engine.trials.moments) - 1
    past = [engine.look(place) for place in range(last)]
    judged = judge(engine, past, setting.column, request.levels)
    run = Run(
        engine=engine,
        request=request,
        spans=setting.spans,
        outlook=engine.look(last),
        judged=judged,
        errors=point_errors(engine, past),
        seconds=request.clock() - began,
    )
    return assemble(run)


def roll(
    panel: Panel, request: ForecastRequest, origins: Sequence[date]
) -> list[tuple[date, SumQuantiles, FloatArray]]:
    """Forecast as it would have been at the close of each period of `origins`, and of the last one.

    Weights, lift and calibration at an origin know only what had come true by then; the backtest's own
    origins lie before the first of them. It is what a stock simulation needs, at the cost of one run.

    Returns:
        For each origin, ascending: its period, the quantiles of sums, and the means (articles x horizon).
    """
    setting = _set(panel, request)
    history = setting.history
    asked = sorted(
        history.length - 1 - distance(period_of(day, panel.frequency), panel.last, panel.frequency)
        for day in set(origins)
    )
    asked = [end for end in asked if end >= 0]
    first = min(asked, default=history.length - 1)
    ends = plan_ends(first + 1, int(setting.lengths[-1]), request.origins)
    engine = _ask(setting, request, [*ends, *asked], whole=len(asked))
    answers = []
    for place in range(len(ends), len(ends) + len(asked)):
        outlook = engine.look(place)
        means = np.nan_to_num(outlook.means)
        sums = quantiles_of(engine, outlook, tuple(panel.ids))
        back = history.length - 1 - engine.trials.moments[place].end
        answers.append((_period_back(panel, back), sums, means))
    return answers


@dataclass(frozen=True, kw_only=True)
class Setting:
    """What a run is about, before any model is asked.

    Attributes:
        history: the panel as arrays.
        spans: articles x (lead time, protection interval), periods.
        lengths: lengths of sums to calibrate, whole periods, ascending.
        column: for each article, which length is nearest its protection interval.
        horizon: periods ahead.
        span: the length that most articles' protection intervals have.
    """

    history: History
    spans: FloatArray
    lengths: FloatArray
    column: np.ndarray
    horizon: int
    span: int


def _set(panel: Panel, request: ForecastRequest) -> Setting:
    history = read_history(panel)
    told = np.array([request.spans(unique_id) for unique_id in panel.ids], dtype=float).reshape(-1, 2)
    spans = np.column_stack([told[:, 0], told.sum(axis=1)])
    longest = max(1, min(math.ceil(spans[:, 1].max(initial=1.0)), history.length // 3))
    lengths = _lengths(spans, longest)
    column = np.abs(np.log(np.maximum(spans[:, 1:], 0.5)) - np.log(lengths)[None, :]).argmin(axis=1)
    return Setting(
        history=history,
        spans=spans,
        lengths=lengths,
        column=column,
        horizon=max(request.horizon_periods, longest),
        span=int(np.median(lengths[column])) if len(column) else 1,
    )


def _lengths(spans: FloatArray, longest: int) -> FloatArray:
    """Choose at most `MAX_LENGTHS` lengths: one period, and what lead times and protection intervals are."""
    wanted = {1.0, float(longest)}
    for column in (1, 0):
        for share in (0.5, 0.9, 0.1):
            if len(spans) and len(wanted) < MAX_LENGTHS:
                length = np.round(np.quantile(spans[:, column], share))
                wanted.add(float(np.clip(length, 1, longest)))
    return np.array(sorted(wanted))


def _ask(setting: Setting, request: ForecastRequest, ends: list[int], *, whole: int) -> Engine:
    asked_fully = frozenset(range(len(ends) - whole, len(ends)))
    trials = look_back(setting.history, ends, setting.horizon, asked_fully)
    history = setting.history
    calendar = calendar_features(history.panel, request.country, history.length, setting.horizon)
    ask_all(history, trials, request, calendar)
    return Engine(history=history, trials=trials, lengths=setting.lengths, span=setting.span)


def _period_back(panel: Panel, back: int) -> date:
    return step(panel.last, panel.frequency, (-back,))[0]
