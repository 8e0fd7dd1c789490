"""Every request gets an id, a line in the log and a place in the metrics, whatever becomes of it."""

import logging
import re
import time

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from yunque.runtime.logs import log_scope, new_request_id
from yunque.surfaces.http.errors import unforeseen
from yunque.surfaces.http.metrics import Metrics
from yunque.surfaces.http.problem import ProblemError

logger = logging.getLogger("yunque.http")

_GIVEN_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")
UNMATCHED = "(unmatched)"


class Observe:
    """The outermost layer: names the request, times it, and answers what nobody foresaw with a 500."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and note how it went."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = _request_id(scope)
        scope.setdefault("state", {})["request_id"] = request_id
        started = time.perf_counter()
        status = 0

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [
                    *message["headers"],
                    (b"x-request-id", request_id.encode("ascii")),
                    (b"x-content-type-options", b"nosniff"),
                ]
            await send(message)

        with log_scope(request_id=request_id):
            try:
                await self._app(scope, receive, noting)
            except ProblemError as error:
                if not status:
                    await error.problem.response(request_id)(scope, receive, noting)
            except Exception:
                logger.exception("A request failed in a way nobody foresaw.")
                if status:
                    raise
                await unforeseen().response(request_id)(scope, receive, noting)
            finally:
                self._note(scope, status, time.perf_counter() - started)

    def _note(self, scope: Scope, status: int, seconds: float) -> None:
        route = getattr(scope.get("route"), "path", UNMATCHED)
        self._metrics.count_request(scope["method"], route, status, seconds)
        logger.info(
            "request",
            extra={
                "method": scope["method"],
                "route": route,
                "status": status,
                "milliseconds": round(1000 * seconds, 3),
                "key_holder": scope.get("state", {}).get("key_holder", ""),
            },
        )


def _request_id(scope: Scope) -> str:
    for name, value in scope["headers"]:
        if name == b"x-request-id" and _GIVEN_ID.fullmatch(value):
            text: str = value.decode("ascii")
            return text
    return new_request_id()
