"""How an attempt ends: state, result, ledger and webhook rows in one commit that only the holder can make."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from yunque.runtime.jobs.job import FINAL, Failure, Finished, Job, State
from yunque.runtime.jobs.ledger import capture, release
from yunque.runtime.jobs.outbox import announce
from yunque.runtime.jobs.progress import Note, write_notes
from yunque.runtime.jobs.queue import LeaseLost, Queue, held
from yunque.runtime.jobs.tables import ATTEMPT, JOB

WORKER_LOST = Failure(
    code="worker_lost", message="The worker stopped answering while it ran this job.", is_retryable=True
)


@dataclass(frozen=True, kw_only=True)
class Ending:
    """How an attempt ended, for its row: a word, a public reason, and where its log stands."""

    outcome: str
    reason: str = ""
    log_key: str | None = None


def complete(queue: Queue, job: Job, finished: Finished, *, log_key: str | None = None) -> Job:
    """Record the result and capture the price; a job whose cancelling was asked for is cancelled instead.

    Raises:
        LeaseLost: another worker owns the job by now; nothing was written.
    """
    with queue.database.writing() as connection:
        now = queue.database.now(connection)
        job = _hold(connection, job)
        if job.cancel_requested:
            return _cancel(connection, job, now, log_key)
        done = _move(
            connection,
            job,
            state=State.SUCCEEDED,
            finished_at=now,
            progress=1.0,
            result_prefix=finished.prefix,
            result=dict(finished.summary or {}),
            error_code=None,
            error_message=None,
            error_key=None,
        )
        capture(connection, now, job.id, finished.charge_minor)
        _record(connection, job, done, now, Ending(outcome="succeeded", log_key=log_key))
        return done


def fail(queue: Queue, job: Job, failure: Failure, *, log_key: str | None = None) -> Job:
    """Record a failed attempt: back in line when another may help and is left, else failed for good.

    Raises:
        LeaseLost: another worker owns the job by now; nothing was written.
    """
    with queue.database.writing() as connection:
        return _fail(connection, queue, _hold(connection, job), failure, log_key)


def cancelled(queue: Queue, job: Job, *, log_key: str | None = None) -> Job:
    """Record that the attempt was stopped because somebody cancelled the job; nothing is charged.

    Raises:
        LeaseLost: another worker owns the job by now; nothing was written.
    """
    with queue.database.writing() as connection:
        return _cancel(connection, _hold(connection, job), queue.database.now(connection), log_key)


def put_back(queue: Queue, job: Job, *, reason: str) -> Job:
    """Return a job to the line without charging an attempt: the worker shuts down, the job is not to blame.

    Raises:
        LeaseLost: another worker owns the job by now; nothing was written.
    """
    with queue.database.writing() as connection:
        now = queue.database.now(connection)
        job = _hold(connection, job)
        if job.cancel_requested:
            return _cancel(connection, job, now, None)
        waiting = _requeue(connection, job, now, attempts=JOB.c.attempts - 1)
        _record(connection, job, waiting, now, Ending(outcome="put_back", reason=reason))
        return waiting


def reap(queue: Queue, *, limit: int = 100) -> tuple[Job, ...]:
    """Take back every job whose lease has run out, and give them as they stand now.

    Any worker may call this at any time; each job is taken back by one of them only.
    """
    with queue.database.reading() as connection:
        expired = _expired(queue.database.now(connection)).with_only_columns(JOB.c.id).limit(limit)
        ids = connection.execute(expired).scalars().all()
    found = (_reap_one(queue, job_id) for job_id in ids)
    return tuple(job for job in found if job is not None)


def _expired(now: datetime) -> sa.Select[Any]:
    return sa.select(JOB).where(JOB.c.state == State.RUNNING, JOB.c.lease_until < now)


def _reap_one(queue: Queue, job_id: str) -> Job | None:
    with queue.database.writing() as connection:
        query = _expired(queue.database.now(connection)).where(JOB.c.id == job_id)
        row = connection.execute(query.with_for_update(skip_locked=True)).first()
        return None if row is None else _fail(connection, queue, Job.from_row(row), WORKER_LOST, None)


def _hold(connection: sa.Connection, job: Job) -> Job:
    """Lock the job's row and give it as it is now, provided this attempt still owns it."""
    query = sa.select(JOB).where(JOB.c.id == job.id, JOB.c.state == State.RUNNING, JOB.c.fence == job.fence)
    row = connection.execute(query.with_for_update()).first()
    if row is None:
        raise LeaseLost(f"Job {job.id} is no longer held by this worker.", details={"fence": job.fence})
    return Job.from_row(row)


def _move(connection: sa.Connection, job: Job, **values: Any) -> Job:
    freed = {"owner": None, "lease_until": None, "events": JOB.c.events + 1}
    row = connection.execute(held(job).values(**freed, **values).returning(JOB)).one()
    return Job.from_row(row)


def _requeue(connection: sa.Connection, job: Job, run_after: datetime, **values: Any) -> Job:
    return _move(connection, job, state=State.QUEUED, fence=JOB.c.fence + 1, run_after=run_after, **values)


def _fail(connection: sa.Connection, queue: Queue, job: Job, failure: Failure, log_key: str | None) -> Job:
    now = queue.database.now(connection)
    if job.cancel_requested:
        return _cancel(connection, job, now, log_key)
    error = {
        "error_code": failure.code,
        "error_message": failure.message,
        "error_key": failure.error_key,
    }
    if failure.is_retryable and job.attempts < job.max_attempts:
        later = now + queue.policy.backoff(job.id, job.attempts)
        ended = _requeue(connection, job, later, **error)
    else:
        ended = _move(connection, job, state=State.FAILED, finished_at=now, **error)
        release(connection, now, job.id)
    ending = Ending(outcome=failure.code, reason=failure.message, log_key=log_key)
    _record(connection, job, ended, now, ending)
    return ended


def _cancel(connection: sa.Connection, job: Job, now: datetime, log_key: str | None) -> Job:
    ended = _move(connection, job, state=State.CANCELLED, finished_at=now)
    release(connection, now, job.id)
    _record(connection, job, ended, now, Ending(outcome="cancelled", log_key=log_key))
    return ended


def _record(connection: sa.Connection, before: Job, after: Job, now: datetime, ending: Ending) -> None:
    """Write the end of the attempt, the event of the new state, and the webhooks of a final one."""
    connection.execute(
        ATTEMPT.update()
        .where(ATTEMPT.c.job_id == before.id, ATTEMPT.c.fence == before.fence)
        .values(ended_at=now, outcome=ending.outcome, reason=ending.reason, log_key=ending.log_key)
    )
    facts = {"outcome": ending.outcome, "attempt": before.attempts}
    facts |= {"reason": ending.reason} if ending.reason else {}
    write_notes(connection, after, now, [Note.state(after.state, **facts)])
    if after.state in FINAL:
        announce(connection, after, now)
