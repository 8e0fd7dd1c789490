"""Look at an uploaded file of operations before it waits, costs or is computed."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePath
from tempfile import TemporaryDirectory

from yunque.errors import NotFoundError, StorageError
from yunque.runtime.jobs.uploads import Upload
from yunque.services.aml_shape import Shape, is_text, shape_apart, shape_of
from yunque.services.job_office import Office
from yunque.solutions.aml.intake.read_file import SPREADSHEETS


def look(office: Office, upload: Upload) -> Shape:
    """Give the shape of an uploaded file: any CSV dialect, Parquet, or a workbook.

    What is not text is opened in a process of its own: a few kilobytes of it can claim gigabytes.

    Raises:
        StorageError: the file is gone.
        TableError: it is no table.
        LimitError: it unpacks to an absurd size.
        UsageError: a workbook, and the extra `excel` is not installed.
    """
    with local_copy(office, upload) as path:
        return shape_of(path) if is_text(path) else shape_apart(path)


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
