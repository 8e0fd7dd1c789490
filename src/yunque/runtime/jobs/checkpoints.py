"""What a job keeps between attempts, so that the next one goes on where the last one was lost."""

import hashlib
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from yunque.errors import ConflictError, NotFoundError
from yunque.runtime.jobs.digest import digest_of
from yunque.runtime.storage import Storage

_DIGEST_BYTES = 32


class Checkpoints:
    """Finished pieces under the digest of what defines them: a fold of a candidate, a part of a file.

    A piece is written whole or not at all, and never changes. Two attempts at once may write the same
    piece; the first one counts. A piece that was damaged counts as missing.
    """

    def __init__(self, storage: Storage, prefix: str) -> None:
        self._storage = storage
        self._prefix = prefix

    def load(self, facts: Mapping[str, Any]) -> bytes | None:
        """Give the piece that `facts` (dataset hash, fold, seed, ...) define; None if unfinished."""
        try:
            with self._storage.open(self._key(facts)) as stream:
                content = stream.read()
        except NotFoundError:
            return None
        digest, piece = content[:_DIGEST_BYTES], content[_DIGEST_BYTES:]
        return piece if hashlib.sha256(piece).digest() == digest else None

    def save(self, facts: Mapping[str, Any], piece: bytes) -> None:
        """Keep a finished piece; one that is there already stays."""
        with suppress(ConflictError):
            self._storage.put_new(self._key(facts), [hashlib.sha256(piece).digest(), piece])

    def _key(self, facts: Mapping[str, Any]) -> str:
        return f"{self._prefix}/{digest_of(facts)}"
