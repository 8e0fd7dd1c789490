"""Traces: a span for each request of either way, the caller's trace carried on, nothing said of the rows."""

import json
import threading
from collections.abc import Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from starlette.testclient import TestClient
from test_http_wire import ROW, WHOLE, connect, served

from yunque.surfaces.http.app import create_app
from yunque.surfaces.http.serving import Serving
from yunque.surfaces.http.traces import Traced, open_traces

TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


@pytest.fixture
def spans() -> InMemorySpanExporter:
    return InMemorySpanExporter()


@pytest.fixture
def traced(serving: Serving, spans: InMemorySpanExporter) -> Iterator[TestClient]:
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(spans))
    with TestClient(
        Traced(create_app(serving), provider), base_url="http://127.0.0.1", client=("127.0.0.1", 50000)
    ) as client:
        yield client


def the_span(spans: InMemorySpanExporter) -> ReadableSpan:
    (found,) = spans.get_finished_spans()
    spans.clear()
    return found


def test_a_prediction_is_a_span_that_carries_the_callers_trace_on(
    traced: TestClient, spans: InMemorySpanExporter
) -> None:
    answer = traced.post(
        "/api/v1/predict", json=json.loads(ROW), headers={"traceparent": f"00-{TRACE}-{PARENT}-01"}
    )
    span = the_span(spans)
    assert span.name == "POST /api/v1/predict" and span.kind.name == "SERVER"
    assert span.context is not None and span.parent is not None
    assert (f"{span.context.trace_id:032x}", f"{span.parent.span_id:016x}") == (TRACE, PARENT)
    assert dict(span.attributes or {}) == {
        "http.request.method": "POST", "http.route": "/api/v1/predict", "http.response.status_code": 200,
        "url.path": "/api/v1/predict", "yunque.request_id": answer.headers["x-request-id"],
    }  # fmt: skip


def test_the_longer_way_is_named_by_its_template(traced: TestClient, spans: InMemorySpanExporter) -> None:
    traced.get("/api/v1/models/buys?secret=1")
    span = the_span(spans)
    assert "{" in span.name and "secret" not in str(dict(span.attributes or {}))
    traced.get("/nowhere/at/all")
    assert the_span(spans).name == "GET (unmatched)"


def test_a_refusal_is_no_failure_of_the_server(traced: TestClient, spans: InMemorySpanExporter) -> None:
    traced.post("/api/v1/predict", content=b"{", headers={"content-type": "application/json"})
    span = the_span(spans)
    assert (span.attributes or {})["http.response.status_code"] == 400
    assert span.status.is_unset


def test_a_collector_is_sent_the_spans_before_the_server_ends(serving: Serving) -> None:
    received: list[bytes] = []

    class Collector(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            received.append(self.rfile.read(int(self.headers["content-length"])))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *args: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Collector) as collector:
        threading.Thread(target=collector.serve_forever, daemon=True).start()
        app = Traced(
            create_app(serving), open_traces(f"http://127.0.0.1:{collector.server_port}/v1/traces", 1.0)
        )
        with served(app) as address, closing(connect(address)) as connection:
            connection.sendall(WHOLE)
            assert connection.recv(65536).startswith(b"HTTP/1.1 200")
        collector.shutdown()
    names = [
        span.name
        for body in received
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans
        for scope in resource.scope_spans
        for span in scope.spans
    ]
    assert names == ["POST /api/v1/predict"]


def test_without_a_collector_nothing_of_it_is_imported() -> None:
    import subprocess
    import sys

    code = "import sys, yunque.surfaces.asgi; print(any('opentelemetry.sdk' in name for name in sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
