"""One raw table becomes typed columns of the demand solution; what cannot be read is noted, never guessed."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import polars as pl

from yunque.data.infer import Wishes, infer_contract
from yunque.data.parse import is_readable, parse_series
from yunque.data.schema import Kind
from yunque.errors import ContractError
from yunque.solutions.demand.columns import TABLES
from yunque.solutions.demand.intake_names import NEEDED, SYNONYMS, Named, name_columns
from yunque.solutions.demand.notes import noted
from yunque.solutions.demand.plan_values import DataNote

_MONTH_ALONE = r"^\s*([0-9]{4})[-/]([0-9]{1,2})\s*$"
MOST = 1e12  # units or money of one cell: beyond it, a slip
_CONTROL = (
    r"[\x00-\x1f\x7f\x{202a}-\x{202e}\x{2066}-\x{2069}]+"  # would steer a terminal or turn a text round
)
_KINDS = {pl.String: Kind.CATEGORY, pl.Float64: Kind.NUMBER, pl.Date: Kind.TIMESTAMP}


@dataclass(frozen=True, kw_only=True)
class Typed:
    """A table that was read.

    Attributes:
        frame: the columns of TABLES[kind] (movements with unit_of_measure beside them), typed; rows without
            what is needed left out.
        notes: what was left out.
    """

    frame: pl.DataFrame
    notes: tuple[DataNote, ...]


def read_raw(table: pl.DataFrame, kind: str, label: str) -> Typed:
    """Read a raw table of that kind.

    Args:
        table: as the file has it.
        kind: movements, stock, items, orders, suppliers or promotions.
        label: what messages call it.

    Raises:
        ContractError: a needed column is missing; names those at hand.
    """
    named = name_columns(table, kind)
    _refuse_missing(named, table, kind, label)
    schema = TABLES[kind] | ({"unit_of_measure": pl.String} if kind == "movements" else {})
    bad: list[str] = []
    typed = _typed(named, schema, bad)
    full = typed.with_columns(
        pl.lit(None, dtype=dtype).alias(name) for name, dtype in schema.items() if name not in typed.columns
    ).select(list(schema))
    needed = NEEDED[kind]
    held = pl.all_horizontal(pl.col(name).is_not_null() for name in needed)
    lacking = full.select(~held).to_series()
    rows = (lacking.arg_true() + 1).to_list()
    notes = noted(
        ("personal_dropped", len(named.personal), named.personal),
        ("column_ignored", len(named.ignored), named.ignored),
        ("unreadable", len(bad), bad),
        ("row_without_key", len(rows), [f"{label} {row}" for row in rows]),
    )
    return Typed(frame=full.filter(~lacking), notes=notes)


def _refuse_missing(named: Named, table: pl.DataFrame, kind: str, label: str) -> None:
    missing = [name for name in NEEDED[kind] if name not in named.frame.columns]
    if not missing:
        return
    at_hand = ", ".join(map(repr, table.columns[:12]))
    raise ContractError(
        f"The table {label!r} has no column for {', '.join(missing)}; it has {at_hand}. / "
        f"A la tabla {label!r} le falta la columna de {', '.join(_example(kind, name) for name in missing)}.",
        hint="Name it, for example / Nómbrela, por ejemplo: "
        + ", ".join(_example(kind, name) for name in missing)
        + ".",
    )


def _example(kind: str, name: str) -> str:
    return SYNONYMS[kind][name][0]


def _typed(named: Named, schema: dict[str, Any], bad: list[str]) -> pl.DataFrame:
    frame, in_file = named.frame, {here: name for name, here in named.renamed}
    readable = frame.select(
        _first_of_month(series) if schema[series.name] == pl.Date else series
        for series in frame
        if is_readable(series.dtype)
    )
    kinds = {name: _KINDS[schema[name]] for name in readable.columns}
    if not readable.height:
        return pl.DataFrame(schema={name: schema[name] for name in readable.columns})
    contract, _ = infer_contract(readable, Wishes(kinds=kinds))
    columns = []
    for column in contract.schema:
        typed, unreadable = parse_series(replace(column, kind=kinds[column.name]), readable[column.name])
        series = typed.cast(schema[column.name])
        if schema[column.name] == pl.String:
            series = series.str.replace_all(_CONTROL, " ").str.strip_chars().replace("", None)
        elif schema[column.name] == pl.Float64:
            is_possible = (series.abs() <= MOST).fill_null(value=True)  # no infinity, and no number at all
            unreadable = unreadable | ~is_possible
            series = pl.select(pl.when(is_possible & series.is_not_nan()).then(series)).to_series()
        raw = readable[column.name]
        bad += list(_told(raw.alias(in_file.get(column.name, column.name)), unreadable))
        columns.append(series.alias(column.name))
    return pl.DataFrame(columns)


def _first_of_month(dates: pl.Series) -> pl.Series:
    """Give a month that is written alone ("2026-03") the day it begins."""
    return dates.str.replace(_MONTH_ALONE, "${1}-${2}-01") if dates.dtype == pl.String else dates


def _told(raw: pl.Series, unreadable: pl.Series) -> Iterator[str]:
    for row in unreadable.arg_true().to_list():
        yield f"{raw.name} {row + 1}: {str(raw[row])[:30]!r}"
