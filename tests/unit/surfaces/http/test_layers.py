"""The layers around the routes: who may come in, how large a body may be, and what is noted."""

import asyncio
import json
import logging
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from yunque.services.access import Keyring, grant_key
from yunque.surfaces.http.guard import Admission, Guard, is_loopback
from yunque.surfaces.http.limits import BodyLimit, Limits
from yunque.surfaces.http.metrics import Metrics, render
from yunque.surfaces.http.metrics_share import SharedCounts
from yunque.surfaces.http.observe import Observe

SECRET, KEY = grant_key("ana")
LIMITS = Limits(body_bytes=10, body_seconds=0.2, rows=5)


async def answers(scope: Any, receive: Any, send: Any) -> None:
    """Read the whole body and say how long it is."""
    size = 0
    while True:
        message = await receive()
        size += len(message.get("body", b""))
        if not message.get("more_body"):
            break
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": str(size).encode()})


async def fails(scope: Any, receive: Any, send: Any) -> None:
    raise RuntimeError("secret of /etc/passwd")


def call(
    app: Any,
    *,
    path: str = "/api/v1/predict",
    client: str = "127.0.0.1",
    headers: dict[str, str] | None = None,
    chunks: Iterable[bytes | float] = (b"",),
) -> tuple[int, dict[str, str], bytes]:
    """Send one request to an ASGI application; a number among the chunks is a pause in seconds."""
    scope: dict[str, Any] = {
        "type": "http",
        "method": "POST",
        "path": path,
        "client": (client, 1),
        "headers": [
            (k.lower().encode(), v.encode()) for k, v in {"host": "localhost", **(headers or {})}.items()
        ],
    }
    parts = list(chunks)
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        while parts and isinstance(parts[0], float):
            await asyncio.sleep(parts.pop(0))  # type: ignore[arg-type]
        body = parts.pop(0) if parts else b""
        return {"type": "http.request", "body": body, "more_body": bool(parts)}

    async def send(message: Any) -> None:
        sent.append(message)

    asyncio.run(app(scope, receive, send))
    found = {k.decode(): v.decode() for k, v in sent[0]["headers"]}
    return sent[0]["status"], found, b"".join(message.get("body", b"") for message in sent[1:])


def guarded(*keys: Any) -> Guard:
    return Guard(answers, Admission(keyring=Keyring(keys=keys)))


def test_without_keys_this_machine_is_answered() -> None:
    for host in ("localhost", "127.0.0.1:8000", "[::1]:80"):
        assert call(guarded(), headers={"host": host})[0] == 200


def test_without_keys_nobody_else_is() -> None:
    status, _, body = call(guarded(), client="10.0.0.7")
    assert status == 403 and json.loads(body)["code"] == "local_only"


def test_a_foreign_name_that_leads_here_is_refused() -> None:
    """DNS rebinding: the browser believes that the page's own name is this machine."""
    assert call(guarded(), headers={"host": "evil.example"})[0] == 403


@pytest.mark.parametrize("headers", [{"authorization": f"Bearer {SECRET}"}, {"x-api-key": SECRET}])
def test_a_key_lets_in_from_anywhere(headers: dict[str, str]) -> None:
    assert call(guarded(KEY), client="10.0.0.7", headers={"host": "api.example", **headers})[0] == 200


@pytest.mark.parametrize("headers", [{}, {"authorization": f"Basic {SECRET}"}, {"x-api-key": SECRET[:-1]}])
def test_without_the_key_the_answer_is_401(headers: dict[str, str]) -> None:
    status, found, body = call(guarded(KEY), headers=headers)
    assert status == 401 and found["www-authenticate"] == "Bearer"
    assert SECRET[:20] not in body.decode()


def test_probes_and_the_empty_page_need_no_key() -> None:
    for path in ("/health", "/health/live", "/health/ready", "/docs", "/docs/assets/page.js"):
        assert call(guarded(KEY), path=path)[0] == 200
    for path in ("/openapi.json", "/metrics", "/health/live/../../metrics", "/docsx"):
        assert call(guarded(KEY), path=path)[0] == 401


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.8.8.8", "::1"])
def test_loopback_names(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["", "10.0.0.1", "localhost.evil.example", "::", "2130706433"])
def test_other_names(host: str) -> None:
    assert not is_loopback(host)


