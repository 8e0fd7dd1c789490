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

    @router.post("/entrenar_modelos/", summary="Entrenar los modelos de una empresa")
    async def train(request: Request) -> dict[str, Any]:
        return await answered("train", request)

    @router.post("/predecir_demanda/", summary="Predecir la demanda de los próximos meses")
    async def predict(request: Request) -> dict[str, Any]:
        return await answered("predict", request)

    @router.post("/recomendaciones_compras/", summary="Qué comprar, cuánto y por qué")
    async def recommend(request: Request) -> dict[str, Any]:
        return await answered("recommend", request)

    return router
