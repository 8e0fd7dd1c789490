"""The worker: claims a job, does it in a child process, and looks for the next."""

import logging
import os
import socket
import threading
from collections.abc import Sequence
from dataclasses import dataclass

from yunque.errors import StorageError
from yunque.runtime.jobs.job import Job
from yunque.runtime.jobs.queue import Queue, claim, has_work
from yunque.runtime.jobs.supervise import Workplace, clear_scratch, run_attempt
from yunque.runtime.jobs.upkeep import Chore, doing

_LOG = logging.getLogger(__name__)
_LONGEST_WAIT_SECONDS = 30.0


@dataclass(frozen=True, kw_only=True)
class Worker:
    """Everything a worker needs.

    Args:
        chores: what it does beside its jobs (see upkeep.py).
        poll_seconds: how often an idle worker looks for a job; looking takes no lock.
    """

    queue: Queue
    place: Workplace
    chores: Sequence[Chore] = ()
    poll_seconds: float = 0.5


def owner_name() -> str:
    """Give the name this process carries in leases: machine and process number."""
    return f"{socket.gethostname()}:{os.getpid()}"


def work(worker: Worker, stop: threading.Event) -> int:
    """Do jobs one after the other until `stop` is set, and give how many attempts were made."""
    clear_scratch(worker.place.scratch)
    count, wait = 0, worker.poll_seconds
    with doing(worker.chores, stop):
        while not stop.is_set():
            try:
                found = work_once(worker, stop)
            except StorageError:
                _LOG.exception("the worker cannot reach the database")
                wait = min(_LONGEST_WAIT_SECONDS, wait * 2)
                stop.wait(wait)
                continue
            wait = worker.poll_seconds
            if found:
                count += 1
            else:
                stop.wait(wait)
    return count


def work_off(worker: Worker, stop: threading.Event) -> int:
    """Do jobs until none is due or `stop` is set, and give how many attempts were made; no chores."""
    count = 0
    while not stop.is_set() and work_once(worker, stop):
        count += 1
    return count


def work_once(worker: Worker, stop: threading.Event, *, job_id: str | None = None) -> bool:
    """Do the next job in line, or the one named if it is free; say whether there was one."""
    job = _next(worker, job_id)
    if job is None:
        return False
    run_attempt(worker.queue, job, worker.place, stop)
    return True


def _next(worker: Worker, job_id: str | None) -> Job | None:
    if job_id is None and not has_work(worker.queue):
        return None
    return claim(worker.queue, worker.place.owner, job_id=job_id)
