"""The numbers behind the report's charts, computed from held-out predictions."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from yunque.kernel.form import FloatArray
from yunque.learning.leaderboard import HeldOut

MOST_POINTS = 160
RELIABILITY_BINS = 12
SCORE_BINS = 40
THRESHOLDS = 101
VALUE_BINS = 36
IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Curve:
    """Points of a line, thinned for drawing."""

    x: FloatArray
    y: FloatArray


def roc(is_class: npt.NDArray[np.bool_], score: FloatArray) -> Curve:
    """Give false against true positive rate, from (0, 0) to (1, 1)."""
    hits, misses = _counts_from_top(is_class, score)
    return _thinned(_from_zero(misses / max(misses[-1], 1)), _from_zero(hits / max(hits[-1], 1)))


def precision_recall(is_class: npt.NDArray[np.bool_], score: FloatArray) -> Curve:
    """Give recall against precision, without the arbitrary point at recall 0."""
    hits, misses = _counts_from_top(is_class, score)
    return _thinned(hits / max(hits[-1], 1), hits / np.maximum(hits + misses, 1))


def _counts_from_top(is_class: npt.NDArray[np.bool_], score: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Count hits and misses above each distinct score, from the highest down."""
    order = np.argsort(-score, kind="stable")
    last_of_score = np.append(np.diff(score[order]) != 0, True)
    hits = np.cumsum(is_class[order], dtype=np.float64)[last_of_score]
    misses = np.cumsum(~is_class[order], dtype=np.float64)[last_of_score]
    return hits, misses


def _from_zero(values: FloatArray) -> FloatArray:
    return np.concatenate([[0.0], values])


def _thinned(x: FloatArray, y: FloatArray) -> Curve:
    """Keep points that are evenly spaced along the line as it is drawn."""
    if len(x) > MOST_POINTS:
        length = _from_zero(np.cumsum(np.hypot(np.diff(x), np.diff(y))))
        keep = np.searchsorted(length, np.linspace(0.0, length[-1], MOST_POINTS))
        keep = np.unique(np.clip(keep, 0, len(x) - 1))
        x, y = x[keep], y[keep]
    return Curve(x=x, y=y)


@dataclass(frozen=True, kw_only=True)
class Reliability:
    """Predicted against observed share in bins of equal size, and how many rows each holds."""

    predicted: FloatArray
    observed: FloatArray
    rows: IntArray


def reliability(hit: npt.NDArray[np.bool_], confidence: FloatArray) -> Reliability:
    """Compare predicted probabilities with what happened, in at most 12 bins of about equal size."""
    edges = np.unique(np.quantile(confidence, np.linspace(0.0, 1.0, RELIABILITY_BINS + 1)))
    place = np.clip(np.searchsorted(edges, confidence, side="right") - 1, 0, max(len(edges) - 2, 0))
    rows = np.bincount(place)
    full = rows > 0
    return Reliability(
        predicted=np.bincount(place, weights=confidence)[full] / rows[full],
        observed=np.bincount(place, weights=hit.astype(np.float64))[full] / rows[full],
        rows=rows[full],
    )


def asked_probability(held: HeldOut, predictions: FloatArray) -> tuple[npt.NDArray[np.bool_], FloatArray]:
    """Give hits and their probability: of the second of two classes, else of the answer."""
    if predictions.shape[1] == 2:
        return held.y == 1, predictions[:, 1]
    answer = predictions.argmax(axis=1)
    return held.y == answer, predictions[np.arange(len(answer)), answer]


@dataclass(frozen=True, kw_only=True)
class Confusion:
    """Rows by actual and answered class; classes beyond the largest are gathered in the last one.

    `classes` are positions in the task, -1 for the gathered rest.
    """

    classes: tuple[int, ...]
    counts: IntArray


def confusion(y: IntArray, answers: IntArray, classes: int, most: int) -> Confusion:
    """Count actual (rows) against answered (columns) for the `most` largest classes."""
    sizes = np.bincount(y, minlength=classes)
    shown = np.argsort(-sizes, kind="stable")[:most] if classes > most else np.arange(classes)
    shown = np.sort(shown)
    place = np.full(classes, len(shown), dtype=np.int64)
    place[shown] = np.arange(len(shown))
    width = len(shown) + (1 if classes > len(shown) else 0)
    counts = np.bincount(place[y] * width + place[answers], minlength=width * width).reshape(width, width)
    rest = (-1,) if width > len(shown) else ()
    return Confusion(classes=(*map(int, shown), *rest), counts=counts)


