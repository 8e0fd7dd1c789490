"""Scores that are no probabilities, made probabilities: one slope and offset per class, learnt out of fold.

For two classes this is Platt's sigmoid (1999); for more, vector scaling before a softmax (Guo et al. 2017).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from yunque.kernel.form import FloatArray
from yunque.learning.algorithm import IntArray

FOLDS = 3
SMALLEST_CLASS = 6  # rows below which scores of the training rows themselves are taken
PENALTY = 1e-3  # on the distance of slopes from 1, of offsets from 0; per row

Score = Callable[[IntArray, IntArray], FloatArray]


@dataclass(frozen=True, kw_only=True, eq=False)
class Scaling:
    """raw = score * slope + offset, (K,) each; K = 1 for two classes."""

    slope: FloatArray
    offset: FloatArray


def out_of_fold_scores(y: IntArray, score: Score) -> FloatArray:
    """Give each row's scores by a fit that did not see it, (n, K).

    Args:
        y: (n,) classes 0 to C - 1.
        score: (training rows, rows to score) -> scores; with a class of very few rows all rows are both.
    """
    every = np.arange(y.size)
    if np.bincount(y).min() < SMALLEST_CLASS:
        return score(every, every)
    place = np.empty(y.size, np.int64)
    place[np.argsort(y, kind="stable")] = every % FOLDS
    parts = [(np.flatnonzero(place != k), np.flatnonzero(place == k)) for k in range(FOLDS)]
    made = [score(train, valid) for train, valid in parts]
    out = np.empty((y.size, made[0].shape[1]))
    for (_, valid), scores in zip(parts, made, strict=True):
        out[valid] = scores
    return out


def learn_scaling(scores: FloatArray, y: IntArray, weight: FloatArray | None) -> Scaling:
    """Fit slopes and offsets by weighted log-loss: (n, K) scores, (n,) classes."""
    from scipy.optimize import minimize

    size = scores.shape[1]
    spread = np.maximum(np.abs(scores).max(axis=0), 1e-12)
    scaled = scores / spread
    share = np.ones(y.size) if weight is None else weight
    share = share / share.sum()
    rows = np.arange(y.size)

    def loss(parameters: FloatArray) -> tuple[float, FloatArray]:
        slope, offset = parameters[:size], parameters[size:]
        raw = scaled * slope + offset
        if size == 1:
            losses = np.logaddexp(0.0, raw[:, 0]) - y * raw[:, 0]
            residual = np.exp(-np.logaddexp(0.0, -raw)) - y[:, None]
        else:
            raw = raw - raw.max(axis=1, keepdims=True)
            residual = np.exp(raw)
            total = residual.sum(axis=1, keepdims=True)
            losses = np.log(total[:, 0]) - raw[rows, y]
            residual /= total
            residual[rows, y] -= 1.0
        residual *= share[:, None]
        away = np.concatenate((slope - 1.0, offset))
        gradient = np.concatenate(((residual * scaled).sum(axis=0), residual.sum(axis=0)))
        penalty = PENALTY / y.size
        return float(losses @ share + 0.5 * penalty * away @ away), gradient + penalty * away

    start = np.concatenate((np.ones(size), np.zeros(size)))
    found = minimize(loss, start, method="L-BFGS-B", jac=True, options={"maxiter": 300})
    return Scaling(slope=found.x[:size] / spread, offset=found.x[size:])
