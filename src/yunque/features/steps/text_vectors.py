"""Text as a point in few dimensions: TF-IDF of words and their pieces, on its main directions.

A missing text stands at the origin, as an empty one does: the counts of the text already tell them apart.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from yunque.features.learnt import Learnt, pack
from yunque.features.part import TEXT
from yunque.features.recipe import Operation, Output
from yunque.features.step import FitColumns, RowScope, RowSource, Step, single
from yunque.features.text_space import MOST_GRAMS, WIDTH, Projector, TextSpace, fit_space

MOST_TEXTS = 6_000  # drawn to find the directions; every text is projected on them
_FEWEST_TEXTS = 20  # distinct ones; among fewer, rarity says nothing


def _fit(training: FitColumns) -> Mapping[str, Any] | None:
    _, series = single(training)
    if series.drop_nulls().n_unique() < _FEWEST_TEXTS:
        return None
    texts = series.drop_nulls()
    if texts.len() > MOST_TEXTS:
        rng = np.random.default_rng(training.seed)
        texts = texts[np.sort(rng.choice(texts.len(), MOST_TEXTS, replace=False))]
    space = fit_space(texts.to_list(), seed=training.seed)
    if space is None:
        return None
    return {
        "grams": pack(space.grams, "<u8"),
        "rarity": pack(space.rarity, "<f4"),
        "directions": pack(space.directions, "<f2"),
        "width": int(space.directions.shape[1]),
    }


def _space(read: Learnt) -> TextSpace:
    """Read the space; whatever `fit_space` would not have made is refused."""
    width = read.whole("width", low=1, high=WIDTH)
    grams = read.packed("grams", "<u8", most=MOST_GRAMS)
    rarity = read.packed("rarity", "<f4", most=MOST_GRAMS)
    directions = read.packed("directions", "<f2", most=MOST_GRAMS * WIDTH)
    sound = (
        grams.size > 0
        and rarity.size == grams.size
        and directions.size == grams.size * width
        and bool((grams[1:] > grams[:-1]).all())
        and bool((rarity > 0.0).all())
        and bool((rarity < 100.0).all())
    )
    if not sound:
        raise read.refuse("grams", "grams in order, with a weight and a direction each")
    return TextSpace(
        grams=grams.astype(np.uint64),
        rarity=rarity.astype(np.float32),
        directions=directions.astype(np.float16).reshape(-1, width),
    )


def _outputs(columns: tuple[str, ...], learnt: Mapping[str, Any]) -> tuple[Output, ...]:
    read = Learnt("text_vectors", learnt)
    space = _space(read)
    read.close()
    width = space.directions.shape[1]
    return tuple(Output(name=f"{columns[0]}.topic_{i + 1}", sources=columns) for i in range(width))


def _projector(learnt: Mapping[str, Any]) -> Projector:
    return Projector.of(_space(Learnt("text_vectors", learnt)))


def _block(operation: Operation, columns: tuple[pl.Series, ...]) -> npt.NDArray[np.float64]:
    return _projector(operation.learnt).many(columns[0].to_list())


def _row_source(operation: Operation, scope: RowScope) -> RowSource:
    value, project = scope.value(operation.columns[0]), scope.constant(_projector(operation.learnt).one)
    nothing = scope.constant((0.0,) * len(operation.outputs))
    cells = tuple(scope.local() for _ in operation.outputs)
    line = f"[{', '.join(cells)}] = {nothing} if {value} is None else {project}({value})"
    return RowSource(lines=(line,), cells=cells)


def _formula(columns: tuple[str, ...], learnt: Mapping[str, Any]) -> tuple[str, ...]:
    width = int(learnt["width"])
    line = f"one of {width} main directions of the words and pieces of words in {columns[0]} (TF-IDF)"
    return (line,) * width


STEP = Step(
    name="text_vectors",
    kinds=TEXT,
    fit=_fit,
    outputs=_outputs,
    row_source=_row_source,
    block=_block,
    is_shared=True,
    formula=_formula,
)
