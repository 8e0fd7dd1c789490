"""Predictions by the longer way: what the fast path does not take, and versions that are not champions."""

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool

from yunque.services.score import OpenModel
from yunque.surfaces.http.body import check_media_type
from yunque.surfaces.http.fast_path import SMALL_BODY
from yunque.surfaces.http.serving import Serving


def predict_routes(serving: Serving) -> APIRouter:
    """Give the routes; the documentation of each model's own fields is written by `openapi.py`."""
    router = APIRouter(prefix="/api/v1", include_in_schema=False)
    shelf = serving.shelf

    @router.post("/predict")
    async def predict(request: Request) -> Response:
        return await _one(serving, shelf.champion(), request, detailed=False)

    @router.post("/predict/batch")
    async def predict_batch(request: Request) -> Response:
        return await _many(serving, shelf.champion(), request, detailed=False)

    @router.post("/models/{name}/predict")
    async def predict_by(name: str, request: Request) -> Response:
        return await _one(serving, shelf.champion(name), request, detailed=True)

    @router.post("/models/{name}/predict/batch")
    async def predict_batch_by(name: str, request: Request) -> Response:
        return await _many(serving, shelf.champion(name), request, detailed=True)

    @router.post("/models/{name}/versions/{version}/predict")
    async def predict_version(name: str, version: int, request: Request) -> Response:
        model = await run_in_threadpool(shelf.version, name, version)
        return await _one(serving, model, request, detailed=True)

    @router.post("/models/{name}/versions/{version}/predict/batch")
    async def predict_batch_version(name: str, version: int, request: Request) -> Response:
        model = await run_in_threadpool(shelf.version, name, version)
        return await _many(serving, model, request, detailed=True)

    return router


async def _one(serving: Serving, model: OpenModel, request: Request, *, detailed: bool) -> Response:
    body = await _read(request)
    answered = serving.answerers.of(model).one(body, detailed=detailed)
    serving.count(model, answered)
    return Response(answered.content, media_type="application/json")


async def _many(serving: Serving, model: OpenModel, request: Request, *, detailed: bool) -> Response:
    body = await _read(request)
    answerer = serving.answerers.of(model)
    if len(body) <= SMALL_BODY:
        answered = answerer.many(body, detailed=detailed)
    else:
        answered = await run_in_threadpool(answerer.many, body, detailed=detailed)
    serving.count(model, answered)
    return Response(answered.content, media_type="application/json")


async def _read(request: Request) -> bytes:
    headers = request.headers
    check_media_type(headers.get("content-type", ""), headers.get("content-encoding", "").lower())
    return await request.body()
