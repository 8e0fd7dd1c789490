"""Write R4's three notebooks for a table: exploration, features, experiments, run from top to bottom."""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from yunque.data.table import read_table
from yunque.errors import ConflictError, NotFoundError, StorageError
from yunque.learning.budget import parse_budget
from yunque.services.notebook_cells import NAMES, Cell, Language, cells_of

IMPORTS = (
    "import altair as alt",
    "import numpy as np",
    "import polars as pl",
    "from IPython.display import Markdown",
    "",
    "import yunque",
    "",
)
KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}
HEADER_ROWS = 100


@dataclass(frozen=True, kw_only=True)
class NotebookRequest:
    """What the notebooks are about.

    Attributes:
        tables: paths.
        target: the column to predict.
        columns: what is known about the columns, as `yunque.check` takes it ("time_column", "ignore" …).
        name: of the model; budget: of the training; language: of the texts.
        output: folder, made when it is not there.
    """

    tables: Sequence[str]
    target: str
    columns: Mapping[str, Any] = field(default_factory=dict)
    name: str
    budget: str = "60s"
    language: Language = "en"
    output: Path


def write_notebooks(request: NotebookRequest) -> list[Path]:
    """Write the three files; none where one of them is there already.

    Raises:
        TableError: the table cannot be read.
        NotFoundError: it has no such column.
        ConflictError: a file of that name is there and holds something else.
        StorageError: the disk refuses.
    """
    parse_budget(request.budget)
    header = read_table(list(request.tables), limit=HEADER_ROWS).columns
    if request.target not in header:
        raise NotFoundError.among("column", request.target, tuple(header))
    paths = {
        request.output / f"{name}.ipynb": _document(cells_of(name, request.language), request)
        for name in NAMES
    }
    taken = [path for path, text in paths.items() if path.exists() and path.read_bytes() != text.encode()]
    if taken:
        raise ConflictError(
            f"{taken[0].name} is there already, and somebody worked on it.", hint="Name another --output."
        )
    try:
        request.output.mkdir(parents=True, exist_ok=True)
        for path, text in paths.items():
            path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise StorageError(f"The notebooks cannot be written: {error.strerror}.") from error
    return list(paths)


def _document(cells: Sequence[Cell], request: NotebookRequest) -> str:
    """Give a notebook of format 4.5; equal requests give equal text."""
    made = [_cell(place, cell, request) for place, cell in enumerate(cells)]
    metadata = {"kernelspec": KERNEL, "language_info": {"name": "python"}}
    document = {"cells": made, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(document, ensure_ascii=False, indent=1) + "\n"


def _cell(place: int, cell: Cell, request: NotebookRequest) -> dict[str, Any]:
    kind, text = cell
    source = (_settings(request) if kind == "settings" else text).splitlines(keepends=True)
    common = {"cell_type": kind, "id": f"cell-{place:02d}", "metadata": {}, "source": source}
    if kind == "markdown":
        return common
    return {**common, "cell_type": "code", "execution_count": None, "outputs": []}


def _settings(request: NotebookRequest) -> str:
    """Give the cell that names everything; as literals, whatever the columns are called."""
    paths = [_from(request.output, table) for table in request.tables]
    named = {
        "TABLE": paths[0] if len(paths) == 1 else paths,
        "TARGET": request.target,
        "COLUMNS": {key: value for key, value in request.columns.items() if value},
        "BUDGET": request.budget,
        "NAME": request.name,
        "LANGUAGE": request.language,
    }
    return "\n".join([*IMPORTS, *(f"{key} = {value!r}" for key, value in named.items())])


def _from(folder: Path, table: str) -> str:
    """Give a path as the notebook's own folder sees it, so that the project can be moved as a whole."""
    return Path(os.path.relpath(Path(table).absolute(), folder.absolute())).as_posix()
