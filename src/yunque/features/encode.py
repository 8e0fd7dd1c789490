"""A recipe over many rows: polars expressions into one C-ordered matrix."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import polars as pl

from yunque.errors import ContractError
from yunque.features.recipe import Operation, Recipe
from yunque.features.registry import step

Block = Callable[[Operation, tuple[pl.Series, ...]], npt.NDArray[np.float64]]
_ROWS, _CELLS = 1 << 16, 1 << 23  # of one block: enough rows to hide each expression's cost, at most 64 MiB


def encode(recipe: Recipe, frame: pl.DataFrame) -> npt.NDArray[np.float64]:
    """Encode a checked, typed frame: (n, F) float64, C-contiguous, missing as NaN in the tree view.

    Raises:
        ContractError: the frame lacks a column that the recipe reads.
    """
    names = tuple(dict.fromkeys(name for op in recipe.operations for name in op.columns))
    table = source_columns(frame, names)
    position = {name: str(i) for i, name in enumerate(names)}
    expressions, places, blocks = _parts(recipe, position)
    out = np.empty((table.height, len(recipe.outputs)), dtype=np.float64)
    rows = max(1, min(_ROWS, _CELLS // max(1, out.shape[1])))
    for start in range(0, table.height, rows):
        part = table.slice(start, rows)
        if expressions:
            for place, series in zip(places, part.select(expressions).iter_columns(), strict=True):
                out[start : start + rows, place] = series.to_numpy()
        for place, operation, block in blocks:
            sources = tuple(part.get_column(position[name]) for name in operation.columns)
            out[start : start + rows, place : place + len(operation.outputs)] = block(operation, sources)
    return out


def _parts(
    recipe: Recipe, position: dict[str, str]
) -> tuple[list[pl.Expr], list[int], list[tuple[int, Operation, Block]]]:
    """Give numbered expressions with the places of their outputs, and the operations that are none."""
    expressions: list[pl.Expr] = []
    places: list[int] = []
    blocks: list[tuple[int, Operation, Block]] = []
    place = 0
    for operation in recipe.operations:
        found = step(operation.step)
        if found.expressions is not None:
            made = found.expressions(operation, tuple(pl.col(position[name]) for name in operation.columns))
            places += range(place, place + len(made))
            expressions += made
        elif found.block is not None:
            blocks.append((place, operation, found.block))
        place += len(operation.outputs)
    return [expression.alias(str(i)) for i, expression in enumerate(expressions)], places, blocks


def source_columns(frame: pl.DataFrame, names: tuple[str, ...]) -> pl.DataFrame:
    """Give the columns under their position as name, since polars reads "*" or "^a$" as patterns.

    Raises:
        ContractError: columns are missing; all are named.
    """
    present = set(frame.columns)
    absent = [name for name in names if name not in present]
    if absent:
        shown = ", ".join(map(repr, absent[:10])) + (" …" if len(absent) > 10 else "")
        raise ContractError(
            f"The table lacks {len(absent)} column(s) that the model reads: {shown}.",
            hint="Give every field of the contract; a missing value may be empty.",
        )
    return pl.DataFrame([frame.get_column(name).alias(str(i)) for i, name in enumerate(names)])
