"""Predictions answered in front of FastAPI: raw ASGI, for POSTs of plain JSON to known addresses.

FastAPI's routing and its layers cost more than a prediction. What is unusual (another content type, a query,
compression, a browser of another origin, a name in other letters) is passed on, to the same answers by the
longer way.
"""

import asyncio
import logging
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

from starlette.concurrency import run_in_threadpool
from starlette.types import ASGIApp, Receive, Send
from starlette.types import Scope as AsgiScope

from yunque.errors import YunqueError
from yunque.runtime.logs import log_scope
from yunque.services.access import Scope
from yunque.services.score import View
from yunque.surfaces.at_once import Exchange, exchange_of
from yunque.surfaces.http.access_log import RequestIds
from yunque.surfaces.http.answering import JSON as MEDIA_JSON
from yunque.surfaces.http.answering import Answered, Answerer
from yunque.surfaces.http.arms import Ask, Canary
from yunque.surfaces.http.errors import problem_of, unforeseen
from yunque.surfaces.http.guard import Admission
from yunque.surfaces.http.in_flight import InFlight
from yunque.surfaces.http.invocations import invoke
from yunque.surfaces.http.limits import too_large, too_slow
from yunque.surfaces.http.needs import refuse_unless
from yunque.surfaces.http.problem import MEDIA_TYPE, Problem, ProblemError
from yunque.surfaces.http.serving import Serving
from yunque.surfaces.http.v2 import HEADER_LENGTH, infer

logger = logging.getLogger("yunque.http")

SMALL_BODY = 16 * 1024  # answered on the event loop: faster than handing it to a thread
GONE = 499  # the client left before its body was complete; nobody reads an answer
JSON = b"application/json"
BINARY_FOLLOWS = HEADER_LENGTH.lower().encode()
NOSNIFF = (b"x-content-type-options", b"nosniff")
ROUTE = "yunque.route"  # where a scope names the template of an address that FastAPI did not see
GIVEN_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")


@dataclass(frozen=True, kw_only=True)
class Target:
    """What answers at one address.

    Attributes:
        route: template of the address, for metrics and logs.
        answerer: of the open model.
        ask: from the bytes of a body to the answer.
        canary: beside a champion, when one runs.
    """

    route: str
    answerer: Answerer
    ask: Ask
    canary: Canary | None = None


class _Gone(Exception):  # noqa: N818 - no error of anybody
    """The client left."""


