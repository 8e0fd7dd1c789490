"""How well several columns together foretell a target: the yardstick for one that stands out."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from yunque.data.bins import IntArray
from yunque.data.single_column import Goal

FloatArray = npt.NDArray[np.float64]

ROWS = 8_000
MOST_CODES = 200
SMALLEST = 1e-6


def skill_together(codes: Sequence[IntArray], goal: Goal, seed: int) -> float:
    """Share of the constant's loss that a quick boosting on all the columns takes away.

    It learns on two thirds of at most 8,000 rows and is judged on the rest.

    Args:
        codes: one (n,) array of bins per column.
        goal: the target of the same rows.
        seed: draws the rows.

    Returns:
        The skill: 1 is perfect, 0 is no better than a constant; 0 without columns.
    """
    if not codes:
        return 0.0
    rows = np.random.default_rng(seed).permutation(len(goal.y))[:ROWS]
    x = np.column_stack([np.minimum(each[rows], MOST_CODES) for each in codes]).astype(np.float64)
    y, cut = goal.y[rows], len(rows) * 2 // 3
    if goal.n_classes == 0:
        return _skill_of_values(x, y.astype(np.float64), cut, seed)
    return _skill_of_classes(x, y.astype(np.int64), cut, goal.n_classes, seed)


def _skill_of_values(x: FloatArray, y: FloatArray, cut: int, seed: int) -> float:
    from sklearn.ensemble import HistGradientBoostingRegressor  # training time only

    model = HistGradientBoostingRegressor(
        max_iter=60, max_leaf_nodes=15, early_stopping=False, random_state=seed
    )
    predicted = model.fit(x[:cut], y[:cut]).predict(x[cut:])
    constant = float(((y[cut:] - y[:cut].mean()) ** 2).mean())
    return 1.0 - float(((y[cut:] - predicted) ** 2).mean()) / constant if constant > 0 else 0.0


def _skill_of_classes(x: FloatArray, y: IntArray, cut: int, n_classes: int, seed: int) -> float:
    from sklearn.ensemble import HistGradientBoostingClassifier  # training time only

    seen = np.bincount(y[:cut], minlength=n_classes)
    judged = np.flatnonzero(seen[y[cut:]] > 0) + cut
    if (seen > 0).sum() < 2 or len(judged) == 0:
        return 0.0
    model = HistGradientBoostingClassifier(
        max_iter=60, max_leaf_nodes=15, early_stopping=False, random_state=seed
    )
    predicted = model.fit(x[:cut], y[:cut]).predict_proba(x[judged])
    place = np.searchsorted(model.classes_, y[judged])
    loss = -np.log(np.clip(predicted[np.arange(len(judged)), place], SMALLEST, 1.0)).mean()
    constant = -np.log(seen[y[judged]] / cut).mean()
    return float(1.0 - loss / constant)


def expected_from(
    columns: Sequence[npt.NDArray[Any]], outcomes: FloatArray, half: IntArray, seed: int
) -> FloatArray:
    """Give what a quick boosting on the columns expects of each row, learnt from the other half of the rows.

    Args:
        columns: one (n,) array of numbers per column; nan is missing.
        outcomes: (n, C) numbers, one model each.
        half: (n,) 0 or 1.
        seed: seeds the models and draws at most 40,000 rows of each half to learn from.
    """
    from sklearn.ensemble import HistGradientBoostingRegressor  # training time only

    x = np.column_stack(columns).astype(np.float64)
    expected = np.zeros_like(outcomes)
    random = np.random.default_rng(seed)
    for part in (0, 1):
        learnt, told = np.flatnonzero(half != part), half == part
        learnt = random.permutation(learnt)[: 5 * ROWS]
        if len(learnt) == 0 or not told.any():
            continue
        for place in range(outcomes.shape[1]):
            model = HistGradientBoostingRegressor(
                max_iter=60, max_leaf_nodes=15, early_stopping=False, random_state=seed
            )
            expected[told, place] = model.fit(x[learnt], outcomes[learnt, place]).predict(x[told])
    return expected
