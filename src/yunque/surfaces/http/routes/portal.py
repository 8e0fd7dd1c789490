"""R1's door: a file of operations is answered at once with its analysis_id, then polled for its result."""

from contextlib import suppress
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse

from yunque.errors import ConflictError
from yunque.runtime.jobs.folders import RESULT_NAME
from yunque.runtime.jobs.ledger import FundsError
from yunque.runtime.jobs.uploads import Upload
from yunque.services import aml_portal, jobs
from yunque.services.access import Scope
from yunque.services.aml_look import look
from yunque.services.aml_shape import Shape
from yunque.services.job_documents import stage_of
from yunque.services.job_office import Office, drop_upload, find_upload
from yunque.surfaces.http.inflow import Inflow
from yunque.surfaces.http.job_answers import asked_by, events_answer, file_answer, tenant_of
from yunque.surfaces.http.needs import caller_of, declare, guarded_router
from yunque.surfaces.http.portal_answers import (
    LONGEST_WAIT,
    missing_columns,
    no_funds,
    state_of,
    synchronous,
    wait_for,
)
from yunque.surfaces.http.portal_words import told_in_spanish
from yunque.surfaces.http.routes.uploads import take_form

PREFIX = "/api/portal"
Wait = Annotated[
    float | None,
    Query(ge=0, le=LONGEST_WAIT, description="Segundos; con ellos se contesta como R1, en una sola llamada."),
]
Limit = Annotated[int, Query(ge=1, le=aml_portal.MOST_ROWS)]


def portal_routes(office: Office) -> APIRouter:
    """Give the routes."""
    router = guarded_router(Scope.CAPTURIST, prefix=PREFIX, tags=["Portal (R1)"])
    _add_sending(router, office, Inflow())
    _add_following(router, office)
    _add_money(router, office)
    return router


def _add_sending(router: APIRouter, office: Office, inflow: Inflow) -> None:
    @router.post(
        "/validate", summary="Revisar la forma de un archivo: columnas y filas; nada se analiza ni se cobra"
    )
    async def validate(request: Request) -> Response:
        taken = await take_form(office, inflow, request, once=True)
        shape = await _seen(office, taken)
        if shape.missing:
            return missing_columns(shape)
        return JSONResponse(
            {
                "success": True,
                "file_id": taken.id,
                "file_name": taken.file_name,
                "rowCount": shape.rows,
                "columns": list(shape.columns),
                "message": f"{shape.rows} filas con todas las columnas obligatorias.",
                "upload_url": f"{PREFIX}/upload?file_id={taken.id}",
            }
        )

    @router.post("/upload", status_code=202, summary="Subir un archivo de operaciones (multipart)")
    async def upload(request: Request, wait: Wait = None, file_id: str | None = None) -> Response:
        if file_id is None:
            taken = await take_form(office, inflow, request, once=True)
        else:
            taken = await run_in_threadpool(find_upload, office, tenant_of(request), file_id)
        shape = await _seen(office, taken)
        if shape.missing:
            return missing_columns(shape)
        payload = {"solution": aml_portal.SOLUTION}
        asked = asked_by(
            request, kind=aml_portal.KIND, payload=payload, upload=taken, door="portal", units=shape.rows
        )
        try:
            job = (await run_in_threadpool(jobs.submit, office, asked)).job
        except FundsError as error:
            return no_funds(error)
        if wait:
            job = await wait_for(office, job, wait)
            if job.is_final:
                return await run_in_threadpool(synchronous, office, job)
        document = {"success": True, **state_of(job)}
        headers = {"Location": document["status_url"], "Retry-After": "1"}
        return JSONResponse(document, status_code=202, headers=headers)


