"""From the typed values of a row to the model's outputs: one encoder, one compiled call."""

from collections.abc import Sequence

import numpy as np
import polars as pl

from yunque.data.parse import Value
from yunque.features.compile_row import compile_row
from yunque.features.encode import encode
from yunque.features.recipe import Recipe
from yunque.kernel.blend_row import compile_blend
from yunque.kernel.form import FloatArray
from yunque.learning.leaderboard import Champion


class RowEvaluator:
    """Evaluates single rows; it holds no state between calls, so threads may share it.

    Attributes:
        recipes: those of the champion; one that no member reads makes no column.
    """

    def __init__(self, champion: Champion, names: tuple[str, ...]) -> None:
        """Make encoder and program.

        Args:
            champion: blend and recipes.
            names: the fields of a row, in the order in which values come.
        """
        used = {member.recipe for member in champion.blend.members}
        recipes = [
            recipe if number in used else Recipe(view="unused", operations=())
            for number, recipe in enumerate(champion.recipes)
        ]
        operations = tuple(operation for recipe in recipes for operation in recipe.operations)
        self.recipes = recipes
        self._widths = tuple(len(recipe.outputs) for recipe in recipes)
        self._width = sum(self._widths)
        self._fill = compile_row(Recipe(view="joint", operations=operations), names)
        self._blend = champion.blend
        self._program = compile_blend(champion.blend, self._widths)

    def matrix(self, rows: Sequence[Sequence[Value]]) -> list[FloatArray]:
        """Encode rows: one (n, F) matrix per recipe; that of an unused recipe has no column."""
        joint = np.empty((len(rows), self._width))
        for values, row in zip(rows, joint, strict=True):
            self._fill(values, row)
        ends = np.cumsum(self._widths)
        return [
            np.ascontiguousarray(joint[:, end - width : end])
            for end, width in zip(ends, self._widths, strict=True)
        ]

    def matrix_row(self, values: Sequence[Value]) -> FloatArray:
        """Encode one row: the columns of every recipe side by side, (width,)."""
        row = np.empty(self._width)
        self._fill(values, row)
        return row

    def evaluate_row(self, row: FloatArray) -> FloatArray:
        """Evaluate what `matrix_row` gives, (n_outputs,)."""
        if self._program is not None:
            return self._program.evaluate(row)
        ends = np.cumsum(self._widths)
        parts = [row[None, end - width : end] for end, width in zip(ends, self._widths, strict=True)]
        outputs: FloatArray = self._blend.evaluate(parts)[0]
        return outputs

    def encode(self, frame: pl.DataFrame) -> list[FloatArray]:
        """Encode a typed frame: one (n, F) matrix per recipe; that of an unused recipe has no column."""
        return [
            encode(recipe, frame) if recipe.operations else np.empty((frame.height, 0))
            for recipe in self.recipes
        ]

    def outputs(self, values: Sequence[Value]) -> FloatArray:
        """Give the calibrated outputs of one row, (n_outputs,)."""
        return self.evaluate_row(self.matrix_row(values))

    def many(self, rows: Sequence[Sequence[Value]]) -> FloatArray:
        """Give the calibrated outputs of many rows, (n, n_outputs); the bits of each row alone."""
        if len(rows) == 1:
            return self.outputs(rows[0])[None]
        return self._blend.evaluate(self.matrix(rows))
