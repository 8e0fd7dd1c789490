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
from yunque.features.fit import Further, fit_recipe, own_rows
from yunque.features.plan import target_steps
from yunque.features.recipe import Recipe
from yunque.features.step import Answers
from yunque.kernel.form import FloatArray
from yunque.learning.algorithm import Matrix, View
from yunque.learning.feature_kinds import GENERATED, TARGET, inner_answers, kinds_of
from yunque.learning.generate import Rows, generate
from yunque.learning.splits import IntArray, Split

# One encoded training matrix stays below this many cells (8 bytes each); more rows are drawn down to it.
# Linear fits copy theirs several times and gain little from a million rows.
MOST_CELLS: Mapping[View, int] = {"tree": 60_000_000, "linear": 15_000_000}
MOST_CELLS_KEPT = 120_000_000  # of all matrices that are kept for the next candidate
LIKELY_COLUMNS: Mapping[View, int] = {"tree": 1, "linear": 3}  # that a recipe makes of one feature
ALL_ROWS = -1  # the "fold" that holds every training row, for refits


@dataclass(frozen=True, kw_only=True)
class Table:
    """The checked table with its answers as numbers.

    Attributes:
        y: class positions or values; 0 where the target is missing.
        known: whether a row has a target.
        weight: positive weights, or None.
        classes: number of classes; 0 for values.
    """

    frame: pl.DataFrame
    schema: Schema
    y: npt.NDArray[Any]
    known: npt.NDArray[np.bool_]
    weight: FloatArray | None = None
    classes: int = 0

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
        self,
        table: Table,
        split: Split,
        seed: int,
        most_cells: Mapping[View, int] = MOST_CELLS,
        most_kept: int = MOST_CELLS_KEPT,
        *,
        text: bool = True,
    ) -> None:
        """Take the rows.

        Args:
            table: all rows.
            split: which of them each fold learns from.
            seed: seeds every draw.
            most_cells: numbers of the largest training matrix, per view that every run has.
            most_kept: numbers of all matrices that are kept.
            text: whether texts become points in a few dimensions; plans of older releases know of none.
        """
        self._text = text
        self._shared: dict[int, dict[Any, Any]] = {}
        self._table, self._split, self._seed = table, split, seed
        self._most_cells, self._most_kept = most_cells, most_kept
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
                if sum(each.cells for each in self._encoded.values()) <= self._most_kept or oldest == key:
                    break
                del self._encoded[oldest]

    def forget(self, fold: int) -> None:
        """Drop the matrices of a fold; its recipes stay."""
        with self._lock:
            for key in [key for key in self._encoded if key[1] == fold]:
                del self._encoded[key]

    @property
    def most_cells(self) -> Mapping[View, int]:
        """Numbers that one training matrix of a view may hold; more rows are drawn down to it."""
        return self._most_cells

    def forget_view(self, view: View) -> None:
        """Drop what is known of a view that nobody will read."""
        with self._lock:
            self._encoded = {key: each for key, each in self._encoded.items() if key[0] != view}
            self._recipes = {key: each for key, each in self._recipes.items() if key[0] != view}

    def forget_all(self) -> None:
        """Drop all matrices; their recipes stay."""
        with self._lock:
            self._encoded.clear()

    def holds(self, view: View, fold: int) -> bool:
        """Tell whether the matrices of a fold are there."""
        return (view, fold) in self._encoded

    def columns(self, view: View) -> int:
        """Give the columns of a view: those of a recipe that was fitted already, else a guess."""
        first, more = kinds_of(view)
        known = [recipe for (of, _), recipe in list(self._recipes.items()) if of == view]
        if known:
            return max(1, *(len(recipe.outputs) for recipe in known))
        if more:
            return 2 * self.columns("tree")
        return max(
            1, LIKELY_COLUMNS["linear" if first == "linear" else "tree"] * len(self._table.schema.features)
        )

    def most_rows(self, view: View) -> int:
        """Give the rows of the largest training matrix of a view."""
        return max(1_000, self._most(view) // self.columns(view))

    def recipe(self, view: View, fold: int) -> Recipe:
        """Give the recipe of a fold that was encoded before."""
        return self._recipes[view, fold]

    def _encode(self, view: View, fold: int) -> Encoded:
        train, valid = (
            (self._split.training, None)
            if fold == ALL_ROWS
            else (self._split.folds[fold].train, self._split.folds[fold].valid)
        )
        answers = self._answers(view, train)
        recipe = self._recipes.get((view, fold)) or self._fit(view, fold, train, answers)
        self._recipes[view, fold] = recipe
        rows = self._drawn(train, view, max(1, len(recipe.outputs)))
        matrix = self._table.matrix(recipe, rows)
        if answers is not None:
            among = np.searchsorted(train, rows)
            for place, own in own_rows(recipe, self._table.schema, self._table.frame[train], answers):
                matrix.x[:, place] = own[among]
        return Encoded(
            recipe=recipe,
            train_rows=rows,
            train=matrix,
            valid=None if valid is None else self._table.matrix(recipe, valid),
        )

    def _answers(self, view: View, train: IntArray) -> Answers | None:
        """Give the answers of training rows to a view that is told of them."""
        if TARGET not in kinds_of(view)[1]:
            return None
        table = self._table
        return inner_answers(
            table.frame[train],
            table.schema,
            self._split,
            y=table.y[train],
            classes=table.classes,
            seed=self._seed,
        )

    def _fit(self, view: View, fold: int, train: IntArray, answers: Answers | None) -> Recipe:
        table = self._table
        frame = table.frame[train]
        first, more = kinds_of(view)
        steps = target_steps(table.schema) if TARGET in more else ()
        if GENERATED in more:
            rows = Rows(frame=frame, schema=table.schema, y=table.y[train], classes=table.classes)
            steps = (*steps, *generate(rows, self._seed))
        further = Further(
            answers=answers,
            more=steps,
            leave_out=() if self._text else ("text_vectors",),
            known=self._shared.setdefault(fold, {}),
        )
        return fit_recipe(first, table.schema, frame, seed=self._seed, further=further)

    def _most(self, view: View) -> int:
        return self._most_cells["linear" if view == "linear" else "tree"]

    def _drawn(self, rows: IntArray, view: View, columns: int) -> IntArray:
        most = max(1_000, self._most(view) // columns)
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
