"""Webhooks of the caller's own tenant: register, list, try, change the secret, delete, send again."""

from collections.abc import Mapping
from typing import Any

import msgspec
from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse

from yunque.services import webhooks
from yunque.services.access import Scope
from yunque.services.job_documents import delivery_document
from yunque.services.job_fields import read_fields
from yunque.services.job_office import Office
from yunque.surfaces.http.job_answers import read_document, tenant_of
from yunque.surfaces.http.needs import guarded_router

PREFIX = "/api/v1/webhooks"


class Register(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where to tell, and of what; every event by default."""

    url: str
    events: list[str] | None = None


def webhook_routes(office: Office) -> APIRouter:
    """Give the routes."""
    router = guarded_router(Scope.JOBS, prefix=PREFIX, tags=["Webhooks"])
    _add_messages(router, office)
    _add_endpoints(router, office)
    return router


def _add_messages(router: APIRouter, office: Office) -> None:
    @router.get("/dead-letters", summary="Your messages that were given up")
    async def dead(request: Request) -> dict[str, Any]:
        found = await run_in_threadpool(webhooks.dead_letters, office, tenant_of(request))
        return {"dead_letters": [delivery_document(delivery) for delivery in found]}

    @router.post("/dead-letters/{message_id}/replay", summary="Send one of your messages again")
    async def replay(message_id: str, request: Request) -> dict[str, Any]:
        found = await run_in_threadpool(webhooks.replay, office, tenant_of(request), message_id)
        return delivery_document(found)


def _add_endpoints(router: APIRouter, office: Office) -> None:
    @router.post("", status_code=201, summary="Register an address; its secret is shown this once")
    async def register(request: Request) -> Response:
        asked = read_fields(await read_document(request), Register)
        made = await run_in_threadpool(webhooks.register, office, tenant_of(request), asked.url, asked.events)
        document = webhooks.endpoint_document(made, with_secret=True)
        return _secret(document, status=201, headers={"Location": f"{PREFIX}/{made.id}"})

    @router.get("", summary="List the addresses, without their secrets")
    async def show_all(request: Request) -> dict[str, Any]:
        found = await run_in_threadpool(webhooks.list_, office, tenant_of(request))
        return {"webhooks": [webhooks.endpoint_document(endpoint) for endpoint in found]}

    @router.get("/{endpoint_id}", summary="Show one")
    async def show(endpoint_id: str, request: Request) -> dict[str, Any]:
        found = await run_in_threadpool(webhooks.show, office, tenant_of(request), endpoint_id)
        return webhooks.endpoint_document(found)

    @router.delete("/{endpoint_id}", status_code=204, summary="Tell this address nothing more")
    async def delete(endpoint_id: str, request: Request) -> Response:
        await run_in_threadpool(webhooks.delete, office, tenant_of(request), endpoint_id)
        return Response(status_code=204)

    @router.post("/{endpoint_id}/test", summary="Send a signed test message now, and say how it went")
    async def test(endpoint_id: str, request: Request) -> dict[str, Any]:
        trial = await run_in_threadpool(webhooks.test, office, tenant_of(request), endpoint_id)
        return webhooks.trial_document(trial)

    @router.post("/{endpoint_id}/rotate", summary="Make a new secret, shown this once; the old one signs too")
    async def rotate(endpoint_id: str, request: Request) -> Response:
        made = await run_in_threadpool(webhooks.rotate, office, tenant_of(request), endpoint_id)
        return _secret(webhooks.endpoint_document(made, with_secret=True))


def _secret(
    document: Mapping[str, Any], *, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """Answer with what nobody in between may keep."""
    told = {"Cache-Control": "no-store", **(headers or {})}
    return JSONResponse(document, status_code=status, headers=told)
