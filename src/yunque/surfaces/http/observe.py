"""Every request gets an id, a line in the log and a place in the metrics, whatever becomes of it."""

import logging
import time

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from yunque.runtime.logs import log_scope
from yunque.surfaces.http.access_log import AccessLog, RequestIds
from yunque.surfaces.http.errors import unforeseen
from yunque.surfaces.http.fast_path import GIVEN_ID
from yunque.surfaces.http.metrics import Metrics
from yunque.surfaces.http.problem import ProblemError

logger = logging.getLogger("yunque.http")

UNMATCHED = "(unmatched)"


class Observe:
    """The outer layer: names the request, times it, and answers what nobody foresaw with a 500."""

    def __init__(self, app: ASGIApp, metrics: Metrics, access_log: AccessLog | None = None) -> None:
        self._app = app
        self._metrics = metrics
        self._log = access_log or AccessLog()
        self._ids = RequestIds()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and note how it went."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = _given_id(scope) or self._ids.new()
        scope.setdefault("state", {})["request_id"] = request_id
        started = time.perf_counter()
        status = 0
        self._metrics.counts.in_flight += 1

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
                self._metrics.counts.in_flight -= 1
                self._note(scope, status, time.perf_counter() - started)

    def _note(self, scope: Scope, status: int, seconds: float) -> None:
        route = getattr(scope.get("route"), "path", UNMATCHED)
        self._metrics.count_request(scope["method"], route, status, seconds)
        state = scope.get("state", {})
        outcome = (status, seconds, state.get("key_holder", ""))
        self._log.add(scope["method"], route, state["request_id"], outcome)


def _given_id(scope: Scope) -> str | None:
    for name, value in scope["headers"]:
        if name == b"x-request-id" and GIVEN_ID.fullmatch(value):
            text: str = value.decode("ascii")
            return text
    return None
