"""Weights that make every class count the same: the `class_weight="balanced"` of scikit-learn."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from yunque.kernel.form import FloatArray
from yunque.learning.algorithm import FitRequest, Fitted, Matrix


def balanced(fit: Callable[[FitRequest], Fitted]) -> Callable[[FitRequest], Fitted]:
    """Give a fit that learns, and stops early, on rows weighted by n / (classes * rows of their class).

    Its probabilities lean towards rare classes on purpose; calibration undoes that where they are used.
    """

    def fit_balanced(request: FitRequest) -> Fitted:
        counts = np.bincount(request.train.y, minlength=request.task.n_outputs)
        seen = counts > 0
        weight = np.zeros(len(counts))
        weight[seen] = counts.sum() / (seen.sum() * counts[seen])
        valid = None if request.valid is None else _weighted(request.valid, weight)
        return fit(replace(request, train=_weighted(request.train, weight), valid=valid))

    return fit_balanced


def _weighted(rows: Matrix, weight: FloatArray) -> Matrix:
    known = weight[rows.y]
    known[known == 0.0] = 1.0  # a class that was not learnt from
    return replace(rows, weight=known if rows.weight is None else rows.weight * known)
