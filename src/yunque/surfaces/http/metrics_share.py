"""Workers of one server share their counters through a folder, so that whichever is asked tells of all."""

import logging
import os
import time
from pathlib import Path

import msgspec

from yunque.surfaces.http.metrics import Counts

logger = logging.getLogger("yunque.http")

SUFFIX = ".counts"
SILENT_SECONDS = 60.0  # a worker that wrote nothing for so long has ended
_DECODER = msgspec.msgpack.Decoder(Counts)


class SharedCounts:
    """One file a worker, replaced whole; a worker that ended leaves its last counts, which still count.

    Without a folder there is one worker, and its own counts are all.
    """

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._name = f"{os.getpid()}{SUFFIX}"

    def save(self, counts: Counts) -> None:
        """Write this worker's counts; a full disk costs the counts of others a moment, never an answer."""
        if self._folder is None:
            return
        draft = self._folder / f".{self._name}"
        try:
            draft.write_bytes(msgspec.msgpack.encode(counts))
            draft.replace(self._folder / self._name)
        except OSError as error:
            logger.warning("The counters cannot be shared: %s", error.strerror)

    def total(self, own: Counts) -> Counts:
        """Give the counts of all workers; this one's as they are now, the others' as they last wrote them."""
        total = Counts()
        total.add(_DECODER.decode(msgspec.msgpack.encode(own)))  # at once: the event loop goes on counting
        for path in self._folder.glob(f"[0-9]*{SUFFIX}") if self._folder else ():
            if path.name != self._name:
                try:
                    found = _DECODER.decode(path.read_bytes())
                    is_old = time.time() - path.stat().st_mtime > SILENT_SECONDS
                    total.add(found.without_now() if is_old else found)
                except (OSError, msgspec.DecodeError, ValueError) as error:
                    logger.warning("The counters of another worker cannot be read: %s", error)
        return total
