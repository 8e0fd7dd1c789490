"""What the function behind a job kind is given, and what it gives back."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, Protocol

from yunque.errors import UsageError
from yunque.runtime.jobs.checkpoints import Checkpoints
from yunque.runtime.storage import Storage, Stored


class Teller(Protocol):
    """Where notes go: the parent process, or a list in a test."""

    def __call__(self, kind: str, text: str, fraction: float | None) -> None:
        """Pass one note on."""
        ...


@dataclass(frozen=True, kw_only=True)
class JobResult:
    """What the job leaves besides its files.

    Args:
        summary: small and public; shown with the job and sent by webhook.
        charge_minor: what to capture of the reservation; None is all of it.
    """

    summary: Mapping[str, Any] = field(default_factory=dict)
    charge_minor: int | None = None


@dataclass(frozen=True, kw_only=True)
class JobContext:
    """One attempt at one job, seen from inside the child process.

    Args:
        scratch: an empty local folder that is gone afterwards.
        threads: how many threads the job may use in all.
        checkpoints: what earlier attempts have finished.
        memory_bytes: what the job may hold with all its processes; beyond it the job is stopped.
    """

    job_id: str
    tenant: str
    attempt: int
    payload: Mapping[str, Any]
    storage: Storage
    checkpoints: Checkpoints
    scratch: Path
    threads: int
    result_prefix: str
    upload_key: str | None
    tell: Teller
    memory_bytes: int | None = None
    files: dict[str, Stored] = field(default_factory=dict)

    def progress(self, fraction: float, text: str = "") -> None:
        """Tell how far the job is, `fraction` in 0..1; may be called often."""
        self.tell("progress", text, fraction)

    def log(self, text: str) -> None:
        """Tell a line that the person who waits may read: no path, no data of others."""
        self.tell("log", text, None)

    def publish(self, name: str, chunks: Iterable[bytes]) -> Stored:
        """Write one file of the result; it counts only when the job succeeds."""
        stored = self.storage.put_new(f"{self.result_prefix}/{name}", chunks)
        self.files[name] = stored
        return stored

    def open_upload(self) -> BinaryIO:
        """Read the file that the job was submitted with; UsageError when there is none."""
        if self.upload_key is None:
            raise UsageError(
                "This job needs an uploaded file.", hint="Upload one and name it in the request."
            )
        return self.storage.open(self.upload_key)
