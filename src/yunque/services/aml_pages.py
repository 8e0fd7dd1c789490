"""Pages of a stored result, found by an index beside it: no page costs the reading of the whole."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from yunque.errors import NotFoundError, StorageError
from yunque.runtime.jobs.folders import RESULT_NAME
from yunque.runtime.jobs.job import Job
from yunque.runtime.storage import Storage

INDEX_NAME = "paginas.json"
EVERY = 500  # rows between two places of the index
OPENING = b',"operaciones":['


@dataclass(kw_only=True)
class PageIndex:
    """Counts the bytes and rows of a result while it is written, one operation a line.

    Attributes:
        rows: operations so far; places: where each five hundredth begins.
    """

    rows: int = 0
    places: list[int] = field(default_factory=list)

    def watch(self, lines: Iterator[bytes]) -> Iterator[bytes]:
        """Pass a result's lines on and note where operations begin; the first line is the heading."""
        at = 0
        for number, line in enumerate(lines):
            is_row = number > 0 and line[:1] == b"{"
            if is_row:
                if self.rows % EVERY == 0:
                    self.places.append(at)
                self.rows += 1
            at += len(line)
            yield line

    def document(self) -> dict[str, Any]:
        """Give the index as plain values."""
        return {"filas": self.rows, "cada": EVERY, "lugares": self.places}


@dataclass(frozen=True, kw_only=True)
class Page:
    """Some operations of a result: its heading, how many there are in all, and those from `offset` on."""

    heading: Mapping[str, Any]
    total: int
    offset: int
    rows: tuple[dict[str, Any], ...]

    @property
    def following(self) -> int | None:
        """Where the next page begins; None at the end."""
        end = self.offset + len(self.rows)
        return end if self.rows and end < self.total else None


def read_page(storage: Storage, job: Job, *, offset: int, limit: int) -> Page:
    """Give operations `offset` to `offset + limit` of a job's result, counted from 0.

    Raises:
        NotFoundError: the job left no result.
        StorageError: the files are not in the store any more.
    """
    if job.result_prefix is None or INDEX_NAME not in (job.result or {}).get("files", {}):
        raise NotFoundError("This result has no pages.", hint="Fetch it whole.")
    try:
        with storage.open(f"{job.result_prefix}/{INDEX_NAME}") as file:
            index = json.loads(file.read())
        with storage.open(f"{job.result_prefix}/{RESULT_NAME}") as file:
            heading = json.loads(file.readline().removesuffix(OPENING + b"\n") + b"}")
        rows = rows_from(storage, f"{job.result_prefix}/{RESULT_NAME}", index, (offset, limit))
    except NotFoundError as error:
        raise StorageError("The result is not in the store any more.") from error
    return Page(heading=heading, total=index["filas"], offset=offset, rows=tuple(rows))


def rows_from(
    storage: Storage, key: str, index: Mapping[str, Any], wanted: tuple[int, int]
) -> list[dict[str, Any]]:
    """Read some operations of a stored result, beginning at the nearest place before them."""
    offset, limit = wanted
    last = min(offset + limit, index["filas"])
    if offset >= last:
        return []
    block = offset // index["cada"]
    skip = offset - block * index["cada"]
    found: list[dict[str, Any]] = []
    with storage.open(key, start=index["lugares"][block]) as file:
        for number, line in enumerate(file):
            if number >= skip:
                found.append(json.loads(line.rstrip().removesuffix(b",")))
            if len(found) == last - offset:
                break
    return found
