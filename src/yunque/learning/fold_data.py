"""The matrices of a fold: a recipe fitted on its training rows, encoded once and shared by all candidates."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from threading import Lock
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from yunque.data.schema import Schema
from yunque.features.encode import encode
from yunque.features.fit import fit_recipe
from yunque.features.recipe import Recipe
from yunque.kernel.form import FloatArray
from yunque.learning.algorithm import Matrix, View
from yunque.learning.splits import IntArray, Split

# One encoded training matrix stays below this many cells (8 bytes each); more rows are drawn down to it.
# Linear fits copy theirs several times and gain little from a million rows.
MOST_CELLS: Mapping[View, int] = {"tree": 60_000_000, "linear": 15_000_000}
MOST_CELLS_KEPT = 120_000_000  # of all matrices that are kept for the next candidate
ALL_ROWS = -1  # the "fold" that holds every training row, for refits


@dataclass(frozen=True, kw_only=True)
class Table:
    """The checked table with its answers as numbers.

    Attributes:
        y: class positions or values; 0 where the target is missing.
        known: whether a row has a target.
        weight: positive weights, or None.
    """

    frame: pl.DataFrame
    schema: Schema
    y: npt.NDArray[Any]
    known: npt.NDArray[np.bool_]
    weight: FloatArray | None = None

    def matrix(self, recipe: Recipe, rows: IntArray) -> Matrix:
        """Encode some rows."""
        weight = None if self.weight is None else self.weight[rows]
        return Matrix(x=encode(recipe, self.frame[rows]), y=self.y[rows], weight=weight)


@dataclass(frozen=True, kw_only=True)
class Encoded:
    """One view of one fold; `train_rows` are the rows of `train`, which may be a draw of the fold's."""

    recipe: Recipe
    train_rows: IntArray
    train: Matrix
    valid: Matrix | None

    @property
    def cells(self) -> int:
        """Numbers held in memory."""
        return int(self.train.x.size + (0 if self.valid is None else self.valid.x.size))


class FoldData:
    """Encodes each (view, fold) on first use, keeps it while it may be needed, and forgets it on request."""

    def __init__(
        self, table: Table, split: Split, seed: int, most_cells: Mapping[View, int] = MOST_CELLS
    ) -> None:
        self._table, self._split, self._seed, self._most_cells = table, split, seed, most_cells
        self._lock = Lock()
        self._locks: dict[tuple[str, int], Lock] = {}
        self._encoded: dict[tuple[str, int], Encoded] = {}
        self._recipes: dict[tuple[str, int], Recipe] = {}
        self.notes: list[str] = []

    def get(self, view: View, fold: int) -> Encoded:
        """Give the matrices; two callers of the same fold wait for one encoding."""
        key = (view, fold)
        with self._lock:
            lock = self._locks.setdefault(key, Lock())
        with lock:
            encoded = self._encoded.get(key)
            if encoded is None:
                encoded = self._encode(view, fold)
                self._keep(key, encoded)
            return encoded

    def _keep(self, key: tuple[str, int], encoded: Encoded) -> None:
        """Remember it, and forget the oldest others when all together grow too large."""
        with self._lock:
            self._encoded[key] = encoded
            for oldest in list(self._encoded):
                if sum(each.cells for each in self._encoded.values()) <= MOST_CELLS_KEPT or oldest == key:
                    break
                del self._encoded[oldest]

    def forget(self, fold: int) -> None:
        """Drop the matrices of a fold; its recipes stay."""
        with self._lock:
            for key in [key for key in self._encoded if key[1] == fold]:
                del self._encoded[key]

    def recipe(self, view: View, fold: int) -> Recipe:
        """Give the recipe of a fold that was encoded before."""
        return self._recipes[view, fold]

    def _encode(self, view: View, fold: int) -> Encoded:
        train, valid = (
            (self._split.training, None)
            if fold == ALL_ROWS
            else (self._split.folds[fold].train, self._split.folds[fold].valid)
        )
        recipe = self._recipes.get((view, fold)) or self._fit(view, train)
        self._recipes[view, fold] = recipe
        rows = self._drawn(train, view, max(1, len(recipe.outputs)))
        return Encoded(
            recipe=recipe,
            train_rows=rows,
            train=self._table.matrix(recipe, rows),
            valid=None if valid is None else self._table.matrix(recipe, valid),
        )

    def _fit(self, view: View, train: IntArray) -> Recipe:
        frame = self._table.frame[train]
        return fit_recipe(view, self._table.schema, frame, y=self._table.y[train], seed=self._seed)

    def _drawn(self, rows: IntArray, view: View, columns: int) -> IntArray:
        most = max(1_000, self._most_cells[view] // columns)
        if len(rows) <= most:
            return rows
        note = f"{view} matrix: {most} of {len(rows)} rows, to stay within memory"
        if note not in self.notes:
            self.notes.append(note)
        rng = np.random.default_rng(self._seed)
        return np.sort(rng.choice(rows, most, replace=False))


def sample(matrix: Matrix, most_rows: int, seed: int) -> Matrix:
    """Give at most `most_rows` rows of a matrix, drawn by `seed`; 0 means all."""
    if not most_rows or len(matrix.y) <= most_rows:
        return matrix
    rows = np.sort(np.random.default_rng(seed).choice(len(matrix.y), most_rows, replace=False))
    weight = None if matrix.weight is None else matrix.weight[rows]
    return replace(matrix, x=np.ascontiguousarray(matrix.x[rows]), y=matrix.y[rows], weight=weight)
