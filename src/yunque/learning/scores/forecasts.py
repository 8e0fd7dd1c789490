"""Scores of forecasts of series: errors in units of the naive forecast's, and quantiles."""

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]


def naive_error(history: FloatArray, season: int = 1) -> float:
    """Mean absolute error of forecasting each known value by the one a season before it.

    Args:
        history: (n,) values in the order of time, before the first forecast.
        season: steps of a season; 1 takes the value just before.

    Returns:
        The error in the unit of the values; nan where there is no pair, or the history never moves.
    """
    if len(history) <= season:
        return float("nan")
    error = float(np.abs(history[season:] - history[:-season]).mean())
    return error if error > 0 else float("nan")


def mase(history: FloatArray, y: FloatArray, value: FloatArray, season: int = 1) -> float:
    """Mean absolute error over that of the naive forecast in the history (Hyndman and Koehler 2006).

    Below 1 the forecast is better than repeating the last season; nan as `naive_error`.
    """
    if len(y) == 0:
        return float("nan")
    return float(np.abs(value - y).mean()) / naive_error(history, season)


def pinball_losses(y: FloatArray, quantile: FloatArray, level: float) -> FloatArray:
    """Loss of a quantile per row: level times what it is too low, 1 - level times what it is too high.

    Koenker and Bassett 1978. Its mean is least for the true quantile.
    """
    missed = y - quantile
    return np.asarray(np.maximum(level * missed, (level - 1.0) * missed), np.float64)
