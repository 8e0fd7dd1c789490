"""The finished parts of a long piece of work, kept beside its output until that is whole.

A process that is killed leaves its parts; the next one with the same source, model and output goes on after
the last of them. Each part's files are whole and on the disk before the list of parts names it.
"""

import fcntl
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec
import polars as pl

from yunque.data.table import write_table
from yunque.errors import ConflictError, StorageError, UsageError
from yunque.services.parts_join import SUFFIXES, format_of, join_parts

LIST, LOCK, DRAFT = "parts.json", "lock", "draft"


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a finished part.

    Attributes:
        rows: rows of the source in it.
        rejected: rows of them without an answer.
        has_reasons: whether a file tells why.
        warnings: what was noticed without harm.
    """

    rows: int
    rejected: int
    has_reasons: bool
    warnings: tuple[str, ...]


class PartsList(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """The finished parts of one piece of work, in order; `key` names the work."""

    format: int = 1
    key: str
    parts: list[Part] = []

    @classmethod
    def read(cls, folder: Path) -> "PartsList":
        """Read the list of a folder; an empty one when there is none that can be read."""
        try:
            return msgspec.json.decode((folder / LIST).read_bytes(), type=cls)
        except (OSError, msgspec.DecodeError):
            return cls(key="")

    def write(self, folder: Path) -> None:
        """Write the list, whole and on the disk; OSError when the disk refuses."""
        draft = folder / f".{LIST}"
        with draft.open("wb") as file:
            file.write(msgspec.json.encode(self))
            file.flush()
            os.fsync(file.fileno())
        draft.replace(folder / LIST)


@dataclass(frozen=True, kw_only=True)
class Outputs:
    """The two files that come of the work: answers, and the reasons of rows without one."""

    answers: Path
    reasons: Path


@dataclass(frozen=True, kw_only=True)
class PartFiles:
    """Where a part's rows, answers and reasons stand."""

    batch: Path
    answers: Path
    reasons: Path


class PartsFolder:
    """A hidden folder beside the output; one process at a time may hold it.

    Use as a context. Leaving it without `finish` keeps the finished parts for another try, and the outputs as
    they were.
    """

    def __init__(self, outputs: Outputs, key: str) -> None:
        """Prepare; `key` tells apart pieces of work whose parts must not be mixed."""
        self._outputs = outputs
        self._folder = self.beside(outputs.answers)
        self._suffix = SUFFIXES[format_of(outputs.answers)]
        self._list = PartsList(key=key)
        self._lock = -1

    @staticmethod
    def beside(answers: Path) -> Path:
        """Give the path of the hidden folder that belongs to an output."""
        return answers.with_name(f".{answers.name}.parts")

    @property
    def parts(self) -> list[Part]:
        """The finished parts, in order."""
        return self._list.parts

    def __enter__(self) -> Self:
        """Take the folder, with the parts of an earlier try that did the same.

        Raises:
            UsageError: the folder of the output does not exist or cannot be written.
            ConflictError: another process writes the same output.
        """
        try:
            self._folder.mkdir(exist_ok=True)
            self._lock = os.open(self._folder / LOCK, os.O_CREAT | os.O_RDWR, 0o600)
        except OSError as error:
            raise UsageError(
                f"Cannot write {self._outputs.answers.name!r} in its folder: {error.strerror}.",
                hint="Make the folder, or choose another output.",
            ) from error
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(self._lock)
            raise ConflictError(
                f"Another process is writing {self._outputs.answers.name!r}.",
                hint="Wait for it, or choose another output.",
            ) from error
        self._resume()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Let the folder go; one without any finished part goes away."""
        if not self._list.parts:
            shutil.rmtree(self._folder, ignore_errors=True)
        os.close(self._lock)

    def _resume(self) -> None:
        """Take up the list of an earlier try, or start over when it was another piece of work."""
        found = PartsList.read(self._folder)
        if (found.format, found.key) == (1, self._list.key):
            self._list = found
            return
        for path in self._folder.iterdir():
            if path.name != LOCK:
                path.unlink()

    def add(self, answers: pl.DataFrame, reasons: pl.DataFrame, part: Part) -> None:
        """Write one more part; it counts once the list names it.

        Raises:
            StorageError: the disk refuses.
        """
        files = self.files_of(len(self._list.parts))
        write_table(answers, files.answers)
        if part.has_reasons:
            write_table(reasons, files.reasons)
        self.adopt(part)

    def files_of(self, number: int) -> "PartFiles":
        """Give the paths of a part, for whoever writes them instead of `add`."""
        return PartFiles(
            batch=self._folder / f"{number:06d}.batch.parquet",
            answers=self._answers(number),
            reasons=self._reasons(number),
        )

    def adopt(self, part: Part) -> None:
        """Take up the next part, whose files are whole and in their places.

        Raises:
            StorageError: the disk refuses.
        """
        self._list.parts.append(part)
        try:
            self._list.write(self._folder)
        except OSError as error:
            self._list.parts.pop()
            raise StorageError(f"A part cannot be written: {error.strerror}.") from error

    def finish(self) -> bool:
        """Put the joined parts in the outputs' places; say whether there were reasons.

        Raises:
            StorageError: the disk refuses; the parts stay.
        """
        numbers = range(len(self._list.parts))
        draft = self._folder / DRAFT
        told = [self._reasons(number) for number in numbers if self._list.parts[number].has_reasons]
        if told:
            join_parts(told, self._outputs.reasons, draft)
        else:
            self._outputs.reasons.unlink(missing_ok=True)  # of an earlier run; it would tell of other rows
        if numbers:
            join_parts([self._answers(number) for number in numbers], self._outputs.answers, draft)
        self._list = PartsList(key="")
        return bool(told)

    def _answers(self, number: int) -> Path:
        return self._folder / f"{number:06d}{self._suffix}"

    def _reasons(self, number: int) -> Path:
        return self._folder / f"{number:06d}.rejected.csv"
