"""Which steps a view uses on which feature columns.

The TIME column is not an input of a model: it orders the rows and cuts the split. A prediction is asked for a
moment that the training rows never saw, so its year and epoch cannot generalise, and a request need not carry
it. A date that *is* known at prediction time is an ordinary feature column of kind DATE or TIMESTAMP.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from yunque.data.schema import Column, Kind, Schema
from yunque.errors import UsageError
from yunque.features.part import DATES, NUMERIC

ONEHOT_COLUMNS = 1_000  # all one-hot columns of a recipe together, about
ONEHOT_LEVELS = 24


@dataclass(frozen=True, kw_only=True)
class Planned:
    """A step to fit on some columns."""

    step: str
    columns: tuple[str, ...]
    options: Mapping[str, Any] = field(default_factory=dict)


def target_steps(schema: Schema) -> tuple[Planned, ...]:
    """Give the steps that tell a tree the answers of training rows per level of a category."""
    return tuple(
        Planned(step="target_mean", columns=(column.name,))
        for column in schema.features
        if column.kind is Kind.CATEGORY
    )


def plan(view: str, schema: Schema) -> tuple[Planned, ...]:
    """Choose the steps of a view for the feature columns of a schema, in their order.

    Args:
        view: "tree" (codes, missing stays NaN) or "linear" (imputed, scaled, one-hot; never NaN).
        schema: of the contract; only columns with the role FEATURE are used.

    Raises:
        UsageError: no such view.
    """
    if view == "tree":
        return tuple(planned for column in schema.features for planned in _tree(column))
    if view == "linear":
        categories = sum(column.kind is Kind.CATEGORY for column in schema.features)
        levels = max(2, min(ONEHOT_LEVELS, ONEHOT_COLUMNS // max(categories, 1)))
        return tuple(planned for column in schema.features for planned in _linear(column, levels))
    raise UsageError(f"There is no view named {view!r}.", hint="Views are 'tree' and 'linear'.")


def _tree(column: Column) -> tuple[Planned, ...]:
    names = (column.name,)
    if column.kind is Kind.CATEGORY:
        return (Planned(step="category", columns=names), Planned(step="frequency", columns=names))
    if column.kind in DATES:
        return (Planned(step="date", columns=names),)
    if column.kind is Kind.TEXT:
        return (Planned(step="text", columns=names), Planned(step="text_vectors", columns=names))
    return (Planned(step="number", columns=names),)


def _linear(column: Column, onehot_levels: int) -> tuple[Planned, ...]:
    names = (column.name,)
    if column.kind is Kind.CATEGORY:
        return (Planned(step="onehot", columns=names, options={"max_levels": onehot_levels}),)
    scaled = [Planned(step="scaled", columns=names, options={"part": part}) for part in _scaled_parts(column)]
    cycles = [Planned(step="cycle", columns=names, options={"part": part}) for part in _cycle_parts(column)]
    missing = Planned(step="missing", columns=names)
    if column.kind is Kind.TEXT:
        return (*scaled, Planned(step="text_vectors", columns=names), missing)
    return (*scaled, *cycles, missing)


def _scaled_parts(column: Column) -> tuple[str, ...]:
    if column.kind in NUMERIC:
        return ("value",)
    if column.kind is Kind.DATE:
        return ("epoch_days",)
    if column.kind is Kind.TIMESTAMP:
        return ("epoch_seconds",)
    return ("length", "words", "digit_share", "upper_share", "symbol_share")


def _cycle_parts(column: Column) -> tuple[str, ...]:
    if column.kind is Kind.DATE:
        return ("month", "weekday")
    return ("month", "weekday", "hour") if column.kind is Kind.TIMESTAMP else ()
