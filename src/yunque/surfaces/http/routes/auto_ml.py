"""R3's AutoML door under its documented address: submit, follow, fetch, cancel, and what is offered."""

from dataclasses import asdict
from typing import Any

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse

from yunque.errors import NotFoundError
from yunque.learning.budget import NAMED
from yunque.runtime.jobs.job import Job
from yunque.services import jobs
from yunque.services.access import Scope
from yunque.services.auto_ml import KIND, submit_auto_ml
from yunque.services.job_documents import attempt_documents
from yunque.services.job_office import Office
from yunque.services.model_names import not_offered, offers
from yunque.services.score import Shelf
from yunque.surfaces.http.job_answers import (
    AUTO_ML,
    accepted,
    asked_by,
    events_answer,
    file_answer,
    read_document,
    result_answer,
    shown,
    tenant_of,
)
from yunque.surfaces.http.needs import declare, guarded_router

EXAMPLE = {
    "input_csv_path": "data/incoming/sample.csv",
    "task_type": "auto",
    "params": {
        "models": ["logistic_regression", "random_forest_classifier", "xgb_classifier"],
        "hpo": True,
        "budget": "small",
    },
}
BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {"application/json": {"schema": {"type": "object"}, "example": EXAMPLE}},
    }
}


def auto_ml_routes(office: Office, shelf: Shelf) -> APIRouter:
    """Give the routes."""
    router = guarded_router(Scope.JOBS, prefix=AUTO_ML, tags=["AutoML (R3)"])

    @router.post("/submit", status_code=202, summary="Train from a table", openapi_extra=BODY)
    @declare(Scope.TRAIN)
    async def submit(request: Request) -> Response:
        document = await read_document(request)
        answer = await run_in_threadpool(submit_auto_ml, office, asked_by(request), document)
        return accepted(answer, AUTO_ML)

    @router.get("/jobs/{job_id}", summary="Where a training stands")
    async def show(job_id: str, request: Request) -> dict[str, Any]:
        job = await run_in_threadpool(_training, office, request, job_id)
        tries = await run_in_threadpool(jobs.attempts, office, job.tenant, job_id)
        return {**shown(job, AUTO_ML), "attempt_list": attempt_documents(tries)}

    @router.get("/jobs/{job_id}/result", summary="Leaderboard and registered model")
    async def result(job_id: str, request: Request) -> Response:
        job = await run_in_threadpool(_training, office, request, job_id)
        return await run_in_threadpool(result_answer, office, job, AUTO_ML)

    @router.get("/jobs/{job_id}/manifest", summary="The manifest of a finished training")
    async def manifest(job_id: str, request: Request) -> Response:
        job = await run_in_threadpool(_training, office, request, job_id)
        return await run_in_threadpool(file_answer, office, job, "auto_ml/manifest.json")

    @router.get("/jobs/{job_id}/events", summary="What the training tells, as it happens")
    async def events(job_id: str, request: Request) -> Response:
        await run_in_threadpool(_training, office, request, job_id)
        return await events_answer(office, request, job_id)

    @router.delete("/jobs/{job_id}", summary="Cancel a training; it is never charged")
    async def cancel(job_id: str, request: Request) -> Response:
        await run_in_threadpool(_training, office, request, job_id)
        job = await run_in_threadpool(jobs.cancel, office, tenant_of(request), job_id)
        return JSONResponse(shown(job, AUTO_ML), status_code=200 if job.is_final else 202)

    @router.get("/models", summary="Models that a training may name, with their other names")
    @declare(Scope.READ)
    async def models() -> dict[str, Any]:
        found = await run_in_threadpool(offers)
        return {
            "models": [{**asdict(offer), "is_available": not offer.missing} for offer in found],
            "not_offered": not_offered(found),
            "budgets_seconds": NAMED,
        }

    @router.get("/status", summary="Whether trainings are taken, and what is registered")
    @declare(Scope.READ)
    async def status() -> dict[str, Any]:
        standing = await run_in_threadpool(jobs.standing, office)
        names = sorted({version.name for version in shelf.view.versions})
        paused = standing.paused.get(KIND) or standing.paused.get("*")
        return {
            "status": "paused" if paused else "available",
            "reason": paused,
            "jobs": standing.counts.get(KIND, {}),
            "registered_models": len(names),
            "models": names,
        }

    return router


def _training(office: Office, request: Request, job_id: str) -> Job:
    job = jobs.show(office, tenant_of(request), job_id)
    if job.kind != KIND:
        raise NotFoundError("There is no such job.")
    return job
