"""Look at an uploaded file of operations before anything is charged or computed: its columns and its rows."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePath
from tempfile import TemporaryDirectory

from yunque.data.table import read_table, scan_batches
from yunque.errors import NotFoundError, StorageError
from yunque.runtime.jobs.uploads import Upload
from yunque.services.job_office import Office
from yunque.solutions.aml.intake.headers import KNOWN, REQUIRED, SECTOR, SYNONYMS, simple
from yunque.solutions.aml.intake.read_file import SPREADSHEETS, read_spreadsheet

BATCH = 100_000
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


def look(office: Office, upload: Upload) -> Shape:
    """Give the shape of an uploaded file: any CSV dialect, Parquet, or a workbook.

    Raises:
        StorageError: the file is gone.
        TableError: it is no table.
        LimitError: it unpacks to an absurd size.
        UsageError: a workbook, and the extra `excel` is not installed.
    """
    with local_copy(office, upload) as path:
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


@contextmanager
def local_copy(office: Office, upload: Upload) -> Iterator[Path]:
    """Give a file of this machine with an upload's bytes; of its name only a known suffix is kept."""
    suffix = PurePath(upload.file_name).suffix.lower()
    with TemporaryDirectory(prefix="look-") as folder:
        path = Path(folder) / f"table{suffix if suffix in SPREADSHEETS else ''}"
        try:
            with office.storage.open(upload.key) as source, path.open("wb") as file:
                shutil.copyfileobj(source, file, 1 << 20)
        except NotFoundError as error:
            raise StorageError("The uploaded file is not in the store any more.") from error
        yield path
