"""Putting a job in line: checked, priced, committed, and the same job again for the same key."""

import functools
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import sqlalchemy as sa

from yunque.errors import ConflictError, LimitError, NotFoundError, UsageError
from yunque.runtime.database import Moment, insert_unless_there, moment_named
from yunque.runtime.jobs.digest import digest_of
from yunque.runtime.jobs.job import Job, State
from yunque.runtime.jobs.kind import Kind
from yunque.runtime.jobs.ledger import reserve
from yunque.runtime.jobs.prices import charge_for, price_on
from yunque.runtime.jobs.progress import Note, write_notes
from yunque.runtime.jobs.queue import Queue
from yunque.runtime.jobs.tables import JOB, UPLOAD

_TENANT = re.compile(r"[A-Za-z0-9_=+-]{1,64}", re.ASCII)
_MAX_PAYLOAD_CHARACTERS = 1_000_000


@dataclass(frozen=True, kw_only=True)
class Submission:
    """What a client asks for.

    Args:
        idempotency_key: repeating it with the same request gives the same job, with another a ConflictError.
        priority: higher runs first.
        units: what a kind with a price is charged by, for example rows.
        upload_id: the uploaded file that the job works on.
        request_id: names the request in logs and answers.
    """

    tenant: str
    kind: str
    payload: Mapping[str, Any]
    idempotency_key: str | None = None
    priority: int = 0
    units: int | None = None
    upload_id: str | None = None
    request_id: str | None = None
    retry_of: str | None = None


@dataclass(frozen=True, kw_only=True)
class Accepted:
    """The job that a submission stands for; `is_new` is false when its key had named it before."""

    job: Job
    is_new: bool


def submit(queue: Queue, submission: Submission) -> Accepted:
    """Commit a job to the queue: once this returns, it will not be lost.

    Raises:
        NotFoundError: an unknown kind or upload.
        UsageError, DataError: a payload that the kind refuses.
        ConflictError: the idempotency key was used for another request.
        FundsError: the account holds too little.
        LimitError: too many jobs of this tenant wait already.
    """
    wish = _check(queue, submission)
    with queue.database.writing() as connection:
        return _put(connection, queue, wish)


def submit_many(queue: Queue, submissions: Iterable[Submission]) -> tuple[Accepted, ...]:
    """Commit several jobs at once: all of them, or on any error (see `submit`) none.

    One commit waits for the disk once; the other writers of the database wait as long as the batch takes.
    """
    wishes = [_check(queue, submission) for submission in submissions]
    with queue.database.writing() as connection:
        return tuple(_put(connection, queue, wish) for wish in wishes)


@dataclass(frozen=True, kw_only=True)
class _Wish:
    """A submission that was checked as far as it can be without the database."""

    submission: Submission
    kind: Kind
    payload: Mapping[str, Any]
    request_hash: str


def _check(queue: Queue, submission: Submission) -> _Wish:
    kind = queue.kinds.get(submission.kind)
    if kind is None:
        raise NotFoundError.among("job kind", submission.kind, sorted(queue.kinds))
    check_tenant(submission.tenant)
    _check_key(submission.idempotency_key)
    payload = dict(kind.check(submission.payload))
    return _Wish(submission=submission, kind=kind, payload=payload, request_hash=_hash(submission, payload))


def _put(connection: sa.Connection, queue: Queue, wish: _Wish) -> Accepted:
    submission = wish.submission
    line = _look(connection, queue, submission)
    if line.known is not None:
        return Accepted(job=_same(connection, line.known, wish.request_hash), is_new=False)
    _check_room(connection, queue, submission.tenant)
    _check_upload(connection, submission)
    row = _row(submission, wish.kind, wish.payload, line) | {"request_hash": wish.request_hash}
    if not insert_unless_there(connection, JOB, row):  # the same key, committed a moment ago
        known = _look(connection, queue, submission).known
        return Accepted(job=_same(connection, known, wish.request_hash), is_new=False)
    facts: dict[str, Any] = {name: row.get(name) for name in Job.__dataclass_fields__}
    job = Job(**facts)
    _reserve(connection, job, wish.kind, submission.units, line.now)
    write_notes(connection, job, line.now, [Note.state(State.QUEUED)])
    return Accepted(job=job, is_new=True)


def check_tenant(tenant: str) -> str:
    """Return `tenant` when it may name a folder and a row, else raise UsageError."""
    if not _TENANT.fullmatch(tenant):
        raise UsageError("A tenant is named by up to 64 ASCII letters, digits and _=+-.")
    return tenant


def _check_key(key: str | None) -> None:
    if key is not None and not (0 < len(key) <= 200 and key.isprintable()):
        raise UsageError("An idempotency key has 1 to 200 printable characters.")


def _hash(submission: Submission, payload: Mapping[str, Any]) -> str:
    try:
        digest = digest_of([submission.kind, payload, submission.units, submission.upload_id])
        size = len(str(payload))
    except (TypeError, ValueError) as error:
        raise UsageError("The job's payload cannot be written as JSON.") from error
    if size > _MAX_PAYLOAD_CHARACTERS:
        raise LimitError("The job's payload is too large.", hint="Upload the data and name the upload.")
    return digest


