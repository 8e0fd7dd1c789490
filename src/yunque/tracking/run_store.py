"""Records on this machine: one folder a run, with `run.json` and the files that belong to it."""

import os
import uuid
from collections.abc import Mapping
from pathlib import Path

import msgspec

from yunque.errors import NotFoundError, StorageError
from yunque.tracking.run_record import RunRecord

RECORD = "run.json"


def keep_run(place: Path, record: RunRecord, files: Mapping[str, bytes]) -> Path:
    """Write a run and its files; the folder appears whole or not at all.

    Returns:
        Its folder, whose name is the run's id: the moment it began, and a random part.

    Raises:
        StorageError: the disk refuses.
    """
    run_id = f"{int(record.started):012d}-{uuid.uuid4().hex[:12]}"
    half = place / f".{run_id}"
    try:
        half.mkdir(parents=True)
        for name, content in files.items():
            _write(half / name, content)
        _write(half / RECORD, msgspec.json.format(msgspec.json.encode(record), indent=1) + b"\n")
        return half.rename(place / run_id)
    except OSError as error:
        raise StorageError(
            f"The record of the run {record.name!r} cannot be written: {error.strerror}.",
            hint="Make room on the disk, or let the folder of runs be written.",
        ) from error


def read_run(folder: Path) -> RunRecord:
    """Read a run that was kept.

    Raises:
        NotFoundError: there is none, or it cannot be read.
    """
    try:
        return msgspec.json.decode((folder / RECORD).read_bytes(), type=RunRecord)
    except (OSError, msgspec.DecodeError) as error:
        raise NotFoundError(f"There is no run {folder.name!r}, or its record is damaged.") from error


def list_runs(place: Path) -> list[Path]:
    """Give the folders of all runs, newest first."""
    if not place.is_dir():
        return []
    return sorted((each for each in place.iterdir() if not each.name.startswith(".")), reverse=True)


def _write(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
