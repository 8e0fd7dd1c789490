"""Grant and check access by API key: the server keeps hashes, the holder keeps the key."""

import hashlib
import hmac
import os
import re
import secrets
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from yunque.errors import NotFoundError, StorageError, UsageError

PREFIX = "yq_"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_DIGEST = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, kw_only=True)
class ApiKey:
    """One accepted key.

    Attributes:
        name: who holds it; appears in logs.
        digest: SHA-256 of the key in lower-case hex. Keys carry 256 random bits, so no salt or stretching
            is needed: there is no dictionary to try.
    """

    name: str
    digest: str

    def __post_init__(self) -> None:
        """Refuse names and digests that cannot stand in a settings line."""
        if not _NAME.fullmatch(self.name):
            raise UsageError(
                f"{self.name[:64]!r} cannot name an API key.",
                hint="Use letters, digits, dots, dashes and underscores, 64 at most.",
            )
        if not _DIGEST.fullmatch(self.digest):
            raise UsageError(
                f"The API key {self.name!r} is not given as a SHA-256 hash of 64 hex digits.",
                hint="Make one with `yunque keys create NAME`; the server keeps the hash, never the key.",
            )

    @property
    def line(self) -> str:
        """How it stands in the settings and in the keys file."""
        return f"{self.name}:{self.digest}"


@dataclass(frozen=True, kw_only=True)
class Keyring:
    """All accepted keys; empty means that nobody was given one."""

    keys: tuple[ApiKey, ...] = ()

    def holder(self, secret: str) -> str | None:
        """Give the name of the key's holder, or None.

        Every stored digest is compared, in constant time, so that the time taken tells nothing.
        """
        digest = _hash(secret)
        found: str | None = None
        for key in self.keys:
            if hmac.compare_digest(key.digest, digest):
                found = key.name
        return found


def grant_key(name: str) -> tuple[str, ApiKey]:
    """Make a new key: the secret to hand over once, and the record to keep."""
    secret = PREFIX + secrets.token_urlsafe(32)
    return secret, ApiKey(name=name, digest=_hash(secret))


def read_keys(lines: Iterable[str]) -> Keyring:
    """Read `name:sha256` lines; blank lines and lines starting with # are skipped.

    Raises:
        UsageError: a line is not of that form. The line itself is not repeated: it may hold a key.
    """
    keys = []
    for number, line in enumerate(lines, start=1):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        name, _, digest = text.rpartition(":")
        if not name:
            raise UsageError(
                f"API key number {number} is not of the form name:sha256.",
                hint="Make one with `yunque keys create NAME`.",
            )
        keys.append(ApiKey(name=name.strip(), digest=digest.strip().lower()))
    return Keyring(keys=tuple(keys))


def store_key(path: Path, key: ApiKey) -> None:
    """Add a key's record to a file of keys that only its owner may read.

    Raises:
        StorageError: the file cannot be written.
    """
    _write(path, [*_lines(path), key.line])


def revoke_keys(path: Path, name: str) -> int:
    """Remove all keys of a holder from a file of keys, and say how many there were.

    Raises:
        NotFoundError: the holder has none there.
        StorageError: the file cannot be written.
    """
    lines = _lines(path)
    kept = [line for line in lines if line.startswith("#") or line.rpartition(":")[0].strip() != name]
    if len(kept) == len(lines):
        holders = [key.name for key in read_keys(lines).keys]
        raise NotFoundError.among("holder of a key", name[:64], holders)
    _write(path, kept)
    return len(lines) - len(kept)


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    except OSError as error:
        raise StorageError(f"The file of API keys cannot be read: {error.strerror}.") from error


def _write(path: Path, lines: list[str]) -> None:
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


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
