"""R2's door: train a company, predict its demand, recommend its purchases, by its literal paths."""

from collections.abc import Callable
from functools import cache, partial
from importlib import import_module
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool

from yunque.services.access import Scope
from yunque.surfaces.http.job_answers import read_document, tenant_of
from yunque.surfaces.http.needs import guarded_router

if TYPE_CHECKING:
    from yunque.services.demand_door import DemandDoor

PREFIX = "/assistant/api/ml"
SERVICE = "yunque.services.demand_door"  # imported by the first question: a server starts without the models

EXAMPLES: dict[str, dict[str, Any]] = {
    "train": {"empresa_servidor_id": 1, "fecha_inicio": "2023-01-01", "fecha_fin": "2023-12-31"},
    "predict": {"modelo_id": "empresa_900123456", "meses": 6},
    "recommend": {"modelo_id": "empresa_900123456", "meses": 1, "nivel_servicio": 0.95, "presupuesto": 5e6},
}


def _body(verb: str) -> dict[str, Any]:
    """Give the documentation of a body: an object, and one that can be sent as it stands."""
    content = {"schema": {"type": "object"}, "example": EXAMPLES[verb]}
    return {"requestBody": {"required": True, "content": {"application/json": content}}}


def demand_routes(open_door: "Callable[[], DemandDoor]") -> APIRouter:
    """Give the routes; each sees the companies of its caller's tenant only."""
    router = guarded_router(Scope.JOBS, prefix=PREFIX, tags=["Demanda (R2)"])
    opened = cache(open_door)

    def answer(verb: str, tenant: str, document: dict[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = getattr(import_module(SERVICE), verb)(opened(), tenant, document)
        return found

    async def answered(verb: str, request: Request) -> dict[str, Any]:
        document = await read_document(request)
        return await run_in_threadpool(partial(answer, verb, tenant_of(request), document))

    @router.post(
        "/entrenar_modelos/", summary="Entrenar los modelos de una empresa", openapi_extra=_body("train")
    )
    async def train(request: Request) -> dict[str, Any]:
        return await answered("train", request)

    @router.post(
        "/predecir_demanda/",
        summary="Predecir la demanda de los próximos meses",
        openapi_extra=_body("predict"),
    )
    async def predict(request: Request) -> dict[str, Any]:
        return await answered("predict", request)

    @router.post(
        "/recomendaciones_compras/", summary="Qué comprar, cuánto y por qué", openapi_extra=_body("recommend")
    )
    async def recommend(request: Request) -> dict[str, Any]:
        return await answered("recommend", request)

    return router
