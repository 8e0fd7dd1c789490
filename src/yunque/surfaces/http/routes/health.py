"""Whether the server lives, and whether it can answer rightly."""

import time
from typing import Any

from fastapi import APIRouter, Response
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, PlainTextResponse

from yunque.services.access import Scope
from yunque.surfaces.http.metrics import CONTENT_TYPE, render
from yunque.surfaces.http.metrics_watch import watch_lines
from yunque.surfaces.http.needs import declare, guarded_router
from yunque.surfaces.http.problem import Problem
from yunque.surfaces.http.serving import Serving

RECHECK_SECONDS = 5.0


class Readiness:
    """Remembers the last proof for a moment, so that probes cost nothing."""

    def __init__(self, serving: Serving) -> None:
        self._serving = serving
        self._generation = -1
        self._until = 0.0
        self._troubles: tuple[str, ...] = ()

    async def troubles(self) -> tuple[str, ...]:
        """Say why the server cannot answer rightly; () when it can."""
        generation = self._serving.shelf.view.generation
        if time.monotonic() >= self._until or generation != self._generation:
            self._troubles = await run_in_threadpool(self._serving.shelf.troubles)
            self._generation, self._until = generation, time.monotonic() + RECHECK_SECONDS
        return self._troubles


def health_routes(serving: Serving) -> APIRouter:
    """Give the probes and the metrics."""
    router = guarded_router(Scope.OPEN)
    readiness = Readiness(serving)

    @router.get("/health/live", summary="The process answers", tags=["Health"])
    async def live() -> dict[str, str]:
        return {"status": "alive"}

    @router.get(
        "/health/ready",
        summary="Models are loaded and their golden rows come out to the bit",
        tags=["Health"],
    )
    async def ready() -> Response:
        troubles = await readiness.troubles()
        if troubles:
            return _not_ready(troubles)
        return _status(serving)

    @router.get("/health", summary="Same as ready", tags=["Health"])
    async def health() -> Response:
        return await ready()

    @router.get("/metrics", summary="Counters in the text format of Prometheus", tags=["Operations"])
    @declare(Scope.READ)
    async def metrics() -> Response:
        versions = {name: model.version for name, model in serving.shelf.view.champions.items()}

        def text() -> str:
            serving.watch.flush(serving.shelf.view)
            serving.watch.fill(serving.metrics.counts)
            counts = serving.shared.total(serving.metrics.counts)
            return render(counts, versions, watch_lines(counts, serving.shelf.view, serving.watch))

        return PlainTextResponse(await run_in_threadpool(text), headers={"content-type": CONTENT_TYPE})

    return router


def _status(serving: Serving) -> Response:
    champions = serving.shelf.view.champions
    document: dict[str, Any] = {
        "status": "ready",
        "models": {name: model.version for name, model in sorted(champions.items())},
    }
    return JSONResponse(document)


def _not_ready(troubles: tuple[str, ...]) -> Response:
    detail = " ".join(troubles[:5])
    return Problem(status=503, code="not_ready", detail=detail, headers={"Retry-After": "2"}).response()
