"""How good the forecasts were at moments of the past, each seen with only what had come true by then."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from yunque.forecasting.calibration import places_of
from yunque.forecasting.engine import Engine, Outlook
from yunque.forecasting.panel import FloatArray
from yunque.forecasting.scale import FLOOR
from yunque.forecasting.sums import GRID, read_grid

MISLEADING_MASE = ("intermittent", "lumpy", "new", "ended", "short")


@dataclass(frozen=True, kw_only=True)
class Judged:
    """Sums of every article at every moment judged; arrays are flat, one entry a sum.

    Attributes:
        rows: article.
        places: moment.
        kinds: demand class then.
        forecast: units.
        actual: units.
        covered: the lowest probability whose quantile holds the actual; NaN where nothing was calibrated.
        pinball: mean pinball loss over the levels; NaN likewise.
        mase: mean absolute error of single periods over that of the naive forecast in the history.
    """

    rows: np.ndarray
    places: np.ndarray
    kinds: np.ndarray
    forecast: FloatArray
    actual: FloatArray
    covered: FloatArray
    pinball: FloatArray
    mase: FloatArray


def judge(engine: Engine, outlooks: list[Outlook], column: np.ndarray, levels: tuple[float, ...]) -> Judged:
    """Judge outlooks of the past; `column` is each article's own length among the calibrated ones."""
    parts = [_judge_one(engine, outlook, column, levels) for outlook in outlooks]
    names = ("rows", "places", "kinds", "forecast", "actual", "covered", "pinball", "mase")
    empty = (np.empty(0, dtype=int), np.empty(0, dtype=int), np.empty(0, dtype="<U12"), *[np.empty(0)] * 5)
    return Judged(
        **{name: np.concatenate([empty[at], *(part[at] for part in parts)]) for at, name in enumerate(names)}
    )


def _judge_one(
    engine: Engine, outlook: Outlook, column: np.ndarray, levels: tuple[float, ...]
) -> tuple[np.ndarray, ...]:
    moment = engine.trials.moments[outlook.place]
    every = np.arange(len(column))
    forecast = engine.sums(outlook.means)[every, column]
    actual = engine.actual_sums(outlook.place)[every, column]
    rows = np.flatnonzero(~np.isnan(forecast) & ~np.isnan(actual))
    forecast, actual, columns = forecast[rows], actual[rows], column[rows]
    divisor = moment.deviation[rows] * np.sqrt(forecast + FLOOR)
    covered = pinball = np.full(len(rows), np.nan)
    if outlook.calibrated and len(rows):
        groups = outlook.groups[rows]
        score = np.full((len(rows), engine.lengths.size), np.nan)
        score[np.arange(len(rows)), columns] = (actual - forecast) / divisor
        placed = places_of(score, outlook.scores, groups)[np.arange(len(rows)), columns]
        lowest = _lowest(outlook, (groups, columns), forecast, divisor)
        covered = np.where(actual <= 0, np.minimum(placed, lowest), placed)
        pinball = _pinball(outlook, (groups, columns), (forecast, actual, divisor), levels)
    mase = _mase(engine, outlook, rows)
    places = np.full(len(rows), outlook.place)
    return rows, places, moment.kinds[rows], forecast, actual, covered, pinball, mase


def _lowest(
    outlook: Outlook, at: tuple[np.ndarray, np.ndarray], forecast: FloatArray, divisor: FloatArray
) -> FloatArray:
    """Give the lowest probability of the grid where its quantile is cut off at zero: it covers a zero."""
    is_cut = forecast + outlook.scores[(*at, 0)] * divisor <= 0
    return np.where(is_cut, GRID[0], 1.0)


def _pinball(
    outlook: Outlook,
    at: tuple[np.ndarray, np.ndarray],
    sums: tuple[FloatArray, FloatArray, FloatArray],
    levels: tuple[float, ...],
) -> FloatArray:
    forecast, actual, divisor = sums
    total = np.zeros(len(actual))
    for level in levels:
        score = read_grid(outlook.scores[at], np.array([level]))[:, 0]
        quantile = np.maximum(forecast + score * divisor, 0.0)
        over = actual - quantile
        total += np.maximum(level * over, (level - 1) * over)
    return total / len(levels)


def _mase(engine: Engine, outlook: Outlook, rows: np.ndarray) -> FloatArray:
    moment = engine.trials.moments[outlook.place]
    ahead = int(engine.lengths[-1])
    error = np.abs(engine.trials.actual[outlook.place][rows, :ahead] - outlook.means[rows, :ahead]).mean(
        axis=1
    )
    naive = np.full(len(rows), np.nan)
    for at, row in enumerate(rows.tolist()):
        series = engine.history.series(row, moment)
        lag = engine.history.season if len(series) >= 2 * engine.history.season else 1
        if len(series) > lag:
            naive[at] = np.abs(series[lag:] - series[:-lag]).mean()
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(naive > 0, error / naive, np.nan)


def backtest_table(judged: Judged, levels: tuple[float, ...]) -> pl.DataFrame:
    """Give the backtest by demand class, "all" first (see `Forecasts.backtest`)."""
    kinds = ["all", *sorted(set(judged.kinds.tolist()))] if len(judged.rows) else []
    schema = {
        "demand_class": pl.String,
        **dict.fromkeys(("articles", "sums", "origins"), pl.Int64),
        **dict.fromkeys(("wape", "bias", "mase", "pinball"), pl.Float64),
        **{f"coverage_{level:g}": pl.Float64 for level in levels},
    }
    return pl.DataFrame([_line(judged, kind, levels) for kind in kinds], schema=schema)


def _line(judged: Judged, kind: str, levels: tuple[float, ...]) -> dict[str, object]:
    mask = np.ones(len(judged.rows), dtype=bool) if kind == "all" else judged.kinds == kind
    actual, forecast = judged.actual[mask], judged.forecast[mask]
    total = float(actual.sum())
    covered, pinball, mase = judged.covered[mask], judged.pinball[mask], judged.mase[mask]
    calibrated = ~np.isnan(covered)
    told = ~np.isnan(mase) & ~np.isin(judged.kinds[mask], MISLEADING_MASE)
    came = float(actual[calibrated].mean()) if calibrated.any() else 0.0
    return {
        "demand_class": kind,
        "articles": len(np.unique(judged.rows[mask])),
        "sums": int(mask.sum()),
        "origins": len(np.unique(judged.places[mask])),
        "wape": float(np.abs(actual - forecast).sum()) / total if total > 0 else None,
        "bias": float((forecast - actual).sum()) / total if total > 0 else None,
        "mase": float(mase[told].mean()) if told.any() else None,
        "pinball": float(pinball[calibrated].mean()) / came if came > 0 else None,
        **{
            f"coverage_{level:g}": float((covered[calibrated] <= level).mean()) if calibrated.any() else None
            for level in levels
        },
    }


def article_proof(judged: Judged, count: int) -> tuple[FloatArray, FloatArray]:
    """Give WAPE and bias of each article's own sums; NaN without sums or without sales in them."""
    actual = np.bincount(judged.rows, judged.actual, count)
    wrong = np.bincount(judged.rows, np.abs(judged.actual - judged.forecast), count)
    signed = np.bincount(judged.rows, judged.forecast - judged.actual, count)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(actual > 0, wrong / actual, np.nan), np.where(actual > 0, signed / actual, np.nan)
