"""Read tables from files and frames, whole or in batches."""

import re
from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from itertools import chain
from pathlib import Path

import polars as pl

from yunque.data.file_frames import file_frames
from yunque.data.frame_door import adopt_frame
from yunque.data.table_write import write_table
from yunque.data.unpack import PIECE
from yunque.errors import TableError

__all__ = ["read_table", "scan_batches", "write_table"]

_MAGIC = re.compile(r"[*?\[]")
_BATCH_PIECE = 8 * 2**20  # bytes of text read at a time when streaming


def read_table(source: object, *, limit: int | None = None) -> pl.DataFrame:
    """Read a table.

    CSV columns all come back as text (a contract says what they are); typed formats keep their types.
    Row numbers in messages count data rows from 1.

    Args:
        source: a path, a glob ("orders/*.parquet"), a list of paths, or a polars, pandas or pyarrow table.
            Files are told by content: CSV (comma, semicolon, tab or bar; UTF-8, UTF-16, Latin-1 or
            Windows-1252), NDJSON, both also as .gz and .zst; Parquet; Arrow.
        limit: at most so many rows.

    Raises:
        TableError: no such file, nothing in it, not a table, damaged, repeated column names, a row with too
            many or too few fields; says where and what to do.
        LimitError: a compressed file that decompresses to an absurd size.
    """
    frame = adopt_frame(source)
    if frame is None:
        frame = _read_files(_paths(source), limit)
        place = {"file": _paths(source)[0].name}
    else:
        frame, place = frame if limit is None else frame.head(limit), {}
    if not frame.width:
        raise TableError("The table has no columns.", place=place)
    if not frame.height and limit != 0:
        raise TableError(
            f"The table has column names but no rows: {', '.join(map(repr, frame.columns[:10]))}.",
            place=place,
            hint="Add at least one row under the header.",
        )
    return frame


def scan_batches(source: object, *, batch_rows: int) -> Iterator[pl.DataFrame]:
    """Read a table in batches of `batch_rows` rows (the last may be shorter), in constant memory.

    Accepts what `read_table` accepts, and raises the same errors, at the batch where they happen.
    """
    frame = adopt_frame(source)
    if frame is not None:
        yield from frame.iter_slices(batch_rows)
        return
    kept: list[pl.DataFrame] = []
    rows = 0
    for piece in _aligned(
        file_frames(path, piece=_BATCH_PIECE, batch_rows=batch_rows) for path in _paths(source)
    ):
        kept.append(piece)
        rows += piece.height
        if rows >= batch_rows:
            whole = pl.concat(kept, how="vertical_relaxed")
            full = rows - rows % batch_rows
            yield from whole.head(full).iter_slices(batch_rows)
            kept, rows = [whole.slice(full)], rows - full
    if rows:
        yield pl.concat(kept, how="vertical_relaxed")


def _paths(source: object) -> list[Path]:
    """Give the files that a source names, in natural order.

    Raises:
        TableError: there is none.
    """
    if isinstance(source, list | tuple):
        if not source:
            raise TableError("No file is named.")
        return list(chain.from_iterable(_paths(item) for item in source))
    if not isinstance(source, str | Path):
        raise TableError(
            f"A {type(source).__name__} is not a table.",
            hint="Give a path, a glob, or a polars, pandas or pyarrow table.",
        )
    path = Path(source)
    if path.is_file():
        return [path]
    found = [file for file in _matching(path) if file.is_file()]
    if found:
        return sorted(found, key=_natural)
    raise _no_such_file(path)


def _matching(pattern: Path) -> Iterator[Path]:
    if not _MAGIC.search(str(pattern)):
        return iter(())
    base = Path(pattern.anchor)
    return base.glob(str(pattern.relative_to(base)))


def _natural(path: Path) -> list[tuple[bool, int, str]]:
    """Sort part-2 before part-10."""
    return [
        (part.isdigit(), int(part) if part.isdigit() else 0, part) for part in re.split(r"(\d+)", str(path))
    ]


def _no_such_file(path: Path) -> TableError:
    place = {"file": path.name}
    if path.is_dir():
        return TableError(
            "A folder is not a table.", place=place, hint=f"Name its files: {path.name}/*.parquet"
        )
    if _MAGIC.search(str(path)):
        return TableError("No file matches the pattern.", place=place)
    names = [item.name for item in path.parent.iterdir()] if path.parent.is_dir() else []
    near = get_close_matches(path.name, names, n=3, cutoff=0.6)
    hint = f"Did you mean {' or '.join(near)}?" if near else "Check the path."
    return TableError("There is no such file.", place=place, hint=hint)


def _read_files(paths: list[Path], limit: int | None) -> pl.DataFrame:
    frames: list[pl.DataFrame] = []
    rows = 0
    for frame in _aligned(file_frames(path, piece=PIECE, limit=limit) for path in paths):
        frames.append(frame)
        rows += frame.height
        if limit is not None and rows >= limit:
            break
    try:
        whole = pl.concat(frames, how="vertical_relaxed")
    except pl.exceptions.PolarsError as error:
        raise TableError(
            f"The files do not fit together: {str(error).partition(chr(10))[0]}.",
            place={"file": paths[-1].name},
            hint="A column must have the same type in all of them.",
        ) from error
    return whole if limit is None else whole.head(limit)


def _aligned(files: Iterable[Iterator[pl.DataFrame]]) -> Iterator[pl.DataFrame]:
    """Give the frames of several files with the columns of the first, in its order."""
    names: list[str] | None = None
    for frames in files:
        for frame in frames:
            names = names or frame.columns
            if set(frame.columns) != set(names):
                raise _different_columns(names, frame.columns)
            yield frame.select(names)


def _different_columns(names: list[str], others: list[str]) -> TableError:
    lacks = [name for name in names if name not in set(others)]
    adds = [name for name in others if name not in set(names)]
    said = [
        f"{verb} {', '.join(map(repr, which[:5]))}"
        for verb, which in (("lacks", lacks), ("adds", adds))
        if which
    ]
    return TableError(
        f"The files have different columns: one {' and '.join(said)}.",
        hint="Give files with the same columns.",
    )
