"""Moments of the past at which every model is asked again, and what it answered."""

from dataclasses import dataclass, field

import numpy as np

from yunque.forecasting.classes import classify, describe
from yunque.forecasting.panel import SEASON, BoolArray, FloatArray, Panel, to_matrix
from yunque.forecasting.scale import deviation, dispersion

MIN_TRAIN = 4
SAMPLE = 400
"""So many articles try the costly models on the past; more change a pooled weight by less than its noise."""

ROUTES = {
    "smooth": "level",
    "erratic": "level",
    "intermittent": "sparse",
    "lumpy": "sparse",
    "short": "short",
    "new": "new",
    "ended": "ended",
}


@dataclass(frozen=True, kw_only=True)
class Moment:
    """What was known when one period closed.

    Attributes:
        end: column of the last known period.
        kinds: demand class of each article; empty text where it had not sold yet.
        routes: which models may speak: season (smooth or erratic with two seasons of history), level, sparse,
            short, new, ended; empty as above.
        level: mean units per known period, recent.
        dispersion: the article's own spread in units of the root of its level (`scale.dispersion`).
        deviation: what residuals of its sums are measured in (`scale.deviation`).
        starts: column of the first sale.
    """

    end: int
    kinds: np.ndarray
    routes: np.ndarray
    level: FloatArray
    dispersion: FloatArray
    deviation: FloatArray
    starts: np.ndarray


@dataclass(frozen=True, kw_only=True)
class History:
    """The panel as arrays.

    Attributes:
        panel: where it comes from.
        values: articles x periods; units; unknown periods hold what was usual before them; NaN before the
            first.
        known: articles x periods.
        season: periods in a season.
    """

    panel: Panel
    values: FloatArray
    known: BoolArray
    season: int

    @property
    def length(self) -> int:
        """How many periods there are."""
        return int(self.values.shape[1])

    def series(self, row: int, moment: Moment) -> FloatArray:
        """Give an article's units from its first sale to a moment."""
        return self.values[row, moment.starts[row] : moment.end + 1]

    def actual(self, end: int, horizon: int) -> FloatArray:
        """Give what followed a moment (articles x horizon); NaN where unknown or still to come."""
        answer = np.full((len(self.values), horizon), np.nan)
        there = min(horizon, self.length - 1 - end)
        block = slice(end + 1, end + 1 + there)
        answer[:, :there] = np.where(self.known[:, block], self.values[:, block], np.nan)
        return answer


@dataclass(kw_only=True)
class Trials:
    """Forecasts of every candidate at every moment; the last moment is today.

    Attributes:
        moments: ascending.
        horizon: periods ahead.
        forecasts: candidate -> moments x articles x horizon; NaN where it was not asked.
        actual: moments x articles x horizon; NaN where unknown.
        whole: places of the moments at which every article is asked, not a sample of them.
        notes: code -> count.
    """

    moments: tuple[Moment, ...]
    horizon: int
    whole: frozenset[int]
    forecasts: dict[str, FloatArray]
    actual: FloatArray
    notes: dict[str, int] = field(default_factory=dict)

    def empty(self) -> FloatArray:
        """Give room for a candidate's answers."""
        return np.full(self.actual.shape, np.nan)

    def note(self, code: str, count: int = 1) -> None:
        """Count something that the reader has to know."""
        if count:
            self.notes[code] = self.notes.get(code, 0) + count


def read_history(panel: Panel) -> History:
    """Turn a panel into arrays; an unknown period takes the mean of the four known ones before it."""
    values, known = to_matrix(panel)
    return History(panel=panel, values=_impute(values, known), known=known, season=SEASON[panel.frequency])


def plan_ends(length: int, protection: int, origins: int) -> list[int]:
    """Choose the columns at which the past is tried, ascending; none where history is too short.

    The last of them lies one protection interval before today, so that every sum has come true.
    """
    step = max(1, round(protection / 3))
    ends = [length - 1 - protection - step * back for back in range(origins)]
    return sorted(end for end in ends if end >= MIN_TRAIN - 1)


def look_back(history: History, ends: list[int], horizon: int, whole: frozenset[int]) -> Trials:
    """Set out the moments: what each article looked like then, and what followed."""
    moments = tuple(_moment(history, end) for end in ends)
    shape = (len(ends), len(history.values), horizon)
    actual = np.stack([history.actual(end, horizon) for end in ends]) if ends else np.empty(shape)
    return Trials(moments=moments, horizon=horizon, whole=whole, forecasts={}, actual=actual)


def _moment(history: History, end: int) -> Moment:
    values, known = history.values[:, : end + 1], history.known[:, : end + 1]
    histories = describe(values, known)
    begun = ~np.isnan(values).all(axis=1)
    kinds = np.where(begun, classify(histories), "")
    routes = np.array([ROUTES.get(kind, "") for kind in kinds.tolist()], dtype="<U8")
    starts = np.where(begun, np.argmax(~np.isnan(values), axis=1), end + 1)
    ages = end + 1 - starts
    routes[(routes == "level") & (ages >= 2 * history.season)] = "season"
    return Moment(
        end=end,
        kinds=kinds,
        routes=routes,
        level=histories.level,
        dispersion=dispersion(values, known, histories.level, history.season),
        deviation=deviation(values, known),
        starts=starts,
    )


def _impute(values: FloatArray, known: BoolArray) -> FloatArray:
    filled = values.copy()
    for row in np.flatnonzero((~known & ~np.isnan(values)).any(axis=1)):
        recent: list[float] = []
        for column in np.flatnonzero(~np.isnan(values[row])):
            if known[row, column]:
                recent = [*recent[-3:], values[row, column]]
            elif recent:
                filled[row, column] = sum(recent) / len(recent)
    return filled
