"""Traces by OpenTelemetry, an extra and off unless asked for: one span for every request.

A span carries the caller's trace on (W3C `traceparent`), is called by the method and the template of the
address, and holds the status and the request id that the log has too: never a body, a key or a query. It
follows the semantic conventions of HTTP servers.
"""

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING

from starlette.concurrency import run_in_threadpool
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from yunque.errors import UsageError
from yunque.surfaces.at_once import EXTENSION
from yunque.surfaces.http.fast_path import ROUTE
from yunque.version import __version__

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider

UNMATCHED = "(unmatched)"
SERVER_ERROR = 500


class Traced:
    """The outermost application where traces are wanted."""

    def __init__(self, app: ASGIApp, provider: "TracerProvider") -> None:
        from opentelemetry.trace import SpanKind, Status, StatusCode
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        self._app = app
        self._provider = provider
        self._start = partial(
            provider.get_tracer("yunque.http", __version__).start_span, kind=SpanKind.SERVER
        )
        self._extract = TraceContextTextMapPropagator().extract
        self._failed = Status(StatusCode.ERROR)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, within a span; when the server ends, what waits is sent off."""
        if scope["type"] == "lifespan":

            async def ending(message: Message) -> None:
                if message["type"].startswith("lifespan.shutdown"):
                    await run_in_threadpool(self._provider.shutdown)
                await send(message)

            await self._app(scope, receive, ending)
            return
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        scope.get("extensions", {}).pop(EXTENSION, None)  # an answer is to pass by here
        method = scope["method"]
        span = self._start(method, context=self._extract(_text(scope)))
        seen: dict[str, int | str] = {"http.request.method": method, "url.path": scope["path"]}

        async def seeing(message: Message) -> None:
            if message["type"] == "http.response.start":
                seen["http.response.status_code"] = message["status"]
                for name, value in message["headers"]:
                    if name == b"x-request-id":
                        seen["yunque.request_id"] = value.decode("latin-1")
            await send(message)

        try:
            await self._app(scope, receive, seeing)
        finally:
            route = str(scope.get(ROUTE) or getattr(scope.get("route"), "path", UNMATCHED))
            span.update_name(f"{method} {route}")
            span.set_attributes({**seen, "http.route": route})
            if int(seen.get("http.response.status_code", SERVER_ERROR)) >= SERVER_ERROR:
                span.set_status(self._failed)
            span.end()


def open_traces(url: str, share: float) -> "TracerProvider":
    """Give what sends spans to a collector, in the background.

    Args:
        url: where the collector takes OTLP over HTTP, as `http://localhost:4318/v1/traces`.
        share: of the traces begun here that are kept; one that a caller began is kept when he keeps it.

    Raises:
        UsageError: the extra is not installed.
    """
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
        from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased
    except ImportError as error:
        raise UsageError(
            "Traces need OpenTelemetry, which is not installed.", hint="pip install 'yunque[otel]'"
        ) from error
    resource = Resource.create({"service.name": "yunque", "service.version": __version__})
    provider = TracerProvider(
        resource=resource, sampler=ParentBased(TraceIdRatioBased(share)), shutdown_on_exit=False
    )
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=url)))
    return provider


def _text(scope: Scope) -> Mapping[str, str]:
    """Give the headers that carry a trace."""
    return {
        name.decode("latin-1"): value.decode("latin-1")
        for name, value in scope["headers"]
        if name in (b"traceparent", b"tracestate")
    }
