"""One file becomes frames, whatever its format: Parquet, Arrow, NDJSON or delimited text."""

import json
from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path

import polars as pl

from yunque.data.delimited import delimited_frames
from yunque.data.dialect import refuse_binary, refuse_repeated
from yunque.data.unpack import byte_pieces
from yunque.errors import TableError

_MARK = b"\xef\xbb\xbf"
_LONGEST_LINE = 2**20  # bytes that are looked at to tell the format
_NDJSON = frozenset({".ndjson", ".jsonl", ".json"})


def file_frames(
    path: Path, *, piece: int, batch_rows: int | None = None, limit: int | None = None
) -> Iterator[pl.DataFrame]:
    """Give the content of one file as frames with the same columns; the format is told by its first bytes.

    Args:
        path: the file.
        piece: bytes of text that are read at a time.
        batch_rows: rows that are read at a time; None reads typed formats and NDJSON whole.
        limit: rows after which a typed format may stop.

    Raises:
        TableError: damaged, empty or no table; says where.
        LimitError: a compressed file that decompresses to an absurd size.
    """
    try:
        with path.open("rb") as file:
            start = file.read(8)
    except OSError as error:
        message = f"The file cannot be read: {error.strerror or 'input error'}."
        raise TableError(message, place={"file": path.name}) from error
    if start.startswith(b"PAR1") or (path.suffix == ".parquet" and start):
        yield from _typed(lambda: pl.scan_parquet(path, glob=False), path, batch_rows, limit)
    elif start.startswith(b"ARROW1"):
        yield from _typed(lambda: pl.scan_ipc(path, glob=False), path, batch_rows, limit)
    elif start.startswith(b"\xff\xff\xff\xff"):
        yield from _typed(lambda: pl.read_ipc_stream(path).lazy(), path, batch_rows, limit)
    else:
        yield from _text(path, piece, batch_rows)


def _typed(
    scan: Callable[[], pl.LazyFrame], path: Path, batch_rows: int | None, limit: int | None
) -> Iterator[pl.DataFrame]:
    try:
        lazy = scan() if limit is None else scan().head(limit)
        refuse_repeated(lazy.collect_schema().names(), path.name)
        if batch_rows is None:
            yield lazy.collect()
        else:
            yield from lazy.collect_batches(chunk_size=batch_rows, maintain_order=True)
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError) as error:
        raise TableError(
            f"The file is damaged, incomplete or no {path.suffix.lstrip('.') or 'table'}: {_brief(error)}.",
            place={"file": path.name},
            hint="Write it again, or copy it again if it was cut off on the way.",
        ) from error


def _brief(error: BaseException) -> str:
    return str(error).partition("\n")[0].rstrip(".")[:120]


def _text(path: Path, piece: int, batch_rows: int | None) -> Iterator[pl.DataFrame]:
    pieces = byte_pieces(path, size=piece)
    first = next(pieces, b"")
    if _is_ndjson(first, path):
        if batch_rows is None:
            content = b"".join(chain([first], pieces)).removeprefix(_MARK)
            yield _read_ndjson(content, path, 0)
        else:
            yield from _ndjson_batches(path, piece)
    else:
        yield from delimited_frames(chain([first], pieces), path.name)


def _is_ndjson(first: bytes, path: Path) -> bool:
    """Whether the text is one JSON object per line."""
    start = first[:_LONGEST_LINE].removeprefix(_MARK).lstrip()
    line = start.partition(b"\n")[0]
    suffixes = {suffix.lower() for suffix in path.suffixes}
    if start.startswith(b"[") and (".json" in suffixes or start[1:].lstrip().startswith(b"{")):
        raise TableError(
            "The file is one JSON list.",
            place={"file": path.name},
            hint="Write one JSON object per line (NDJSON): jq -c '.[]' list.json > rows.ndjson",
        )
    if not start.startswith(b"{"):
        return False
    try:
        return isinstance(json.loads(line), dict)
    except ValueError:
        return bool(_NDJSON & suffixes)


def _ndjson_batches(path: Path, piece: int) -> Iterator[pl.DataFrame]:
    """Read NDJSON in two passes: keys may appear late, and every batch must have the same columns."""
    names: dict[str, pl.DataType] = {}
    for frame in _ndjson_frames(path, piece):
        names = dict(frame.schema) | names
    for frame in _ndjson_frames(path, piece):
        absent = [pl.lit(None, dtype=names[name]).alias(name) for name in names if name not in frame.schema]
        yield frame.with_columns(absent).select(list(names))


def _ndjson_frames(path: Path, piece: int) -> Iterator[pl.DataFrame]:
    kept, rows = b"", 0
    for number, part in enumerate(byte_pieces(path, size=piece)):
        kept += part.removeprefix(_MARK) if number == 0 else part
        end = kept.rfind(b"\n") + 1
        if kept[:end].strip():
            frame = _read_ndjson(kept[:end], path, rows)
            rows += frame.height
            yield frame
        kept = kept[end:]
    if kept.strip():
        yield _read_ndjson(kept, path, rows)


def _read_ndjson(content: bytes, path: Path, rows: int) -> pl.DataFrame:
    refuse_binary(content if b"\0" in content else b"", path.name)
    try:
        return pl.read_ndjson(content, infer_schema_length=None)
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:
        raise _bad_line(content, path, rows) or TableError(
            f"The values of a key do not fit together: {_brief(error)}.",
            place={"file": path.name},
            hint="A key should hold the same type in every line.",
        ) from error


def _bad_line(content: bytes, path: Path, rows: int) -> TableError | None:
    """Find the first line that is not a JSON object."""
    for line in content.splitlines():
        if not line.strip():
            continue
        rows += 1
        try:
            if isinstance(json.loads(line), dict):
                continue
        except ValueError:
            pass
        return TableError(
            f"Row {rows} is not a JSON object: {line[:60].decode(errors='replace')!r}.",
            place={"file": path.name, "row": rows},
            hint="NDJSON has one object per line.",
        )
    return None
