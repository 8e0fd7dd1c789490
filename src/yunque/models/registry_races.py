"""What holds when two processes change the same model at once."""

import errno
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import sqlalchemy as sa

from yunque.errors import StorageError

T = TypeVar("T")

ATTEMPTS = 50  # changes of one model that may collide before one gives up


def repeated(change: Callable[[], T]) -> T:
    """Make a change again when another process took the same number or made the same alias first.

    Raises:
        StorageError: it failed every time, or the folder cannot be written.
    """
    for _ in range(ATTEMPTS):
        try:
            return change()
        except (sa.exc.IntegrityError, FileExistsError):
            continue
        except OSError as error:
            if error.errno != errno.ENOTEMPTY:
                raise StorageError("The registry's folder cannot be written.") from error
    raise StorageError("Too many others changed the same model at once.", hint="Repeat it.")


def highest_folder(home: Path) -> int:
    """Give the highest version among a model's folders, 0 when there is none.

    Folders count beside rows: one whose row was lost is never written over.
    """
    return max((int(path.name) for path in home.iterdir() if path.name.isdecimal()), default=0)
