"""A recipe over many rows: polars expressions into one C-ordered matrix."""

import numpy as np
import numpy.typing as npt
import polars as pl

from yunque.errors import ContractError
from yunque.features.recipe import Operation, Recipe
from yunque.features.registry import step

_ROWS, _CELLS = 1 << 16, 1 << 23  # of one block: enough rows to hide each expression's cost, at most 64 MiB


def encode(recipe: Recipe, frame: pl.DataFrame) -> npt.NDArray[np.float64]:
    """Encode a checked, typed frame: (n, F) float64, C-contiguous, missing as NaN in the tree view.

    Raises:
        ContractError: the frame lacks a column that the recipe reads.
    """
    names = tuple(dict.fromkeys(name for op in recipe.operations for name in op.columns))
    table = source_columns(frame, names)
    position = {name: pl.col(str(i)) for i, name in enumerate(names)}
    expressions = [e for op in recipe.operations for e in _expressions(op, position)]
    numbered = [expression.alias(str(i)) for i, expression in enumerate(expressions)]
    out = np.empty((table.height, len(numbered)), dtype=np.float64)
    rows = max(1, min(_ROWS, _CELLS // max(1, len(numbered))))
    for start in range(0, table.height, rows):
        block = table.slice(start, rows).select(numbered)
        for i, series in enumerate(block.iter_columns()):
            out[start : start + rows, i] = series.to_numpy()
    return out


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


def _expressions(operation: Operation, position: dict[str, pl.Expr]) -> list[pl.Expr]:
    sources = tuple(position[name] for name in operation.columns)
    return step(operation.step).expressions(operation, sources)
