"""Storage in memory: the twin of the real stores for tests and for trying things out."""

import hashlib
import io
import threading
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import BinaryIO

from yunque.errors import ConflictError, NotFoundError
from yunque.runtime.storage import Entry, Storage, Stored, check_key, check_prefix


class MemoryStorage:
    """Objects in a dictionary, gone with the process."""

    def __init__(self) -> None:
        self._objects: dict[str, tuple[bytes, datetime]] = {}
        self._lock = threading.Lock()

    def put_new(self, key: str, chunks: Iterable[bytes]) -> Stored:
        """Write a new object; it appears whole or not at all."""
        check_key(key)
        content = b"".join(chunks)
        with self._lock:
            if key in self._objects:
                raise ConflictError(f"The stored object {key!r} already exists and is never replaced.")
            self._objects[key] = (content, datetime.now(UTC))
        return Stored(size=len(content), sha256=hashlib.sha256(content).hexdigest())

    def open(self, key: str, *, start: int = 0, end: int | None = None) -> BinaryIO:
        """Read the bytes [start, end) of an object as a stream; NotFoundError when there is none."""
        found = self._objects.get(check_key(key))
        if found is None:
            raise NotFoundError(f"There is no stored object {key!r}.")
        return io.BytesIO(found[0][start:end])

    def exists(self, key: str) -> bool:
        """Say whether the key holds an object."""
        return check_key(key) in self._objects

    def delete(self, key: str) -> None:
        """Remove an object; removing what is not there is no error."""
        with self._lock:
            self._objects.pop(check_key(key), None)

    def list(self, prefix: str) -> Iterator[Entry]:
        """Give every object in the folder `prefix`, however deep, in the order of keys."""
        folder = check_prefix(prefix)
        with self._lock:
            found = sorted(self._objects.items())
        for key, (content, modified_at) in found:
            if not folder or key.startswith(f"{folder}/"):
                yield Entry(key=key, size=len(content), modified_at=modified_at)

    def presign(self, key: str, *, expires_seconds: int = 900) -> str | None:
        """Give None: memory has no address that others could read."""
        del expires_seconds
        check_key(key)
        return None


def open_store(url: str) -> Storage:
    """Open a new, empty store; `url` only chooses this kind."""
    del url
    return MemoryStorage()
