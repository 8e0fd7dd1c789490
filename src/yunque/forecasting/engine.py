"""Forecasts at any moment from what had come true by then: weights, the common lift, calibrated sums."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from yunque.forecasting.calibration import (
    KINDS,
    Residuals,
    adapt,
    adapted,
    group_of,
    places_of,
    quantile_scores,
    residuals,
    theory_scores,
    volume_cuts,
)
from yunque.forecasting.candidates import PRIOR
from yunque.forecasting.combination import Choices, choose, combine
from yunque.forecasting.lift import NONE, Lift, Seen, choose_lift, factor, forecast_total
from yunque.forecasting.panel import FloatArray
from yunque.forecasting.trials import History, Trials


@dataclass(frozen=True, kw_only=True)
class Outlook:
    """What is forecast at one moment.

    Attributes:
        place: which moment.
        means: articles x horizon; NaN for articles that had not sold yet at a moment of the past.
        choices: weights in use.
        lift: the common factor's rule, and the factor itself.
        groups: row of `scores` of each article.
        scores: groups x lengths x grid.
        calibrated: whether past residuals stand behind the scores.
        poor_groups: groups that took the quantiles of a wider one.
    """

    place: int
    means: FloatArray
    choices: Choices
    lift: Lift
    factor: float
    groups: np.ndarray
    scores: FloatArray
    calibrated: bool
    poor_groups: int


@dataclass(frozen=True)
class Engine:
    """Looks out from any moment of the trials.

    Attributes:
        history: the panel as arrays.
        trials: what every candidate said.
        lengths: calibrated lengths of sums, whole periods, ascending.
        span: length of the sum that a lift is judged on.
    """

    history: History
    trials: Trials
    lengths: FloatArray
    span: int

    @cached_property
    def _totals(self) -> list[float]:
        return [forecast_total(self.history, moment, self.span) for moment in self.trials.moments]

    @cached_property
    def _cuts(self) -> FloatArray:
        return volume_cuts(self.trials.moments)

    def settled(self, place: int) -> list[int]:
        """Give the moments whose every sum had come true at a moment."""
        longest, end = int(self.lengths[-1]), self.trials.moments[place].end
        return [at for at in range(place) if self.trials.moments[at].end + longest <= end]

    def look(self, place: int) -> Outlook:
        """Forecast at a moment from what had come true by then."""
        past = self.settled(place)
        choices = choose(self.trials, past, self.lengths, self.history.season)
        seen = {at: self._seen(at, choices) for at in (*past, place)}
        earlier = {at: [seen[one] for one in self.settled(at) if one in seen] for at in (*past, place)}
        rule = choose_lift([seen[at] for at in past], [earlier[at] for at in past]) if past else NONE
        lifted = {at: factor(rule, seen[at], earlier[at]) for at in (*past, place)} if past else {place: 1.0}
        means = self._launches(place, seen[place].forecast * lifted[place])
        scored = [self._residuals(at, seen[at].forecast * lifted[at]) for at in past]
        groups = group_of(self.trials.moments[place], self._cuts)
        if not scored or not any((~np.isnan(one.scores)).any() for one in scored):
            return self._uncalibrated(place, means, choices)
        table, poor = quantile_scores(scored, len(self.lengths))
        return Outlook(
            place=place,
            means=means,
            choices=choices,
            lift=rule,
            factor=lifted[place],
            groups=groups,
            scores=adapted(table, self._offsets(past, scored)),
            calibrated=True,
            poor_groups=poor,
        )

    def sums(self, means: FloatArray) -> FloatArray:
        """Sum forecasts over the calibrated lengths (articles x lengths)."""
        return np.asarray(np.cumsum(means, axis=1)[:, self.lengths.astype(int) - 1])

    def actual_sums(self, place: int) -> FloatArray:
        """Give what came over the calibrated lengths (articles x lengths); NaN where unknown."""
        return self.sums(self.trials.actual[place])

    def _seen(self, place: int, choices: Choices) -> Seen:
        return Seen(
            moment=self.trials.moments[place],
            forecast=combine(self.trials, place, choices),
            actual=self.trials.actual[place][:, : self.span].sum(axis=1),
            span=self.span,
            total=self._totals[place],
        )

    def _residuals(self, place: int, means: FloatArray) -> Residuals:
        return residuals(self.sums(means), self.actual_sums(place), self.trials.moments[place], self._cuts)

    def _offsets(self, past: Sequence[int], scored: Sequence[Residuals]) -> FloatArray:
        """Follow the coverage that each past moment had from the moments before it."""
        offsets = np.zeros(len(KINDS))
        known = dict(zip(past, scored, strict=True))
        for at in past:
            before = [known[one] for one in self.settled(at) if one in known]
            if before:
                table, _ = quantile_scores(before, len(self.lengths))
                places = places_of(known[at].scores, table, known[at].groups)
                offsets = adapt(offsets, places, known[at].groups)
        return offsets

    def _uncalibrated(self, place: int, means: FloatArray, choices: Choices) -> Outlook:
        scores = theory_scores(self.sums(np.nan_to_num(means)), self.trials.moments[place])
        return Outlook(
            place=place,
            means=means,
            choices=choices,
            lift=NONE,
            factor=1.0,
            groups=np.arange(len(means), dtype=np.int64),
            scores=scores,
            calibrated=False,
            poor_groups=0,
        )

    def _launches(self, place: int, means: FloatArray) -> FloatArray:
        """Today, an article that has never sold is expected to sell as launches of its category do."""
        if place != len(self.trials.moments) - 1:
            return means
        rows = np.flatnonzero(self.trials.moments[place].routes == "")
        if not len(rows):
            return means
        answer = means.copy()
        if PRIOR in self.trials.forecasts:
            answer[rows] = self.trials.forecasts[PRIOR][place, rows]
        return np.nan_to_num(answer)
