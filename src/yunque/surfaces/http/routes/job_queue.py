"""The queue for operators: where it stands, pause, resume, drain, and webhook messages that were given up."""

from typing import Any

import msgspec
from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool

from yunque.runtime.jobs.queue import EVERY_KIND
from yunque.services import jobs
from yunque.services.access import Scope
from yunque.services.job_documents import delivery_document
from yunque.services.job_fields import read_fields
from yunque.services.job_office import Office
from yunque.surfaces.http.job_answers import JOBS, read_document
from yunque.surfaces.http.needs import guarded_router


class Steer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which kind is meant (every one by default), and why."""

    kind: str = EVERY_KIND
    reason: str = ""


def queue_routes(office: Office) -> APIRouter:
    """Give the routes; they stand before those of single jobs."""
    router = guarded_router(Scope.ADMIN, prefix=JOBS, tags=["Jobs: operators"])

    @router.get("/queue", summary="Counts of jobs by kind and state, over all tenants, and what is paused")
    async def queue() -> dict[str, Any]:
        return await run_in_threadpool(_standing, office)

    @router.post("/pause", summary="Let no worker begin jobs of a kind; running ones go on")
    async def pause(request: Request) -> dict[str, Any]:
        steer = read_fields(await read_document(request), Steer)
        await run_in_threadpool(jobs.pause, office, steer.kind, steer.reason)
        return await run_in_threadpool(_standing, office)

    @router.post("/resume", summary="End a pause")
    async def resume(request: Request) -> dict[str, Any]:
        steer = read_fields(await read_document(request), Steer)
        await run_in_threadpool(jobs.resume, office, steer.kind)
        return await run_in_threadpool(_standing, office)

    @router.post("/drain", summary="Pause, and tell how many jobs still run; ask again until it is 0")
    async def drain(request: Request) -> dict[str, Any]:
        steer = read_fields(await read_document(request), Steer)
        await run_in_threadpool(jobs.pause, office, steer.kind, steer.reason or "drained by an operator")
        count = await run_in_threadpool(jobs.still_running, office, steer.kind)
        return {"running": count, "is_drained": count == 0, **await run_in_threadpool(_standing, office)}

    @router.get("/dead-letters", summary="Webhook messages that were given up")
    async def dead() -> dict[str, Any]:
        found = await run_in_threadpool(jobs.dead_letters, office)
        return {"dead_letters": [delivery_document(delivery) for delivery in found]}

    @router.post("/dead-letters/{delivery_id}/replay", summary="Send a webhook message again")
    async def replay(delivery_id: str) -> dict[str, Any]:
        return delivery_document(await run_in_threadpool(jobs.replay, office, delivery_id))

    return router


def _standing(office: Office) -> dict[str, Any]:
    found = jobs.standing(office)
    return {"counts": found.counts, "paused": found.paused, "kinds": sorted(office.queue.kinds)}
