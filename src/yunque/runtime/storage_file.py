"""Storage in a local folder: temporary file, fsync, then a hard link that fails if the name is taken."""

import errno
import hashlib
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO
from urllib.parse import unquote, urlsplit
from uuid import uuid4

from yunque.errors import ConflictError, NotFoundError, StorageError
from yunque.runtime.storage import CHUNK_BYTES, Entry, Storage, Stored, check_key, check_prefix, stream_of

_PARTIAL = ".partial-"
_FOLDER_RACES = 50


class FileStorage:
    """Objects as files under one root folder; half-written ones carry a hidden name that no listing shows."""

    def __init__(self, root: Path) -> None:
        self._root = root.absolute()

    def put_new(self, key: str, chunks: Iterable[bytes]) -> Stored:
        """Write a new object; it appears whole or not at all."""
        final = self._root / check_key(key)
        if final.exists():
            raise _taken(key)
        with _telling("write"):
            partial, file = _open_partial(final.parent)
        try:
            stored = _write(file, chunks)
            self._name(partial, final, key)
        finally:
            with suppress(OSError):
                partial.unlink(missing_ok=True)
        return stored

    def open(self, key: str, *, start: int = 0, end: int | None = None) -> BinaryIO:
        """Read the bytes [start, end) of an object as a stream; NotFoundError when there is none."""
        path = self._inside(key)
        with _telling("read"):
            try:
                file = path.open("rb")
            except (FileNotFoundError, IsADirectoryError, NotADirectoryError) as error:
                raise NotFoundError(f"There is no stored object {key!r}.") from error
            if end is None:
                file.seek(start)
                return file
            return stream_of(_between(file, start, end))

    def exists(self, key: str) -> bool:
        """Say whether the key holds an object."""
        return self._inside(key).is_file()

    def delete(self, key: str) -> None:
        """Remove an object and the folders it leaves empty."""
        path = self._root / check_key(key)
        with _telling("delete"), suppress(FileNotFoundError, NotADirectoryError):
            path.unlink()
        for folder in path.parents:
            if folder == self._root:
                break
            try:
                folder.rmdir()
            except OSError:  # not empty, or already gone: both are fine
                break

    def list(self, prefix: str) -> Iterator[Entry]:
        """Give every object in the folder `prefix`, however deep, in the order of keys."""
        top = self._root / check_prefix(prefix)
        if not top.is_dir():
            return
        with _telling("list"):
            paths = sorted((path for path in top.rglob("*") if not path.name.startswith(".")), key=self._key)
        for path in paths:
            with suppress(FileNotFoundError):
                facts = path.lstat()
                if path.is_file() and not path.is_symlink():
                    yield Entry(
                        key=self._key(path),
                        size=facts.st_size,
                        modified_at=datetime.fromtimestamp(facts.st_mtime, UTC),
                    )

    def presign(self, key: str, *, expires_seconds: int = 900) -> str | None:
        """Give None: a local file has no address that others could read."""
        del expires_seconds
        check_key(key)
        return None

    def clear_partials(self, before: datetime) -> int:
        """Remove half-written files that nobody has touched since `before`; give how many."""
        count = 0
        for path in self._root.rglob(f"{_PARTIAL}*"):
            with suppress(FileNotFoundError):
                if datetime.fromtimestamp(path.stat().st_mtime, UTC) < before:
                    path.unlink()
                    count += 1
        return count

    def _key(self, path: Path) -> str:
        return path.relative_to(self._root).as_posix()

    def _inside(self, key: str) -> Path:
        path = self._root / check_key(key)
        if not path.resolve().is_relative_to(self._root.resolve()):
            raise NotFoundError(f"There is no stored object {key!r}.")  # a link that leads out
        return path

    def _name(self, partial: Path, final: Path, key: str) -> None:
        with _telling("write"):
            try:
                os.link(partial, final)
            except FileExistsError as error:
                raise _taken(key) from error
            _sync_folder(final.parent)


def _taken(key: str) -> ConflictError:
    return ConflictError(f"The stored object {key!r} already exists and is never replaced.")


def _write(file: BinaryIO, chunks: Iterable[bytes]) -> Stored:
    """Write and sync; an error raised by the source of the chunks passes as it is."""
    digest, size = hashlib.sha256(), 0
    with file:
        for chunk in chunks:
            with _telling("write"):
                file.write(chunk)
            digest.update(chunk)
            size += len(chunk)
        with _telling("write"):
            file.flush()
            os.fsync(file.fileno())
    return Stored(size=size, sha256=digest.hexdigest())


def _open_partial(folder: Path) -> tuple[Path, BinaryIO]:
    """Open a new hidden file in `folder`; a delete elsewhere may remove the folder while we make it."""
    for _ in range(_FOLDER_RACES):
        with suppress(FileNotFoundError, FileExistsError):
            _make_folders(folder)
            partial = folder / f"{_PARTIAL}{uuid4().hex}"
            return partial, partial.open("xb")
    raise FileExistsError(errno.ENOTDIR, "something that is not a folder is in the way")


def _make_folders(folder: Path) -> None:
    """Create `folder` and what is missing above it, each entry safe on disk before the next."""
    missing = []
    while not folder.is_dir():
        missing.append(folder)
        folder = folder.parent
    for path in reversed(missing):
        path.mkdir(exist_ok=True)
        _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _between(file: BinaryIO, start: int, end: int) -> Iterator[bytes]:
    with file:
        file.seek(start)
        left = end - start
        while left > 0 and (chunk := file.read(min(CHUNK_BYTES, left))):
            left -= len(chunk)
            yield chunk


@contextmanager
def _telling(action: str) -> Iterator[None]:
    """Turn an OSError into a StorageError that names no path."""
    try:
        yield
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else "unknown reason"
        raise StorageError(
            f"The storage folder refused to {action} an object: {reason}.",
            hint="Check the free space and the permissions of the storage folder; then repeat.",
        ) from error


def open_store(url: str) -> Storage:
    """Open the folder named by a path or a `file://` URL; it is created when first written to."""
    path = unquote(urlsplit(url).path) if url.startswith("file:") else url
    return FileStorage(Path(path))
