"""Predictions by the longer way: what the fast path does not take, and versions that are not champions."""

from functools import partial

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool

from yunque.services.access import Scope
from yunque.services.score import OpenModel
from yunque.surfaces.http.answering import Answered, Answerer
from yunque.surfaces.http.arms import Ask
from yunque.surfaces.http.body import check_media_type
from yunque.surfaces.http.class_sets import refuse_table as refuse_sets_of_table
from yunque.surfaces.http.class_sets import with_sets
from yunque.surfaces.http.explained import explained, refuse_table, wants
from yunque.surfaces.http.needs import guarded_router
from yunque.surfaces.http.received import answer, read_body, read_rows
from yunque.surfaces.http.serving import Serving
from yunque.surfaces.http.table_bodies import answer_table, answer_type, table_type


def predict_routes(serving: Serving) -> APIRouter:
    """Give the routes; the documentation of each model's own fields is written by `openapi.py`."""
    router = guarded_router(Scope.PREDICT, prefix="/api/v1", include_in_schema=False)
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
    check_media_type(request.headers.get("content-type", ""))
    body = await read_body(request, serving.limits.body_bytes)
    ask = partial(Answerer.one, detailed=detailed)
    return await answer(serving, model, body, _asked(ask, request), request)


async def _many(serving: Serving, model: OpenModel, request: Request, *, detailed: bool) -> Response:
    content_type = request.headers.get("content-type", "")
    kind = table_type(content_type)
    if kind is None:
        check_media_type(content_type)
        body = await read_body(request, serving.limits.body_bytes)
        many = partial(Answerer.many, detailed=detailed)
        return await answer(serving, model, body, _asked(many, request), request)
    if wants(request.query_params.get("explain")):
        raise refuse_table()
    if wants(request.query_params.get("set"), "set"):
        raise refuse_sets_of_table()
    wanted = answer_type(request.headers.get("accept", ""), kind)
    body = await read_body(request, serving.limits.body_bytes)
    frame = await read_rows(serving, body, kind)

    def ask(answerer: Answerer, _: bytes) -> Answered:
        return answer_table(answerer, frame, wanted, detailed=detailed)

    return await answer(serving, model, body, ask, request)


def _asked(ask: Ask, request: Request) -> Ask:
    """Give an `ask` whose answers carry what the query asks for."""
    if wants(request.query_params.get("explain")):
        ask = explained(ask)
    return with_sets(ask) if wants(request.query_params.get("set"), "set") else ask
