"""How well one column alone foretells a target, by cross-validation over its bins."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from yunque.data.bins import Bins

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]

RESOLUTIONS = (4, 8, 16, 32, 64)
SMOOTHING_OF_BINS = 2.0
SMOOTHINGS_OF_LEVELS = (1.0, 5.0, 25.0, 125.0)
MOST_CELLS = 2_000_000


@dataclass(frozen=True, kw_only=True)
class Goal:
    """What is to be foretold, as numbers.

    Attributes:
        y: (n,) class positions as int64, or values as float64.
        n_classes: number of classes; 0 for values.
        fold: (n,) number of the fold that each row is judged in.
        n_folds: number of folds.
    """

    y: npt.NDArray[np.int64] | FloatArray
    n_classes: int
    fold: IntArray
    n_folds: int


@dataclass(frozen=True, kw_only=True)
class Shape:
    """How bins become predictions: how many neighbours are merged, and how far small bins lean to the mean.

    Attributes:
        resolution: ordered bins left after merging; 0 keeps all.
        smoothing: rows of the overall mean that are added to each bin.
    """

    resolution: int
    smoothing: float


@dataclass(frozen=True, kw_only=True)
class Strength:
    """How well one column foretells the target on rows that were not learnt from.

    Attributes:
        loss: log-loss, or mean squared error.
        constant_loss: the same without the column.
        auc: area under the ROC curve for two classes, else nan.
        shape: what gave this loss.
    """

    loss: float
    constant_loss: float
    auc: float
    shape: Shape

    @property
    def skill(self) -> float:
        """Share of the constant's loss that the column takes away; R² for values. 1 is perfect."""
        return 1.0 - self.loss / self.constant_loss if self.constant_loss > 0 else 0.0


def shapes(bins: Bins) -> tuple[Shape, ...]:
    """List the shapes that compete for a column."""
    if not bins.is_ordered:
        return tuple(Shape(resolution=0, smoothing=each) for each in SMOOTHINGS_OF_LEVELS)
    coarse = [each for each in RESOLUTIONS if each < bins.count - 1]
    return tuple(Shape(resolution=each, smoothing=SMOOTHING_OF_BINS) for each in (*coarse, 0))


