"""Options that several commands take."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

Tables = Annotated[
    list[str],
    typer.Argument(
        metavar="TABLE",
        help="CSV, Parquet, Arrow or NDJSON, also .gz or .zst; a quoted glob or several files.",
        show_default=False,
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Write one JSON document instead of text.")]
By = Annotated[str, typer.Option("--by", metavar="WHO", help="Who acts, for the record; you by default.")]
Reason = Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why, for the record.")]
TimeColumn = Annotated[
    str | None, typer.Option("--time-column", metavar="C", help="Orders the rows: the split goes by time.")
]
GroupColumn = Annotated[
    str | None, typer.Option("--group-column", metavar="C", help="Rows of one group never straddle a split.")
]
WeightColumn = Annotated[
    str | None,
    typer.Option(
        "--weights", "--weight-column", metavar="C", help="Weighs the rows in every fit and every metric."
    ),
]
Ignore = Annotated[
    list[str] | None, typer.Option("--ignore", metavar="C", help="Do not use this column; repeat it.")
]
Ids = Annotated[
    list[str] | None,
    typer.Option("--id", metavar="C", help="Carry this column through, learn nothing from it."),
]
ContractFile = Annotated[
    Path | None,
    typer.Option(
        "--contract", metavar="FILE", help="A contract.yaml that the table must meet.", dir_okay=False
    ),
]
Seed = Annotated[int, typer.Option("--seed", min=0, help="Seeds every random choice.")]


def source_of(tables: Sequence[str]) -> str | list[str]:
    """Give one source or several as the reader takes them; `.dvc` files stand for the data that they name.

    Raises:
        TableError: the data of a `.dvc` file is not there, or is not what it names.
    """
    if any(table.endswith(".dvc") for table in tables):
        from yunque.services.dvc_file import resolve_tables

        tables = resolve_tables(tables)
    return tables[0] if len(tables) == 1 else list(tables)


def source_name(tables: Sequence[str]) -> str:
    """Name where a table came from without naming a folder of this machine."""
    names = [Path(table).name for table in tables]
    return names[0] if len(names) == 1 else f"{names[0]} and {len(names) - 1} more"


def model_name(tables: Sequence[str], target: str) -> str:
    """Make a name from the table's and the target's, of the letters that names may have."""
    text = f"{Path(tables[0]).name.partition('.')[0]}-{target}".lower()
    return re.sub(r"[^a-z0-9_]+", "-", text).strip("-_")[:64].strip("-_") or "model"
