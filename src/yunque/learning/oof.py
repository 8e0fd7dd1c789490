"""Out-of-fold predictions side by side: every candidate judged on the same rows."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from yunque.kernel.form import FloatArray
from yunque.learning.fold_fit import FoldResult
from yunque.learning.splits import Fold, IntArray

ResultsByFold = Mapping[int, FoldResult]


@dataclass(frozen=True, kw_only=True)
class OutOfFold:
    """Predictions of several candidates on the rows of some folds.

    Attributes:
        folds: the folds covered, 0 to some number.
        rows: (n,) positions in the table, ascending.
        y: (n,) answers.
        weight: (n,) weights, or None.
        judged_by: (n,) the (last) fold that judged a row.
        predictions: (n, n_outputs) per candidate; the mean where repeated folds predict a row twice.
    """

    folds: tuple[int, ...]
    rows: IntArray
    y: npt.NDArray[Any]
    weight: FloatArray | None
    judged_by: IntArray
    predictions: Mapping[str, FloatArray]


CLEARLY = 0.99  # of the loss of one that came further, for folds to be given up


def common_folds(losses: Mapping[str, tuple[float, ...]]) -> int:
    """Give the number of folds on which to compare: those the best candidate has finished.

    Folds are only given up for a candidate that is better by a hundredth: fewer folds are fewer models in a
    bag, and fewer rows to weigh, calibrate and judge on.

    Args:
        losses: per candidate, its losses on folds 0, 1, …, as far as it came (at least one).

    Returns:
        The folds finished by the candidate that is best on the folds it shares with any that came further.
    """
    best, reach = "", 0
    for name in sorted(losses, key=lambda each: (-len(losses[each]), each)):
        shared = len(losses[name])
        mine, theirs = sum(losses[name]), sum(losses[best][:shared]) if best else float("inf")
        least_gain = (1.0 - CLEARLY) * abs(theirs) if best and shared < reach else 0.0
        if not best or mine < theirs - least_gain:
            best, reach = name, shared
    return reach


def assemble(
    folds: tuple[Fold, ...],
    results: Mapping[str, ResultsByFold],
    y: npt.NDArray[Any],
    weight: FloatArray | None,
    reach: int,
) -> OutOfFold:
    """Put the predictions of all candidates that finished folds 0 to `reach` - 1 side by side."""
    covered = tuple(range(reach))
    rows = np.unique(np.concatenate([folds[fold].valid for fold in covered]))
    places = [np.searchsorted(rows, folds[fold].valid) for fold in covered]
    times = np.zeros(len(rows))
    judged_by = np.zeros(len(rows), dtype=np.int64)
    for fold, place in zip(covered, places, strict=True):
        times[place] += 1.0
        judged_by[place] = fold
    predictions = {}
    for name, by_fold in results.items():
        if not all(fold in by_fold for fold in covered):
            continue
        total = np.zeros((len(rows), by_fold[0].predictions.shape[1]))
        for fold, place in zip(covered, places, strict=True):
            total[place] += by_fold[fold].predictions
        predictions[name] = total / times[:, None]
    return OutOfFold(
        folds=covered,
        rows=rows,
        y=y[rows],
        weight=None if weight is None else weight[rows],
        judged_by=judged_by,
        predictions=predictions,
    )