def _add_following(router: APIRouter, office: Office) -> None:
    @router.get("/analysis/{analysis_id}", summary="Estado de un análisis: pending, processed o failed")
    @declare(Scope.FOLLOWER)
    async def show(analysis_id: str, request: Request) -> dict[str, Any]:
        job = await run_in_threadpool(aml_portal.find, office, tenant_of(request), analysis_id)
        return state_of(job, with_counts=caller_sees_results(request))

    @router.get(
        "/analysis/{analysis_id}/result",
        summary="Resultado de un análisis: entero, o por páginas con `limit` y `offset`",
    )
    @declare(Scope.AUDITOR)
    async def result(
        analysis_id: str,
        request: Request,
        limit: Annotated[int | None, Query(ge=1, le=aml_portal.MOST_ROWS)] = None,
        offset: Annotated[int, Query(ge=0, le=2**31 - 1)] = 0,
    ) -> Response:
        job = await run_in_threadpool(aml_portal.find, office, tenant_of(request), analysis_id)
        stage = stage_of(job)
        if stage == "pending":
            return JSONResponse(state_of(job), status_code=202, headers={"Retry-After": "1"})
        if stage != "processed":
            return JSONResponse({"success": False, **state_of(job)}, status_code=409)
        if limit is None and offset == 0:
            return await run_in_threadpool(file_answer, office, job, RESULT_NAME)
        here = f"{PREFIX}/analysis/{job.id}/result"
        size = limit or aml_portal.USUAL_ROWS
        return JSONResponse(await run_in_threadpool(aml_portal.page, office, job, (offset, size), here))

    @router.get("/analysis/{analysis_id}/events", summary="Lo que cuenta un análisis mientras corre")
    @declare(Scope.AUDITOR)
    async def events(analysis_id: str, request: Request) -> Response:
        job = await run_in_threadpool(aml_portal.find, office, tenant_of(request), analysis_id)
        return await events_answer(office, request, job.id)

    @router.get(
        "/analysis/{analysis_id}/error", summary="Por qué falló, con rastro técnico: solo quien opera"
    )
    @declare(Scope.ADMIN)
    async def failure(analysis_id: str, request: Request) -> dict[str, Any]:
        job = await run_in_threadpool(aml_portal.find, office, tenant_of(request), analysis_id)
        return await run_in_threadpool(aml_portal.failure, office, job)

    @router.get("/history", summary="Análisis anteriores, el más nuevo primero; `next` va en `after`")
    @declare(Scope.FOLLOWER)
    async def history(request: Request, limit: Limit = 50, after: str | None = None) -> dict[str, Any]:
        tenant = tenant_of(request)
        sees = caller_sees_results(request)
        found = await run_in_threadpool(lambda: aml_portal.history(office, tenant, limit=limit, after=after))
        return {
            "history": [state_of(job, with_counts=sees) for job in found],
            "next": found[-1].id if len(found) == limit else None,
        }


def _add_money(router: APIRouter, office: Office) -> None:
    @router.get("/balance", summary="Saldo del cliente, en unidades mínimas de su moneda")
    @declare(Scope.FOLLOWER)
    async def balance(request: Request) -> dict[str, Any]:
        return await run_in_threadpool(aml_portal.balance, office, tenant_of(request))

    @router.get("/invoices", summary="Lo cobrado por análisis, lo más nuevo primero; `next` va en `before`")
    @declare(Scope.FOLLOWER)
    async def invoices(
        request: Request, limit: Limit = 100, before: Annotated[int | None, Query(ge=1, le=2**31 - 1)] = None
    ) -> dict[str, Any]:
        tenant = tenant_of(request)
        return await run_in_threadpool(
            lambda: aml_portal.invoices(office, tenant, limit=limit, before=before)
        )


def caller_sees_results(request: Request) -> bool:
    """Whether the caller may know how operations were classified (RCG 31: nobody is told who need not be)."""
    return aml_portal.may_see(caller_of(request))


async def _seen(office: Office, taken: Upload) -> Shape:
    """Look at an upload; one that is no table, or lacks columns, is forgotten unless a job needs it."""
    is_useful = False
    try:
        with told_in_spanish():
            shape = await run_in_threadpool(look, office, taken)
        is_useful = not shape.missing
    finally:
        if not is_useful:
            with suppress(ConflictError):
                await run_in_threadpool(drop_upload, office, taken.tenant, taken.id)
    return shape
