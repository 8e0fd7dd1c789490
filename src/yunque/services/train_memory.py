"""What a training may hold of this machine's memory, and where its large fits run."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from yunque.learning.memory_limit import MemoryLimit, parse_memory
from yunque.learning.outside import Outside
from yunque.runtime.cell import Cell
from yunque.runtime.memory import free_bytes, used_bytes


def memory_limit(wish: str | float, most_bytes: int | None = None) -> MemoryLimit:
    """Give the limit that a wish means on this machine just now.

    Args:
        wish: "75%" of what is free, "4GB", or bytes.
        most_bytes: what someone else allows this process, as the limit of a job.

    Raises:
        UsageError: the wish is not understood.
    """
    used, free = used_bytes(), free_bytes()
    if most_bytes is not None:
        free = max(0, min(free, most_bytes - used))
    return MemoryLimit(limit_bytes=parse_memory(wish).limit_bytes(used=used, free=free), used=used_bytes)


@contextmanager
def large_fits(folder: Path) -> Iterator[Outside | None]:
    """Give where fits run that this process must survive; None where a process cannot be bounded."""
    if os.name != "posix":
        yield None
        return
    cell = Cell(folder)
    try:
        yield cell
    finally:
        cell.close()
