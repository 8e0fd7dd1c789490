"""Which models may speak for which articles, and asking them all, today and at moments of the past."""

import warnings
from dataclasses import dataclass

import numpy as np

from yunque.errors import LimitError
from yunque.forecasting.boosted import Form, Learner, fit_global, is_installed
from yunque.forecasting.calendar_features import CalendarFeatures
from yunque.forecasting.direct import fit_direct
from yunque.forecasting.flow import fit_flow
from yunque.forecasting.launches import fit_launches
from yunque.forecasting.local_models import CHEAP, MODELS, fit_many
from yunque.forecasting.panel import FloatArray
from yunque.forecasting.request import ForecastRequest
from yunque.forecasting.trials import SAMPLE, History, Moment, Trials
from yunque.runtime.parallel import Parallel, map_tasks

ROUTE_MODELS: dict[str, tuple[str, ...]] = {
    "season": ("SeasonalNaive", "DOT", "CES_P"),
    "level": ("Recent", "SES", "TSB", "IMAPA", "DOT1"),
    "sparse": ("Average", "Recent", "SES", "TSB", "TSBslow", "IMAPA", "ADIDA"),
    "short": ("Average", "SES"),
    "new": (),
    "ended": (),
}
WEEKLY_SEASON = ("SES", "SeasonalNaive", "DOT", "MFLES")
"""With a season of 52 weeks: exponential smoothing has too many states to fit."""

FLOORS: dict[str, str] = {
    "season": "SeasonalNaive",
    "level": "Recent",
    "sparse": "Average",
    "short": "Average",
}
GLOBAL_ROUTES: dict[str, tuple[str, ...]] = {
    "Boosted": ("season",),
    "BoostedAhead": ("season",),
    "BoostedSeasonless": ("season",),
    "BoostedTweedie": ("level", "sparse"),
    "BoostedFlow": ("level", "sparse"),
}
FORMS: dict[str, Form] = {
    "Boosted": "log",
    "BoostedAhead": "ahead",
    "BoostedSeasonless": "seasonless",
    "BoostedTweedie": "tweedie",
    "BoostedFlow": "flow",
}
FITS = {
    "log": fit_global,
    "tweedie": fit_global,
    "ahead": fit_direct,
    "seasonless": fit_direct,
    "flow": fit_flow,
}
PRIOR, PRIOR_ROUTES = "Prior", ("short", "new")
CHUNK = 200
WORTH_PROCESSES = 8.0
"""Seconds of fits from which starting other processes, which import statsforecast anew, gains time."""


@dataclass(frozen=True, kw_only=True)
class Work:
    """One model for some histories: what a process is given."""

    name: str
    season: int
    histories: list[FloatArray]
    horizon: int


def do_work(work: Work) -> FloatArray:
    """Fit what is asked (module's own, so that another process finds it)."""
    return fit_many(work.name, work.season, work.histories, work.horizon)


def route_models(route: str, season: int) -> tuple[str, ...]:
    """Give the local models that may speak in a route."""
    return WEEKLY_SEASON if route == "season" and season > 24 else ROUTE_MODELS[route]


def ask_all(history: History, trials: Trials, request: ForecastRequest, calendar: CalendarFeatures) -> None:
    """Fill `trials.forecasts`, cheap models first, as far as the budget reaches.

    Costly models are planned by what a fit is known to cost, so that the plan is the same on every machine;
    the clock only cuts off what runs late.
    """
    deadline = request.clock() + 0.85 * request.budget_seconds
    asker = Asker(history=history, trials=trials, request=request, deadline=deadline)
    names = sorted({name for route in ROUTE_MODELS for name in route_models(route, history.season)})
    if request.only:
        asker.ask_only([name for name in names if name in request.only])
        return
    cheap = [name for name in names if MODELS[name].milliseconds <= CHEAP]
    for name in cheap:
        asker.ask_cheap(name)
    asker.ask_launches()
    costly = asker.affordable(sorted(set(names) - set(cheap), key=lambda name: MODELS[name].milliseconds))
    is_much = request.workers > 1 and sum(asker.cost(name) for name in costly) > WORTH_PROCESSES
    asker.ask_in_threads([] if is_much else costly, calendar)
    if is_much:
        asker.ask_in_processes(costly)


