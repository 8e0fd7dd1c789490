"""Write a table whole or not at all, and harmless to a spreadsheet."""

import mmap
import uuid
from collections.abc import Callable
from pathlib import Path

import polars as pl

from yunque.errors import StorageError, TableError, UsageError

_FORMULA = r"^[=+\-@\t\r]"  # OWASP, CSV injection
_HARMLESS = r"^[+-]?(?:[0-9]+(?:[.,][0-9]*)?|[.,][0-9]+)(?:[eE][+-]?[0-9]+)?%?$|^-$"


def write_table(frame: pl.DataFrame, path: Path) -> None:
    """Write a table as CSV, Parquet, NDJSON or Arrow, by the suffix of `path`.

    The file appears under its name only when it is complete and on disk. In CSV, texts and names that a
    spreadsheet would run as formulas (they start with = + - @, tab or carriage return, and are not numbers)
    get a leading apostrophe.

    Raises:
        UsageError: the suffix is unknown.
        TableError: a column cannot be written in that format.
        StorageError: the disk refuses.
    """
    path = Path(path)
    write = _WRITERS.get(path.suffix.lower())
    if write is None:
        raise UsageError(f"Tables are not written as {path.suffix!r}.", hint=f"Use {', '.join(_WRITERS)}.")
    part = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}.part")
    try:
        write(frame, part)
        _to_disk(part)
        part.replace(path)
    except pl.exceptions.PolarsError as error:
        raise TableError(
            f"The table cannot be written as {path.suffix}: {str(error).partition(chr(10))[0]}.",
            place={"file": path.name},
            hint="Lists and structures go into .parquet files only.",
        ) from error
    except OSError as error:
        raise StorageError(
            f"The file cannot be written: {error.strerror or 'output error'}.", place={"file": path.name}
        ) from error
    finally:
        part.unlink(missing_ok=True)


def _to_disk(path: Path) -> None:
    """Wait until the content is on disk: flushing a mapping is msync, which syncs the file's pages."""
    with path.open("r+b") as file:
        if path.stat().st_size:
            with mmap.mmap(file.fileno(), 0) as mapping:
                mapping.flush()


def _write_csv(frame: pl.DataFrame, path: Path) -> None:
    without_formulas(frame).write_csv(path)


def without_formulas(frame: pl.DataFrame) -> pl.DataFrame:
    """Give the table with an apostrophe before names and texts that a spreadsheet would run."""
    frame = frame.with_columns(pl.col(pl.Categorical, pl.Enum).cast(pl.String))
    texts = [_guarded(name) for name, dtype in frame.schema.items() if dtype == pl.String]
    names = {name: f"'{name}" for name in frame.columns if name.startswith(("=", "+", "-", "@", "\t", "\r"))}
    return frame.with_columns(texts).rename(names)


def _guarded(name: str) -> pl.Expr:
    text = pl.col(name)
    is_formula = text.str.contains(_FORMULA) & ~text.str.contains(_HARMLESS)
    return pl.when(is_formula).then(pl.concat_str(pl.lit("'"), text)).otherwise(text).alias(name)


_WRITERS: dict[str, Callable[[pl.DataFrame, Path], None]] = {
    ".csv": _write_csv,
    ".parquet": lambda frame, path: frame.write_parquet(path),
    ".ndjson": lambda frame, path: frame.write_ndjson(path),
    ".jsonl": lambda frame, path: frame.write_ndjson(path),
    ".arrow": lambda frame, path: frame.write_ipc(path),
    ".feather": lambda frame, path: frame.write_ipc(path),
}