def merge(bins: Bins, shape: Shape) -> IntArray:
    """Map each bin to the bin it is merged into; missing values keep bin 0."""
    places = np.arange(bins.count)
    if shape.resolution == 0:
        return places
    return np.where(places == 0, 0, 1 + (places - 1) * shape.resolution // (bins.count - 1))


def strength(bins: Bins, codes: IntArray, goal: Goal) -> Strength:
    """Cross-validate one column alone; the best of its shapes counts.

    It stands in for a small tree on one column: each bin predicts the smoothed mean of its training rows.

    Args:
        bins: the column's bins.
        codes: (n,) bin of each row.
        goal: the target and folds of the same rows.
    """
    sums = _Sums.of_rows(bins.count, codes, goal)
    judged = [
        (shape, *_judge(sums.merged(merge(bins, shape)), shape.smoothing, goal)) for shape in shapes(bins)
    ]
    shape, loss, auc = min(judged, key=lambda each: each[1])
    return Strength(loss=loss, constant_loss=_constant_loss(goal), auc=auc, shape=shape)


def column_means(
    codes: IntArray, y: npt.NDArray[np.int64] | FloatArray, n_bins: int, n_classes: int, shape: Shape
) -> FloatArray:
    """Fit one column on all rows: the smoothed class shares, or the smoothed mean, of each merged bin.

    Args:
        codes: (n,) merged bin of each row.
        y: (n,) class positions, or values when `n_classes` is 0.
        n_bins: number of merged bins.
        n_classes: number of classes; 0 for values.
        shape: its smoothing counts.

    Returns:
        (n_bins, n_classes) shares, or (n_bins, 1) means.
    """
    goal = Goal(y=y, n_classes=n_classes, fold=np.zeros(len(y), dtype=np.int64), n_folds=1)
    sums = _Sums.of_rows(n_bins, codes, goal)
    rows, targets = sums.rows[0], sums.targets[0]
    overall = _shares(targets.sum(axis=0)[None, :], rows.sum()[None])
    return np.asarray((targets + shape.smoothing * overall) / (rows + shape.smoothing)[:, None])


@dataclass(frozen=True, kw_only=True)
class _Sums:
    """Rows and targets summed by fold and bin.

    Attributes:
        rows: (folds, bins) number of rows.
        targets: (folds, bins, classes) rows of each class, or (folds, bins, 1) sums of values.
        squares: sum of squared values over all rows; 0 for classes.
    """

    rows: FloatArray
    targets: FloatArray
    squares: float

    @classmethod
    def of_rows(cls, n_bins: int, codes: IntArray, goal: Goal) -> "_Sums":
        cell = goal.fold * n_bins + codes
        cells = goal.n_folds * n_bins
        rows = np.bincount(cell, minlength=cells).astype(np.float64).reshape(goal.n_folds, n_bins)
        if goal.n_classes:
            width = goal.n_classes
            targets = np.bincount(cell * width + goal.y, minlength=cells * width).astype(np.float64)
            return cls(rows=rows, targets=targets.reshape(goal.n_folds, n_bins, width), squares=0.0)
        totals = np.bincount(cell, weights=goal.y, minlength=cells).astype(np.float64)
        return cls(rows=rows, targets=totals.reshape(goal.n_folds, n_bins, 1), squares=float(goal.y @ goal.y))

    def merged(self, into: IntArray) -> "_Sums":
        begins = np.flatnonzero(np.append(True, np.diff(into) > 0))
        if len(begins) == len(into):
            return self
        return _Sums(
            rows=np.add.reduceat(self.rows, begins, axis=1),
            targets=np.add.reduceat(self.targets, begins, axis=1),
            squares=self.squares,
        )


def _judge(sums: _Sums, smoothing: float, goal: Goal) -> tuple[float, float]:
    """Give the cross-validated loss and, for two classes, the area under the ROC curve."""
    rows = sums.rows.sum(axis=0) - sums.rows
    targets = sums.targets.sum(axis=0) - sums.targets
    overall = _shares(targets.sum(axis=1), rows.sum(axis=1))
    predicted = (targets + smoothing * overall[:, None, :]) / (rows + smoothing)[:, :, None]
    n = sums.rows.sum()
    if goal.n_classes == 0:
        value = predicted[:, :, 0]
        error = sums.squares - 2.0 * (value * sums.targets[:, :, 0]).sum() + (value**2 * sums.rows).sum()
        return float(error / n), float("nan")
    loss = -(sums.targets * np.log(predicted)).sum() / n
    auc = (
        _area(predicted[:, :, 1].ravel(), sums.targets.reshape(-1, 2))
        if goal.n_classes == 2
        else float("nan")
    )
    return float(loss), auc


def _shares(targets: FloatArray, rows: FloatArray) -> FloatArray:
    """Give the overall mean, or class shares that are never 0, per fold."""
    if targets.shape[1] == 1:
        return np.asarray(targets / np.maximum(rows, 1.0)[:, None])
    return np.asarray((targets + 0.5) / (rows + 0.5 * targets.shape[1])[:, None])


def _constant_loss(goal: Goal) -> float:
    nothing = _Sums.of_rows(1, np.zeros(len(goal.y), dtype=np.int64), goal)
    return _judge(nothing, SMOOTHING_OF_BINS, goal)[0]


def _area(score: FloatArray, counts: FloatArray) -> float:
    """Area under the ROC curve from cells of equal score with (negative, positive) counts."""
    total = counts.sum(axis=0)
    if total.min() == 0:
        return float("nan")
    _, place = np.unique(score, return_inverse=True)
    negative, positive = (np.bincount(place, weights=counts[:, side]) for side in (0, 1))
    below = np.cumsum(negative) - negative / 2.0
    return float((positive * below).sum() / (total[0] * total[1]))
