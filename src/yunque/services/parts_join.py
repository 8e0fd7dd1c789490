"""Parts of a table joined into one file that appears whole: constant memory, whatever the format."""

import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO, Literal

import polars as pl

from yunque.data.table import write_table
from yunque.errors import StorageError, UsageError

Format = Literal["csv", "ndjson", "parquet", "arrow"]
FORMATS: dict[str, Format] = {
    ".csv": "csv",
    ".ndjson": "ndjson",
    ".jsonl": "ndjson",
    ".parquet": "parquet",
    ".arrow": "arrow",
    ".feather": "arrow",
}
SUFFIXES: dict[Format, str] = {"csv": ".csv", "ndjson": ".ndjson", "parquet": ".parquet", "arrow": ".arrow"}


def format_of(path: Path) -> Format:
    """Give the format that a file's name asks for.

    Raises:
        UsageError: its suffix is none of the known ones.
    """
    found = FORMATS.get(path.suffix.lower())
    if found is None:
        raise UsageError(
            f"The output {path.name!r} has no suffix that tells its format.",
            hint=f"Use one of {', '.join(FORMATS)}.",
        )
    return found


def join_parts(parts: Sequence[Path], output: Path, draft: Path) -> None:
    """Join parts of one schema and format, and put the whole in the output's place; the parts stay.

    Args:
        parts: at least one, in order.
        output: where the whole goes; its suffix tells the format.
        draft: a path on the same disk to write to first.

    Raises:
        StorageError: the disk refuses.
    """
    kind = format_of(output)
    try:
        if kind == "parquet":
            pl.scan_parquet(list(parts), glob=False).sink_parquet(draft)
        elif kind == "arrow":
            pl.scan_ipc(list(parts)).sink_ipc(draft)
        else:
            _concatenate(parts, draft, _header(parts[0], draft) if kind == "csv" else 0)
        with draft.open("rb+") as file:
            os.fsync(file.fileno())
        draft.replace(output)
    except OSError as error:
        raise StorageError(f"The output cannot be written: {error.strerror}.") from error


def _header(part: Path, draft: Path) -> int:
    """Bytes of the header line, which every part repeats; a name may hold a line break."""
    empty = draft.with_name("header.csv")
    write_table(pl.read_csv(part, n_rows=0), empty)
    return empty.stat().st_size


def _concatenate(parts: Sequence[Path], draft: Path, header: int) -> None:
    with draft.open("wb") as whole:
        for number, path in enumerate(parts):
            with path.open("rb") as part:
                part.seek(header if number else 0)
                _copy(part, whole)


def _copy(source: BinaryIO, target: BinaryIO) -> None:
    shutil.copyfileobj(source, target, 1 << 20)