def test_a_body_within_the_limit_passes() -> None:
    assert call(BodyLimit(answers, LIMITS), chunks=[b"12345", b"67890"])[2] == b"10"


def limited(chunks: Iterable[bytes | float], **headers: str) -> int:
    return call(Observe(BodyLimit(answers, LIMITS), Metrics()), chunks=chunks, headers=headers)[0]


def test_a_body_that_grows_too_large_is_stopped_whatever_it_claimed() -> None:
    assert limited([b"1234567890", b"1"]) == 413
    assert limited([b"1234567890", b"1"], **{"content-length": "3"}) == 413


def test_a_body_that_claims_to_be_too_large_is_not_read() -> None:
    assert limited([b""], **{"content-length": "11"}) == 413


def test_a_body_that_trickles_in_is_given_up() -> None:
    assert limited([b"1", 0.15, b"2", 0.15, b"3"]) == 408


def test_a_failure_is_a_500_that_tells_nothing_but_the_request(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR, logger="yunque.http"):
        status, headers, body = call(Observe(fails, Metrics()), headers={"x-request-id": "abc-1"})
    assert status == 500 and headers["x-request-id"] == "abc-1"
    assert json.loads(body)["request_id"] == "abc-1"
    assert b"passwd" not in body and b"Traceback" not in body


def test_a_request_gets_an_id_of_its_own_when_it_has_none_or_a_strange_one() -> None:
    first = call(Observe(answers, Metrics()))[1]["x-request-id"]
    second = call(Observe(answers, Metrics()), headers={"x-request-id": "a\r\nb: c"})[1]["x-request-id"]
    assert len(first) == len(second) == 32 and first != second


def test_metrics_count_and_escape() -> None:
    metrics = Metrics()
    metrics.count_request("POST", "/api/v1/predict", 200, 0.0003)
    metrics.count_request("POST", "/api/v1/predict", 200, 99.0)
    metrics.count_answers("late", 3, ["yes", "no", "yes", 'a"b\n'])
    metrics.count_answers("price", 1, 5)
    text = render(metrics.counts, {"late": 3})
    assert 'yunque_model_version{model="late"} 3' in text
    assert 'yunque_requests_total{method="POST",route="/api/v1/predict",status="200"} 2' in text
    assert 'yunque_request_seconds_bucket{route="/api/v1/predict",le="0.0005"} 1' in text
    assert 'yunque_request_seconds_bucket{route="/api/v1/predict",le="+Inf"} 2' in text
    assert 'yunque_request_seconds_count{route="/api/v1/predict"} 2' in text
    assert 'yunque_rows_total{model="late",version="3"} 4' in text
    assert 'yunque_predictions_total{model="late",version="3",class="yes"} 2' in text
    assert 'class="a\\"b\\n"' in text
    assert 'yunque_rows_total{model="price",version="1"} 5' in text


def test_metrics_of_many_classes_stay_bounded() -> None:
    metrics = Metrics()
    metrics.count_answers("m", 1, [str(i) for i in range(1000)])
    assert render(metrics.counts, {}).count("yunque_predictions_total{") == 101


def test_workers_tell_of_one_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    workers = []
    for process in (11, 12):
        monkeypatch.setattr("os.getpid", lambda process=process: process)
        workers.append((Metrics(), SharedCounts(tmp_path)))
    for metrics, shared in workers:
        metrics.count_request("POST", "/x", 200, 0.003)
        metrics.count_answers("late", 1, ["yes"])
        shared.save(metrics.counts)
    first, shared = workers[0]
    first.count_answers("late", 1, ["yes", "no"])
    (tmp_path / "13.counts").write_bytes(b"cut off")
    text = render(shared.total(first.counts), {})
    assert 'yunque_rows_total{model="late",version="1"} 4' in text
    assert 'class="yes"} 3' in text and 'yunque_request_seconds_count{route="/x"} 2' in text
    assert first.counts.requests[(("method", "POST"), ("route", "/x"), ("status", "200"))] == 1
    alone = SharedCounts(None)
    alone.save(first.counts)
    assert alone.total(first.counts) == first.counts
