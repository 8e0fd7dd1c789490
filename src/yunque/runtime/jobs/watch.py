"""What the parent knows of a running attempt: its notes, its lease, its limits, and when it must stop."""

import logging
import signal
import threading
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from yunque.errors import StorageError
from yunque.runtime.jobs.job import Failure, Finished, Job
from yunque.runtime.jobs.keys import result_prefix
from yunque.runtime.jobs.process import ChildProcess
from yunque.runtime.jobs.progress import Note
from yunque.runtime.jobs.queue import Queue, Verdict, heartbeat

_LOG = logging.getLogger(__name__)
_TELL_SECONDS = 1.0
_MEASURE_SECONDS = 0.5
_MOST_NOTES = 2000


class Stopped(StrEnum):
    """Why an attempt was stopped from outside."""

    LOST = "lost"
    CANCELLED = "cancelled"
    SHUTDOWN = "shutdown"


Outcome = Finished | Failure | Stopped


@dataclass(kw_only=True)
class Watch:
    """What the parent knows of the attempt so far."""

    queue: Queue
    job: Job
    lease_seconds: float
    last_beat: float
    next_beat: float
    notes: list[Note] = field(default_factory=list)
    told: int = 0
    outcome: Finished | Failure | None = None
    exit: dict[str, int] | None = None

    def take(self, message: dict[str, Any]) -> None:
        """Take one message of the child in."""
        if "note" in message:
            self._take_note(Note(**message["note"]))
        elif "result" in message:
            self.outcome = Finished(
                prefix=result_prefix(self.job),
                summary=message["result"]["summary"],
                charge_minor=message["result"]["charge_minor"],
            )
        elif "error" in message:
            self.outcome = Failure(**message["error"])
        elif "exit" in message:
            self.exit = message["exit"]

    def _take_note(self, note: Note) -> None:
        if note.kind == "progress":
            # Only how far it is now matters: of several since the last beat, the newest is told.
            note = Note.progress(note.fraction or 0.0, note.text)
            self.notes = [kept for kept in self.notes if kept.kind != "progress"]
        elif self.told + len(self.notes) >= _MOST_NOTES:
            return
        elif self.told + len(self.notes) == _MOST_NOTES - 1:
            note = Note.log(f"More than {_MOST_NOTES} lines: further ones are left out.")
        self.notes.append(note)

    def beat(self, now: float) -> Stopped | None:
        """Prolong the lease when it is time to, and say whether the attempt must stop."""
        is_due = now >= self.next_beat or (self.notes and now >= self.last_beat + _TELL_SECONDS)
        if not is_due:
            return None
        try:
            verdict = heartbeat(self.queue, self.job, self.notes)
        except StorageError:
            _LOG.warning("the database did not answer a heartbeat")
            self.next_beat = now + self.lease_seconds / 10
            return Stopped.LOST if now > self.last_beat + self.lease_seconds else None
        self.told += len(self.notes)
        self.notes = []
        self.last_beat = now
        self.next_beat = now + self.lease_seconds / 3
        return {Verdict.LOST: Stopped.LOST, Verdict.CANCEL: Stopped.CANCELLED}.get(verdict)


class Limits:
    """The limits of time and memory, and the wish of the worker to stop."""

    def __init__(self, queue: Queue, job: Job, *, grace_seconds: float, stop: threading.Event) -> None:
        start = queue.database.clock.monotonic()
        kind = queue.kinds[job.kind]
        self._job = job
        self._retries_timeouts = kind.retries_timeouts
        self._deadline = start + job.timeout_seconds
        self._next_measure = start + _MEASURE_SECONDS
        self._stop = stop
        self._grace_seconds = grace_seconds
        self._stop_by: float | None = None

    def broken(self, child: ChildProcess, now: float) -> Failure | Stopped | None:
        """Say which limit is broken by now, if one is."""
        if now >= self._deadline:
            return Failure(
                code="timeout",
                message=f"The job took longer than its limit of {self._job.timeout_seconds:g} seconds.",
                is_retryable=self._retries_timeouts,
            )
        if self._stop.is_set():
            self._stop_by = self._stop_by or now + self._grace_seconds
            if now >= self._stop_by:
                return Stopped.SHUTDOWN
        if now < self._next_measure:
            return None
        self._next_measure = now + _MEASURE_SECONDS
        child.bound_log()
        if child.memory_bytes() > self._job.memory_bytes:
            return Failure(
                code="out_of_memory",
                message=f"The job needed more than its {self._job.memory_bytes / 2**20:,.0f} MiB of memory.",
                is_retryable=True,
            )
        return None


def crash(ended: dict[str, int] | None) -> Failure:
    """Say in words how a process ended that left no result; `ended` is what its guard saw, if it could."""
    if ended is None:
        return Failure(code="crashed", message="The job's process disappeared.", is_retryable=True)
    if ended["signal"] == signal.SIGKILL:
        reason = "The job's process was killed from outside; most likely the machine ran out of memory."
        return Failure(code="killed", message=reason, is_retryable=True)
    if ended["signal"]:
        name = signal.strsignal(ended["signal"]) or f"signal {ended['signal']}"
        return Failure(code="crashed", message=f"The job's process crashed: {name}.", is_retryable=True)
    reason = f"The job's process ended without a result (exit code {ended['code']})."
    return Failure(code="crashed", message=reason, is_retryable=True)
