"""The shape of a file of operations, before anything is charged or computed: its columns and its rows.

Little is imported here: the process that opens the files of strangers begins with it.
"""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from yunque.data.table import read_table, scan_batches
from yunque.errors import LimitError, TableError, UsageError
from yunque.solutions.aml.intake.headers import KNOWN, REQUIRED, SECTOR, SYNONYMS, simple
from yunque.solutions.aml.intake.read_file import SPREADSHEETS, read_spreadsheet

BATCH = 100_000
BINARY = (b"PAR1", b"ARROW1", b"PK\x03\x04", b"\xd0\xcf\x11\xe0")  # Parquet, Arrow, zip, old workbooks
MEMORY_BYTES = 4 * 2**30  # address space of the process that opens them
SECONDS = 60.0
OPTIONAL = tuple(name for name in SYNONYMS if name not in (*REQUIRED, "sector_actividad"))


@dataclass(frozen=True, kw_only=True)
class Shape:
    """What a file looks like.

    Attributes:
        rows: data rows; 0 where columns are missing, because nobody counted them.
        columns: as the file names them.
        missing: columns that the law cannot do without, under the contract's names.
    """

    rows: int
    columns: tuple[str, ...]
    missing: tuple[str, ...]


def is_text(path: Path) -> bool:
    """Whether a file is neither Parquet, Arrow nor a workbook, by its first bytes or its name."""
    with path.open("rb") as file:
        start = file.read(8)
    return not start.startswith(BINARY) and path.suffix not in SPREADSHEETS


def shape_apart(path: Path, memory_bytes: int = MEMORY_BYTES) -> Shape:
    """Give the shape of a file, read in another process with limits of memory and time.

    Raises:
        TableError, LimitError, UsageError: as reading does.
    """
    command = [sys.executable, "-P", "-m", "yunque.services.aml_shape_child", str(path), str(memory_bytes)]
    try:
        done = subprocess.run(command, capture_output=True, timeout=SECONDS, check=False)  # noqa: S603 - our own
        told = json.loads(done.stdout)
    except (subprocess.TimeoutExpired, ValueError) as error:
        raise LimitError(
            "The file is damaged, or unpacks to more than may be read.", hint="Send it as CSV."
        ) from error
    if "error" in told:
        kind = {kind.__name__: kind for kind in (TableError, LimitError, UsageError)}[told["error"]]
        raise kind(told["message"], hint=told["hint"])
    return Shape(rows=told["rows"], columns=tuple(told["columns"]), missing=tuple(told["missing"]))


def shape_of(path: Path) -> Shape:
    """Give the shape of a file, read here.

    Raises:
        TableError, LimitError, UsageError: as reading does.
    """
    if path.suffix in SPREADSHEETS:
        table = read_spreadsheet(path)
        return Shape(rows=table.height, columns=tuple(table.columns), missing=missing_in(table.columns))
    columns = read_table(path, limit=1).columns
    missing = missing_in(columns)
    rows = 0 if missing else sum(batch.height for batch in scan_batches(path, batch_rows=BATCH))
    return Shape(rows=rows, columns=tuple(columns), missing=missing)


def missing_in(columns: list[str]) -> tuple[str, ...]:
    """Give the required columns that are not among those of a file, whatever their spelling."""
    found = {KNOWN.get(simple(column)) for column in columns}
    missing = [name for name in REQUIRED if name not in found]
    if not found & set(SECTOR):
        missing.append("sector_actividad")
    return tuple(missing)
