"""R2's door for questions in plain language, under its documented address."""

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
    from yunque.services.ask import AskDesks

PREFIX = "/assistant/api/consulta-natural"
SERVICE = "yunque.services.ask_request"  # imported by the first question: a server starts without the models
EXAMPLE = {"consulta": "¿Qué artículos debo comprar el próximo mes?", "empresa_servidor_id": 1}
BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {"application/json": {"schema": {"type": "object"}, "example": EXAMPLE}},
    }
}


def ask_routes(open_desks: "Callable[[], AskDesks]") -> APIRouter:
    """Give the route; it sees the companies of its caller's tenant only."""
    router = guarded_router(Scope.PREDICT, prefix=PREFIX, tags=["Preguntas (R2)"])
    opened = cache(open_desks)

    def answer(tenant: str, document: dict[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = import_module(SERVICE).ask_document(opened(), tenant, document)
        return found

    @router.post(
        "/pregunta_inteligente/", summary="Preguntar por compras, ventas e inventario", openapi_extra=BODY
    )
    async def ask(request: Request) -> dict[str, Any]:
        document = await read_document(request)
        return await run_in_threadpool(partial(answer, tenant_of(request), document))

    return router