@dataclass(frozen=True, kw_only=True)
class _Line:
    """How the line stands: the moment, the job that the key names, and the turns of those who wait."""

    now: datetime
    known: str | None
    first_turn: int | None
    last_turn: int | None


def _look(connection: sa.Connection, queue: Queue, submission: Submission) -> _Line:
    """Ask for everything a submission depends on, in one statement."""
    row = connection.execute(
        _looking(queue.database.server_time),
        {
            "has_key": submission.idempotency_key is not None,
            "key": submission.idempotency_key or "",
            "tenant": submission.tenant,
            "priority": submission.priority,
            **queue.database.moments(moment=timedelta(0)),
        },
    ).one()
    return _Line(now=row.now, known=row.known, first_turn=row.first_turn, last_turn=row.last_turn)


@functools.cache  # building the statement took longer than running it
def _looking(server_time: bool) -> sa.Select[Any]:
    tenant = JOB.c.tenant == sa.bindparam("tenant")
    waiting = (JOB.c.state == State.QUEUED, JOB.c.priority == sa.bindparam("priority"))
    # Without a key there is nothing to find: "= NULL" would become "IS NULL" and find every such job.
    has_key = sa.bindparam("has_key", type_=sa.Boolean())
    known = sa.select(JOB.c.id).where(has_key, tenant, JOB.c.idempotency_key == sa.bindparam("key"))
    first = sa.select(sa.func.min(JOB.c.turn)).where(*waiting)
    last = sa.select(sa.func.max(JOB.c.turn)).where(tenant, *waiting)
    return sa.select(
        sa.type_coerce(moment_named("moment", server_time=server_time), Moment()).label("now"),
        known.scalar_subquery().label("known"),
        first.scalar_subquery().label("first_turn"),
        last.scalar_subquery().label("last_turn"),
    )


def _same(connection: sa.Connection, job_id: str | None, request_hash: str) -> Job:
    row = connection.execute(sa.select(JOB).where(JOB.c.id == job_id)).first()
    if row is None:
        raise ConflictError("The job could not be recorded.", hint="Send the request again.")
    if row.request_hash != request_hash:
        raise ConflictError(
            "This idempotency key was used for another request.",
            hint="Use a new key for a new request; repeat a key only with the very same request.",
        )
    return Job.from_row(row)


def _check_room(connection: sa.Connection, queue: Queue, tenant: str) -> None:
    limit = queue.policy.waiting_per_tenant
    if limit is None:
        return
    waiting = connection.execute(
        sa.select(sa.func.count()).where(JOB.c.tenant == tenant, JOB.c.state == State.QUEUED)
    ).scalar_one()
    if waiting >= limit:
        raise LimitError(
            f"{waiting} jobs wait already, which is the limit.", hint="Wait until some are done."
        )


def _row(submission: Submission, kind: Kind, payload: Mapping[str, Any], line: _Line) -> dict[str, Any]:
    return {
        "id": str(uuid4()),
        "tenant": submission.tenant,
        "kind": kind.name,
        "payload": dict(payload),
        "idempotency_key": submission.idempotency_key,
        "upload_id": submission.upload_id,
        "retry_of": submission.retry_of,
        "state": State.QUEUED,
        "priority": submission.priority,
        "turn": _turn(line),
        "run_after": line.now,
        "fence": 0,
        "attempts": 0,
        "max_attempts": kind.max_attempts,
        "timeout_seconds": kind.timeout_seconds,
        "memory_bytes": kind.memory_bytes,
        "cancel_requested": False,
        "progress": 0.0,
        "progress_message": "",
        "events": 1,
        "request_id": submission.request_id,
        "created_at": line.now,
    }


def _check_upload(connection: sa.Connection, submission: Submission) -> None:
    if submission.upload_id is None:
        return
    # The row stays locked until the job names it, so that it cannot be collected in between.
    query = sa.select(UPLOAD.c.id).where(
        UPLOAD.c.id == submission.upload_id, UPLOAD.c.tenant == submission.tenant
    )
    if connection.execute(query.with_for_update(read=True)).first() is None:
        raise NotFoundError("There is no such upload.", hint="Upload the file first; uploads expire.")


def _turn(line: _Line) -> int:
    """Give the place in line that makes tenants take turns (start-time fair queueing, Goyal et al. 1996).

    A tenant's next job comes one turn after its last; a tenant that waits for nothing starts where the
    line stands now, so a flood by one delays the others by one job, not by all of them.
    """
    start = line.first_turn or 0
    return start if line.last_turn is None else max(start, line.last_turn + 1)


def _reserve(connection: sa.Connection, job: Job, kind: Kind, units: int | None, now: datetime) -> None:
    if kind.price_item is None:
        return
    if units is None:
        raise UsageError(f"A job of kind {kind.name!r} is charged by units; say how many.")
    charge = charge_for(price_on(connection, kind.price_item, now.date()), units)
    reserve(connection, now, tenant=job.tenant, job_id=job.id, charge=charge)
