"""Putting a job in line: checked, priced, committed, and the same job again for the same key."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

import sqlalchemy as sa

from yunque.errors import ConflictError, LimitError, NotFoundError, UsageError
from yunque.runtime.jobs.digest import digest_of
from yunque.runtime.jobs.job import Job
from yunque.runtime.jobs.kind import Kind
from yunque.runtime.jobs.ledger import reserve
from yunque.runtime.jobs.prices import charge_for, price_on
from yunque.runtime.jobs.queue import Queue
from yunque.runtime.jobs.queue_put import known_job, new_row, put_at_once, put_in_steps
from yunque.runtime.jobs.tables import JOB

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
    # A statement that is a transaction of its own saves two of three ways to the server and back.
    transaction = queue.database.at_once if wish.is_one_statement else queue.database.writing
    with transaction() as connection:
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

    @property
    def is_one_statement(self) -> bool:
        """Whether Postgres can do all of it at once; money is moved in statements of its own."""
        return self.kind.price_item is None


def _check(queue: Queue, submission: Submission) -> _Wish:
    kind = queue.kinds.get(submission.kind)
    if kind is None:
        raise NotFoundError.among("job kind", submission.kind, sorted(queue.kinds))
    check_tenant(submission.tenant)
    _check_key(submission.idempotency_key)
    payload = dict(kind.check(submission.payload))
    return _Wish(submission=submission, kind=kind, payload=payload, request_hash=_hash(submission, payload))


def _put(connection: sa.Connection, queue: Queue, wish: _Wish) -> Accepted:
    row = _row(wish)
    put = put_at_once if connection.dialect.name == "postgresql" else put_in_steps
    line = put(connection, queue, row)
    if not line.is_put:
        known = line.known or known_job(connection, queue, row)  # the same key, committed a moment ago
        return Accepted(job=_same(connection, known, wish.request_hash), is_new=False)
    row |= {"turn": line.turn, "run_after": line.now, "created_at": line.now}
    facts: dict[str, Any] = {name: row.get(name) for name in Job.__dataclass_fields__}
    job = Job(**facts)
    _reserve(connection, job, wish.kind, wish.submission.units, line.now)
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


def _row(wish: _Wish) -> dict[str, Any]:
    submission, kind = wish.submission, wish.kind
    return new_row(
        id=str(uuid4()),
        tenant=submission.tenant,
        kind=kind.name,
        payload=dict(wish.payload),
        idempotency_key=submission.idempotency_key,
        request_hash=wish.request_hash,
        upload_id=submission.upload_id,
        retry_of=submission.retry_of,
        priority=submission.priority,
        max_attempts=kind.max_attempts,
        timeout_seconds=kind.timeout_seconds,
        memory_bytes=kind.memory_bytes,
        request_id=submission.request_id,
    )


def _reserve(connection: sa.Connection, job: Job, kind: Kind, units: int | None, now: datetime) -> None:
    if kind.price_item is None:
        return
    if units is None:
        raise UsageError(f"A job of kind {kind.name!r} is charged by units; say how many.")
    charge = charge_for(price_on(connection, kind.price_item, now.date()), units)
    reserve(connection, now, tenant=job.tenant, job_id=job.id, charge=charge)
