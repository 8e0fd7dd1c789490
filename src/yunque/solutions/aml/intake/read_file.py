"""Read a file of operations as text cells: any CSV dialect, Parquet, or a spreadsheet."""

import importlib
from pathlib import Path

import polars as pl

from yunque.data.table import read_table
from yunque.errors import TableError, UsageError

SPREADSHEETS = (".xlsx", ".xlsm", ".xlsb", ".xls", ".ods")


def read_file(path: Path) -> pl.DataFrame:
    """Read a table; the cells of a spreadsheet come as its types have them.

    Raises:
        TableError: no such file, or not a table.
        UsageError: a spreadsheet, and the extra `excel` is not installed.
    """
    if path.suffix.lower() not in SPREADSHEETS:
        return read_table(path)
    if not path.is_file():
        raise TableError("There is no such file.", place={"file": path.name}, hint="Check the path.")
    return read_spreadsheet(path)


def read_spreadsheet(path: Path) -> pl.DataFrame:
    """Read the first sheet of a workbook."""
    try:
        fastexcel = importlib.import_module("fastexcel")
    except ImportError as error:
        raise UsageError(
            "Spreadsheets need the optional part `excel`.",
            hint="Install it: pip install 'yunque[excel]'; or save the sheet as CSV.",
        ) from error
    try:
        frame: pl.DataFrame = fastexcel.read_excel(str(path)).load_sheet(0).to_polars()
    except fastexcel.FastExcelError as error:
        raise TableError(
            "The workbook cannot be read.", place={"file": path.name}, hint="Save it again as .xlsx or .csv."
        ) from error
    if not frame.height:
        raise TableError("The first sheet has no rows.", place={"file": path.name})
    return frame
