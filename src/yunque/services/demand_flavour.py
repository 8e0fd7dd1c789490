"""A company's forecasts as a model of MLflow: asked by article, periods and probability; no pickle in it."""

from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl

from yunque.errors import BundleError
from yunque.forecasting.answer import Forecasts, from_tables

LOADER = __name__
CODE, PERIODS, PROBABILITY = "articulo_codigo", "periodos", "probabilidad"
INPUTS = {CODE: "category", PERIODS: "number", PROBABILITY: "number"}
OPTIONAL = [PERIODS, PROBABILITY]  # one period, and the middle, where they are left out
ANSWERS = {"media": "number", "cantidad": "number"}


class ServedForecasts:
    """What MLflow asks for answers."""

    def __init__(self, forecasts: Forecasts) -> None:
        self._forecasts = forecasts

    def predict(self, model_input: pd.DataFrame) -> pd.DataFrame:
        """Give for each row the mean demand of so many periods, and the quantity that it stays within.

        Rows of an unknown article, of no time, or of no probability have missing answers, in their place.
        """
        count, sums = len(model_input), self._forecasts.sums
        periods = _numbers(model_input, PERIODS, 1.0)
        levels = _numbers(model_input, PROBABILITY, 0.5)
        answers = np.full((count, len(ANSWERS)), np.nan)
        known = set(sums.ids)
        for row, code in enumerate(model_input[CODE].astype(str).tolist()):
            if code in known and 0.0 <= periods[row] < 1e4 and 0.0 < levels[row] < 1.0:
                span = float(periods[row])
                answers[row] = sums.mean(code, span), sums.quantile(code, span, float(levels[row]))
        return pd.DataFrame(answers, columns=list(ANSWERS), index=model_input.index)


def _numbers(frame: pd.DataFrame, name: str, usual: float) -> np.ndarray:
    if name not in frame.columns:
        return np.full(len(frame), usual)
    return np.asarray(pd.to_numeric(frame[name], errors="coerce").fillna(usual), dtype=float)


def _load_pyfunc(path: str) -> ServedForecasts:
    """Open the tables that lie at `path`; MLflow calls this.

    Raises:
        BundleError: they are not whole.
    """
    try:
        tables = {each.stem: pl.read_parquet(each) for each in sorted(Path(path).glob("*.parquet"))}
        return ServedForecasts(from_tables(tables))
    except (OSError, KeyError, ValueError, pl.exceptions.PolarsError) as error:
        raise BundleError("The tables of these forecasts are not whole.") from error
