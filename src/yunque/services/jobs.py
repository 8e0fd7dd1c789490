"""Jobs as people use them: submit, list, show, follow, cancel, run again, drain; every way in calls these."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from yunque.errors import NotFoundError, UsageError
from yunque.runtime.jobs.job import Job, State
from yunque.runtime.jobs.outbox import Delivery, deliveries
from yunque.runtime.jobs.outbox import replay as replay_delivery
from yunque.runtime.jobs.progress import Event, events_after
from yunque.runtime.jobs.queue import EVERY_KIND
from yunque.runtime.jobs.queue_operate import cancel as cancel_job
from yunque.runtime.jobs.queue_operate import pause as pause_kind
from yunque.runtime.jobs.queue_operate import resume as resume_kind
from yunque.runtime.jobs.queue_operate import retry as retry_job
from yunque.runtime.jobs.queue_operate import running
from yunque.runtime.jobs.queue_submit import Accepted, Submission
from yunque.runtime.jobs.queue_submit import submit as submit_job
from yunque.runtime.jobs.queue_view import (
    Attempt,
    JobFilter,
    attempts_of,
    count_jobs,
    job_of,
    list_jobs,
    pauses,
)
from yunque.runtime.jobs.uploads import Upload
from yunque.runtime.storage import chunks_of
from yunque.services.job_fields import FieldsError, WrongField
from yunque.services.job_office import Office, find_upload
from yunque.services.job_units import units_of, with_prices
from yunque.services.model_owner import refuse_foreign, refuse_taken

MOST_LISTED = 500
NEEDS_UPLOAD = frozenset({"train", "score", "pipeline"})


@dataclass(frozen=True, kw_only=True)
class Request:
    """A job as a client asks for it.

    Attributes:
        by: who asks, for the record.
        upload: the file it works on.
        door: through which way in it came; shows how its answer must look.
        units: how many rows the file has, where they were counted already.
    """

    tenant: str
    kind: str
    payload: Mapping[str, Any]
    upload: Upload | None = None
    idempotency_key: str | None = None
    priority: int = 0
    request_id: str | None = None
    by: str = ""
    door: str = "jobs"
    units: int | None = None


def submit(office: Office, request: Request) -> Accepted:
    """Put a job in line; once this returns it is committed, and workers are told.

    Raises:
        NotFoundError: an unknown kind or model.
        FieldsError: a payload that the kind refuses, each field with its place; a missing file.
        ConflictError: the idempotency key was used for another request.
        FundsError: the account holds too little.
        LimitError: too many jobs of this tenant wait already.
    """
    if request.kind not in office.queue.kinds:
        raise NotFoundError.among("job kind", request.kind[:64], sorted(office.queue.kinds))
    if request.upload is None and request.kind in NEEDS_UPLOAD:
        detail = f"A job of kind {request.kind!r} works on a table: name an upload or a path."
        raise FieldsError([WrongField(pointer="/upload_id", code="missing_field", detail=detail)])
    office = with_prices(office, request.payload)
    payload = _with_origin(request)
    _check_model(office, request.tenant, request.kind, payload)
    accepted = submit_job(
        office.queue,
        Submission(
            tenant=request.tenant,
            kind=request.kind,
            payload=payload,
            idempotency_key=request.idempotency_key,
            priority=_priority(request.priority),
            units=_units(office, request),
            upload_id=None if request.upload is None else request.upload.id,
            request_id=request.request_id,
        ),
    )
    _wake(office, accepted)
    return accepted


def list_(office: Office, wanted: JobFilter) -> tuple[Job, ...]:
    """Give jobs, newest first; `limit` is cut at 500."""
    return list_jobs(office.database, replace(wanted, limit=max(1, min(wanted.limit, MOST_LISTED))))


def show(office: Office, tenant: str, job_id: str) -> Job:
    """Give one job; NotFoundError when the tenant has none of that id."""
    return job_of(office.database, tenant, job_id)


def attempts(office: Office, tenant: str, job_id: str) -> tuple[Attempt, ...]:
    """Give every try at a job, oldest first."""
    return attempts_of(office.database, show(office, tenant, job_id).id)


def follow(office: Office, tenant: str, job_id: str, after: int = 0) -> tuple[Event, ...]:
    """Give what a job has told after event number `after`, oldest first."""
    return events_after(office.database, tenant, job_id, after)


def attempt_log(office: Office, tenant: str, job_id: str, attempt: int | None = None) -> str:
    """Give the technical log of an attempt (the last by default); for operators: it may hold tracebacks.

    Raises:
        NotFoundError: no such job or attempt, or it left no log.
    """
    tries = attempts(office, tenant, job_id)
    numbered = dict(enumerate(tries, start=1))
    found = numbered.get(attempt if attempt is not None else len(tries))
    if found is None:
        raise NotFoundError.among("attempt", str(attempt), [str(number) for number in numbered])
    if found.log_key is None:
        raise NotFoundError("That attempt left no log.", hint="A worker that was killed leaves none.")
    with office.storage.open(found.log_key) as stream:
        return b"".join(chunks_of(stream)).decode("utf-8", "replace")


def cancel(office: Office, tenant: str, job_id: str) -> Job:
    """Cancel a job; a finished one stays as it is. A cancelled job is never charged."""
    return cancel_job(office.queue, tenant, job_id)


def retry(office: Office, tenant: str, job_id: str) -> Accepted:
    """Submit a failed or cancelled job again, as a new job that names the old one.

    Raises:
        ConflictError: it waits, runs or has succeeded.
    """
    old = show(office, tenant, job_id)
    office = with_prices(office, old.payload)
    units = None
    if old.kind in office.queue.kinds and office.queue.kinds[old.kind].price_item is not None:
        upload = None if old.upload_id is None else find_upload(office, tenant, old.upload_id)
        units = units_of(office, old.kind, upload)
    accepted = retry_job(office.queue, tenant, job_id, units)
    _wake(office, accepted)
    return accepted


def pause(office: Office, kind: str = EVERY_KIND, reason: str = "") -> None:
    """Let no worker begin jobs of a kind (all by default); running ones go on."""
    pause_kind(office.queue, kind=_known_kind(office, kind), reason=reason or "paused by an operator")


def resume(office: Office, kind: str = EVERY_KIND) -> None:
    """End a pause."""
    resume_kind(office.queue, kind=_known_kind(office, kind))


def still_running(office: Office, kind: str = EVERY_KIND) -> int:
    """Count what runs: a drain is a pause, then waiting until this is 0."""
    return running(office.queue, kind=_known_kind(office, kind))


@dataclass(frozen=True, kw_only=True)
class Standing:
    """Where the queue stands: counts by kind and state, and what is paused and why."""

    counts: Mapping[str, Mapping[str, int]]
    paused: Mapping[str, str]


def standing(office: Office) -> Standing:
    """Give where the queue stands, over all tenants."""
    return Standing(counts=count_jobs(office.database), paused=pauses(office.database))


def dead_letters(office: Office, *, limit: int = 100) -> tuple[Delivery, ...]:
    """Give the webhook messages that were given up, newest first."""
    return deliveries(office.database, state="dead", limit=limit)


def replay(office: Office, delivery_id: str) -> Delivery:
    """Send a webhook message again from its first try on."""
    return replay_delivery(office.database, delivery_id)


def _units(office: Office, request: Request) -> int | None:
    is_free = office.queue.kinds[request.kind].price_item is None
    if request.units is not None:
        return None if is_free else request.units
    return units_of(office, request.kind, request.upload)


def _with_origin(request: Request) -> dict[str, Any]:
    if "origin" in request.payload:
        raise FieldsError(
            [
                WrongField(
                    pointer="/payload/origin", code="unknown_field", detail="'origin' is not known here."
                )
            ]
        )
    origin = {"by": request.by, "door": request.door}
    if request.upload is not None:
        origin |= {"file_name": request.upload.file_name, "sha256": request.upload.sha256}
    return {**request.payload, "origin": origin}


def _check_model(office: Office, tenant: str, kind: str, payload: Mapping[str, Any]) -> None:
    """Refuse now, not by a failed job, a model that is not there or not the tenant's."""
    field = {"score": "model", "drift": "model", "train": "name"}.get(kind, "")
    named = payload.get(field)
    if not isinstance(named, str):
        return
    if kind == "train":
        refuse_taken(office.database, office.registry, named, tenant)
    else:
        found = office.registry.resolve(named)
        refuse_foreign(office.database, office.registry, found.name, tenant)


def _priority(priority: int) -> int:
    if not -100 <= priority <= 100:
        raise UsageError("A priority lies between -100 and 100; 0 is the usual one.")
    return priority


def _known_kind(office: Office, kind: str) -> str:
    if kind != EVERY_KIND and kind not in office.queue.kinds:
        raise NotFoundError.among("job kind", kind[:64], sorted(office.queue.kinds))
    return kind


def _wake(office: Office, accepted: Accepted) -> None:
    if office.wake is not None and accepted.job.state is State.QUEUED:
        office.wake(accepted.job.id)
