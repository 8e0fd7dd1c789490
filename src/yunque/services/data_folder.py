"""Tables that a request names by path: only inside the data folder, with every way out closed."""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from yunque.errors import NotFoundError, UsageError

PREFIX = "data"
_LONGEST = 500


class PathError(UsageError):
    """A path that may not be used."""

    code = "path"


def parts_of(text: str) -> tuple[str, ...]:
    """Give the parts of a path below the data folder; a leading `data/` names that folder itself.

    Raises:
        PathError: it is absolute, climbs, or holds what no such path needs.
    """
    if not text or len(text) > _LONGEST or not text.isprintable() or "\\" in text or ":" in text:
        raise _refused("it is empty, too long, or holds characters that no path here needs")
    if text.startswith(("/", "~")):
        raise _refused("it is absolute")
    parts = [part for part in text.split("/") if part not in ("", ".")]
    if ".." in parts:
        raise _refused("it climbs out of its folder")
    if any(part.startswith(".") for part in parts):
        raise _refused("it names something hidden")
    if len(parts) > 1 and parts[0] == PREFIX:
        parts = parts[1:]
    if not parts or parts == [PREFIX]:
        raise _refused("it names no file")
    return tuple(parts)


@contextmanager
def open_table(folder: Path, text: str) -> Iterator[BinaryIO]:
    """Open a file below the data folder for reading.

    Each step is opened relative to the one before and never through a link, so that nothing that changes
    meanwhile can lead out.

    Raises:
        PathError: the path may not be used: absolute, climbing, or through a link.
        NotFoundError: there is no such file.
    """
    parts = parts_of(text)
    try:
        here = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as error:
        raise _missing(text) from error
    try:
        for part in parts[:-1]:
            here = _step(here, part, os.O_DIRECTORY, text)
        handle = _step(here, parts[-1], os.O_NONBLOCK, text, keep=True)
    finally:
        os.close(here)
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise _refused("it names no ordinary file")
    with os.fdopen(handle, "rb") as file:
        yield file


def _step(here: int, part: str, flags: int, text: str, *, keep: bool = False) -> int:
    """Open one part below `here`, which is closed unless it is to be kept."""
    try:
        found = os.open(part, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | flags, dir_fd=here)
    except OSError as error:
        if _is_link(here, part):
            raise _refused("it leads through a link") from error
        raise _missing(text) from error
    if not keep:
        os.close(here)
    return found


def _is_link(here: int, part: str) -> bool:
    try:
        return stat.S_ISLNK(os.stat(part, dir_fd=here, follow_symlinks=False).st_mode)
    except OSError:
        return False


def _refused(reason: str) -> PathError:
    return PathError(
        f"The path cannot be used: {reason}.",
        hint="Name a file in the server's data folder, for example data/incoming/sample.csv, or an upload.",
    )


def _missing(text: str) -> NotFoundError:
    return NotFoundError(
        f"There is no table {text[:120]!r} in the data folder.",
        hint="Ask the operator to put it there, or upload it and name the upload.",
    )
