"""A large output file made of parts: constant memory, and it appears whole or not at all."""

import os
import shutil
import tempfile
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


class Parts:
    """Collects frames of one schema as files in a hidden folder beside the output.

    Use as a context: leaving it without `finish` removes everything and leaves the output as it was.
    """

    def __init__(self, output: Path) -> None:
        self._output = output
        self._format = format_of(output)
        self._files: list[Path] = []
        self._empty = pl.DataFrame()
        self._folder = Path()

    def __enter__(self) -> "Parts":
        """Make the hidden folder.

        Raises:
            UsageError: the folder of the output does not exist or cannot be written.
        """
        try:
            made = tempfile.mkdtemp(prefix=f".{self._output.name}.", dir=self._output.parent)
        except OSError as error:
            raise UsageError(
                f"Cannot write {self._output.name!r} in its folder: {error.strerror}.",
                hint="Make the folder, or choose another output.",
            ) from error
        self._folder = Path(made)
        return self

    def __exit__(self, *_: object) -> None:
        """Remove the hidden folder."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def add(self, frame: pl.DataFrame) -> None:
        """Write one part."""
        path = self._folder / f"{len(self._files):06d}{SUFFIXES[self._format]}"
        write_table(frame, path)
        self._empty = frame.clear()
        self._files.append(path)

    def finish(self) -> bool:
        """Join the parts and put them in the output's place; say whether there was any part.

        Raises:
            StorageError: the disk refuses.
        """
        if not self._files:
            return False
        draft = self._folder / f"whole{self._output.suffix.lower()}"
        try:
            self._join(draft)
            with draft.open("rb+") as file:
                os.fsync(file.fileno())
            draft.replace(self._output)
        except OSError as error:
            raise StorageError(f"The output cannot be written: {error.strerror}.") from error
        return True

    def _join(self, draft: Path) -> None:
        if len(self._files) == 1:
            self._files[0].replace(draft)
        elif self._format == "parquet":
            pl.scan_parquet(self._files, glob=False).sink_parquet(draft)
        elif self._format == "arrow":
            pl.scan_ipc(self._files).sink_ipc(draft)
        else:
            self._concatenate(draft)

    def _concatenate(self, draft: Path) -> None:
        header = self._header() if self._format == "csv" else 0
        with draft.open("wb") as whole:
            for number, path in enumerate(self._files):
                with path.open("rb") as part:
                    part.seek(header if number else 0)
                    _copy(part, whole)
                path.unlink()

    def _header(self) -> int:
        """Bytes of the header line, which every part repeats; a name may hold a line break."""
        empty = self._folder / "header.csv"
        write_table(self._empty, empty)
        return empty.stat().st_size


def _copy(source: BinaryIO, target: BinaryIO) -> None:
    shutil.copyfileobj(source, target, 1 << 20)
