"""Uploads: bare bytes by PUT or a form by POST, counted and hashed as they stream in; jobs then name them."""

from functools import partial
from typing import Any

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse

from yunque.runtime.jobs.uploads import Upload
from yunque.services.access import Scope
from yunque.services.job_documents import upload_document
from yunque.services.job_office import Office, drop_upload, find_upload, take_once, take_upload
from yunque.surfaces.http.inflow import Inflow
from yunque.surfaces.http.job_answers import tenant_of
from yunque.surfaces.http.multipart import FormFile
from yunque.surfaces.http.needs import guarded_router
from yunque.surfaces.http.problem import Problem, ProblemError

PREFIX = "/api/v1/uploads"


def upload_routes(office: Office) -> APIRouter:
    """Give the routes."""
    router = guarded_router(Scope.JOBS, prefix=PREFIX, tags=["Uploads"])
    inflow = Inflow()

    @router.put("/{file_name}", status_code=201, summary="Upload a file: its bytes are the body")
    async def put(file_name: str, request: Request) -> Response:
        encoding = request.headers.get("content-encoding", "").strip().lower()
        if encoding not in ("", "identity"):
            raise ProblemError(ENCODED)
        write = partial(take_upload, office, tenant_of(request), file_name)
        return _created(await inflow.take(request.stream(), write))

    @router.post("", status_code=201, summary="Upload the file of a form (multipart/form-data)")
    async def post(request: Request) -> Response:
        return _created(await take_form(office, inflow, request))

    @router.get("/{upload_id}", summary="Show an upload")
    async def show(upload_id: str, request: Request) -> dict[str, Any]:
        return upload_document(await run_in_threadpool(find_upload, office, tenant_of(request), upload_id))

    @router.delete("/{upload_id}", status_code=204, summary="Forget an upload that no unfinished job needs")
    async def delete(upload_id: str, request: Request) -> Response:
        await run_in_threadpool(drop_upload, office, tenant_of(request), upload_id)
        return Response(status_code=204)

    return router


async def take_form(office: Office, inflow: Inflow, request: Request, *, once: bool = False) -> Upload:
    """Store the first file of a form; with `once`, content that is there under the same name is kept once.

    Raises:
        ProblemError: 400 or 415, no form, or no file in it.
    """
    form = FormFile(request.headers.get("content-type", ""), request.stream())
    name = await form.open()
    take = take_once if once else take_upload
    return await inflow.take(form.chunks(), partial(take, office, tenant_of(request), name))


def _created(upload: Upload) -> Response:
    here = f"{PREFIX}/{upload.id}"
    return JSONResponse(
        {**upload_document(upload), "upload_url": here}, status_code=201, headers={"Location": here}
    )


ENCODED = Problem(
    status=415,
    code="media_type",
    detail="An upload cannot be sent with a content encoding.",
    hint="Send the file as it is; .gz and .zst files are read as they stand.",
)
