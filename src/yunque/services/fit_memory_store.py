"""Where finished fits are kept between attempts of one training: a job's checkpoints, or a folder here."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from yunque.errors import StorageError
from yunque.runtime.jobs.checkpoints import Checkpoints
from yunque.runtime.jobs.digest import digest_of

BEGUN, ENDED = "fit begun", "fit ended"
WORTH_SECONDS = 0.5  # quicker fits are made again sooner than all are written down


@dataclass(frozen=True, kw_only=True)
class JobFits:
    """A job's own memory of finished fits; a store that fails costs the memory, not the training.

    Attributes:
        attempt: which one this is, from 1; the first has nothing to ask about those before it.
    """

    checkpoints: Checkpoints
    attempt: int = 1

    def load(self, facts: Mapping[str, Any]) -> bytes | None:
        """Give a finished fit of an earlier attempt."""
        with suppress(StorageError):
            return self.checkpoints.load(facts)
        return None

    def save(self, facts: Mapping[str, Any], piece: bytes) -> None:
        """Keep a finished fit for a later attempt."""
        with suppress(StorageError):
            self.checkpoints.save(facts, piece)

    def begin(self, facts: Mapping[str, Any]) -> None:
        """Note that a fit begins."""
        self.save({BEGUN: dict(facts)}, b"")

    def end(self, facts: Mapping[str, Any]) -> None:
        """Note that it ended."""
        self.save({ENDED: dict(facts)}, b"")

    def was_lost(self, facts: Mapping[str, Any]) -> bool:
        """Tell whether an earlier attempt began this fit and never came to its end."""
        if self.attempt <= 1:
            return False
        return self.load({BEGUN: dict(facts)}) is not None and self.load({ENDED: dict(facts)}) is None

    def is_worth(self, seconds: float) -> bool:  # noqa: ARG002 - a job may go on days later, elsewhere
        """Keep every fit."""
        return True


class FolderFits:
    """The same in a folder that only this machine's attempts share, written without waiting for the disk.

    A killed process loses nothing that it has written, so nothing is flushed.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._lost = {path.stem for path in folder.glob("*.begun")}

    def load(self, facts: Mapping[str, Any]) -> bytes | None:
        """Give a finished fit of an earlier attempt."""
        with suppress(OSError):
            return self._path(facts, "fit").read_bytes()
        return None

    def save(self, facts: Mapping[str, Any], piece: bytes) -> None:
        """Keep a finished fit for a later attempt."""
        with suppress(OSError):
            part = self._path(facts, "part")
            part.write_bytes(piece)
            part.replace(self._path(facts, "fit"))

    def begin(self, facts: Mapping[str, Any]) -> None:
        """Note that a fit begins."""
        with suppress(OSError):
            self._path(facts, "begun").touch()

    def end(self, facts: Mapping[str, Any]) -> None:
        """Note that it ended."""
        with suppress(OSError):
            self._path(facts, "begun").unlink(missing_ok=True)

    def was_lost(self, facts: Mapping[str, Any]) -> bool:
        """Tell whether an earlier attempt began this fit and never came to its end."""
        return digest_of(facts) in self._lost

    def is_worth(self, seconds: float) -> bool:
        """Keep what took a while."""
        return seconds >= WORTH_SECONDS

    def _path(self, facts: Mapping[str, Any], kind: str) -> Path:
        return self._folder / f"{digest_of(facts)}.{kind}"
