"""The fast path: the same answers as the longer way, and the same care with what clients do."""

import asyncio
import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from small_models import LIMITS, client_of
from starlette.testclient import TestClient

from yunque.services.access import Keyring, grant_key
from yunque.surfaces.http.app import create_app
from yunque.surfaces.http.serving import Serving

ROW = {"class": 33, "income €": 20000.5, "city 🏙": "Cali", "since": "2021-02-03", "member": True}
LONG_WAY = "?longer"  # a query is not the fast path's business
FEW = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

values = st.sampled_from([33, None, -1.5, "Cali", "12", "2021-02-03", True, [], {}, "", "x", 2**70])
rows = st.one_of(
    st.fixed_dictionaries(dict.fromkeys(ROW, values)),
    st.fixed_dictionaries({"features": st.lists(values, min_size=4, max_size=6)}),
    st.dictionaries(st.sampled_from([*ROW, "other", "client id"]), values, max_size=6),
    st.just(ROW),
)
bodies = st.one_of(
    rows.map(json.dumps),
    st.lists(rows, max_size=3).map(lambda found: json.dumps({"instances": found})),
    st.sampled_from(["", "{", "[]", "null", '{"class": NaN}', '{"instances": 3}', "\ufeff{}", '{"a":1e999}']),
)


@FEW
@given(
    path=st.sampled_from(["/api/v1/predict", "/api/v1/predict/batch", "/api/v1/models/spend/predict"]),
    body=bodies,
)
def test_both_ways_give_the_same_answer(client: TestClient, path: str, body: str) -> None:
    headers = {"content-type": "application/json", "x-request-id": "same"}
    fast = client.post(path, content=body.encode(), headers=headers)
    slow = client.post(path + LONG_WAY, content=body.encode(), headers=headers)
    assert fast.status_code == slow.status_code and fast.json() == slow.json()
    assert fast.headers["content-type"] == slow.headers["content-type"]
    assert fast.headers["x-request-id"] == "same" and fast.headers["x-content-type-options"] == "nosniff"


class Call:
    """One raw request whose client may be slow, or leave."""

    def __init__(self, app: Any, path: str, chunks: list[bytes | float | None], **headers: str) -> None:
        self.messages: list[Any] = []
        given = {"host": "localhost", "content-type": "application/json", **headers}
        scope = {
            "type": "http", "method": "POST", "path": path, "query_string": b"", "client": ("127.0.0.1", 1),
            "headers": [(k.encode(), v.encode()) for k, v in given.items()],
        }  # fmt: skip

        async def receive() -> dict[str, Any]:
            while chunks and isinstance(chunks[0], float):
                await asyncio.sleep(chunks.pop(0))  # type: ignore[arg-type]
            chunk = chunks.pop(0)
            if chunk is None:
                return {"type": "http.disconnect"}
            return {"type": "http.request", "body": chunk, "more_body": bool(chunks)}

        async def send(message: Any) -> None:
            self.messages.append(message)

        asyncio.run(app(scope, receive, send))

    @property
    def status(self) -> int:
        return int(self.messages[0]["status"])

    @property
    def body(self) -> Any:
        return json.loads(self.messages[1]["body"])


@pytest.fixture
def quick(serving: Serving) -> Iterator[Serving]:
    """A server that waits a fifth of a second for a body and takes 300 bytes."""
    serving.shelf.refresh()
    yield replace(serving, limits=replace(LIMITS, body_seconds=0.2, body_bytes=300))


BODY = json.dumps(ROW).encode()
PATH = "/api/v1/predict"


def test_a_body_may_come_in_pieces(quick: Serving) -> None:
    call = Call(create_app(quick), PATH, [BODY[:10], 0.05, BODY[10:20], BODY[20:]])
    assert call.status == 200 and call.body["model_version"] == "buys@1"


def test_a_body_that_trickles_is_given_up_and_the_next_one_answered(quick: Serving) -> None:
    app = create_app(quick)
    call = Call(app, PATH, [BODY[:10], 0.15, b"", 0.15, b"", 0.15, b"", 0.15, BODY[10:]])
    assert call.status == 408 and call.body["code"] == "body_too_slow"
    assert Call(app, PATH, [BODY]).status == 200


def test_a_body_that_grows_or_claims_too_much_is_refused(quick: Serving) -> None:
    app = create_app(quick)
    assert Call(app, PATH, [b" " * 200, b" " * 200, BODY]).status == 413
    assert Call(app, PATH, [b" " * 301]).status == 413
    assert Call(app, PATH, [b""], **{"content-length": "301"}).status == 413
    assert Call(app, PATH, [BODY], **{"content-length": "none"}).status == 200


def test_nobody_is_answered_when_the_client_left(quick: Serving) -> None:
    app = create_app(quick)
    assert Call(app, PATH, [BODY[:10], None]).messages == []
    assert Call(app, PATH, [None]).messages == []
    route = (("route", "/api/v1/predict"),)
    assert sum(quick.metrics.counts.seconds[route].counts) == 2


def test_a_cancelled_request_is_not_taken_for_a_slow_one(quick: Serving) -> None:
    app = create_app(quick)

    async def cancelled() -> None:
        async def never() -> Any:
            await asyncio.sleep(60)

        scope = {"type": "http", "method": "POST", "path": PATH, "query_string": b"", "client": None,
                 "headers": [(b"content-type", b"application/json")]}  # fmt: skip
        task = asyncio.create_task(app(scope, never, never))  # type: ignore[arg-type]
        await asyncio.sleep(0.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(cancelled())


def test_keys_are_asked_for_here_too(serving: Serving) -> None:
    secret, key = grant_key("ana")
    with client_of(replace(serving, keyring=Keyring(keys=(key,)))) as client:
        assert client.post(PATH, json=ROW).status_code == 401
        assert client.post(PATH, json=ROW, headers={"x-api-key": secret + "x"}).status_code == 401
        assert client.post(PATH, json=ROW, headers={"authorization": f"Bearer {secret}"}).status_code == 200


def test_a_failure_nobody_foresaw_tells_nothing(
    client: TestClient, serving: Serving, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> None:
        raise RuntimeError("secret of /etc/passwd")

    monkeypatch.setattr("yunque.models.predictor.Predictor.answer_values", fails)
    for path in (PATH, PATH + LONG_WAY):
        answer = client.post(path, json=ROW)
        assert answer.status_code == 500 and answer.json()["code"] == "internal"
        assert "passwd" not in answer.text and "Traceback" not in answer.text


def test_an_origin_is_left_to_the_rules_for_browsers(serving: Serving) -> None:
    with client_of(replace(serving, cors_origins=("https://shop.example",))) as client:
        answer = client.post(PATH, json=ROW, headers={"origin": "https://shop.example"})
        assert answer.status_code == 200
        assert answer.headers["access-control-allow-origin"] == "https://shop.example"
