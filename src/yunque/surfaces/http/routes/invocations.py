"""MLflow's scoring protocol: `/invocations`, and the probes that its clients ask."""

from fastapi import APIRouter, Request, Response
from starlette.responses import PlainTextResponse

from yunque.services.access import Scope
from yunque.surfaces.http.answering import Answered, Answerer
from yunque.surfaces.http.body import check_media_type
from yunque.surfaces.http.invocations import invoke, table_predictions
from yunque.surfaces.http.needs import declare, guarded_router
from yunque.surfaces.http.received import answer, read_body
from yunque.surfaces.http.serving import Serving
from yunque.surfaces.http.table_bodies import read_body as read_table
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

        def ask(answerer: Answerer, raw: bytes) -> Answered:
            if kind is None:
                return invoke(answerer, raw)
            return table_predictions(answerer, read_table(raw, kind, answerer.most_rows))

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
