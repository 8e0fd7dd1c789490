"""The table a job works on, as a file of its own under a name that nobody chose but us."""

import re
import shutil
from pathlib import Path, PurePath

from yunque.errors import StorageError
from yunque.runtime.jobs.context import JobContext

_SUFFIX = re.compile(r"(\.[a-z0-9]{1,8}){1,2}")
TABLE = "table"


def safe_suffix(file_name: str) -> str:
    """Give the last one or two suffixes of a file's name ("a.csv.gz" -> ".csv.gz"), "" when they are odd."""
    found = "".join(PurePath(file_name).suffixes[-2:]).lower()
    if not _SUFFIX.fullmatch(found):
        found = PurePath(file_name).suffix.lower()
    return found if _SUFFIX.fullmatch(found) else ""


def fetch_upload(context: JobContext, file_name: str) -> Path:
    """Copy the job's upload into its scratch folder.

    Raises:
        UsageError: the job has no upload.
        NotFoundError: it is gone by now.
        StorageError: the disk has no room.
    """
    path = context.scratch / f"{TABLE}{safe_suffix(file_name)}"
    try:
        with context.open_upload() as source, path.open("wb") as file:
            shutil.copyfileobj(source, file, 1 << 20)
    except OSError as error:
        raise StorageError("The worker has no room for the job's table.") from error
    return path
