"""Answers that find enough of a class, with the best precision that allows."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from yunque.kernel.form import FloatArray
from yunque.learning.leaderboard import Decision
from yunque.learning.task import Task, TaskKind

ROUNDS = 5
FACTORS = (1e-6, 1e6)
LOWEST = 1e-15


def recall_decision(
    task: Task,
    y: npt.NDArray[Any],
    probabilities: FloatArray,
    weight: FloatArray | None,
    recalls: Sequence[tuple[int, float]],
) -> Decision:
    """Give the threshold (two classes) or the factors (many) that reach the recalls on these rows.

    With several classes named each is settled in turn while the others stand, a few rounds long; where they
    contradict each other, the last one named is reached.

    Args:
        task: the question.
        y: (n,) class positions.
        probabilities: (n, C) calibrated, out of fold.
        weight: (n,) weights of rows, or None.
        recalls: (class position, least recall).
    """
    w = np.ones(len(y)) if weight is None else weight
    if task.kind is TaskKind.BINARY:
        place, least = recalls[0]
        at = most_precise(y == place, probabilities[:, place], w, least)
        return Decision(threshold=at if place == 1 else 1.0 - at)
    factors = np.ones(probabilities.shape[1])
    for _ in range(ROUNDS if len(recalls) > 1 else 1):
        before = factors.copy()
        for place, least in recalls:
            at = most_precise(y == place, lead(probabilities, factors, place), w, least)
            factors[place] = np.clip(1.0 / max(at, LOWEST), *FACTORS)
        if np.array_equal(before, factors):
            break
    return Decision(factors=tuple(factors.tolist()))


def lead(probabilities: FloatArray, factors: FloatArray, place: int) -> FloatArray:
    """Give a class's probability over the largest of factor times probability of the others, (n,)."""
    others = probabilities * factors
    others[:, place] = 0.0
    ratio: FloatArray = probabilities[:, place] / np.maximum(others.max(axis=1), LOWEST)
    return ratio


def most_precise(hit: npt.NDArray[np.bool_], scores: FloatArray, weight: FloatArray, least: float) -> float:
    """Give the score from which to answer: the best precision among those of enough recall."""
    order = np.argsort(-scores, kind="stable")
    ordered, hits = scores[order], (weight * hit)[order].cumsum()
    total, taken = hits[-1], weight[order].cumsum()
    if total <= 0:
        return 0.0
    last = np.append(ordered[1:] != ordered[:-1], True)  # a threshold takes all rows of one score
    recall, precision = hits / total, hits / np.maximum(taken, LOWEST)
    enough = np.flatnonzero(last & (recall >= least - 1e-12))
    best = enough[np.argmax(precision[enough])]
    below = ordered[best + 1] if best + 1 < len(ordered) else 0.0
    return float((ordered[best] + below) / 2)
