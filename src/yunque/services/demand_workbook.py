"""The sheets of a workbook by the tables that their names say: one workbook may hold the whole company."""

from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import polars as pl

from yunque.errors import TableError, UsageError
from yunque.solutions.aml.intake.read_file import read_file, refuse_bomb


def read_workbook(path: Path, usual: str, kind_of: Callable[[str], str | None]) -> dict[str, pl.DataFrame]:
    """Read every sheet whose name is that of a table; without any, the first sheet as the usual table.

    Args:
        path: the workbook.
        usual: what its first sheet is when no name says so.
        kind_of: table by the name of a sheet, None for none.

    Raises:
        TableError: it is none, it is damaged, or two sheets are of one table.
        UsageError: the optional part `excel` is not installed.
        LimitError: it unpacks to an absurd size.
    """
    if not path.is_file():
        return {usual: read_file(path)}
    refuse_bomb(path)
    try:
        fastexcel = import_module("fastexcel")
    except ImportError as error:
        raise UsageError(
            "Spreadsheets need the optional part `excel`. / Las hojas de cálculo requieren la parte `excel`.",
            hint="pip install 'yunque[excel]'; or save the sheets as CSV / o guarde las hojas como CSV.",
        ) from error
    found: dict[str, pl.DataFrame] = {}
    try:
        book = fastexcel.read_excel(str(path))
        for name in book.sheet_names:
            kind = kind_of(name)
            if kind in found:
                raise TableError(
                    f"Two sheets are of {kind}. / Dos hojas son de {kind}.", place={"file": path.name}
                )
            if kind is not None:
                found[kind] = book.load_sheet(name).to_polars()
    except fastexcel.FastExcelError as error:
        raise TableError(
            "The workbook cannot be read. / El libro no se puede leer.",
            place={"file": path.name},
            hint="Save it again as .xlsx or .csv / Guárdelo otra vez como .xlsx o .csv.",
        ) from error
    rows = {kind: table for kind, table in found.items() if table.height}
    return rows or {usual: read_file(path)}
