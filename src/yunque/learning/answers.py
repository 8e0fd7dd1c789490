"""From probabilities to the answered class: by threshold, factors or costs, alike for one row and many."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from yunque.kernel.form import FloatArray
from yunque.learning.leaderboard import Decision
from yunque.learning.scores.labels import predicted_positions

IntArray = npt.NDArray[np.int64]


def answer_position(decision: Decision, probabilities: Sequence[float]) -> int:
    """Give the position of the class that is answered to one row; the first of equals."""
    if decision.threshold is not None and len(probabilities) == 2:
        return 1 if probabilities[1] >= decision.threshold else 0
    if decision.factors is not None:
        raised = [factor * p for factor, p in zip(decision.factors, probabilities, strict=True)]
        return raised.index(max(raised))
    if decision.costs is not None:
        expected = [0.0] * len(probabilities)
        for p, row in zip(probabilities, decision.costs, strict=True):
            for answer, cost in enumerate(row):
                expected[answer] += p * cost
        return expected.index(min(expected))
    return probabilities.index(max(probabilities))


def answer_positions(decision: Decision, probabilities: FloatArray) -> IntArray:
    """Give the position of the class that is answered to each row of (n, C) probabilities.

    The same bits are compared as in `answer_position`: products and sums in the same order.
    """
    if decision.factors is not None:
        return predicted_positions(probabilities * np.asarray(decision.factors))
    if decision.costs is not None:
        return np.asarray(expected_costs(np.asarray(decision.costs), probabilities).argmin(axis=1), np.int64)
    return predicted_positions(probabilities, decision.threshold)


def expected_costs(costs: FloatArray, probabilities: FloatArray) -> FloatArray:
    """Give what each answer costs to be expected, (n, C), from (C, C) costs and (n, C) probabilities."""
    expected = np.zeros_like(probabilities)
    for place in range(probabilities.shape[1]):
        expected += probabilities[:, place, None] * costs[place]
    return expected
