"""The port through which bytes are kept: immutable objects under validated keys, in six methods."""

import importlib
import importlib.util
import io
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, BinaryIO, Protocol
from urllib.parse import urlsplit

from yunque.errors import UsageError

_PART = re.compile(r"[A-Za-z0-9_@=+-][A-Za-z0-9._@=+-]{0,199}", re.ASCII)
_MAX_KEY = 600
CHUNK_BYTES = 1 << 20


@dataclass(frozen=True, kw_only=True)
class Stored:
    """What a finished write holds: its size in bytes and the SHA-256 of its content (hexadecimal)."""

    size: int
    sha256: str


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One object in a listing."""

    key: str
    size: int
    modified_at: datetime


class Storage(Protocol):
    """Immutable objects under keys such as `results/{job}/{fence}/scores.parquet`.

    A key is written once. Which object counts as a result is said by a database row, never by a rename
    or a conditional write, because not every S3 has those.
    """

    def put_new(self, key: str, chunks: Iterable[bytes]) -> Stored:
        """Write a new object; it appears whole or not at all.

        Raises:
            ConflictError: the key already holds an object.
            StorageError: the store does not answer or has no room.
        """
        ...

    def open(self, key: str, *, start: int = 0, end: int | None = None) -> BinaryIO:
        """Read the bytes [start, end) of an object as a stream; NotFoundError when there is none."""
        ...

    def exists(self, key: str) -> bool:
        """Say whether the key holds an object."""
        ...

    def delete(self, key: str) -> None:
        """Remove an object; removing what is not there is no error."""
        ...

    def list(self, prefix: str) -> Iterator[Entry]:
        """Give every object in the folder `prefix` ("" for all), however deep, in the order of keys."""
        ...

    def presign(self, key: str, *, expires_seconds: int = 900) -> str | None:
        """Give a URL that reads the object without us for a while; None where the store has no such thing."""
        ...


def check_key(key: str) -> str:
    """Return `key` when it is safe to use, else raise UsageError.

    A key is parts joined by "/", each of ASCII letters, digits and `._@=+-`, none starting with a dot: so
    neither traversal nor an absolute or hidden path can be written.
    """
    if len(key) > _MAX_KEY or not all(_PART.fullmatch(part) for part in key.split("/")):
        raise UsageError(
            f"The storage key {key[:80]!r} is not allowed.",
            hint="Use parts of ASCII letters, digits and ._@=+- joined by /; none may start with a dot.",
        )
    return key


def check_prefix(prefix: str) -> str:
    """Return the folder `prefix` without a trailing slash when it is safe to use, else raise UsageError."""
    return check_key(prefix.removesuffix("/")) if prefix else ""


def chunks_of(stream: BinaryIO) -> Iterator[bytes]:
    """Give the rest of `stream` in pieces of at most one mebibyte."""
    while chunk := stream.read(CHUNK_BYTES):
        yield chunk


def stream_of(chunks: Iterator[bytes]) -> BinaryIO:
    """Give a readable stream over `chunks`, which are fetched only as the reader gets there."""
    return io.BufferedReader(_ChunkReader(chunks), CHUNK_BYTES)


class _ChunkReader(io.RawIOBase):
    def __init__(self, chunks: Iterator[bytes]) -> None:
        super().__init__()
        self._chunks = chunks
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._rest:
            chunk = next(self._chunks, None)
            if chunk is None:
                return 0
            self._rest = memoryview(chunk)
        view = memoryview(buffer)
        size = min(len(view), len(self._rest))
        view[:size] = self._rest[:size]
        self._rest = self._rest[size:]
        return size


def open_storage(url: str) -> Storage:
    """Open the store at `url`: a folder, `file:///folder`, `memory://name` or `s3://bucket/prefix`.

    Each kind is one module `storage_<scheme>.py` that ends with `open_store(url)`.
    """
    scheme = urlsplit(url).scheme
    kind = scheme if len(scheme) > 1 else "file"  # a single letter is a drive, not a scheme
    name = f"yunque.runtime.storage_{kind}"
    if not kind.isalnum() or importlib.util.find_spec(name) is None:
        raise UsageError(
            f"There is no storage of kind {kind!r}.",
            hint="Use a folder, file:///folder or s3://bucket/prefix.",
        )
    store: Storage = importlib.import_module(name).open_store(url)
    return store