@dataclass(frozen=True, kw_only=True)
class TradeOff:
    """What every threshold gives: precision, recall and the share of rows answered positive."""

    threshold: FloatArray
    precision: FloatArray
    recall: FloatArray
    flagged: FloatArray


def trade_off(is_positive: npt.NDArray[np.bool_], score: FloatArray) -> TradeOff:
    """Sweep 101 thresholds; precision is nan where no row is answered positive."""
    thresholds = np.linspace(0.0, 1.0, THRESHOLDS)
    every, positive = np.sort(score), np.sort(score[is_positive])
    flagged = len(every) - np.searchsorted(every, thresholds, side="left")
    hits = len(positive) - np.searchsorted(positive, thresholds, side="left")
    with np.errstate(invalid="ignore", divide="ignore"):
        precision = np.where(flagged > 0, hits / np.maximum(flagged, 1), np.nan)
    return TradeOff(
        threshold=thresholds,
        precision=precision,
        recall=hits / max(len(positive), 1),
        flagged=flagged / max(len(every), 1),
    )


def shown_range(values: FloatArray) -> tuple[float, float]:
    """Give the range that holds all but the outermost half percent on each side."""
    low, high = (float(q) for q in np.quantile(values, [0.005, 0.995]))
    return (low, high) if high > low else (low - 0.5, high + 0.5)


@dataclass(frozen=True, kw_only=True)
class Grid:
    """Rows counted in square cells: centre of each cell that is not empty, its size, its count."""

    x: FloatArray
    y: FloatArray
    width: float
    counts: IntArray
    low: float
    high: float


def against_actual(actual: FloatArray, predicted: FloatArray) -> Grid:
    """Count rows by predicted (x) and actual value (y) on one range; what lies outside is left out."""
    low, high = shown_range(np.concatenate([actual, predicted]))
    edges = np.linspace(low, high, VALUE_BINS + 1)
    counts, _, _ = np.histogram2d(predicted, actual, bins=(edges, edges))
    at_x, at_y = np.nonzero(counts)
    width = float(edges[1] - edges[0])
    return Grid(
        x=edges[at_x] + width / 2,
        y=edges[at_y] + width / 2,
        width=width,
        counts=counts[at_x, at_y].astype(np.int64),
        low=low,
        high=high,
    )


@dataclass(frozen=True, kw_only=True)
class Histogram:
    """Counts between edges."""

    edges: FloatArray
    counts: IntArray


def histogram(values: FloatArray, low: float, high: float, bins: int = SCORE_BINS) -> Histogram:
    """Count values between two bounds; what lies outside is left out."""
    counts, edges = np.histogram(values, bins=bins, range=(low, high))
    return Histogram(edges=edges, counts=counts.astype(np.int64))


@dataclass(frozen=True, kw_only=True)
class Bands:
    """Residuals by predicted value: centre of each bin, and quantiles 5, 25, 50, 75, 95 %."""

    centre: FloatArray
    quantiles: FloatArray


def residual_bands(actual: FloatArray, predicted: FloatArray, bins: int = 12) -> Bands:
    """Give quantiles of actual minus predicted in bins of about equal size."""
    edges = np.unique(np.quantile(predicted, np.linspace(0.0, 1.0, bins + 1)))
    place = np.clip(np.searchsorted(edges, predicted, side="right") - 1, 0, max(len(edges) - 2, 0))
    centre, quantiles = [], []
    for number in np.unique(place):
        inside = place == number
        centre.append(float(predicted[inside].mean()))
        quantiles.append(np.quantile(actual[inside] - predicted[inside], [0.05, 0.25, 0.5, 0.75, 0.95]))
    return Bands(centre=np.array(centre), quantiles=np.array(quantiles))


def class_name(classes: tuple[Any, ...], position: int, rest: str) -> str:
    """Name a class by position; -1 is the gathered rest."""
    return rest if position < 0 else str(classes[position])
