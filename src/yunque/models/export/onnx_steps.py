"""The steps of a recipe as ONNX operators, each the same arithmetic as its two compiled forms."""

from collections.abc import Callable
from typing import Any

import numpy as np

from yunque.data.schema import Kind
from yunque.features.recipe import Operation, Recipe
from yunque.features.steps.arithmetic import LARGEST, SIGNS
from yunque.models.export.onnx_columns import Columns, no_equivalent
from yunque.models.export.onnx_graph import ML, Graph, Tensor

NAN = float("nan")
SHARE_OF_DAY = 1.0 / 86_400_000_000
OPERATORS = {"plus": "Add", "minus": "Sub", "times": "Mul", "over": "Div"}
FIRST_OF_CYCLE = {"month": 1, "weekday": 1, "hour": 0}
assert set(OPERATORS) == set(SIGNS)  # noqa: S101 - a sign that is added there must be written here

Writer = Callable[[Columns, Operation], list[Tensor]]


def write_recipe(columns: Columns, recipe: Recipe, written: dict[str, list[Tensor]]) -> Tensor:
    """Write a recipe: the matrix it makes, (rows, outputs).

    Args:
        columns: the inputs.
        recipe: fitted.
        written: operations that are there already, by their content; shared by recipes.

    Raises:
        ModelError: a step has no equivalent; names it and its columns.
    """
    cells: list[Tensor] = []
    for operation in recipe.operations:
        key = f"{operation.step} {operation.columns} {operation.learnt}"
        if key not in written:
            written[key] = _write(columns, operation)
        cells += written[key]
    if not cells:
        raise no_equivalent("a model that reads no column", "its answer is one constant")
    return columns.graph.add("Concat", *cells, axis=1)


def _write(columns: Columns, operation: Operation) -> list[Tensor]:
    write = WRITERS.get(operation.step)
    if write is None:
        named = " and ".join(repr(name) for name in operation.columns)
        raise no_equivalent(
            f"the step {operation.step!r} of {named}", "it has no operators that read texts so"
        )
    return write(columns, operation)


def _number(columns: Columns, operation: Operation) -> list[Tensor]:
    return [columns[operation.columns[0]]]


def _missing(columns: Columns, operation: Operation) -> list[Tensor]:
    graph = columns.graph
    return [graph.to_real(graph.is_missing(columns[operation.columns[0]]))]


def _category(columns: Columns, operation: Operation) -> list[Tensor]:
    levels = operation.learnt["levels"]
    codes = [float(code) for code in range(1, len(levels) + 1)]
    return [_look_up(columns, operation.columns[0], levels, [*codes, NAN, 0.0])]


def _onehot(columns: Columns, operation: Operation) -> list[Tensor]:
    levels = operation.learnt["levels"]
    width = len(levels) + int(operation.learnt["missing"])
    table = np.zeros((len(levels) + 2, width))
    np.fill_diagonal(table, 1.0)  # the row after the levels is that of missing
    return [_look_up(columns, operation.columns[0], levels, table)]


def _frequency(columns: Columns, operation: Operation) -> list[Tensor]:
    learnt = operation.learnt
    return [_look_up(columns, operation.columns[0], learnt["levels"], [*learnt["shares"], NAN, 0.0])]


def _target_mean(columns: Columns, operation: Operation) -> list[Tensor]:
    learnt = operation.learnt
    means = np.array(learnt["means"]).reshape(-1, len(learnt["unseen"]))
    table = np.concatenate((means, np.array([learnt["missing"], learnt["unseen"]])))
    return [_look_up(columns, operation.columns[0], learnt["levels"], table)]


def _among(columns: Columns, operation: Operation) -> list[Tensor]:
    learnt = operation.learnt
    category, number = operation.columns
    table = [*learnt["means"], learnt["overall"], learnt["overall"]]
    mean = _look_up(columns, category, learnt["levels"], table)
    return [mean if learnt["show"] == "mean" else columns.graph.add("Sub", columns[number], mean)]


