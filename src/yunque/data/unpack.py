"""The bytes of a text file in pieces, decompressed on the way, within what a file of its size may hold."""

import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import polars as pl

from yunque.errors import LimitError, TableError

PIECE = 32 * 2**20  # bytes
GZIP, ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
FREE = 256 * 2**20  # bytes that any compressed file may grow to
RATIO = 200  # beyond that, how many times its own size; tables of text shrink 3 to 50 times
_ZSTD_BLOCK = 128 * 1024  # RFC 8878: a block never holds more
_ZSTD_SKIPPABLE = range(0x184D2A50, 0x184D2A60)


def byte_pieces(path: Path, *, size: int = PIECE) -> Iterator[bytes]:
    """Give the content of a text file in pieces of about `size` bytes; .gz and .zst are told by content.

    Raises:
        TableError: the file cannot be opened or decompressed.
        LimitError: it would decompress to more than 256 MiB and more than 200 times its size.
    """
    try:
        with path.open("rb") as file:
            start = file.read(4)
            file.seek(0)
            if start.startswith(GZIP):
                yield from _gzip_pieces(file, path, size)
            elif start.startswith(ZSTD):
                yield from _zstd_pieces(file, path)
            else:
                yield from iter(lambda: file.read(size), b"")
    except (gzip.BadGzipFile, zlib.error, EOFError) as error:
        raise TableError(
            "The file cannot be decompressed; it is damaged or incomplete.",
            place={"file": path.name},
            hint="Copy or download it again.",
        ) from error
    except OSError as error:
        raise TableError(
            f"The file cannot be read: {error.strerror or 'input error'}.", place={"file": path.name}
        ) from error


def allowance(path: Path) -> int:
    """Give how many bytes a compressed file may hold."""
    return max(FREE, RATIO * path.stat().st_size)


def _too_large(path: Path) -> LimitError:
    return LimitError(
        f"The file decompresses to over {allowance(path) // 2**20:,} MiB, {RATIO} times its own size.",
        place={"file": path.name},
        hint="If it is not an attack, decompress it yourself and give the result.",
    )


def _gzip_pieces(file: IO[bytes], path: Path, size: int) -> Iterator[bytes]:
    total, most = 0, allowance(path)
    with gzip.open(file, "rb") as unpacked:
        while piece := unpacked.read(size):
            total += len(piece)
            if total > most:
                raise _too_large(path)
            yield piece


def _zstd_pieces(file: IO[bytes], path: Path) -> Iterator[bytes]:
    """Decompress through polars, which has Zstandard built in, once its headers promise a sane size."""
    if zstd_bound(file) > allowance(path):
        raise _too_large(path)
    try:
        for lines in pl.scan_lines(path, glob=False).collect_batches():
            yield "".join(f"{line}\n" for line in lines.to_series()).encode()
    except (pl.exceptions.PolarsError, OSError) as error:
        raise TableError(
            "The file cannot be decompressed, or is not UTF-8 text.",
            place={"file": path.name},
            hint="Decompress it first; text in another encoding is read from plain and .gz files.",
        ) from error


def zstd_bound(file: IO[bytes]) -> int:
    """Give how many bytes a Zstandard file can hold at most, from its blocks' headers alone (RFC 8878).

    Raises:
        EOFError: the file ends within a frame.
    """
    bound = 0
    while magic := file.read(4):
        number = int.from_bytes(magic, "little")
        if number in _ZSTD_SKIPPABLE:
            file.seek(int.from_bytes(_exactly(file, 4), "little"), 1)
        elif magic == ZSTD:
            bound += _frame_bound(file)
        else:
            raise EOFError("not a Zstandard frame")
    return bound


def _frame_bound(file: IO[bytes]) -> int:
    descriptor = _exactly(file, 1)[0]
    is_single = bool(descriptor & 0x20)
    content_size = (1 if is_single else 0, 2, 4, 8)[descriptor >> 6]
    _exactly(file, (0 if is_single else 1) + (0, 1, 2, 4)[descriptor & 3] + content_size)
    bound = 0
    while True:
        header = int.from_bytes(_exactly(file, 3), "little")
        kind, size = (header >> 1) & 3, header >> 3
        bound += size if kind in (0, 1) else _ZSTD_BLOCK
        file.seek(1 if kind == 1 else size, 1)
        if header & 1:
            break
    if descriptor & 4:
        _exactly(file, 4)
    return bound


def _exactly(file: IO[bytes], count: int) -> bytes:
    content = file.read(count)
    if len(content) < count:
        raise EOFError("the file ends within a frame")
    return content
