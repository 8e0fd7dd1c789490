"""The process that opens tables of strangers: what they do to it, they do to no other request.

A Parquet or Arrow file of a few kilobytes can claim gigabytes, and a claim that cannot be met ends the
process that believes it. So this one has a limit of memory, is started anew when it dies, and hands over
plain columns.
"""

import sys
from pathlib import Path

import msgspec
import polars as pl

from yunque.data.table import read_table
from yunque.errors import LimitError, TableError

if sys.platform != "win32":
    import resource

ARROW_STREAM = "application/vnd.apache.arrow.stream"
MOST_COLUMNS = 10_000
MOST_BYTES = 512 * 2**20  # of all values together
MEMORY_BYTES = 3 * 2**30  # address space, of which the libraries take a third


class Task(msgspec.Struct, kw_only=True):
    """A body to read: where it lies, what it is said to be, how many rows of it, and where to write them."""

    path: str
    media_type: str
    rows: int
    out: str


class Done(msgspec.Struct, kw_only=True):
    """What became of it; `code` is empty when it was read."""

    code: str = ""
    message: str = ""
    hint: str = ""
    rows: int = 0


def main() -> None:
    """Read tasks from the standard input, a line each, until it ends."""
    if sys.platform != "win32":  # there only the limit of time holds
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    decoder = msgspec.json.Decoder(Task)
    for line in sys.stdin.buffer:
        sys.stdout.buffer.write(msgspec.json.encode(read(decoder.decode(line))) + b"\n")
        sys.stdout.buffer.flush()


def read(task: Task) -> Done:
    """Read a body as a table and write it as an Arrow file without compression."""
    try:
        path = Path(task.path)
        frame = read_table(_as_file(path) if task.media_type == ARROW_STREAM else path, limit=task.rows)
        _check(frame)
        frame.write_ipc(task.out, compression="uncompressed")
        return Done(rows=frame.height)
    except (TableError, LimitError) as error:
        return Done(code=error.code, message=error.message, hint=error.hint)
    except (
        pl.exceptions.PolarsError,
        pl.exceptions.PanicException,
        MemoryError,
        RecursionError,
        OSError,
        ValueError,
    ):
        return Done(code=TableError.code, message="The body is damaged, or asks for too much memory.")


def _as_file(path: Path) -> Path:
    """Write an Arrow stream as the Arrow file that tables are read from."""
    whole = path.with_suffix(".whole.arrow")
    try:
        pl.read_ipc_stream(path).write_ipc(whole)
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError, ValueError) as error:
        raise TableError(
            "The body is no Arrow stream.", hint="Write it with an Arrow stream writer."
        ) from error
    return whole


def _check(frame: pl.DataFrame) -> None:
    """Refuse what would grow when it is looked at: many columns, or few long texts that stand in many rows.

    Raises:
        LimitError: it is too large.
    """
    if frame.width > MOST_COLUMNS:
        raise LimitError(f"The table has {frame.width} columns; {MOST_COLUMNS} are taken at most.")
    size = sum(_bytes(column) for column in frame.iter_columns())
    if size > MOST_BYTES:
        raise LimitError(f"The values of the table take {size} bytes; {MOST_BYTES} are taken at most.")


def _bytes(column: pl.Series) -> int:
    if column.dtype == pl.String:
        return int(column.str.len_bytes().sum())
    if column.dtype in (pl.Categorical, pl.Enum):
        return int(column.cat.len_bytes().sum())
    return int(column.estimated_size())


if __name__ == "__main__":
    main()
