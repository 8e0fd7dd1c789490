"""The addresses of the Open Inference Protocol, version 2."""

from functools import partial
from typing import Any

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse

from yunque.errors import UsageError
from yunque.services.access import Scope
from yunque.services.score import OpenModel
from yunque.surfaces.http.body import check_media_type
from yunque.surfaces.http.needs import declare, guarded_router
from yunque.surfaces.http.received import answer, read_body
from yunque.surfaces.http.serving import Serving
from yunque.surfaces.http.v2 import HEADER_LENGTH, infer, metadata
from yunque.version import __version__


def v2_routes(serving: Serving) -> APIRouter:
    """Give the routes."""
    router = guarded_router(Scope.READ, prefix="/v2", tags=["Open Inference Protocol"])

    async def opened(name: str, version: int | None) -> OpenModel:
        if version is None:
            return serving.shelf.champion(name)
        return await run_in_threadpool(serving.shelf.version, name, version)

    @router.get("", summary="What this server is")
    async def server() -> dict[str, Any]:
        return {"name": "yunque", "version": __version__, "extensions": ["binary_tensor_data"]}

    @router.get("/health/live", summary="The process answers")
    @declare(Scope.OPEN)
    async def live() -> dict[str, bool]:
        return {"live": True}

    @router.get("/health/ready", summary="Every champion is open")
    @declare(Scope.OPEN)
    async def ready() -> Response:
        view = serving.shelf.view
        is_ready = bool(view.champions) and not view.troubles
        return JSONResponse({"ready": is_ready}, status_code=200 if is_ready else 503)

    @router.get("/models/{name}", summary="What a model takes and gives")
    @router.get("/models/{name}/versions/{version}", summary="What a version takes and gives")
    async def model(name: str, version: int | None = None) -> dict[str, Any]:
        found = await opened(name, version)
        numbers = [known.version for known in serving.shelf.view.versions if known.name == name]
        return metadata(found.predictor, numbers)

    @router.get("/models/{name}/ready", summary="A model is open")
    @router.get("/models/{name}/versions/{version}/ready", summary="A version is open")
    async def model_ready(name: str, version: int | None = None) -> dict[str, Any]:
        return {"name": (await opened(name, version)).name, "ready": True}

    @router.post("/models/{name}/infer", summary="Predict from tensors")
    @router.post("/models/{name}/versions/{version}/infer", summary="Predict from tensors by one version")
    @declare(Scope.PREDICT)
    async def infer_by(name: str, request: Request, version: int | None = None) -> Response:
        found = await opened(name, version)
        length = _header_length(request)
        if length is None:
            check_media_type(request.headers.get("content-type", ""))
        body = await read_body(request, serving.limits.body_bytes)
        return await answer(serving, found, body, partial(infer, header_length=length), request)

    return router


def _header_length(request: Request) -> int | None:
    """Read how long the JSON before binary data is."""
    given = request.headers.get(HEADER_LENGTH)
    if given is None:
        return None
    if not given.isascii() or not given.isdigit() or len(given) > 12:
        raise UsageError(f"The header {HEADER_LENGTH} is not a number.")
    return int(given)
