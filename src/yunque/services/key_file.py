"""The file of API keys: written whole, read again when it changes, so that revoking holds at once."""

import logging
import os
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from yunque.errors import NotFoundError, StorageError, UsageError
from yunque.services.access import ApiKey, Keyring, grant_key, read_keys

logger = logging.getLogger("yunque.access")

LOOK_SECONDS = 0.5


def store_key(path: Path, key: ApiKey) -> None:
    """Add a key's record to a file of keys that only its owner may read.

    Raises:
        StorageError: the file cannot be written.
    """
    _write(path, [*_lines(path), key.line])


def revoke_keys(path: Path, name: str, key_id: str | None = None) -> int:
    """Remove the keys of a holder from a file of keys, or one of them, and say how many there were.

    Raises:
        NotFoundError: the holder has none there, or none of that id.
        StorageError: the file cannot be written.
    """
    lines = _lines(path)
    of_holder = _held_by(lines, name)
    gone = [key for key in of_holder if key_id in (None, key.id)]
    if not gone:
        raise NotFoundError.among("key", f"{key_id}"[:64], [key.id for key in of_holder])
    _write(path, _without(lines, gone))
    return len(gone)


def rotate_key(
    path: Path, name: str, old_until: datetime, expires: datetime | None = None
) -> tuple[str, ApiKey]:
    """Make a new key on the terms of a holder's newest one; the older ones end at `old_until`.

    Args:
        path: the file.
        name: the holder.
        old_until: when the older keys end, if they do not end before.
        expires: when the new one ends; as the newest old one when None.

    Raises:
        NotFoundError: the holder has none there.
        StorageError: the file cannot be written.
    """
    lines = _lines(path)
    old = _held_by(lines, name)
    terms = old[-1]
    secret, key = grant_key(
        name, scopes=terms.scopes, tenant=terms.tenant, expires=expires or terms.expires, rate=terms.rate
    )
    ending = [replace(one, expires=min(one.expires or old_until, old_until)).line for one in old]
    _write(path, [*_without(lines, old), *ending, key.line])
    return secret, key


def _held_by(lines: Sequence[str], name: str) -> list[ApiKey]:
    keys = read_keys(lines).keys
    found = [key for key in keys if key.name == name]
    if not found:
        raise NotFoundError.among("holder of a key", name[:64], sorted({key.name for key in keys}))
    return found


def _without(lines: Sequence[str], gone: Sequence[ApiKey]) -> list[str]:
    digests = {key.digest for key in gone}
    return [line for line in lines if not any(key.digest in digests for key in read_keys([line]).keys)]


class KeyFile:
    """The keys of the settings and of a file that may change while a server runs.

    Whoever runs the server decides by the settings, or by making a first key, that keys are asked for; from
    then on a file that is emptied or removed leaves nobody in, never everybody.
    """

    def __init__(
        self, path: Path, fixed: Sequence[str] = (), clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Read the keys.

        Raises:
            UsageError: a line is not of the form of `read_keys`.
            StorageError: the file cannot be read.
        """
        self._path = path
        self._fixed = read_keys(fixed).keys
        self._clock = clock
        self._stamp = _stamp(path)
        self._look_at = clock() + LOOK_SECONDS
        self._ring = self._read()

    def current(self) -> Keyring:
        """Give the keys that hold now; the file is looked at twice a second at most."""
        now = self._clock()
        if now >= self._look_at:
            self._look_at = now + LOOK_SECONDS
            self._look()
        return self._ring

    def _look(self) -> None:
        stamp = _stamp(self._path)
        if stamp == self._stamp:
            return
        try:
            ring = self._read()
        except (UsageError, StorageError) as error:
            logger.error("The keys in force stay as they were: %s", error.message)
            return
        self._stamp = stamp
        self._ring = replace(ring, is_required=ring.is_required or self._ring.asks)
        logger.info("API keys changed", extra={"keys": len(ring.keys)})

    def _read(self) -> Keyring:
        lines = _lines(self._path)
        is_required = bool(self._fixed) or self._path.exists()
        return Keyring(keys=(*self._fixed, *read_keys(lines).keys), is_required=is_required)


def _stamp(path: Path) -> tuple[int, int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise StorageError(f"The file of API keys cannot be read: {reason}.") from error


def _write(path: Path, lines: Sequence[str]) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, draft = tempfile.mkstemp(dir=path.parent)  # mkstemp makes files of mode 0600
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.writelines(f"{line}\n" for line in lines)
            file.flush()
            os.fsync(file.fileno())
        Path(draft).replace(path)
    except OSError as error:
        raise StorageError(f"The file of API keys cannot be written: {error.strerror}.") from error
