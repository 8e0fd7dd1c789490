"""Permutation importance per contract column: how much worse the champion gets when a column is shuffled.

Breiman 2001. Columns of the contract are shuffled, not those of the matrix, so that everything computed from
a column counts as that column.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from yunque.features.encode import encode
from yunque.features.recipe import Operation, Recipe
from yunque.kernel.blend import Blend
from yunque.kernel.form import FloatArray
from yunque.learning.judge import Judged

MOST_ROWS = 5_000
FEWEST_ROWS = 200


@dataclass(frozen=True, kw_only=True)
class Explained:
    """The model and rows of which importance is asked; the rows must not have been learnt from."""

    blend: Blend
    recipes: Sequence[Recipe]
    frame: pl.DataFrame
    judged: Judged


def permutation_importance(
    explained: Explained, columns: Sequence[str], *, seed: int, until: float, clock: Callable[[], float]
) -> tuple[dict[str, float], list[str]]:
    """Give the increase of the loss per column, largest first, and the columns there was no time for.

    Rows are drawn down until all columns should fit into the time, but not below 200.

    Args:
        explained: model and rows.
        columns: contract columns to shuffle.
        seed: seeds draws and shuffles.
        until: when to stop, on `clock`.
        clock: monotonic seconds.
    """
    rng = np.random.default_rng(seed)
    small = _drawn(explained, FEWEST_ROWS, rng)
    began = clock()
    _losses(small, [encode(recipe, small.frame) for recipe in small.recipes])
    each = max(1e-6, (clock() - began) / max(1, small.frame.height))
    rows = int(0.7 * (until - clock()) / max(1, len(columns)) / each)
    chosen = _drawn(explained, max(FEWEST_ROWS, min(MOST_ROWS, rows)), rng)
    matrices = [encode(recipe, chosen.frame) for recipe in chosen.recipes]
    base = _losses(chosen, matrices)
    found: dict[str, float] = {}
    for column in columns:
        if clock() > until:
            break
        order = rng.permutation(chosen.frame.height)
        shuffled = chosen.frame.with_columns(chosen.frame.get_column(column)[order])
        changed = [
            _with_changed(recipe, matrix, column, shuffled)
            for recipe, matrix in zip(chosen.recipes, matrices, strict=True)
        ]
        moved = any(new is not old for new, old in zip(changed, matrices, strict=True))
        found[column] = _losses(chosen, changed) - base if moved else 0.0
    skipped = [column for column in columns if column not in found]
    return dict(sorted(found.items(), key=lambda item: -item[1])), skipped


def _drawn(explained: Explained, rows: int, rng: np.random.Generator) -> Explained:
    n = explained.frame.height
    if n <= rows:
        return explained
    chosen: npt.NDArray[Any] = np.sort(rng.choice(n, rows, replace=False))
    return Explained(
        blend=explained.blend,
        recipes=explained.recipes,
        frame=explained.frame[chosen],
        judged=explained.judged.take(chosen),
    )


def _losses(explained: Explained, matrices: list[FloatArray]) -> float:
    return explained.judged.loss(explained.blend.evaluate(matrices))


def _with_changed(recipe: Recipe, matrix: FloatArray, column: str, shuffled: pl.DataFrame) -> FloatArray:
    """Encode again only what is computed from `column`; the same object comes back when nothing is."""
    places: list[int] = []
    operations: list[Operation] = []
    start = 0
    for operation in recipe.operations:
        width = len(operation.outputs)
        if column in operation.columns:
            operations.append(operation)
            places.extend(range(start, start + width))
        start += width
    if not operations:
        return matrix
    changed = matrix.copy()
    changed[:, places] = encode(Recipe(view=recipe.view, operations=tuple(operations)), shuffled)
    return changed
