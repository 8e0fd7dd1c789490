"""Predictions: one row or many, by the default model, a named one, or one version of it."""

from collections.abc import Sequence
from typing import Any

import msgspec
from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool

from yunque.errors import ContractError
from yunque.models.prediction import Prediction
from yunque.services.score import OpenModel
from yunque.surfaces.http.answer import answer_many, answer_one, class_name
from yunque.surfaces.http.body import Instance, check_media_type, decode, locator, read_many, read_one
from yunque.surfaces.http.errors import field_errors
from yunque.surfaces.http.problem import Problem, ProblemError
from yunque.surfaces.http.serving import Serving

FEW_ROWS = 64  # answered on the event loop: faster than handing them to a thread


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
    predictor = model.predictor
    instance = read_one(body, predictor.fields)
    try:
        prediction = predictor.predict_row(instance.record)
    except ContractError as error:
        raise _refused(error, [instance], predictor.fields, with_rows=False) from error
    _count(serving, model, [prediction])
    return _json(answer_one(prediction, predictor, detailed=detailed))


async def _many(serving: Serving, model: OpenModel, request: Request, *, detailed: bool) -> Response:
    body = await _read(request)
    predictor = model.predictor
    instances = read_many(body, predictor.fields, serving.limits.rows)
    records = [instance.record for instance in instances]
    try:
        if len(records) <= FEW_ROWS:
            predictions = predictor.predict_rows(records)
        else:
            predictions = await run_in_threadpool(predictor.predict_rows, records)
    except ContractError as error:
        raise _refused(error, instances, predictor.fields, with_rows=True) from error
    _count(serving, model, predictions)
    return _json(answer_many(predictions, predictor, detailed=detailed))


async def _read(request: Request) -> dict[str, Any]:
    headers = request.headers
    check_media_type(headers.get("content-type", ""), headers.get("content-encoding", "").lower())
    return decode(await request.body())


def _refused(
    error: ContractError, instances: Sequence[Instance], fields: Sequence[str], *, with_rows: bool
) -> ProblemError:
    errors = field_errors(error.failures, locator(instances, fields), with_rows=with_rows)
    return ProblemError(
        Problem(status=422, code=error.code, detail=error.message, hint=error.hint, errors=errors)
    )


def _count(serving: Serving, model: OpenModel, predictions: Sequence[Prediction]) -> None:
    is_classification = model.predictor.task.is_classification
    labels = [class_name(item.value) for item in predictions] if is_classification else len(predictions)
    serving.metrics.count_answers(model.name, model.version, labels)


def _json(document: dict[str, Any]) -> Response:
    return Response(msgspec.json.encode(document), media_type="application/json")