@dataclass(frozen=True, kw_only=True)
class Asker:
    """Asks models at every moment."""

    history: History
    trials: Trials
    request: ForecastRequest
    deadline: float

    def ask_only(self, names: list[str]) -> None:
        """Ask the named models for every article, whatever its route."""
        for name in names:
            answer = self.trials.empty()
            for place, moment in enumerate(self.trials.moments):
                rows = np.flatnonzero((moment.routes != "") & (moment.routes != "ended"))
                answer[place, rows] = self._fit(name, moment, rows)
            self.trials.forecasts[name] = answer

    def affordable(self, names: list[str]) -> list[str]:
        """Keep the models that fit into the budget by what a fit is known to cost, the cheapest first."""
        left, kept = self.request.budget_seconds * 0.7 * self.request.workers, []
        for name in names:
            cost = self.cost(name)
            if cost > left:
                self.trials.note("candidates_out_of_time")
                continue
            left -= cost
            kept.append(name)
        return kept

    def is_late(self) -> bool:
        """Say whether the time for asking is over."""
        return self.request.clock() > self.deadline

    def rows(self, name: str, moment: Moment, *, is_whole: bool) -> np.ndarray:
        """Give the articles a model speaks for at a moment: all of its routes, or a sample of them."""
        season = self.history.season
        routes = [route for route in ROUTE_MODELS if name in route_models(route, season)]
        rows = np.flatnonzero(np.isin(moment.routes, routes))
        if is_whole or len(rows) <= SAMPLE:
            return rows
        return np.asarray(rows[np.linspace(0, len(rows) - 1, SAMPLE).astype(int)])

    def cost(self, name: str) -> float:
        """Estimate the seconds of processor time to ask a model everywhere it is planned."""
        total = 0.0
        for place, moment in enumerate(self.trials.moments):
            rows = self.rows(name, moment, is_whole=place in self.trials.whole)
            ages = moment.end + 1 - moment.starts[rows]
            total += sum(MODELS[name].cost(age) for age in ages.tolist())
        return total

    def ask_cheap(self, name: str) -> None:
        """Fit a model of one article at a time to all of its articles at every moment."""
        answer = self.trials.empty()
        for place, moment in enumerate(self.trials.moments):
            rows = self.rows(name, moment, is_whole=True)
            answer[place, rows] = self._fit(name, moment, rows)
        if not np.isnan(answer).all():
            self.trials.forecasts[name] = answer

    def ask_in_processes(self, names: list[str]) -> None:
        """Fit several models at every moment in processes of their own; all of them, or none in time."""
        works, places = [], []
        for name in names:
            for place, moment in enumerate(self.trials.moments):
                rows = self.rows(name, moment, is_whole=place in self.trials.whole)
                for start in range(0, len(rows), CHUNK):
                    part = rows[start : start + CHUNK]
                    works.append(self._work(name, moment, part))
                    places.append((name, place, part))
        seconds = max(0.1, self.deadline - self.request.clock())
        plan = Parallel(where="processes", workers=self.request.workers, timeout_seconds=seconds)
        try:
            answers = map_tasks(do_work, works, plan)
        except LimitError:
            self.trials.note("candidates_out_of_time", len(names))
            return
        for (name, place, part), answer in zip(places, answers, strict=True):
            self.trials.forecasts.setdefault(name, self.trials.empty())[place, part] = answer

    def _work(self, name: str, moment: Moment, rows: np.ndarray) -> Work:
        histories = [self.history.series(row, moment) for row in rows.tolist()]
        return Work(name=name, season=self.history.season, histories=histories, horizon=self.trials.horizon)

    def _fit(self, name: str, moment: Moment, rows: np.ndarray) -> FloatArray:
        return do_work(self._work(name, moment, rows))

    def ask_launches(self) -> None:
        """Ask what young articles will sell."""
        answer = self.trials.empty()
        for place, moment in enumerate(self.trials.moments):
            answer[place] = fit_launches(self.history, moment, self.trials.horizon)
        self.trials.forecasts[PRIOR] = answer

    def ask_in_threads(self, costly: list[str], calendar: CalendarFeatures) -> None:
        """Ask the learners of all articles, and costly models of one, several at a time, today first."""
        if not is_installed(self.request.booster):
            self.trials.note("no_booster")
        learners = GLOBAL_ROUTES if is_installed(self.request.booster) else {}
        moments, last = self.trials.moments, len(self.trials.moments) - 1
        asked = [
            (name, place)
            for place in range(last, -1, -1)
            for name in (*learners, *costly)
            if name in costly or np.isin(moments[place].routes, learners[name]).any()
        ]

        def ask(one: tuple[str, int]) -> FloatArray | None:
            name, place = one
            if self.is_late():
                return None
            return self._learn(name, place, calendar) if name in learners else self._fit_some(name, place)

        workers = self.request.workers
        plan = Parallel(where="threads" if workers > 1 else "here", workers=workers)
        with warnings.catch_warnings():  # before the threads: filters are the whole process's
            warnings.simplefilter("ignore")  # advice of other packages' versions, not about these data
            self._keep(asked, map_tasks(ask, asked, plan))

    def _learn(self, name: str, place: int, calendar: CalendarFeatures) -> FloatArray:
        learner = Learner(booster=self.request.booster, form=FORMS[name], seed=self.request.seed)
        moment = self.trials.moments[place]
        forecast = FITS[learner.form](learner, self.history, moment, self.trials.horizon, calendar)
        spoken = np.isin(moment.routes, GLOBAL_ROUTES[name])
        return np.where(spoken[:, None], forecast, np.nan)

    def _fit_some(self, name: str, place: int) -> FloatArray:
        moment = self.trials.moments[place]
        answer = np.full(self.trials.actual.shape[1:], np.nan)
        rows = self.rows(name, moment, is_whole=place in self.trials.whole)
        answer[rows] = self._fit(name, moment, rows)
        return answer

    def _keep(self, asked: list[tuple[str, int]], answers: list[FloatArray | None]) -> None:
        """Keep the models that speak today, as far back as the time reached without a gap."""
        last = len(self.trials.moments) - 1
        today = {name: one for (name, place), one in zip(asked, answers, strict=True) if place == last}
        silent = {name for name, _ in asked if (one := today.get(name)) is None or np.isnan(one).all()}
        late: set[str] = set()
        for (name, place), answer in zip(asked, answers, strict=True):
            if answer is None and name not in late:
                late.add(name)
                self.trials.note("candidates_out_of_time" if place == last else "origins_out_of_time")
            elif answer is not None and name not in late | silent:
                self.trials.forecasts.setdefault(name, self.trials.empty())[place] = answer
