"""What clients and operators may do to jobs: cancel, run again, pause and drain."""

import sqlalchemy as sa

from yunque.errors import ConflictError, NotFoundError
from yunque.runtime.database import insert_unless_there
from yunque.runtime.jobs.job import FINAL, Job, State
from yunque.runtime.jobs.ledger import release
from yunque.runtime.jobs.outbox import announce
from yunque.runtime.jobs.progress import Note, write_notes
from yunque.runtime.jobs.queue import EVERY_KIND, Queue
from yunque.runtime.jobs.queue_submit import Accepted, Submission, submit
from yunque.runtime.jobs.queue_view import job_of
from yunque.runtime.jobs.tables import JOB, LEDGER, PAUSE


def cancel(queue: Queue, tenant: str, job_id: str) -> Job:
    """Cancel a job: at once while it waits, at its next heartbeat while it runs; a final one stays as it is.

    A cancelled job is never charged, even when its result was ready a moment before.
    """
    with queue.database.writing() as connection:
        now = queue.database.now(connection)
        query = sa.select(JOB).where(JOB.c.id == job_id, JOB.c.tenant == tenant)
        row = connection.execute(query.with_for_update()).first()
        if row is None:
            raise NotFoundError("There is no such job.")
        job = Job.from_row(row)
        if job.is_final or job.cancel_requested:
            return job
        changed = {"cancel_requested": True, "events": JOB.c.events + 1}
        if job.state is State.QUEUED:
            changed |= {"state": State.CANCELLED, "finished_at": now}
        update = JOB.update().where(JOB.c.id == job_id).values(**changed).returning(JOB)
        job = Job.from_row(connection.execute(update).one())
        write_notes(connection, job, now, [Note.state(job.state, cancel_requested=True)])
        if job.is_final:
            release(connection, now, job.id)
            announce(connection, job, now)
        return job


def retry(queue: Queue, tenant: str, job_id: str, units: int | None = None) -> Accepted:
    """Submit a failed or cancelled job again as a new job that names the old one; its state stays final.

    The new job is charged like any other: by the units of the old one, or by `units` where that one was free.
    Asking twice gives the same new job.

    Raises:
        ConflictError: the job still waits or runs, or has succeeded.
    """
    old = job_of(queue.database, tenant, job_id)
    if old.state not in FINAL - {State.SUCCEEDED}:
        raise ConflictError(f"The job is {old.state}; only a failed or cancelled job can be run again.")
    with queue.database.reading() as connection:
        reserved = connection.execute(
            sa.select(LEDGER.c.units).where(LEDGER.c.job_id == job_id, LEDGER.c.entry == "reserve")
        ).scalar()
    return submit(
        queue,
        Submission(
            tenant=tenant,
            kind=old.kind,
            payload=old.payload,
            idempotency_key=f"retry:{job_id}",
            priority=old.priority,
            units=units if reserved is None else reserved,
            upload_id=old.upload_id,
            request_id=old.request_id,
            retry_of=job_id,
        ),
    )


def pause(queue: Queue, *, kind: str = EVERY_KIND, reason: str) -> None:
    """Let no worker claim jobs of `kind` (all kinds by default) until `resume`; running ones go on."""
    with queue.database.writing() as connection:
        values = {"kind": kind, "reason": reason, "at": queue.database.now(connection)}
        if not insert_unless_there(connection, PAUSE, values):
            connection.execute(PAUSE.update().where(PAUSE.c.kind == kind).values(reason=reason))


def resume(queue: Queue, *, kind: str = EVERY_KIND) -> None:
    """End a pause; ending one that is not there is no error."""
    with queue.database.writing() as connection:
        connection.execute(PAUSE.delete().where(PAUSE.c.kind == kind))


def running(queue: Queue, *, kind: str = EVERY_KIND) -> int:
    """Count the running jobs of `kind`: a drain is a pause, then waiting until this is 0."""
    query = sa.select(sa.func.count()).select_from(JOB).where(JOB.c.state == State.RUNNING)
    if kind != EVERY_KIND:
        query = query.where(JOB.c.kind == kind)
    with queue.database.reading() as connection:
        return int(connection.execute(query).scalar_one())
