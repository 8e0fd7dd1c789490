"""Which features a view of the matrix has beyond those of every run, and what they are fitted on."""

from collections.abc import Mapping

import numpy as np
import polars as pl

from yunque.data.schema import Kind, Role, Schema
from yunque.features.part import DATES, NUMERIC
from yunque.features.step import Answers
from yunque.learning.algorithm import View
from yunque.learning.split_group import group_codes
from yunque.learning.split_time import moments
from yunque.learning.splits import IntArray, Split, column_of

TARGET, GENERATED = "target", "generated"
INNER_PARTS = 5
INNER_BLOCKS = 8
WIDER: Mapping[frozenset[str], View] = {
    frozenset(): "tree",
    frozenset({TARGET}): "tree+target",
    frozenset({GENERATED}): "tree+generated",
    frozenset({TARGET, GENERATED}): "tree+target+generated",
}
MANY_LEVELS = 10


def kinds_of(view: str) -> tuple[str, tuple[str, ...]]:
    """Give the view that every run has, and the kinds of features beyond it."""
    first, *more = view.split("+")
    return first, tuple(more)


def possible(schema: Schema, frame: pl.DataFrame) -> tuple[View, ...]:
    """Give the wider views that these columns allow, one kind each."""
    kinds = [column.kind for column in schema.features]
    numbers = sum(kind in NUMERIC for kind in kinds)
    categories = [column.name for column in schema.features if column.kind is Kind.CATEGORY]
    found: list[View] = []
    if any(frame.get_column(name).n_unique() > MANY_LEVELS for name in categories):
        found.append("tree+target")
    if numbers > 1 or (numbers and categories) or sum(kind in DATES for kind in kinds) > 1:
        found.append("tree+generated")
    return tuple(found)


def inner_answers(
    frame: pl.DataFrame, schema: Schema, split: Split, *, y: IntArray, classes: int, seed: int
) -> Answers:
    """Cut training rows into inner parts as the split cuts the table: at random, by group, forward in time.

    Args:
        frame: the training rows.
        schema: names time and group columns.
        split: how the table is split.
        y: answers of the rows.
        classes: their number; 0 for values.
        seed: deals rows into parts.
    """
    rng = np.random.default_rng(seed)
    part, block = None, None
    if "group" in split.kind:
        codes = group_codes(column_of(frame, schema, Role.GROUP))
        part = rng.integers(0, INNER_PARTS, int(codes.max(initial=0)) + 1)[codes]
    if "time" in split.kind:
        times = moments(column_of(frame, schema, Role.TIME))
        edges = np.quantile(times[np.isfinite(times)], np.arange(1, INNER_BLOCKS) / INNER_BLOCKS)
        block = np.searchsorted(edges, times, side="right").astype(np.int64)
    if part is None and block is None:
        part = rng.permutation(np.arange(frame.height) % INNER_PARTS)
    return Answers(y=y, classes=classes, part=part, block=block)
