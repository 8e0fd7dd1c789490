"""R1's door: a file of operations is answered at once with its analysis_id, then polled for its result."""

from typing import Any

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse

from yunque.errors import NotFoundError
from yunque.runtime.jobs.folders import RESULT_NAME
from yunque.runtime.jobs.job import Job
from yunque.runtime.jobs.ledger import balance_of
from yunque.runtime.jobs.queue_view import JobFilter
from yunque.services import jobs
from yunque.services.access import Scope
from yunque.services.job_documents import error_of, moment, stage_of
from yunque.services.job_office import Office
from yunque.surfaces.http.inflow import Inflow
from yunque.surfaces.http.job_answers import asked_by, events_answer, file_answer, tenant_of
from yunque.surfaces.http.needs import guarded_router
from yunque.surfaces.http.routes.uploads import take_form

PREFIX = "/api/portal"
KIND, SOLUTION = "pipeline", "aml"


def portal_routes(office: Office) -> APIRouter:
    """Give the routes."""
    router = guarded_router(Scope.JOBS, prefix=PREFIX, tags=["Portal (R1)"])
    inflow = Inflow()

    @router.post("/upload", status_code=202, summary="Subir un archivo de operaciones (multipart)")
    async def upload(request: Request) -> Response:
        taken = await take_form(office, inflow, request, once=True)
        asked = asked_by(request, kind=KIND, payload={"solution": SOLUTION}, upload=taken, door="portal")
        answer = await run_in_threadpool(jobs.submit, office, asked)
        document = {"success": True, **_analysis(answer.job)}
        headers = {"Location": document["status_url"], "Retry-After": "1"}
        return JSONResponse(document, status_code=202, headers=headers)

    @router.get("/analysis/{analysis_id}", summary="Estado de un análisis: pending, processed o failed")
    async def show(analysis_id: str, request: Request) -> dict[str, Any]:
        return _analysis(await run_in_threadpool(_find, office, request, analysis_id))

    @router.get("/analysis/{analysis_id}/result", summary="Resultado de un análisis")
    async def result(analysis_id: str, request: Request) -> Response:
        job = await run_in_threadpool(_find, office, request, analysis_id)
        stage = stage_of(job)
        if stage == "processed":
            return await run_in_threadpool(file_answer, office, job, RESULT_NAME)
        if stage == "pending":
            return JSONResponse(_analysis(job), status_code=202, headers={"Retry-After": "1"})
        return JSONResponse({"success": False, **_analysis(job)}, status_code=409)

    @router.get("/analysis/{analysis_id}/events", summary="Lo que cuenta un análisis mientras corre")
    async def events(analysis_id: str, request: Request) -> Response:
        job = await run_in_threadpool(_find, office, request, analysis_id)
        return await events_answer(office, request, job.id)

    @router.get("/history", summary="Análisis anteriores, el más nuevo primero")
    async def history(request: Request, limit: int = 50) -> dict[str, Any]:
        wanted = JobFilter(tenant=tenant_of(request), kind=KIND, limit=limit)
        return {"history": [_analysis(job) for job in await run_in_threadpool(jobs.list_, office, wanted)]}

    @router.get("/balance", summary="Saldo del cliente, en unidades mínimas de su moneda")
    async def balance(request: Request) -> dict[str, Any]:
        found = await run_in_threadpool(balance_of, office.database, tenant_of(request))
        return {
            "currency": found.currency,
            "available_minor": found.available_minor,
            "reserved_minor": found.reserved_minor,
            "purchased_minor": found.purchased_minor,
            "gifted_minor": found.gifted_minor,
        }

    return router


def _find(office: Office, request: Request, analysis_id: str) -> Job:
    job = jobs.show(office, tenant_of(request), analysis_id)
    if job.kind != KIND:
        raise NotFoundError("There is no such analysis.")
    return job


def _analysis(job: Job) -> dict[str, Any]:
    here = f"{PREFIX}/analysis/{job.id}"
    error = error_of(job) if job.is_final else None
    return {
        "analysis_id": job.id,
        "job_id": job.id,
        "status": stage_of(job),
        "state": str(job.state),
        "progress": round(job.progress, 4),
        "file_name": (job.payload.get("origin") or {}).get("file_name"),
        "created_at": moment(job.created_at),
        "finished_at": moment(job.finished_at),
        "resumen": ((job.result or {}).get("summary") or {}).get("resumen"),
        "error": None if error is None else error["message"],
        "code": None if error is None else error["code"],
        "status_url": here,
        "result_url": f"{here}/result",
    }
