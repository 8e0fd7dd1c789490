"""The table a job works on, as a file of its own in the job's scratch folder."""

import re
import shutil
from pathlib import Path

from yunque.errors import StorageError
from yunque.runtime.jobs.context import JobContext

_ODD = re.compile(r"[^A-Za-z0-9._-]+", re.ASCII)
_LONGEST = 80
INPUT = "input"


def safe_name(file_name: str) -> str:
    """Give a file's name in letters that mean nothing special anywhere: "mi tabla.csv" -> "mi_tabla.csv"."""
    name = _ODD.sub("_", file_name.replace("\\", "/").rpartition("/")[2])[-_LONGEST:].lstrip(".-")
    return name or "table"


def fetch_upload(context: JobContext, file_name: str) -> Path:
    """Copy the job's upload into its scratch folder, under a name that its sender knows again.

    Raises:
        UsageError: the job has no upload.
        NotFoundError: it is gone by now.
        StorageError: the disk has no room.
    """
    path = context.scratch / INPUT / safe_name(file_name)
    try:
        with context.open_upload() as source:
            path.parent.mkdir(exist_ok=True)
            with path.open("wb") as file:
                shutil.copyfileobj(source, file, 1 << 20)
    except OSError as error:
        raise StorageError("The worker has no room for the job's table.") from error
    return path
