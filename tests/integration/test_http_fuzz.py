"""Whatever is sent, the answer is 2xx, or 4xx with problem details: never 5xx, never a hang."""

import json
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

FIELDS = ("class", "income €", "city 🏙", "since", "member")
PATHS = ("/api/v1/predict", "/api/v1/predict/batch", "/api/v1/models/spend/predict")
FEW = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

scalars = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.text(max_size=30),
    st.sampled_from(["NaN", "1e999", "2024-02-30", "-", "", "  7 ", "1,5", "\x00", "９"]),
)  # fmt: skip
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=6) | st.dictionaries(st.text(max_size=8), inner, max_size=6),
    max_leaves=12,
)  # fmt: skip
rows = st.one_of(
    st.fixed_dictionaries(dict.fromkeys(FIELDS, scalars)),
    st.dictionaries(st.sampled_from([*FIELDS, "client id", "other", "features"]), values, max_size=7),
    st.lists(scalars, min_size=4, max_size=6),
)
bodies = st.one_of(
    rows, values, st.fixed_dictionaries({"features": rows}),
    st.fixed_dictionaries({"instances": st.lists(rows | values, max_size=5)}),
)  # fmt: skip


def judge(client: TestClient, path: str, content: bytes) -> int:
    answer = client.post(path, content=content, headers={"content-type": "application/json"})
    assert answer.status_code < 500, (content, answer.text)
    document: dict[str, Any] = answer.json()
    if answer.status_code >= 400:
        assert answer.headers["content-type"] == "application/problem+json"
        assert document["status"] == answer.status_code and document["detail"]
        pointers = [error["pointer"] for error in document.get("errors", ())]
        assert all(pointer == "" or pointer.startswith("/") for pointer in pointers)
    return answer.status_code


@FEW
@given(path=st.sampled_from(PATHS), body=bodies)
def test_any_json_is_answered_or_refused(client: TestClient, path: str, body: Any) -> None:
    judge(client, path, json.dumps(body).encode())


@FEW
@given(path=st.sampled_from(PATHS), content=st.binary(max_size=100))
def test_any_bytes_are_refused(client: TestClient, path: str, content: bytes) -> None:
    assert judge(client, path, content) >= 400


@FEW
@given(name=st.text(max_size=20))
def test_any_name_of_a_model_is_answered_or_refused(client: TestClient, name: str) -> None:
    answer = client.post(f"/api/v1/models/{quote(name)}/predict", json={})
    assert answer.status_code < 500


@pytest.mark.parametrize(
    "content",
    [
        b'{"income \xe2\x82\xac": 1e400}',
        b'{"class": 99999999999999999999999999}',
        b'{"\\ud800": 1}',
        b'{"city \xf0\x9f\x8f\x99": "\\ud800"}',
        b'{"class": 1, "class": 2}',
        b'{"instances": [[1e308, -1e308, "", "", ""]]}',
        b'{"features": [' + b"1," * 50_000 + b"1]}",
        b'{"' + b"x" * 100_000 + b'": 1}',
    ],
)
def test_known_oddities(client: TestClient, content: bytes) -> None:
    for path in PATHS:
        assert judge(client, path, content) in (400, 422)
