"""Where on this machine the table of a model lies, so that a replay finds it; no bundle knows it."""

from collections.abc import Sequence
from pathlib import Path

import msgspec

from yunque.errors import StorageError

FOLDER = "sources"


def remember_source(home: Path, fingerprint: str, paths: Sequence[str]) -> None:
    """Note the files of a table; a disk that refuses is no reason to fail a training that succeeded."""
    folder = home / FOLDER
    try:
        folder.mkdir(parents=True, exist_ok=True)
        note = folder / f"{fingerprint}.json"
        note.write_bytes(msgspec.json.encode([str(Path(path).absolute()) for path in paths]))
    except OSError:
        return


def recall_source(home: Path, fingerprint: str) -> list[str] | None:
    """Give the files of a table, or None when they were not noted.

    Raises:
        StorageError: the note cannot be read.
    """
    note = home / FOLDER / f"{fingerprint}.json"
    if not note.is_file():
        return None
    try:
        return msgspec.json.decode(note.read_bytes(), type=list[str])
    except (OSError, msgspec.DecodeError) as error:
        raise StorageError(
            "The note of where the model's table lies cannot be read.", hint="Name the table yourself."
        ) from error
