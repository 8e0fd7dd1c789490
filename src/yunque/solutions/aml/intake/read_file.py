"""Read a file of operations as text cells: any CSV dialect, Parquet, or a spreadsheet."""

import importlib
from pathlib import Path
from zipfile import BadZipFile, ZipFile, is_zipfile

import polars as pl

from yunque.data.table import read_table
from yunque.errors import LimitError, TableError, UsageError

SPREADSHEETS = (".xlsx", ".xlsm", ".xlsb", ".xls", ".ods")
MOST_UNPACKED = 4 * 2**30  # bytes of a workbook's parts together
MOST_RATIO = 400  # unpacked to packed; sheets of numbers come to some 10 to 30


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
    """Read the first sheet of a workbook.

    Raises:
        LimitError: its parts unpack to an absurd size.
    """
    refuse_bomb(path)
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


def refuse_bomb(path: Path) -> None:
    """Refuse a workbook whose parts claim to unpack to an absurd size.

    Raises:
        LimitError: they do.
        TableError: it is a damaged archive.
    """
    if not is_zipfile(path):
        return
    try:
        with ZipFile(path) as archive:
            parts = archive.infolist()
    except BadZipFile as error:
        raise TableError(
            "The workbook is damaged.", place={"file": path.name}, hint="Save it again."
        ) from error
    unpacked = sum(part.file_size for part in parts)
    if unpacked > MOST_UNPACKED or unpacked > MOST_RATIO * max(path.stat().st_size, 1 << 20):
        raise LimitError(
            "The workbook unpacks to an absurd size.", place={"file": path.name}, hint="Send it as CSV."
        )