class FastPath:
    """The outermost application: answers ordinary predictions, and passes everything else on."""

    def __init__(self, app: ASGIApp, serving: Serving, admission: Admission) -> None:
        self._app = app
        self._serving = serving
        self._admission = admission
        self._in_flight = InFlight(serving.limits.body_seconds)
        self._ids = RequestIds()
        self._may_be_foreign = bool(serving.cors_origins)
        self._view: View | None = None
        self._targets: Mapping[str, Target] = {}

    async def __call__(self, scope: AsgiScope, receive: Receive, send: Send) -> None:
        """Answer, or pass on."""
        if scope["type"] == "http" and scope["method"] == "POST" and not scope["query_string"]:
            if self._view is not self._serving.shelf.view:
                self._follow()
            target = self._targets.get(scope["path"])
            if target is not None:
                headers = dict(scope["headers"])
                if self._is_ordinary(headers):
                    scope[ROUTE] = target.route
                    counts = self._serving.metrics.counts
                    counts.in_flight += 1
                    try:
                        await self._serve(target, headers, scope, receive, send)
                    finally:
                        counts.in_flight -= 1
                    return
        await self._app(scope, receive, send)

    def _is_ordinary(self, headers: Mapping[bytes, bytes]) -> bool:
        return (
            headers.get(b"content-type") == JSON
            and b"content-encoding" not in headers
            and BINARY_FOLLOWS not in headers
            and not (self._may_be_foreign and b"origin" in headers)
        )

    def _follow(self) -> None:
        """Take up what is served now; the decoders of models that stay are kept."""
        view = self._serving.shelf.view
        answerers = self._serving.answerers
        targets: dict[str, Target] = {}
        default = self._serving.default_model(view)
        if default is not None:
            answerer, canary = answerers.of(default), self._serving.canary_beside(default, view)
            targets |= _targets("/api/v1", "/api/v1", answerer, canary, detailed=False)
            targets["/invocations"] = Target(
                route="/invocations", answerer=answerer, ask=invoke, canary=canary
            )
        for name, model in view.champions.items():
            answerer, canary = answerers.of(model), self._serving.canary_beside(model, view)
            targets[f"/v2/models/{name}/infer"] = Target(
                route="/v2/models/{name}/infer", answerer=answerer, ask=infer, canary=canary
            )
            prefix, route = f"/api/v1/models/{name}", "/api/v1/models/{name}"
            targets |= _targets(prefix, route, answerer, canary, detailed=True)
            prefix, route = f"{prefix}/versions/{model.version}", f"{route}/versions/{{version}}"
            targets |= _targets(prefix, route, answerer, None, detailed=True)
        self._targets, self._view = targets, view

    async def _serve(
        self, target: Target, headers: Mapping[bytes, bytes], scope: AsgiScope, receive: Receive, send: Send
    ) -> None:
        started = time.perf_counter()
        given = headers.get(b"x-request-id")
        request_id = given.decode("ascii") if given and GIVEN_ID.fullmatch(given) else self._ids.new()
        holder = ""
        outcome: Answered | Problem
        exchange = exchange_of(scope)
        try:
            caller = await self._admission.admit(scope["path"], headers, scope["client"])
            holder = caller.name
            if Scope.PREDICT not in caller.scopes:
                refuse_unless(caller, Scope.PREDICT)
            body = None if exchange is None else exchange.body(SMALL_BODY)
            if body is None:
                body = await self._read(headers, receive)
            if target.canary is not None:
                outcome = await self._by_arms(target, target.canary, body, headers, request_id)
            else:
                if len(body) <= SMALL_BODY:
                    outcome = target.ask(target.answerer, body)
                else:
                    outcome = await run_in_threadpool(target.ask, target.answerer, body)
                self._serving.count(target.answerer.model, outcome, request_id)
        except ProblemError as error:
            outcome = error.problem
        except YunqueError as error:
            outcome = problem_of(error)
        except _Gone:
            self._note(target, request_id, (GONE, time.perf_counter() - started, holder))
            return
        except Exception:  # the surface: whatever it was, the client gets an answer and the log the rest
            with log_scope(request_id=request_id):
                logger.exception("A request failed in a way nobody foresaw.")
            outcome = unforeseen()
        status = 200 if isinstance(outcome, Answered) else outcome.status
        if not _sent_at_once(exchange, outcome, request_id):
            await _send(send, outcome, request_id, target.route)
        self._note(target, request_id, (status, time.perf_counter() - started, holder))

    async def _by_arms(
        self, target: Target, canary: Canary, body: bytes, headers: Mapping[bytes, bytes], request_id: str
    ) -> Answered:
        if len(body) <= SMALL_BODY:
            given = canary.answer(target.ask, body, headers)
        else:
            given = await run_in_threadpool(canary.answer, target.ask, body, headers)
        self._serving.count_given(canary, given, request_id)
        return given.answered

    async def _read(self, headers: Mapping[bytes, bytes], receive: Receive) -> bytes:
        """Read the whole body.

        Raises:
            ProblemError: it is too large, or too slow.
            _Gone: the client left.
        """
        most = self._serving.limits.body_bytes
        claimed = headers.get(b"content-length", b"")
        if claimed.isdigit() and int(claimed) > most:
            raise ProblemError(too_large(most))
        task = self._in_flight.enter()
        try:
            return await _whole(receive, most)
        except asyncio.CancelledError:
            if self._in_flight.was_given_up(task):
                raise ProblemError(too_slow(self._in_flight.seconds)) from None
            raise
        finally:
            self._in_flight.leave(task)

    def _note(self, target: Target, request_id: str, outcome: tuple[int, float, str]) -> None:
        self._serving.metrics.count_request("POST", target.route, outcome[0], outcome[1])
        self._serving.access_log.add("POST", target.route, request_id, outcome)


def _targets(
    prefix: str, route: str, answerer: Answerer, canary: Canary | None, *, detailed: bool
) -> dict[str, Target]:
    one, many = partial(Answerer.one, detailed=detailed), partial(Answerer.many, detailed=detailed)
    return {
        f"{prefix}/predict": Target(route=f"{route}/predict", answerer=answerer, ask=one, canary=canary),
        f"{prefix}/predict/batch": Target(
            route=f"{route}/predict/batch", answerer=answerer, ask=many, canary=canary
        ),
    }


async def _whole(receive: Receive, most: int) -> bytes:
    message = await receive()
    if message["type"] == "http.disconnect":
        raise _Gone
    body: bytes = message.get("body", b"")
    if not message.get("more_body", False):
        if len(body) > most:
            raise ProblemError(too_large(most))
        return body
    parts, size = [body], len(body)
    while size <= most:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise _Gone
        body = message.get("body", b"")
        parts.append(body)
        size += len(body)
        if size <= most and not message.get("more_body", False):
            return b"".join(parts)
    raise ProblemError(too_large(most))


def _sent_at_once(exchange: Exchange | None, outcome: Answered | Problem, request_id: str) -> bool:
    """Answer in one write where that can be done."""
    if exchange is None or not isinstance(outcome, Answered) or outcome.headers:
        return False
    content = outcome.content
    kind = JSON if outcome.media_type == MEDIA_JSON else outcome.media_type.encode("ascii")
    return exchange.answer(
        (
            (b"x-request-id", request_id.encode("ascii")),
            NOSNIFF,
            (b"content-type", kind),
            (b"content-length", b"%d" % len(content)),
        ),
        content,
    )


async def _send(send: Send, outcome: Answered | Problem, request_id: str, path: str) -> None:
    headers = [(b"x-request-id", request_id.encode("ascii")), NOSNIFF]
    if isinstance(outcome, Answered):
        status, kind, content = 200, outcome.media_type, outcome.content
    else:
        status, kind, content = outcome.status, MEDIA_TYPE, outcome.content(request_id, path=path)
    headers += [(b"content-type", kind.encode("ascii")), (b"content-length", b"%d" % len(content))]
    headers += [(k.lower().encode("latin-1"), v.encode("latin-1")) for k, v in outcome.headers.items()]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": content})
