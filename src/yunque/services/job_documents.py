"""A job as plain values: what its tenant may see, the same on every way in."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from yunque.runtime.jobs.job import FINAL, Job, State
from yunque.runtime.jobs.outbox import Delivery
from yunque.runtime.jobs.progress import Event
from yunque.runtime.jobs.queue_view import Attempt
from yunque.runtime.jobs.uploads import Upload

# R1's words for where an analysis stands; the folders are called the same.
STAGES = {State.SUCCEEDED: "processed", State.FAILED: "failed", State.CANCELLED: "failed"}


def job_document(job: Job) -> dict[str, Any]:
    """Give a job without what only operators see: who runs it, and until when."""
    payload = {name: value for name, value in job.payload.items() if name != "origin"}
    origin = job.payload.get("origin") or {}
    return {
        "job_id": job.id,
        "kind": job.kind,
        "status": str(job.state),
        "progress": round(job.progress, 4),
        "message": job.progress_message,
        "request": payload,
        "file_name": origin.get("file_name") or None,
        "upload_id": job.upload_id,
        "priority": job.priority,
        "attempts": job.attempts,
        "max_attempts": job.max_attempts,
        "cancel_requested": job.cancel_requested,
        "retry_of": job.retry_of,
        "created_at": moment(job.created_at),
        "started_at": moment(job.started_at),
        "finished_at": moment(job.finished_at),
        "timings": _timings(job),
        "summary": (job.result or {}).get("summary"),
        "files": sorted((job.result or {}).get("files", {})),
        "error": error_of(job),
    }


def error_of(job: Job) -> dict[str, Any] | None:
    """Give why a job ended without a result, or why its last attempt did; None when nothing went wrong."""
    if job.state is State.CANCELLED:
        return {"code": "cancelled", "message": "The job was cancelled."}
    if job.error_code is None:
        return None
    return {"code": job.error_code, "message": job.error_message}


def stage_of(job: Job) -> str:
    """Give R1's word: pending, processed or failed."""
    return STAGES.get(job.state, "pending")


def attempt_document(number: int, attempt: Attempt) -> dict[str, Any]:
    """Give one try without the name of the machine."""
    return {
        "attempt": number,
        "started_at": moment(attempt.started_at),
        "ended_at": moment(attempt.ended_at),
        "seconds": _seconds(attempt.started_at, attempt.ended_at),
        "outcome": attempt.outcome or "running",
        "reason": attempt.reason,
        "has_log": attempt.log_key is not None,
    }


def attempt_documents(attempts: Sequence[Attempt]) -> list[dict[str, Any]]:
    """Give every try, oldest first, counted from 1."""
    return [attempt_document(number, attempt) for number, attempt in enumerate(attempts, start=1)]


def event_document(event: Event) -> dict[str, Any]:
    """Give one event of a job."""
    document: dict[str, Any] = {
        "number": event.number,
        "at": moment(event.at),
        "kind": event.kind,
        "text": event.text,
    }
    if event.fraction is not None:
        document["progress"] = round(event.fraction, 4)
    return {**document, **event.facts}


def is_last(event: Event) -> bool:
    """Whether nothing follows this event."""
    return event.kind == "state" and event.text in FINAL


def upload_document(upload: Upload) -> dict[str, Any]:
    """Give an upload without where it is kept."""
    return {
        "upload_id": upload.id,
        "file_name": upload.file_name,
        "size": upload.size,
        "sha256": upload.sha256,
        "created_at": moment(upload.created_at),
    }


def delivery_document(delivery: Delivery) -> dict[str, Any]:
    """Give a webhook message."""
    return {
        "id": delivery.id,
        "tenant": delivery.tenant,
        "job_id": delivery.job_id,
        "event": delivery.event,
        "state": delivery.state,
        "tries": delivery.tries,
        "last_result": delivery.last_result,
        "created_at": moment(delivery.created_at),
    }


def moment(at: datetime | None) -> str | None:
    """Give a moment as text in ISO 8601, UTC."""
    return None if at is None else at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _timings(job: Job) -> dict[str, float | None]:
    return {
        "waited_seconds": _seconds(job.created_at, job.started_at),
        "ran_seconds": _seconds(job.started_at, job.finished_at),
    }


def _seconds(start: datetime | None, end: datetime | None) -> float | None:
    return None if start is None or end is None else round((end - start).total_seconds(), 3)
