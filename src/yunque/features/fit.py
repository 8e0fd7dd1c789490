"""Fitting a recipe on training rows."""

from typing import Any

import numpy.typing as npt
import polars as pl

from yunque.data.schema import Schema
from yunque.errors import UsageError
from yunque.features.assemble import assemble
from yunque.features.encode import source_columns
from yunque.features.plan import Planned, plan
from yunque.features.recipe import Recipe
from yunque.features.registry import step
from yunque.features.step import FitColumns


def fit_recipe(
    view: str, schema: Schema, frame: pl.DataFrame, *, y: npt.NDArray[Any] | None = None, seed: int = 0
) -> Recipe:
    """Fit the steps of a view on a checked, typed frame of training rows only.

    Args:
        view: "tree" or "linear".
        schema: of the contract; its feature columns are the inputs.
        frame: (n, …) the training rows of a fold, and no other row.
        y: (n,) class positions or values, for steps that use the target.
        seed: seeds every random choice.

    Raises:
        UsageError: the schema has no feature column.
        ContractError: the frame lacks a feature column.
    """
    if not schema.features:
        raise UsageError(
            "There is no feature column to learn from.", hint="Give a column the role 'feature'."
        )
    source_columns(frame, tuple(column.name for column in schema.features))
    min_count = min(10, max(2, frame.height // 1000))

    def fitted(planned: Planned) -> Any:
        training = FitColumns(
            columns=tuple(schema.column(name) for name in planned.columns),
            series=tuple(frame.get_column(name) for name in planned.columns),
            options={"min_count": min_count, **planned.options},
            y=y,
            seed=seed,
        )
        return step(planned.step).fit(training)

    learnt = ((planned, fitted(planned)) for planned in plan(view, schema))
    return assemble(view, ((p.step, p.columns, values) for p, values in learnt if values is not None))
