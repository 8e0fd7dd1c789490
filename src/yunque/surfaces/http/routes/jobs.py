"""Jobs of every kind: submit, list, show, follow, fetch, cancel, run again."""

from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Query, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, PlainTextResponse

from yunque.runtime.jobs.job import State
from yunque.runtime.jobs.queue_view import JobFilter
from yunque.services import jobs
from yunque.services.access import Scope
from yunque.services.job_documents import attempt_documents, event_document
from yunque.services.job_fields import FieldsError, WrongField, read_fields
from yunque.services.job_office import Office, find_upload, take_path
from yunque.surfaces.http.job_answers import (
    JOBS,
    accepted,
    asked_by,
    events_answer,
    file_answer,
    read_document,
    result_answer,
    shown,
    tenant_of,
)
from yunque.surfaces.http.needs import caller_of, declare, guarded_router, refuse_unless

NEEDED = {"train": Scope.TRAIN, "drift": Scope.ADMIN}  # a watch reads the log of all, and may promote


class Submit(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A submission: its kind, what that kind is told, and the table: an upload or a path."""

    kind: str
    payload: dict[str, Any] = {}
    upload_id: str | None = None
    input_path: str | None = None
    priority: int = 0


def job_routes(office: Office) -> APIRouter:
    """Give the routes."""
    router = guarded_router(Scope.JOBS, prefix=JOBS, tags=["Jobs"])
    _add_steering(router, office)
    _add_looking(router, office)
    _add_fetching(router, office)
    return router


def _add_steering(router: APIRouter, office: Office) -> None:
    @router.post("", summary="Submit a job of any kind; send an Idempotency-Key to be able to repeat it")
    async def submit(request: Request) -> Response:
        document = read_fields(await read_document(request), Submit)
        refuse_unless(caller_of(request), NEEDED.get(document.kind, Scope.JOBS))
        if document.priority > 0:
            refuse_unless(caller_of(request), Scope.ADMIN)
        return accepted(await run_in_threadpool(_submit, office, request, document))

    @router.delete("/{job_id}", summary="Cancel a job; a cancelled job is never charged")
    async def delete(job_id: str, request: Request) -> Response:
        return await cancel(job_id, request)

    @router.post("/{job_id}/cancel", summary="Cancel a job; the same as DELETE")
    async def cancel(job_id: str, request: Request) -> Response:
        job = await run_in_threadpool(jobs.cancel, office, tenant_of(request), job_id)
        return JSONResponse(shown(job), status_code=200 if job.is_final else 202)

    @router.post("/{job_id}/retry", summary="Run a failed or cancelled job again, as a new job")
    async def retry(job_id: str, request: Request) -> Response:
        old = await run_in_threadpool(jobs.show, office, tenant_of(request), job_id)
        refuse_unless(caller_of(request), NEEDED.get(old.kind, Scope.JOBS))
        answer = await run_in_threadpool(jobs.retry, office, old.tenant, job_id)
        return accepted(answer, more={"retry_of": job_id})


def _add_looking(router: APIRouter, office: Office) -> None:
    @router.get("", summary="List the jobs, newest first")
    async def list_jobs(
        request: Request,
        state: State | None = None,
        kind: str | None = None,
        after: str | None = None,
        limit: Annotated[int, Query(ge=1, le=jobs.MOST_LISTED)] = 50,
    ) -> dict[str, Any]:
        wanted = JobFilter(tenant=tenant_of(request), state=state, kind=kind, after=after, limit=limit)
        found = await run_in_threadpool(jobs.list_, office, wanted)
        following = found[-1].id if len(found) == limit else None
        return {"jobs": [shown(job) for job in found], "next": following}

    @router.get("/{job_id}", summary="Show a job with its attempts and timings")
    async def show(job_id: str, request: Request) -> dict[str, Any]:
        job = await run_in_threadpool(jobs.show, office, tenant_of(request), job_id)
        tries = await run_in_threadpool(jobs.attempts, office, job.tenant, job_id)
        return {**shown(job), "attempt_list": attempt_documents(tries)}

    @router.get("/{job_id}/events", summary="What the job tells, as it happens (server-sent events)")
    async def events(job_id: str, request: Request) -> Response:
        return await events_answer(office, request, job_id)

    @router.get("/{job_id}/logs", summary="The lines that the job has told so far")
    async def logs(job_id: str, request: Request, after: int = 0) -> dict[str, Any]:
        tenant = tenant_of(request)
        job = await run_in_threadpool(jobs.show, office, tenant, job_id)
        found = await run_in_threadpool(jobs.follow, office, tenant, job.id, after)
        return {"job_id": job.id, "events": [event_document(event) for event in found]}


def _add_fetching(router: APIRouter, office: Office) -> None:
    @router.get("/{job_id}/result", summary="The result; 202 while there is none yet, 409 after a failure")
    async def result(job_id: str, request: Request) -> Response:
        job = await run_in_threadpool(jobs.show, office, tenant_of(request), job_id)
        return await run_in_threadpool(result_answer, office, job)

    @router.get("/{job_id}/files/{name:path}", summary="One file of the result")
    async def file(job_id: str, name: str, request: Request) -> Response:
        job = await run_in_threadpool(jobs.show, office, tenant_of(request), job_id)
        return await run_in_threadpool(file_answer, office, job, name)

    @router.get("/{job_id}/attempts/{attempt}/log", summary="The technical log of an attempt, for operators")
    @declare(Scope.ADMIN)
    async def attempt_log(job_id: str, attempt: int, request: Request) -> Response:
        text = await run_in_threadpool(jobs.attempt_log, office, tenant_of(request), job_id, attempt)
        return PlainTextResponse(text)


def _submit(office: Office, request: Request, document: Submit) -> Any:
    tenant, upload = tenant_of(request), None
    if document.upload_id is not None and document.input_path is not None:
        detail = "Name an upload or a path, not both."
        raise FieldsError([WrongField(pointer="/input_path", code="two_inputs", detail=detail)])
    if document.upload_id is not None:
        upload = find_upload(office, tenant, document.upload_id)
    elif document.input_path is not None:
        upload = take_path(office, tenant, document.input_path)
    asked = asked_by(
        request,
        kind=document.kind,
        payload=document.payload,
        upload=upload,
        priority=document.priority,
    )
    return jobs.submit(office, asked)
