"""Columns that carry no pattern: ids, constants, nearly unique texts."""

from collections.abc import Iterable, Sequence

import polars as pl

from yunque.data.examined import Check, Examined
from yunque.data.finding import Finding, listed
from yunque.data.schema import Column, Kind, Role

NEARLY_UNIQUE = 0.95
FEWEST_ROWS = 20


def _run(table: Examined, found: Sequence[Finding]) -> Iterable[Finding]:  # noqa: ARG001
    if table.frame.height == 0:
        return
    constants = tuple(
        column.name
        for column in table.schema
        if column.role in (Role.FEATURE, Role.IGNORE)
        and column.name in table.present
        and _is_constant(table.frame.get_column(column.name))
    )
    if constants:
        yield Finding(
            id="constant_columns",
            severity="info",
            columns=constants,
            evidence={"count": len(constants), "rows": table.frame.height},
            message=(
                f"{len(constants)} column(s) have one value at most and cannot help: {listed(constants)}."
            ),
            suggested_action="Leave them out, or find out why they do not vary.",
        )
    known = tuple(column.name for column in table.schema if column.role is Role.ID)
    if known:
        yield Finding(
            id="id_columns",
            severity="info",
            columns=known,
            evidence={"count": len(known)},
            message=(
                f"{len(known)} column(s) read like ids and are carried through, not learnt from: "
                f"{listed(known)}."
            ),
            suggested_action=(
                "If one of them is a feature after all, give it the role feature in the contract."
            ),
        )
    for column in table.features:
        if column.name not in constants and _reads_like_id(table, column):
            yield _id_like(table, column.name)


def _is_constant(values: pl.Series) -> bool:
    distinct = values.n_unique()
    return distinct <= 1 or (distinct == 2 and values.has_nulls())


def _reads_like_id(table: Examined, column: Column) -> bool:
    if column.kind not in (Kind.CATEGORY, Kind.TEXT) or table.frame.height < FEWEST_ROWS:
        return False
    sampled = table.sample.get_column(column.name).drop_nulls()
    if len(sampled) == 0 or sampled.n_unique() < NEARLY_UNIQUE * len(sampled) or _reads_like_prose(sampled):
        return False
    values = table.frame.get_column(column.name).drop_nulls()
    return values.n_unique() >= NEARLY_UNIQUE * len(values)


def _reads_like_prose(values: pl.Series) -> bool:
    """Tell sentences, whose words can be learnt from, from codes."""
    spaces = values.str.count_matches(" ").mean()
    return isinstance(spaces, float) and spaces >= 3.0


def _id_like(table: Examined, name: str) -> Finding:
    distinct = table.frame.get_column(name).n_unique()
    return Finding(
        id=f"id_like:{name}",
        severity="warning",
        columns=(name,),
        evidence={"distinct": distinct, "rows": table.frame.height},
        message=(
            f"The column {name!r} has {distinct:,} different values in {table.frame.height:,} "
            "rows; it names rows and says nothing about new ones."
        ),
        suggested_action=f"Leave it out (--ignore {name!r}), or derive something general from it.",
    )


CHECK = Check(name="useless_columns", order=60, needs_target=False, run=_run)
