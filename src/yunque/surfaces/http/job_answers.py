"""What the routes of jobs share: who asks, bodies, links, results, and events as they happen."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from typing import Any

from fastapi import Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, StreamingResponse

from yunque.errors import NotFoundError, StorageError
from yunque.runtime.jobs.folders import RESULT_NAME
from yunque.runtime.jobs.job import Job, State
from yunque.runtime.jobs.queue_submit import Accepted
from yunque.runtime.storage import chunks_of
from yunque.services import jobs
from yunque.services.job_documents import error_of, event_document, is_last, job_document
from yunque.services.job_office import LOCAL, Office
from yunque.surfaces.http.body import check_media_type, decode
from yunque.surfaces.http.needs import caller_of
from yunque.surfaces.http.problem import Problem, ProblemError
from yunque.surfaces.http.received import read_body

JOBS = "/api/v1/jobs"
AUTO_ML = "/unified/v1/wpa/auto-ml"
POLL_SECONDS = 0.5
SILENCE_SECONDS = 15.0  # after which a comment keeps the line open
LONGEST_SECONDS = 3600.0  # then the client comes back with Last-Event-ID
MOST_BODY = 1 << 20
MEDIA_TYPES = {
    ".json": "application/json", ".csv": "text/csv; charset=utf-8", ".html": "text/html; charset=utf-8",
    ".md": "text/markdown; charset=utf-8", ".txt": "text/plain; charset=utf-8",
}  # fmt: skip


def tenant_of(request: Request) -> str:
    """Give whose jobs the caller sees; callers who are not told apart share one tenant."""
    return caller_of(request).tenant.replace(".", "=") or LOCAL


def asked_by(request: Request, **facts: Any) -> jobs.Request:
    """Give what every submission carries: tenant, idempotency key, request id, and who asks."""
    state = request.scope.get("state", {})
    named = {"kind": "", "payload": {}, **facts}
    return jobs.Request(
        tenant=tenant_of(request),
        idempotency_key=request.headers.get("idempotency-key"),
        request_id=str(state.get("request_id", ""))[:64] or None,
        by=caller_of(request).name,
        **named,
    )


async def read_document(request: Request) -> dict[str, Any]:
    """Read the body as a JSON object.

    Raises:
        ProblemError: 400, 413, 415 or 422.
    """
    check_media_type(request.headers.get("content-type", ""))
    return decode(await read_body(request, MOST_BODY))


def links_of(job: Job, prefix: str = JOBS) -> dict[str, str]:
    """Give where a job's state, events and result are."""
    here = f"{prefix}/{job.id}" if prefix == JOBS else f"{prefix}/jobs/{job.id}"
    return {"status_url": here, "events_url": f"{here}/events", "result_url": f"{here}/result"}


def shown(job: Job, prefix: str = JOBS) -> dict[str, Any]:
    """Give a job with its links."""
    return {**job_document(job), **links_of(job, prefix)}


def accepted(answer: Accepted, prefix: str = JOBS, more: Mapping[str, Any] | None = None) -> Response:
    """Answer 202 with the job and where to look for it."""
    job = answer.job
    links = links_of(job, prefix)
    headers = {"Location": links["status_url"], "Retry-After": "1"}
    if not answer.is_new:
        headers["Idempotency-Replayed"] = "true"
    document = {"job_id": job.id, "status": str(job.state), "kind": job.kind, **links, **(more or {})}
    return JSONResponse(document, status_code=202, headers=headers)


def result_answer(office: Office, job: Job, prefix: str = JOBS) -> Response:
    """Answer with the result; 202 while there is none yet, 409 when there will be none."""
    if not job.is_final:
        return JSONResponse(shown(job, prefix), status_code=202, headers={"Retry-After": "1"})
    if job.state is not State.SUCCEEDED:
        error = error_of(job) or {"code": "failed", "message": "The job failed."}
        hint = f"Run it again with POST {JOBS}/{job.id}/retry."
        raise ProblemError(
            Problem(status=409, code=str(error["code"]), detail=str(error["message"]), hint=hint)
        )
    return file_answer(office, job, RESULT_NAME)


def file_answer(office: Office, job: Job, name: str) -> Response:
    """Answer with one file of the result, as a stream.

    Raises:
        NotFoundError: the result has no such file.
    """
    files = (job.result or {}).get("files", {})
    if name not in files or job.result_prefix is None:
        raise NotFoundError.among("file in this result", name[:120], sorted(files))
    try:
        stream = office.storage.open(f"{job.result_prefix}/{name}")
    except NotFoundError as error:
        raise StorageError("The file of the result is not in the store any more.") from error
    suffix = name[name.rfind(".") :]
    headers = {
        "Content-Length": str(files[name]["size"]),
        "ETag": f'"{files[name]["sha256"]}"',
        "Content-Security-Policy": "sandbox",
    }
    if suffix != ".json":
        headers["Content-Disposition"] = f'attachment; filename="{name.rpartition("/")[2]}"'
    media_type = MEDIA_TYPES.get(suffix, "application/octet-stream")

    def content() -> Any:
        with stream:
            yield from chunks_of(stream)

    return StreamingResponse(content(), media_type=media_type, headers=headers)


async def events_answer(office: Office, request: Request, job_id: str) -> Response:
    """Answer with the job's events as they happen (server-sent events), from `Last-Event-ID` on.

    Raises:
        NotFoundError: the tenant has no such job.
    """
    tenant = tenant_of(request)
    await run_in_threadpool(jobs.show, office, tenant, job_id)
    after = _number(request.headers.get("last-event-id") or request.query_params.get("after"))
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(
        _events(office, tenant, job_id, after), media_type="text/event-stream", headers=headers
    )


async def _events(office: Office, tenant: str, job_id: str, after: int) -> AsyncIterator[bytes]:
    clock = asyncio.get_running_loop().time
    until, spoken = clock() + LONGEST_SECONDS, clock()
    yield b"retry: 2000\n\n"
    while clock() < until:
        found = await run_in_threadpool(jobs.follow, office, tenant, job_id, after)
        for event in found:
            after = event.number
            text = json.dumps(event_document(event), ensure_ascii=False)
            yield f"id: {event.number}\nevent: {event.kind}\ndata: {text}\n\n".encode()
            if is_last(event):
                return
        if found:
            spoken = clock()
            continue
        job = await run_in_threadpool(jobs.show, office, tenant, job_id)
        if job.is_final and job.events <= after:  # the client had it all
            return
        if clock() - spoken > SILENCE_SECONDS:
            spoken = clock()
            yield b": still there\n\n"
        await asyncio.sleep(POLL_SECONDS)


def _number(text: str | None) -> int:
    return int(text) if text is not None and text.isdigit() and len(text) < 10 else 0
