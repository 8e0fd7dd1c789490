"""The HTTP application: routes for people and programs, behind limits, keys and counters."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from functools import partial

from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp

from yunque.surfaces.http import errors, openapi
from yunque.surfaces.http.docs import docs_routes
from yunque.surfaces.http.fast_path import FastPath
from yunque.surfaces.http.follow import follow, follow_once, share
from yunque.surfaces.http.guard import Admission, Guard
from yunque.surfaces.http.limits import BodyLimit
from yunque.surfaces.http.needs import refuse_undeclared
from yunque.surfaces.http.observe import Observe
from yunque.surfaces.http.routes.ask import ask_routes
from yunque.surfaces.http.routes.assistant_demand import demand_routes
from yunque.surfaces.http.routes.drift import drift_routes
from yunque.surfaces.http.routes.health import health_routes
from yunque.surfaces.http.routes.invocations import invocation_routes
from yunque.surfaces.http.routes.models import model_routes
from yunque.surfaces.http.routes.office import office_routes
from yunque.surfaces.http.routes.predict import predict_routes
from yunque.surfaces.http.routes.trials import trial_routes
from yunque.surfaces.http.routes.v2 import v2_routes
from yunque.surfaces.http.serving import Serving
from yunque.version import __version__

TITLE = "ML Service"
DESCRIPTION = (
    "Predictions by the models that are published here. Each model shows its own fields; "
    "the example rows are real and can be sent as they stand."
)


def create_app(serving: Serving) -> ASGIApp:
    """Build the application; nothing is read from the environment."""
    admission = Admission(keyring=serving.keyring, tokens=serving.tokens)
    return FastPath(documented_app(serving, admission), serving, admission)


def documented_app(serving: Serving, admission: Admission) -> FastAPI:
    """Build everything but the fast path: documentation, models, health, and predictions once more."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await follow_once(serving)
        following = asyncio.create_task(follow(serving))
        try:
            yield
        finally:
            following.cancel()
            with suppress(asyncio.CancelledError):
                await following
            await run_in_threadpool(partial(serving.watch.flush, serving.shelf.view, is_last=True))
            await run_in_threadpool(share, serving)
            serving.access_log.flush()
            serving.tables.close()

    app = FastAPI(
        title=TITLE,
        version=__version__,
        description=DESCRIPTION,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
    )
    errors.install(app)
    openapi.install(app, serving)
    all_routes = (
        predict_routes,
        model_routes,
        drift_routes,
        trial_routes,
        v2_routes,
        invocation_routes,
        health_routes,
    )
    for routes in all_routes:
        app.include_router(routes(serving))
    if serving.office is not None:
        for router in office_routes(serving.office, serving.shelf):
            app.include_router(router)
    if serving.demand is not None:
        app.include_router(demand_routes(serving.demand))
    if serving.ask is not None:
        app.include_router(ask_routes(serving.ask))
    app.include_router(docs_routes(app))
    refuse_undeclared(app)
    # The last one added is the outermost.
    app.add_middleware(BodyLimit, limits=serving.limits)
    app.add_middleware(Guard, admission=admission)
    if serving.cors_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=list(serving.cors_origins),
            allow_methods=["GET", "POST"],
            allow_headers=["authorization", "content-type", "x-api-key", "x-request-id"],
            expose_headers=["x-request-id"],
        )
    app.add_middleware(Observe, metrics=serving.metrics, access_log=serving.access_log)
    return app
