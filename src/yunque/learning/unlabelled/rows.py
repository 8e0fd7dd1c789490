"""The rows of a run without a target: those that judge, those that are learnt from, and their matrices."""

from dataclasses import dataclass, field

import numpy as np
import polars as pl

from yunque.data.schema import Role, Schema
from yunque.errors import DataError, UsageError
from yunque.features.encode import encode
from yunque.features.fit import fit_recipe
from yunque.features.recipe import Recipe
from yunque.kernel.form import FloatArray
from yunque.learning.algorithm import Matrix, View
from yunque.learning.prepare import affordable_rows, weights
from yunque.learning.splits import IntArray
from yunque.learning.task import Task, TaskKind

FEWEST_ROWS = 10
FEWEST_DIVIDED = 50  # below it a fifth of the rows could not judge anything
# Numbers of a matrix that is fitted, per second of the budget and at most; more rows are drawn down to it.
CELLS_PER_SECOND, MOST_CELLS = 10_000, 2_000_000
FEWEST_FITTED = 2_000
JUDGING_SHARE = 0.2
MOST_JUDGING = {TaskKind.ANOMALY: 20_000, TaskKind.CLUSTERS: 2_000}


@dataclass(frozen=True, kw_only=True)
class Divided:
    """Positions in the table, ascending.

    Attributes:
        usable: all rows that may be used.
        training: learnt from in the search.
        judging: judged on; no candidate of the search learns from them.
        notes: what was left out, in words.
    """

    usable: IntArray
    training: IntArray
    judging: IntArray
    notes: tuple[str, ...]


def divide(
    frame: pl.DataFrame, schema: Schema, task: Task, *, seconds: float, seed: int, clusters: int | None
) -> Divided:
    """Divide the rows by chance: a fifth judges, the rest is learnt from.

    Raises:
        DataError: fewer than ten rows can be used, or a weight is wrong.
        UsageError: more clusters are asked for than there are rows.
    """
    time = schema.holder(Role.TIME)
    notes = [] if time is None else [f"rows are divided by chance, although {time.name!r} orders them"]
    weight = weights(frame, schema)
    usable = np.arange(frame.height) if weight is None else np.flatnonzero(weight > 0)
    if len(usable) < frame.height:
        notes.append(f"{frame.height - len(usable)} rows of weight zero are used for nothing")
    if len(usable) < FEWEST_ROWS:
        raise DataError(
            f"{len(usable)} row(s) can be used; at least {FEWEST_ROWS} are needed.", hint="Add rows."
        )
    rng = np.random.default_rng(seed)
    most = affordable_rows(schema, seconds)
    if len(usable) > most:
        notes.append(f"{most} of {len(usable)} rows are used: more would not fit into the budget")
        usable = np.sort(rng.choice(usable, most, replace=False))
    training, judging = usable, usable
    if len(usable) < FEWEST_DIVIDED:
        notes.append(f"{len(usable)} rows are too few to keep some apart: all are learnt from and judge")
    else:
        mixed = rng.permutation(usable)
        apart = min(int(JUDGING_SHARE * len(usable)), MOST_JUDGING[task.kind])
        training, judging = np.sort(mixed[apart:]), np.sort(mixed[:apart])
    if clusters is not None and clusters > len(training):
        raise UsageError(
            f"{clusters} clusters cannot be made of {len(training)} rows.",
            hint="Ask for fewer clusters, or auto.",
            place={"clusters": clusters, "rows": len(training)},
        )
    return Divided(usable=usable, training=training, judging=judging, notes=tuple(notes))


@dataclass(frozen=True, kw_only=True)
class Views:
    """Matrices of some training rows and of the judging rows, made when they are asked for.

    Attributes:
        frame: the table.
        schema: its columns.
        training, judging: positions of rows.
        seed: seeds the draw of rows.
        seconds: of the budget, which bounds the rows that are fitted.
    """

    frame: pl.DataFrame
    schema: Schema
    training: IntArray
    judging: IntArray
    seed: int
    seconds: float
    recipes: dict[View, Recipe] = field(default_factory=dict)
    _fitted: dict[View, Matrix] = field(default_factory=dict)
    _judged: dict[View, FloatArray] = field(default_factory=dict)

    def recipe(self, view: View) -> Recipe:
        """Give the recipe, fitted on all training rows."""
        if view not in self.recipes:
            self.recipes[view] = fit_recipe(view, self.schema, self.frame[self.training], seed=self.seed)
        return self.recipes[view]

    def fitted(self, view: View) -> Matrix:
        """Give the rows that are fitted: the training rows, or a draw of them."""
        if view not in self._fitted:
            recipe = self.recipe(view)
            most = min(MOST_CELLS, CELLS_PER_SECOND * self.seconds) // max(1, len(recipe.outputs))
            rows = drawn(self.training, max(FEWEST_FITTED, int(most)), self.seed)
            part = self.frame[rows]
            self._fitted[view] = Matrix(
                x=encode(recipe, part), y=np.zeros(len(rows)), weight=weights(part, self.schema)
            )
        return self._fitted[view]

    def judged(self, view: View) -> FloatArray:
        """Give the judging rows."""
        if view not in self._judged:
            self._judged[view] = encode(self.recipe(view), self.frame[self.judging])
        return self._judged[view]


def drawn(rows: IntArray, most: int, seed: int) -> IntArray:
    """Give the rows, or a draw of `most` of them."""
    if len(rows) <= most:
        return rows
    return np.sort(np.random.default_rng(seed).choice(rows, most, replace=False))


def permuted(frame: pl.DataFrame, schema: Schema, seed: int) -> pl.DataFrame:
    """Shuffle every feature column by itself: each keeps its values, and no two know of one another."""
    rng = np.random.default_rng(seed)
    return frame.with_columns(
        frame.get_column(column.name)[rng.permutation(frame.height)] for column in schema.features
    )
