"""The metrics of answers that stand beside the truth in a table: rankings, forecasts, values, labels (R4)."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl

from yunque.errors import DataError, NotFoundError, UsageError
from yunque.learning.scores import forecasts, labels, ranking, values
from yunque.learning.scores.values import FloatArray

RANKED: Mapping[str, Callable[[FloatArray, FloatArray, int], float]] = {
    "ndcg_at_k": ranking.ndcg_at,
    "map_at_k": ranking.map_at,
    "precision_at_k": ranking.precision_at,
    "recall_at_k": ranking.recall_at,
}


@dataclass(frozen=True, kw_only=True)
class MeasureRequest:
    """What stands where.

    Attributes:
        table: truths and answers side by side.
        truth: column of what came true.
        prediction: column of numbers or labels; "" for none.
        score: column that a ranking sorts by, highest first; "" for none.
        positive: the relevant value of the truth; "" where the truth is a number, how relevant a row is.
        by: column whose groups are ranked apart, as queries or clients; "" for one ranking.
        k: first rows of a ranking that count.
        time, series: columns that order the rows, and tell series apart; rows before a series' first
            prediction are its history.
        season: steps of a season, for MASE.
        quantiles: column by level, {0.9: "high"}.
    """

    table: pl.DataFrame
    truth: str
    prediction: str = ""
    score: str = ""
    positive: str = ""
    by: str = ""
    k: int = 10
    time: str = ""
    series: str = ""
    season: int = 1
    quantiles: Mapping[float, str] = field(default_factory=dict)


def measure(request: MeasureRequest) -> dict[str, float | None]:
    """Give every metric that the columns allow, by R4's names; None where it is not defined.

    Raises:
        NotFoundError: a named column is not there.
        UsageError: neither prediction, score nor quantile is named, or k, season or a level cannot be used.
        DataError: a column that must hold numbers does not; names it and the first row.
    """
    _check(request)
    found: dict[str, float] = {}
    if request.score:
        found |= _rankings(request)
    if request.prediction:
        truth = request.table[request.truth]
        is_label = not (_is_number(truth) and _is_number(request.table[request.prediction]))
        found |= _labels(request) if is_label else _values(request)
    found |= _quantiles(request)
    return {name: value if math.isfinite(value) else None for name, value in found.items()}


def _check(request: MeasureRequest) -> None:
    named = [request.truth, request.prediction, request.score, request.by, request.time, request.series]
    for name in (*named, *request.quantiles.values()):
        if name and name not in request.table.columns:
            raise NotFoundError.among("column", name, tuple(request.table.columns))
    if not (request.prediction or request.score or request.quantiles):
        raise UsageError("Nothing is measured.", hint="Name --prediction, --score or --quantile 0.9=COLUMN.")
    if request.k < 1 or request.season < 1 or any(not 0.0 < level < 1.0 for level in request.quantiles):
        raise UsageError("k and season are 1 or more, levels of quantiles lie between 0 and 1.")


def _is_number(series: pl.Series) -> bool:
    """Whether every known cell is a number; text cells are read as such where all can be."""
    if series.dtype.is_numeric() or series.dtype == pl.Boolean:
        return series.dtype != pl.Boolean
    return (
        series.dtype == pl.String
        and series.cast(pl.Float64, strict=False).null_count() == series.null_count()
    )


def _numbers(table: pl.DataFrame, name: str) -> FloatArray:
    """Give a column as numbers, NaN where missing.

    Raises:
        DataError: a cell is none.
    """
    series = table[name]
    read = series.cast(pl.Float64, strict=False)
    lost = (read.is_null() & series.is_not_null()).arg_true()
    if len(lost):
        raise DataError(
            f"{str(series[int(lost[0])])[:40]!r} is no number.",
            place={"column": name, "row": int(lost[0]) + 1},
        )
    return np.asarray(read.fill_null(float("nan")).to_numpy(), np.float64)


def _rankings(request: MeasureRequest) -> dict[str, float]:
    table = request.table
    score = _numbers(table, request.score)
    if request.positive:
        gain = (table[request.truth].cast(pl.String) == request.positive).fill_null(False).to_numpy()
    else:
        gain = _numbers(table, request.truth)
    gain = np.nan_to_num(np.asarray(gain, np.float64))
    if gain.min(initial=0.0) < 0:
        raise DataError("A row cannot be less relevant than 0.", place={"column": request.truth})
    groups = np.zeros(table.height, np.int64)
    if request.by:
        groups = table[request.by].cast(pl.String).fill_null("").rank("dense").to_numpy().astype(np.int64)
    known = ~np.isnan(score)
    relevant = (gain > 0).astype(np.float64)
    told = {
        name: ranking.mean_over_groups(
            one, (gain if name == "ndcg_at_k" else relevant)[known], score[known], request.k, groups[known]
        )
        for name, one in RANKED.items()
    }
    return {**told, "k": float(request.k), "rankings": float(np.unique(groups[known]).size)}


def _values(request: MeasureRequest) -> dict[str, float]:
    table = _in_time(request.table, request.time)
    truth, value = _numbers(table, request.truth), _numbers(table, request.prediction)
    told = ~np.isnan(truth) & ~np.isnan(value)
    y, v = truth[told], value[told]
    found = {
        "mae": values.mean(values.absolute_errors(y, v)),
        "rmse": math.sqrt(values.mean(values.squared_errors(y, v))) if y.size else math.nan,
        "r2_score": values.r2(y, v) if y.size else math.nan,
        "mape": values.mape(y, v),
        "smape": values.mean(values.symmetric_errors(y, v)),
        "wape": values.wape(y, v),
        "rows": float(y.size),
    }
    if request.time:
        apart = _series(table, request)
        found["directional_accuracy"] = _over(
            [values.directional_accuracy(truth[rows & told], value[rows & told]) for rows in apart]
        )
        found["mase"] = _over([_mase(truth[rows], value[rows], request.season) for rows in apart])
    return found


def _in_time(table: pl.DataFrame, time: str) -> pl.DataFrame:
    """Sort by time; numbers that were read as text by their size."""
    if not time:
        return table
    key = pl.col(time).cast(pl.Float64) if _is_number(table[time]) else pl.col(time)
    return table.sort(key, maintain_order=True)


def _series(table: pl.DataFrame, request: MeasureRequest) -> list[np.ndarray[Any, np.dtype[np.bool_]]]:
    if not request.series:
        return [np.ones(table.height, np.bool_)]
    number = table[request.series].cast(pl.String).fill_null("").rank("dense").to_numpy()
    return [number == each for each in np.unique(number)]


def _mase(truth: FloatArray, value: FloatArray, season: int) -> float:
    """Take the rows before the first forecast as history."""
    forecast = ~np.isnan(value)
    if not forecast.any():
        return math.nan
    first = int(forecast.argmax())
    history = truth[:first]
    told = forecast & ~np.isnan(truth)
    return forecasts.mase(history[~np.isnan(history)], truth[told], value[told], season)


def _over(found: list[float]) -> float:
    """Average over the series where it is defined."""
    usable = [value for value in found if math.isfinite(value)]
    return sum(usable) / len(usable) if usable else math.nan


def _labels(request: MeasureRequest) -> dict[str, float]:
    pairs = request.table.select(
        truth=pl.col(request.truth).cast(pl.String), answer=pl.col(request.prediction).cast(pl.String)
    ).drop_nulls()
    names = sorted(set(pairs["truth"]) | set(pairs["answer"]))
    place = {name: number for number, name in enumerate(names)}
    y, predicted = (
        np.array([place[name] for name in pairs[column]], np.int64) for column in ("truth", "answer")
    )
    matrix = labels.confusion(y, predicted, len(names)) if names else np.zeros((0, 0))
    if not names:
        return {"rows": 0.0, "accuracy": math.nan}
    parts = {
        "precision": labels.precision_by_class(matrix),
        "recall": labels.recall_by_class(matrix),
        "f1_score": labels.f1_by_class(matrix),
    }
    found = {"accuracy": labels.accuracy(matrix), "balanced_accuracy": labels.balanced_accuracy(matrix)}
    found |= {f"{name}_macro": labels.averaged(by_class, matrix, "macro") for name, by_class in parts.items()}
    found |= {
        f"{name}[{label}]": float(by_class[number])
        for name, by_class in parts.items()
        for number, label in enumerate(names)
    }
    return {**found, "rows": float(y.size)}


def _quantiles(request: MeasureRequest) -> dict[str, float]:
    if not request.quantiles:
        return {}
    truth = _numbers(request.table, request.truth)
    found: dict[str, float] = {}
    for level, name in sorted(request.quantiles.items()):
        at = _numbers(request.table, name)
        told = ~np.isnan(truth) & ~np.isnan(at)
        found[f"pinball_{level:g}"] = values.mean(forecasts.pinball_losses(truth[told], at[told], level))
        found[f"below_{level:g}"] = values.mean((truth[told] <= at[told]).astype(np.float64))
    losses = [value for name, value in found.items() if name.startswith("pinball_")]
    return {**found, "pinball": _over(losses)}
