"""Run jobs in threads that may be abandoned: a fit that never returns must not hold the run."""

from collections.abc import Callable
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Generic, TypeVar

Job = TypeVar("Job")
Outcome = TypeVar("Outcome")


@dataclass(frozen=True, kw_only=True)
class Finished(Generic[Job, Outcome]):
    """A job that ended: with an outcome, or with the error it raised."""

    job: Job
    outcome: Outcome | None = None
    error: BaseException | None = None


class Workers(Generic[Job, Outcome]):
    """At most `size` jobs at a time, each in a daemon thread of its own.

    Threads suffice because the libraries give up the interpreter's lock while they work, and they share the
    matrices without copying.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._finished: SimpleQueue[tuple[int, Finished[Job, Outcome]]] = SimpleQueue()
        self._running: dict[int, Job] = {}
        self._count = 0

    @property
    def running(self) -> tuple[Job, ...]:
        """Jobs that have started and not ended."""
        return tuple(self._running.values())

    @property
    def has_room(self) -> bool:
        """Whether another job may start now."""
        return len(self._running) < self._size

    def start(self, job: Job, work: Callable[[Job], Outcome]) -> None:
        """Start `work(job)` in the background."""
        self._count += 1
        number = self._count
        self._running[number] = job
        Thread(target=self._run, args=(number, job, work), daemon=True).start()

    def wait(self, seconds: float) -> Finished[Job, Outcome] | None:
        """Give the next job that ends within `seconds`, or None; abandoned ones are never given."""
        try:
            number, finished = self._finished.get(timeout=max(0.0, seconds))
        except Empty:
            return None
        return finished if self._running.pop(number, None) is not None else None

    def abandon(self, job: Job) -> None:
        """Forget a running job; its thread goes on alone and its outcome is thrown away."""
        for number in [number for number, running in self._running.items() if running is job]:
            del self._running[number]

    def _run(self, number: int, job: Job, work: Callable[[Job], Outcome]) -> None:
        finished: Finished[Job, Outcome] = Finished(job=job, error=SystemExit("it left its thread"))
        try:
            finished = Finished(job=job, outcome=work(job))
        except Exception as error:  # noqa: BLE001 - whatever a library raises is this job's outcome
            finished = Finished(job=job, error=error)
        finally:
            self._finished.put((number, finished))
