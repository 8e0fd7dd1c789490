"""One attempt at one job: its child process is watched, limited, and killed when the lease is lost."""

import logging
import os
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from yunque.errors import StorageError
from yunque.runtime.jobs.job import Failure, Finished, Job
from yunque.runtime.jobs.keys import log_key, result_prefix, upload_key, work_prefix
from yunque.runtime.jobs.process import ChildProcess
from yunque.runtime.jobs.progress import Note
from yunque.runtime.jobs.queue import LeaseLost, Queue, heartbeat
from yunque.runtime.jobs.queue_finish import cancelled, complete, fail, put_back
from yunque.runtime.jobs.watch import Limits, Outcome, Stopped, Watch, crash
from yunque.runtime.logs import log_scope
from yunque.runtime.storage import open_storage

_LOG = logging.getLogger(__name__)
_LISTEN_SECONDS = 0.1


@dataclass(frozen=True, kw_only=True)
class Workplace:
    """Where a worker does its jobs.

    Args:
        owner: its name in leases and attempts, for example "host:pid".
        storage_url: the store that children open for themselves.
        scratch: local folder for what lasts as long as an attempt.
        threads: how many threads one job may use.
        grace_seconds: how long a job may go on after the worker was asked to stop.
        environment: variables of its children beside its own.
    """

    owner: str
    storage_url: str
    scratch: Path
    threads: int = 1
    grace_seconds: float = 10.0
    environment: Mapping[str, str] = field(default_factory=dict)


def run_attempt(queue: Queue, job: Job, place: Workplace, stop: threading.Event) -> Job | None:
    """Do a claimed job in a child process and record how it ended.

    Gives the job as it stands afterwards, None when it belongs to another worker by now. `stop` asks for
    an end within the grace time: the job then goes back in line and loses no attempt.
    """
    with log_scope(job_id=job.id, kind=job.kind, tenant=job.tenant, attempt=job.attempts):
        _LOG.info("job started")
        tried = _attempt(queue, job, place, stop)
        ended = _settle(queue, job, tried)
        word = _word(tried.outcome)
        _LOG.info("job ended", extra={"state": ended.state if ended else "lost", "outcome": word})
        return ended


@dataclass(frozen=True, kw_only=True)
class _Tried:
    """How an attempt ended, where its log stands, and what it said since the last heartbeat."""

    outcome: Outcome
    log_key: str | None = None
    untold: tuple[Note, ...] = ()


def _attempt(queue: Queue, job: Job, place: Workplace, stop: threading.Event) -> _Tried:
    try:
        with _scratch(place, job) as folder:
            outcome, untold = _watch(queue, job, place, folder, stop)
            return _Tried(outcome=outcome, log_key=_keep_log(place, job, folder), untold=untold)
    except OSError:  # no room for its folder, or no process to be had
        _LOG.exception("the worker's machine could not start the job")
        reason = "The worker's machine had no room for this job."
        return _Tried(outcome=Failure(code="system", message=reason, is_retryable=True))


def _word(outcome: Outcome) -> str:
    if isinstance(outcome, Failure):
        return outcome.code
    return outcome.value if isinstance(outcome, Stopped) else "succeeded"


@contextmanager
def _scratch(place: Workplace, job: Job) -> Iterator[Path]:
    place.scratch.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=f"{os.getpid()}-{job.id}-{job.fence}-", dir=place.scratch))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def clear_scratch(scratch: Path) -> int:
    """Remove the folders of workers that were killed, and give how many there were."""
    count = 0
    for folder in scratch.glob("*-*"):
        owner = folder.name.partition("-")[0]
        if owner.isdigit() and not Path(f"/proc/{owner}").exists() and Path("/proc/self").exists():
            shutil.rmtree(folder, ignore_errors=True)
            count += 1
    return count


def _watch(
    queue: Queue, job: Job, place: Workplace, folder: Path, stop: threading.Event
) -> tuple[Outcome, tuple[Note, ...]]:
    clock, lease = queue.database.clock, queue.policy.lease_seconds
    start = clock.monotonic()
    watch = Watch(queue=queue, job=job, lease_seconds=lease, last_beat=start, next_beat=start + lease / 3)
    limits = Limits(queue, job, grace_seconds=place.grace_seconds, stop=stop)
    child = ChildProcess(_order(queue, job, place, folder), folder, place.threads, place.environment)
    try:
        while True:
            # Asked first: what it said before its end is in the pipe by then.
            has_ended = child.has_ended()
            for message in child.drain() if has_ended else child.read(_LISTEN_SECONDS):
                watch.take(message)
            if has_ended:
                return watch.outcome or crash(watch.exit), tuple(watch.notes)
            now = clock.monotonic()
            stopped = limits.broken(child, now) or watch.beat(now)
            if stopped is not None:
                # A result that arrived in the same moment is still a result.
                is_done = watch.outcome is not None and isinstance(stopped, Failure)
                return (watch.outcome if watch.outcome and is_done else stopped), tuple(watch.notes)
    finally:
        child.close()


def _order(queue: Queue, job: Job, place: Workplace, folder: Path) -> dict[str, Any]:
    return {
        "entry": queue.kinds[job.kind].entry,
        "job_id": job.id,
        "tenant": job.tenant,
        "attempt": job.attempts,
        "payload": dict(job.payload),
        "memory_bytes": job.memory_bytes,
        "headroom_bytes": queue.kinds[job.kind].headroom_bytes,
        "storage_url": place.storage_url,
        "scratch": str(folder),
        "threads": place.threads,
        "result_prefix": result_prefix(job),
        "work_prefix": work_prefix(job.tenant, job.id),
        "upload_key": None if job.upload_id is None else upload_key(job.tenant, job.upload_id),
    }


def _keep_log(place: Workplace, job: Job, folder: Path) -> str | None:
    """Put the attempt's log into storage; a log that cannot be kept costs nothing but itself."""
    path = folder / "log.txt"
    if not path.is_file() or path.stat().st_size == 0:
        return None
    try:
        open_storage(place.storage_url).put_new(log_key(job), [path.read_bytes()])
    except StorageError:
        _LOG.warning("the log of the attempt could not be kept")
        return None
    return log_key(job)


def _settle(queue: Queue, job: Job, tried: _Tried) -> Job | None:
    outcome, key, untold = tried.outcome, tried.log_key, list(tried.untold)

    def write() -> Job:
        if untold:  # told once, however often the ending itself has to be tried
            heartbeat(queue, job, untold)
            untold.clear()
        match outcome:
            case Finished():
                return complete(queue, job, outcome, log_key=key)
            case Failure():
                return fail(queue, job, replace(outcome, error_key=key), log_key=key)
            case Stopped.CANCELLED:
                return cancelled(queue, job, log_key=key)
            case _:
                return put_back(queue, job, reason="the worker was asked to stop")

    return None if outcome is Stopped.LOST else _insist(queue, write)


def _insist(queue: Queue, write: Callable[[], Job]) -> Job | None:
    """Write the ending, again while the database is away: the work is done, and the fence keeps it honest."""
    wait = 0.05
    give_up = queue.database.clock.monotonic() + 10 * queue.policy.lease_seconds
    while True:
        try:
            return write()
        except LeaseLost:
            return None
        except StorageError:
            if queue.database.clock.monotonic() > give_up:
                raise
            time.sleep(wait)
            wait = min(2.0, wait * 2)
