"""A recipe over one row: straight-line Python, compiled once.

The source holds nothing but names made up here: values by position, constants by position. No text from a
recipe is ever part of it.
"""

import struct
from collections.abc import Callable, Sequence
from typing import Any

from yunque.errors import ContractError
from yunque.features.recipe import Recipe
from yunque.features.registry import step
from yunque.features.step import RowScope, RowSource

EncodeRow = Callable[[Sequence[Any], Any], None]


def compile_row(recipe: Recipe, columns: tuple[str, ...]) -> EncodeRow:
    """Compile a recipe for rows whose values come in the order of `columns`.

    Args:
        recipe: fitted.
        columns: names of the fields of a row; it may have more than the recipe reads.

    Returns:
        A function (values, out): `values` typed as `parse_value` gives them, None where missing, one per
        column; `out` a writable contiguous buffer of F float64 (a numpy row, a memoryview of one, an array),
        filled with the bits that `encode` gives. It raises ValueError when the number of values is another.

    Raises:
        ContractError: the recipe reads a column that is not in `columns`.
    """
    used = {name for operation in recipe.operations for name in operation.columns}
    absent = sorted(used - set(columns))
    if absent:
        raise ContractError(f"The model reads columns that a row does not have: {', '.join(absent[:10])}.")
    variables = {name: f"v{i}" for i, name in enumerate(columns)}
    scope = RowScope(variables)
    sources = _sources(recipe, scope)
    pack = struct.Struct(f"{len(recipe.outputs)}d").pack_into
    source = _source([variables[name] if name in used else "_" for name in columns], sources, scope)
    return _build(source, (pack, *scope.constants))


def _sources(recipe: Recipe, scope: RowScope) -> list[RowSource]:
    """Give the source of every operation; equal ones of a shared step are computed once."""
    known: dict[Any, RowSource] = {}
    sources = []
    for operation in recipe.operations:
        found = step(operation.step)
        if not found.is_shared:
            sources.append(found.row_source(operation, scope))
            continue
        key = (operation.step, operation.columns, tuple(sorted(operation.learnt.items())))
        if key in known:
            sources.append(RowSource(cells=known[key].cells))
        else:
            known[key] = found.row_source(operation, scope)
            sources.append(known[key])
    return sources


def _source(targets: list[str], sources: list[RowSource], scope: RowScope) -> str:
    """Write a maker function: it binds the constants as closure cells and gives the row function."""
    constants = ", ".join(["pack", *(f"k{i}" for i in range(len(scope.constants)))])
    lines = [line for source in sources for line in source.lines]
    cells = [cell for source in sources for cell in source.cells]
    body = [f"[{', '.join(targets)}] = values", *lines, f"pack(out, 0, {', '.join(cells)})"]
    return "\n".join(
        [
            "def make(constants):",
            f"    [{constants}] = constants",
            "    def encode_row(values, out):",
            *(f"        {line}" for line in body),
            "    return encode_row",
        ]
    )


def _build(source: str, constants: tuple[Any, ...]) -> EncodeRow:
    namespace: dict[str, Any] = {"__builtins__": {"len": len, "float": float}}
    exec(compile(source, "<recipe>", "exec"), namespace)  # noqa: S102 - own names only, see the module's docstring
    encode_row: EncodeRow = namespace["make"](constants)
    return encode_row
