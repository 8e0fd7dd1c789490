"""A table taken apart by a repeating key (client, device, order), its rows in the order of time."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import polars as pl

from yunque.data.bins import FloatArray, IntArray, as_numbers, first_seen
from yunque.data.schema import Column, Kind, Role, Schema
from yunque.data.single_column import Goal

BoolArray = npt.NDArray[np.bool_]

FEWEST_KEYS = 100
FEWEST_PER_KEY = 1.2
MOST_PER_KEY = 200.0
MOST_ROWS = 100_000
MOST_KEYS = 6
MOST_CLASSES = 10
FOLDS = 5
KEY_ROLES = (Role.ID, Role.GROUP, Role.FEATURE)
KEY_KINDS = (Kind.CATEGORY, Kind.TEXT, Kind.INTEGER)


@dataclass(frozen=True, kw_only=True)
class Outcomes:
    """The target of some rows.

    Attributes:
        y: (n,) class positions as int64, or values.
        n_classes: number of classes; 0 for values.
    """

    y: IntArray | FloatArray
    n_classes: int

    @cached_property
    def exact(self) -> FloatArray:
        """The outcomes as (n, C) numbers: one column of 0 and 1 per class (the ten first), or the values."""
        if not self.n_classes:
            return self.y.astype(np.float64)[:, None]
        classes = range(min(MOST_CLASSES, self.n_classes))
        return np.column_stack([(self.y == label).astype(np.float64) for label in classes])

    @cached_property
    def columns(self) -> FloatArray:
        """The same, centred and scaled, without the most extreme values."""
        numbers = self.exact
        if not self.n_classes:
            numbers = np.clip(numbers, *np.quantile(self.y, [0.001, 0.999]))
        spread = float(numbers.std())
        return np.asarray((numbers - numbers.mean(axis=0)) / (spread if spread > 0 else 1.0))

    def take(self, rows: IntArray) -> "Outcomes":
        """Give the outcomes of some rows."""
        return Outcomes(y=self.y[rows], n_classes=self.n_classes)

    def goal(self, seed: int) -> Goal:
        """Give the outcomes as a goal with random folds."""
        fold = np.random.default_rng(seed).permutation(np.arange(len(self.y)) % FOLDS)
        y = self.y if self.n_classes else self.columns[:, 0]
        return Goal(y=y, n_classes=self.n_classes, fold=fold, n_folds=FOLDS)


@dataclass(frozen=True, kw_only=True)
class Keyed:
    """Whole keys of a table, rows of one key together and in the order of time.

    Attributes:
        name: the key column.
        rows: positions in the table.
        key: (n,) number of each row's key, ascending from 0 without holes.
        outcomes: of the same rows.
        has_time: whether the order within a key is that of a time column, rather than of the table.
    """

    name: str
    rows: IntArray
    key: IntArray
    outcomes: Outcomes
    has_time: bool

    @cached_property
    def sizes(self) -> IntArray:
        """Rows of each key."""
        return np.bincount(self.key)

    @cached_property
    def place(self) -> IntArray:
        """Place of each row within its key, from 0."""
        begins = np.cumsum(self.sizes) - self.sizes
        return np.asarray(np.arange(len(self.key)) - begins[self.key])

    def means(self, columns: FloatArray) -> FloatArray:
        """Give the mean of each key, (keys, C), of columns (n, C)."""
        sums = [np.bincount(self.key, weights=side) for side in columns.T]
        return np.asarray(np.column_stack(sums) / self.sizes[:, None])


def keyed_tables(frame: pl.DataFrame, schema: Schema, outcomes: Outcomes, seed: int) -> tuple[Keyed, ...]:
    """Take a table apart by each column that could be a key: ids and groups first, then by most keys.

    Args:
        frame: the typed table.
        schema: roles and kinds of its columns.
        outcomes: the target of all its rows.
        seed: draws whole keys when a table has more than 100,000 rows.
    """
    counted = [(column, frame.get_column(column.name).n_unique()) for column in _candidates(frame, schema)]
    usable = [
        (column, count)
        for column, count in counted
        if count >= FEWEST_KEYS and FEWEST_PER_KEY <= frame.height / count <= MOST_PER_KEY
    ]
    usable.sort(key=lambda each: (each[0].role is Role.FEATURE, -each[1]))
    return tuple(
        keyed_by(frame, schema, column.name, outcomes, seed=seed, most_rows=MOST_ROWS)
        for column, _ in usable[:MOST_KEYS]
    )


def keyed_by(
    frame: pl.DataFrame, schema: Schema, name: str, outcomes: Outcomes, *, seed: int, most_rows: int
) -> Keyed:
    """Take a table apart by one column, without its missing values; at most `most_rows` in whole keys."""
    values = frame.get_column(name)
    rows = np.flatnonzero(values.is_not_null().to_numpy())
    key = first_seen(values.drop_nulls())
    if len(rows) > most_rows:
        kept = _some_keys(key, most_rows, seed)
        rows, key = rows[kept], np.unique(key[kept], return_inverse=True)[1]
    time = schema.holder(Role.TIME)
    has_time = time is not None and time.name in frame.columns
    moments = as_numbers(frame.get_column(time.name)[rows]) if time is not None and has_time else rows
    order = np.lexsort((moments, key))
    return Keyed(
        name=name, rows=rows[order], key=key[order], outcomes=outcomes.take(rows[order]), has_time=has_time
    )


def _candidates(frame: pl.DataFrame, schema: Schema) -> list[Column]:
    there = set(frame.columns)
    return [
        column
        for column in schema
        if column.role in KEY_ROLES and column.kind in KEY_KINDS and column.name in there
    ]


def _some_keys(key: IntArray, most_rows: int, seed: int) -> BoolArray:
    """Mark the rows of as many whole keys, drawn at random, as fit into `most_rows`."""
    order = np.random.default_rng(seed).permutation(int(key.max()) + 1)
    fits = np.cumsum(np.bincount(key)[order]) <= most_rows
    is_chosen = np.zeros(len(order), dtype=np.bool_)
    is_chosen[order[fits]] = True
    return np.asarray(is_chosen[key])
