"""MLflow's scoring protocol: `/invocations`, and the probes that its clients ask."""

from fastapi import APIRouter, Request, Response
from starlette.responses import PlainTextResponse

from yunque.services.access import Scope
from yunque.surfaces.http.answering import Answered, Answerer
from yunque.surfaces.http.body import check_media_type
from yunque.surfaces.http.invocations import invoke, table_predictions
from yunque.surfaces.http.needs import declare, guarded_router
from yunque.surfaces.http.received import answer, read_body, read_rows
from yunque.surfaces.http.serving import Serving
from yunque.surfaces.http.table_bodies import table_type
from yunque.version import __version__


def invocation_routes(serving: Serving) -> APIRouter:
    """Give the routes; the default model answers."""
    router = guarded_router(Scope.PREDICT, tags=["MLflow clients"])

    @router.post("/invocations", summary="Predict with a body of MLflow's scoring protocol")
    async def invocations(request: Request) -> Response:
        model = serving.shelf.champion()
        content_type = request.headers.get("content-type", "")
        kind = table_type(content_type)
        if kind is None:
            check_media_type(content_type)
        body = await read_body(request, serving.limits.body_bytes)
        frame = None if kind is None else await read_rows(serving, body, kind)

        def ask(answerer: Answerer, raw: bytes) -> Answered:
            return invoke(answerer, raw) if frame is None else table_predictions(answerer, frame)

        return await answer(serving, model, body, ask, request)

    @router.get("/ping", summary="Same as ready, for MLflow's clients")
    @declare(Scope.OPEN)
    async def ping() -> Response:
        is_ready = bool(serving.shelf.view.champions) and not serving.shelf.view.troubles
        return PlainTextResponse("\n", status_code=200 if is_ready else 503)

    @router.get("/version", summary="Version of this server")
    @declare(Scope.READ)
    async def version() -> Response:
        return PlainTextResponse(__version__)

    return router
