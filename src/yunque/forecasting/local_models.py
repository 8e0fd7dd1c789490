"""Models of one article at a time, from statsforecast, with what they cost and when they may be asked."""

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from yunque.errors import UsageError
from yunque.forecasting.panel import FloatArray

# What statsforecast raises on histories that a model cannot fit; the other models then speak without it.
FIT_ERRORS = (ArithmeticError, LookupError, ValueError, TypeError, RuntimeError, AttributeError)
GROWTH_LIMIT = 4.0  # no forecast above so many times the greatest period of the past


@dataclass(frozen=True, kw_only=True)
class LocalModel:
    """One model of statsforecast.

    Attributes:
        name: as shown to people and in weights.
        build: takes the season's length and gives the model.
        milliseconds: processor time of one fit of a hundred periods; the plan of a budget counts with it.
        seasons: how many whole seasons it needs to be asked; 0 for models without a season.
    """

    name: str
    build: Callable[[Any, int], Any]
    milliseconds: float
    seasons: float = 0.0

    def cost(self, periods: float) -> float:
        """Estimate the seconds of one fit."""
        return self.milliseconds * (0.3 + 0.7 * periods / 100.0) / 1000.0


CHEAP = 0.3  # milliseconds; below this a model is fitted for every article at every origin

MODELS: dict[str, LocalModel] = {
    model.name: model
    for model in (
        LocalModel(name="Average", build=lambda sf, _: sf.HistoricAverage(), milliseconds=0.02),
        LocalModel(name="Recent", build=lambda sf, _: sf.WindowAverage(12), milliseconds=0.02),
        LocalModel(
            name="SES", build=lambda sf, _: sf.SimpleExponentialSmoothingOptimized(), milliseconds=0.05
        ),
        LocalModel(name="TSB", build=lambda sf, _: sf.TSB(alpha_d=0.2, alpha_p=0.2), milliseconds=0.05),
        LocalModel(name="TSBslow", build=lambda sf, _: sf.TSB(alpha_d=0.1, alpha_p=0.05), milliseconds=0.05),
        LocalModel(name="IMAPA", build=lambda sf, _: sf.IMAPA(), milliseconds=0.15),
        LocalModel(name="ADIDA", build=lambda sf, _: sf.ADIDA(), milliseconds=0.1),
        LocalModel(
            name="SeasonalNaive",
            build=lambda sf, season: sf.SeasonalNaive(season),
            milliseconds=0.02,
            seasons=1,
        ),
        LocalModel(name="DOT1", build=lambda sf, _: sf.DynamicOptimizedTheta(1), milliseconds=3.0),
        LocalModel(
            name="DOT",
            build=lambda sf, season: sf.DynamicOptimizedTheta(season),
            milliseconds=4.5,
            seasons=2,
        ),
        LocalModel(
            name="Theta",
            build=lambda sf, season: sf.OptimizedTheta(season),
            milliseconds=5.0,
            seasons=2,
        ),
        LocalModel(
            name="ETS_MNM",
            build=lambda sf, season: sf.AutoETS(season, model="MNM"),
            milliseconds=7.0,
            seasons=2,
        ),
        LocalModel(
            name="ETS_AAdA",
            build=lambda sf, season: sf.AutoETS(season, model="AAA", damped=True),
            milliseconds=12.0,
            seasons=2,
        ),
        LocalModel(name="Theta2", build=lambda sf, season: sf.Theta(season), milliseconds=3.0, seasons=2),
        LocalModel(name="CES", build=lambda sf, season: sf.AutoCES(season), milliseconds=7.0, seasons=2),
        LocalModel(
            name="CES_P",
            build=lambda sf, season: sf.AutoCES(season, model="P"),
            milliseconds=2.5,
            seasons=2,
        ),
        LocalModel(name="MFLES", build=lambda sf, season: sf.MFLES(season), milliseconds=9.0, seasons=2),
    )
}


def load_statsforecast() -> Any:
    """Import statsforecast's models, late: it brings pandas.

    Raises:
        UsageError: it is not installed.
    """
    try:
        from statsforecast import models
    except ImportError as error:
        raise UsageError(
            "Forecasts need statsforecast, which is not installed.",
            hint="Install the extra: pip install 'yunque[forecast]'.",
        ) from error
    return models


def fit_many(name: str, season: int, histories: list[FloatArray], horizon: int) -> FloatArray:
    """Fit one model to each history and give its forecasts (histories x horizon); NaN where it cannot be.

    Forecasts lie between zero and `GROWTH_LIMIT` times the greatest value of the history.
    """
    model = MODELS[name].build(load_statsforecast(), season)
    answers = np.full((len(histories), horizon), np.nan)
    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore"
        )  # what a fit advises of one article's history; its forecast is checked
        for place, history in enumerate(histories):
            answers[place] = _fit_one(model, history, horizon)
    return answers


def _fit_one(model: Any, history: FloatArray, horizon: int) -> FloatArray | float:
    try:
        with np.errstate(all="ignore"):
            forecast = np.asarray(model.forecast(y=history, h=horizon)["mean"], dtype=np.float64)
    except FIT_ERRORS:
        return np.nan
    if forecast.shape != (horizon,) or not np.isfinite(forecast).all():
        return np.nan
    return np.clip(forecast, 0.0, GROWTH_LIMIT * history.max(initial=0.0))
