"""Fitting a recipe on training rows."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from yunque.data.schema import Schema
from yunque.errors import UsageError
from yunque.features.assemble import assemble
from yunque.features.encode import source_columns
from yunque.features.plan import Planned, plan
from yunque.features.recipe import Recipe
from yunque.features.registry import step
from yunque.features.step import Answers, FitColumns


@dataclass(frozen=True, kw_only=True)
class Further:
    """What a recipe is fitted with beyond the steps of its view.

    Attributes:
        answers: of the training rows, for steps that use the target; without them these are left out.
        more: steps beyond those of the view.
        leave_out: names of steps that are not fitted.
        known: what shared steps learnt from these very rows for another view; more is put there.
    """

    answers: Answers | None = None
    more: Sequence[Planned] = ()
    leave_out: Sequence[str] = ()
    known: dict[Any, Any] = field(default_factory=dict)


def fit_recipe(
    view: str, schema: Schema, frame: pl.DataFrame, *, seed: int = 0, further: Further | None = None
) -> Recipe:
    """Fit the steps of a view on a checked, typed frame of training rows only.

    Args:
        view: "tree" or "linear".
        schema: of the contract; its feature columns are the inputs.
        frame: (n, …) the training rows of a fold, and no other row.
        seed: seeds every random choice.
        further: answers of the rows, and steps beyond those of the view.

    Raises:
        UsageError: the schema has no feature column.
        ContractError: the frame lacks a feature column.
    """
    asked = further or Further()
    if not schema.features:
        raise UsageError(
            "There is no feature column to learn from.", hint="Give a column the role 'feature'."
        )
    source_columns(frame, tuple(column.name for column in schema.features))
    min_count = min(10, max(2, frame.height // 1000))

    def fitted(planned: Planned) -> Any:
        if not step(planned.step).is_shared:
            return fresh(planned)
        key = (planned.step, planned.columns)
        if key not in asked.known:
            asked.known[key] = fresh(planned)
        return asked.known[key]

    def fresh(planned: Planned) -> Any:
        training = FitColumns(
            columns=tuple(schema.column(name) for name in planned.columns),
            series=tuple(frame.get_column(name) for name in planned.columns),
            options={"min_count": min_count, **planned.options},
            answers=asked.answers,
            seed=seed,
        )
        return step(planned.step).fit(training)

    wanted = [
        planned for planned in (*plan(view, schema), *asked.more) if planned.step not in asked.leave_out
    ]
    learnt = ((planned, fitted(planned)) for planned in wanted)
    return assemble(view, ((p.step, p.columns, values) for p, values in learnt if values is not None))


def own_rows(
    recipe: Recipe, schema: Schema, frame: pl.DataFrame, answers: Answers
) -> list[tuple[slice, npt.NDArray[np.float64]]]:
    """Give the columns that the very rows a recipe was fitted on must get in place of the encoded ones.

    Returns:
        Places in the matrix with their values, (n, …) in the order of `frame`.
    """
    found = []
    start = 0
    for operation in recipe.operations:
        place = slice(start, start + len(operation.outputs))
        start = place.stop
        own = step(operation.step).own_rows
        if own is not None:
            training = FitColumns(
                columns=tuple(schema.column(name) for name in operation.columns),
                series=tuple(frame.get_column(name) for name in operation.columns),
                answers=answers,
            )
            found.append((place, own(training, operation.learnt)))
    return found


def formulas(recipe: Recipe) -> dict[str, str]:
    """Say in words how each column that is more than a column of the table is computed."""
    found: dict[str, str] = {}
    for operation in recipe.operations:
        formula = step(operation.step).formula
        if formula is not None:
            lines = formula(operation.columns, operation.learnt)
            found |= {output.name: line for output, line in zip(operation.outputs, lines, strict=True)}
    return found