def _scaled(columns: Columns, operation: Operation) -> list[Tensor]:
    graph, learnt = columns.graph, operation.learnt
    value = columns.part(operation.columns[0], learnt["part"])
    scaled = value
    for _ in range(learnt["roots"]):
        size = graph.add("Sqrt", graph.add("Abs", scaled))
        scaled = graph.where(graph.add("Less", scaled, graph.constant(0.0)), graph.add("Neg", size), size)
    scaled = graph.clip(scaled, learnt["low"], learnt["high"])
    scaled = graph.add("Sub", scaled, graph.constant(learnt["mean"]))
    scaled = graph.add("Mul", scaled, graph.constant(learnt["factor"]))
    return [graph.where(graph.is_missing(value), graph.constant(learnt["missing"]), scaled)]


def _arithmetic(columns: Columns, operation: Operation) -> list[Tensor]:
    graph = columns.graph
    left, right = (columns[name] for name in operation.columns)
    result = graph.add(OPERATORS[operation.learnt["sign"]], left, right)
    bounded = graph.add("LessOrEqual", graph.add("Abs", result), graph.constant(LARGEST))
    return [graph.where(bounded, result, graph.constant(NAN))]


def _date(columns: Columns, operation: Operation) -> list[Tensor]:
    return [columns.part(operation.columns[0], part) for part in operation.learnt["parts"]]


def _cycle(columns: Columns, operation: Operation) -> list[Tensor]:
    graph, learnt = columns.graph, operation.learnt
    part = columns.part(operation.columns[0], learnt["part"])
    first, count = FIRST_OF_CYCLE[learnt["part"]], len(learnt["sine"])
    place = graph.add("Sub", part, graph.constant(float(first)))
    place = graph.where(graph.is_missing(part), graph.constant(float(count)), place)
    table = np.array([[*learnt["sine"], 0.0], [*learnt["cosine"], 0.0]]).T
    return [_gather(graph, graph.add("Cast", place, to=7), table)]


def _elapsed(columns: Columns, operation: Operation) -> list[Tensor]:
    graph = columns.graph
    left, right = (columns.microseconds(name) for name in operation.columns)
    return [graph.add("Mul", graph.add("Sub", left, right), graph.constant(SHARE_OF_DAY))]


def _look_up(columns: Columns, column: str, levels: list[str], table: Any) -> Tensor:
    """Write a table by level; its last two rows are those of missing and of what was never seen."""
    graph = columns.graph
    if columns.kinds[column] is not Kind.CATEGORY or "" in levels:
        raise no_equivalent(f"the empty level of {column!r}", "an empty text means missing there")
    places = np.arange(len(levels) + 1, dtype=np.int64)
    place = graph.add(
        "LabelEncoder",
        columns[column],
        domain=ML,
        keys_tensor=graph.tensor(np.array([*levels, ""], object)),
        values_tensor=graph.tensor(places),
        default_tensor=graph.tensor(np.array([len(levels) + 1], np.int64)),
    )
    return _gather(graph, place, np.asarray(table, np.float64).reshape(len(levels) + 2, -1))


def _gather(graph: Graph, place: Tensor, table: Any) -> Tensor:
    """Take rows of a constant table by place, (rows, 1) -> (rows, width)."""
    taken = graph.add("Gather", graph.constant(table), place, axis=0)
    return graph.add("Reshape", taken, graph.constant(np.array([-1, table.shape[1]], np.int64)))


WRITERS: dict[str, Writer] = {
    "number": _number,
    "missing": _missing,
    "category": _category,
    "onehot": _onehot,
    "frequency": _frequency,
    "target_mean": _target_mean,
    "among": _among,
    "scaled": _scaled,
    "arithmetic": _arithmetic,
    "date": _date,
    "cycle": _cycle,
    "elapsed": _elapsed,
}
