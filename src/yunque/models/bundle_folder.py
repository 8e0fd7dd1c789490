"""Folders that appear whole or not at all, and files that are read only as what they claim to be."""

import hashlib
import mmap
import os
import re
import shutil
import stat
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from yunque.errors import BundleError, ConflictError, NotFoundError, StorageError

BLOCK = 1 << 20
FILE_NAME = re.compile(r"(?:reference/)?[A-Za-z0-9][A-Za-z0-9_.,@#~=+-]{0,127}")


@dataclass(frozen=True, kw_only=True)
class Limits:
    """How much a bundle may hold before it is refused unread.

    Attributes:
        document_bytes: any one file that is read whole.
        file_bytes: any one file.
        files: number of files.
    """

    document_bytes: int = 256 * 2**20
    file_bytes: int = 32 * 2**30
    files: int = 2_000


@contextmanager
def appearing(folder: Path) -> Iterator[Path]:
    """Give an empty folder to fill that becomes `folder` at the end of the block, or vanishes on any error.

    Raises:
        ConflictError: `folder` exists already.
        StorageError: the disk refuses.
    """
    if folder.exists():
        raise ConflictError(f"The folder {folder.name!r} exists already.", hint="Choose another name.")
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", suffix=".draft", dir=folder.parent))
    except OSError as error:
        raise _disk(error) from error
    try:
        yield draft
        sync_folder(draft)
        draft.chmod(0o755)
        draft.rename(folder)
        sync_folder(folder.parent)
    except OSError as error:
        if folder.exists():
            raise ConflictError(f"The folder {folder.name!r} exists already.") from error
        raise _disk(error) from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def write_files(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write files, read-only and flushed to the disk; folders in names are made."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        with path.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        path.chmod(0o444)
    for nested in {(folder / name).parent for name in files} - {folder}:
        sync_folder(nested)


def sync_folder(folder: Path) -> None:
    """Flush a folder's list of names to the disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def list_files(folder: Path, limits: Limits) -> dict[str, int]:
    """Give the size of every file in a bundle's folder by name.

    Raises:
        NotFoundError: there is no such folder.
        BundleError: a link, a device, a folder other than `reference`, an unsafe name, or too much.
    """
    if folder.is_symlink() or not folder.is_dir():
        raise NotFoundError(f"There is no bundle folder named {folder.name!r}.")
    sizes: dict[str, int] = {}
    for path in _walk(folder):
        name = path.relative_to(folder).as_posix()
        status = path.lstat()
        if not stat.S_ISREG(status.st_mode):
            raise refuse(name, "Only plain files may stand in a bundle; this is a link or a device.")
        if not safe_name(name):
            raise refuse(name, "The name of this file is not one that a bundle uses.")
        if status.st_size > limits.file_bytes:
            raise refuse(name, f"The file has {status.st_size} bytes; at most {limits.file_bytes} are read.")
        sizes[name] = status.st_size
        if len(sizes) > limits.files:
            raise BundleError(f"The bundle has more than {limits.files} files.")
    return sizes


def _walk(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        if path.name == "reference" and not path.is_symlink() and path.is_dir():
            yield from sorted(path.iterdir())
        else:
            yield path


def safe_name(name: str) -> bool:
    """Whether a file of a bundle may be called that: relative, no `..`, no folder but `reference/`."""
    return FILE_NAME.fullmatch(name) is not None and ".." not in name


def read_whole(folder: Path, name: str, limit: int) -> bytes:
    """Read a document of at most `limit` bytes.

    Raises:
        BundleError: it is absent, larger, or not a plain file.
    """
    with _opened(folder, name) as file:
        content = file.read(limit + 1)
    if len(content) > limit:
        raise refuse(name, f"The file is larger than the {limit} bytes that are read.")
    return content


def hash_file(folder: Path, name: str) -> tuple[int, str]:
    """Give the size and SHA-256 of a file without holding it in memory."""
    digest, size = hashlib.sha256(), 0
    with _opened(folder, name) as file:
        while block := file.read(BLOCK):
            digest.update(block)
            size += len(block)
    return size, digest.hexdigest()


def map_file(folder: Path, name: str) -> memoryview:
    """Map a file read-only; processes that map the same file share its memory."""
    with _opened(folder, name) as file:
        if os.fstat(file.fileno()).st_size == 0:
            return memoryview(b"")
        return memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))


@contextmanager
def _opened(folder: Path, name: str) -> Iterator[IO[bytes]]:
    try:
        # Without O_NONBLOCK the opening of a pipe that someone put here would wait for ever.
        descriptor = os.open(folder / name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with os.fdopen(descriptor, "rb") as file:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise refuse(name, "Only plain files may stand in a bundle.")
            yield file
    except OSError as error:
        raise refuse(name, "The file cannot be read.") from error


def refuse(name: str, message: str) -> BundleError:
    """Build the refusal of a bundle because of one of its files."""
    return BundleError(
        message,
        hint="The bundle is corrupt or was altered; pack or fetch it again.",
        place={"file": name[:200]},
    )


def _disk(error: OSError) -> StorageError:
    return StorageError(
        f"The bundle could not be written: {error.strerror or 'the disk refused'}.",
        hint="Check that the folder is writable and the disk has room.",
    )


def copy_files(source: Path, target: Path) -> None:
    """Copy a bundle's plain files to a folder that does not exist yet, read-only and flushed.

    Raises:
        NotFoundError, BundleError: see `list_files`; links are refused, not followed.
        StorageError: the disk refuses.
    """
    names = list(list_files(source, Limits()))
    try:
        for folder in sorted({(target / name).parent for name in names} | {target}):
            folder.mkdir(parents=True, exist_ok=True)
        for name in names:
            with _opened(source, name) as original, (target / name).open("xb") as copy:
                shutil.copyfileobj(original, copy, BLOCK)
                copy.flush()
                os.fsync(copy.fileno())
            (target / name).chmod(0o444)
        for folder in {(target / name).parent for name in names}:
            sync_folder(folder)
    except OSError as error:
        raise _disk(error) from error


def write_replacing(path: Path, content: bytes) -> None:
    """Write a file beside its place and move it there, so that a reader sees the old one or the new one."""
    descriptor, draft = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    Path(draft).replace(path)
    sync_folder(path.parent)
