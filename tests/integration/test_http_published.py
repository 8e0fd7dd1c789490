"""Requests made from the published OpenAPI document, and worse ones: 2xx or 4xx with problem details, never 5xx."""

import json
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from starlette.testclient import TestClient

SOME = settings(
    max_examples=10,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
METHODS = ("get", "put", "post", "delete", "patch", "options", "head")
INSIDES = (
    "Traceback",
    "site-packages",
    "sqlalchemy",
    "sqlite",
    "SELECT ",
    ".py",
    tempfile.gettempdir(),
    "0x7f",
)
TYPES = (
    "application/json",
    "text/csv",
    "application/x-ndjson",
    "application/vnd.apache.parquet",
    "text/plain",
    "",
    "é/x;;",
)


def ask(client: TestClient, case: Any) -> Any:
    """Send a generated request, whatever it is made of."""
    request = case.as_transport_kwargs(base_url="http://127.0.0.1")
    request = {key: value for key, value in request.items() if value is not None}
    headers = {key: str(value) for key, value in dict(request.pop("headers", {})).items()}
    content = request.pop("data", None)
    if "json" in request:
        content = json.dumps(request.pop("json"), allow_nan=True).encode("utf-8", "surrogatepass")
        headers["content-type"] = "application/json"
    body = content if isinstance(content, bytes | None) else str(content).encode("utf-8", "surrogatepass")
    known = {key: request[key] for key in ("method", "url", "params") if key in request}
    return client.request(**known, content=body, headers=headers, follow_redirects=False)


def judge(answer: Any) -> None:
    assert answer.status_code < 500, answer.text
    assert not [word for word in INSIDES if word in answer.text]
    if answer.status_code >= 400 and answer.request.method != "HEAD":
        assert answer.headers["content-type"] == "application/problem+json", answer.text
        document = answer.json()
        assert document["status"] == answer.status_code and document["code"] and document["detail"]


def operations(client: TestClient) -> Iterator[Any]:
    """Give strategies of requests that keep to the document, and of those that do not, for every operation."""
    schema = schemathesis.openapi.from_dict(client.get("/openapi.json").json())
    for found in schema.get_all_operations():
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
            yield found.ok().as_strategy(generation_mode=mode)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_the_published_document_is_kept_to(client: TestClient) -> None:
    asked = 0
    for strategy in operations(client):

        @SOME
        @given(case=strategy)
        def asks(case: Any) -> None:
            judge(ask(client, case))

        with suppress(Unsatisfiable):  # an operation without parameters cannot be asked wrongly
            asks()
            asked += 1
    assert asked > 25


@settings(SOME, max_examples=150)
@given(
    data=st.data(),
    method=st.sampled_from(METHODS),
    kind=st.sampled_from(TYPES),
    encoding=st.sampled_from(["", "", "gzip", "br", "identity", "x" * 100]),
    content=st.binary(max_size=60),
)
def test_any_method_type_and_bytes_at_any_address(
    client: TestClient, data: st.DataObject, method: str, kind: str, encoding: str, content: bytes
) -> None:
    paths = [*client.get("/openapi.json").json()["paths"], "/docs", "/", "/nowhere"]
    path = data.draw(st.sampled_from(paths)).replace(
        "{name}", data.draw(st.sampled_from(["buys", "x", "%2e%2e"]))
    )
    path = path.replace("{version}", data.draw(st.sampled_from(["1", "0", "-1", "9" * 30, "x"])))
    headers = {"content-type": kind.encode(), "content-encoding": encoding.encode()}
    judge(client.request(method, path, content=content, headers=headers, follow_redirects=False))
