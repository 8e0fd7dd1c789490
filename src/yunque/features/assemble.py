"""Putting operations together into a recipe whose outputs have unique names."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from yunque.features.recipe import Operation, Output, Recipe
from yunque.features.registry import step

Part = tuple[str, tuple[str, ...], Mapping[str, Any]]


def assemble(view: str, parts: Iterable[Part]) -> Recipe:
    """Build a recipe from (step, columns, learnt) in order.

    Outputs follow from what was learnt, so that a recipe read from a file cannot claim others. Where two
    would share a name (a column may be called "age.missing"), the later one gets "#2".

    Raises:
        BundleError: an unknown step, or `learnt` that the step did not write.
    """
    taken: dict[str, int] = {}
    operations = []
    for name, columns, learnt in parts:
        outputs = tuple(_renamed(output, taken) for output in step(name).outputs(columns, learnt))
        operations.append(Operation(step=name, columns=columns, learnt=dict(learnt), outputs=outputs))
    return Recipe(view=view, operations=tuple(operations))


def _renamed(output: Output, taken: dict[str, int]) -> Output:
    """Give the output a name that is not `taken`, which holds the last number tried for each name."""
    name = output.name
    while name in taken:
        taken[output.name] += 1
        name = f"{output.name}#{taken[output.name]}"
    taken[name] = 1
    return output if name == output.name else replace(output, name=name)
