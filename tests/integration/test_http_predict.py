"""R4's contract of predictions, and what a wrong request is told."""

from typing import Any

import pytest
from starlette.testclient import TestClient

from yunque.surfaces.bootstrap import Platform

ROW = {"class": 33, "income €": 20000.5, "city 🏙": "Cali", "since": "2021-02-03", "member": True}
LIST = list(ROW.values())


def test_one_row_as_a_list_and_by_names_is_answered_alike(client: TestClient, platform: Platform) -> None:
    listed = client.post("/api/v1/predict", json={"features": LIST})
    assert listed.status_code == 200
    answer = listed.json()
    assert set(answer) == {"prediction", "confidence", "model_version"}
    assert answer["prediction"] in ("sí", "no") and answer["model_version"] == "buys@1"
    assert 0.5 <= answer["confidence"] <= 1 or answer["confidence"] > 0
    assert client.post("/api/v1/predict", json=ROW).json() == answer
    assert client.post("/api/v1/predict", json={"features": ROW}).json() == answer
    here = platform.registry.open("buys").predict_row(ROW)
    assert (answer["prediction"], answer["confidence"]) == (here.value, here.confidence)


def test_a_batch_gives_the_same_bits_as_its_rows_alone(client: TestClient) -> None:
    other = {**ROW, "class": None, "city 🏙": "a city never seen", "since": None}
    answer = client.post(
        "/api/v1/predict/batch", json={"instances": [LIST, other, {"features": LIST}]}
    ).json()
    assert set(answer) == {"predictions", "total_instances"} and answer["total_instances"] == 3
    alone = [client.post("/api/v1/predict", json=row).json() for row in (ROW, other, ROW)]
    assert answer["predictions"] == alone


def test_a_large_batch_is_answered_in_order(client: TestClient) -> None:
    rows = [{**ROW, "class": 18 + i % 70} for i in range(200)]
    answer = client.post("/api/v1/models/spend/predict/batch", json={"instances": rows}).json()
    values = [item["prediction"] for item in answer["predictions"]]
    assert values[:70] == values[70:140] and len(set(values[:70])) > 30


def test_a_regression_has_an_interval_and_no_confidence(client: TestClient) -> None:
    answer = client.post("/api/v1/models/spend/predict", json=ROW).json()
    assert set(answer) == {"prediction", "interval", "model_version"}
    assert answer["interval"]["low"] < answer["prediction"] < answer["interval"]["high"]


def test_named_models_and_versions_give_probabilities_too(client: TestClient) -> None:
    by_name = client.post("/api/v1/models/buys/predict", json=ROW).json()
    by_version = client.post("/api/v1/models/buys/versions/1/predict", json=ROW).json()
    assert by_name == by_version
    assert sum(by_name["probabilities"].values()) == pytest.approx(1)
    assert by_name["probabilities"][by_name["prediction"]] == by_name["confidence"]


def test_ids_and_the_target_may_stand_in_a_row(client: TestClient) -> None:
    plain = client.post("/api/v1/predict", json=ROW).json()
    assert client.post("/api/v1/predict", json={**ROW, "client id": "c1", "buys": "no"}).json() == plain


def problem(client: TestClient, path: str, body: Any) -> tuple[int, dict[str, Any]]:
    answer = client.post(path, json=body)
    assert answer.headers["content-type"] == "application/problem+json"
    document = answer.json()
    assert document["status"] == answer.status_code
    assert document["request_id"] == answer.headers["x-request-id"]
    return answer.status_code, document


WITHOUT = {key: value for key, value in ROW.items() if key != "city 🏙"}


@pytest.mark.parametrize(
    ("body", "pointers"),
    [
        (WITHOUT, ["/city 🏙"]),
        ({**ROW, "citty": 1}, ["/citty"]),
        ({**ROW, "income €": "many"}, ["/income €"]),
        ({**ROW, "class": [1], "since": "yesterday"}, ["/class", "/since"]),
        ({**ROW, "member": {"x": 1}}, ["/member"]),
        ({"features": [33, "many", "Cali", "2021-02-03", True]}, ["/features/1"]),
        ({"features": LIST[:-1]}, ["/features"]),
        ({"features": [*LIST, 1]}, ["/features"]),
        ({}, ["/class", "/income €", "/city 🏙", "/since", "/member"]),
    ],
)
def test_a_wrong_row_is_told_every_place(client: TestClient, body: Any, pointers: list[str]) -> None:
    status, document = problem(client, "/api/v1/predict", body)
    assert status == 422
    assert [error["pointer"] for error in document["errors"]] == pointers
    assert all(error["detail"] for error in document["errors"])


def test_a_wrong_batch_is_told_rows_and_places(client: TestClient) -> None:
    body = {"instances": [ROW, {**ROW, "since": "x"}, [1, 2, 3, 4, 5], ROW, [33, True, "Cali", None, None]]}
    status, document = problem(client, "/api/v1/predict/batch", body)
    assert status == 422
    found = {(error["row"], error["pointer"]) for error in document["errors"]}
    assert (1, "/instances/1/since") in found
    assert {row for row, _ in found} == {1, 2, 4}
    assert any(pointer.startswith("/instances/4/") for _, pointer in found)


def test_many_errors_are_bounded_and_counted(client: TestClient) -> None:
    status, document = problem(client, "/api/v1/predict/batch", {"instances": [{}] * 400})
    assert status == 422 and len(document["errors"]) == 100 and document["errors_total"] == 2000


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/api/v1/models/nope/predict", 404, "not_found"),
        ("/api/v1/models/BUYS/predict", 404, "not_found"),
        ("/api/v1/models/..%2f..%2fetc/predict", 404, "not_found"),
        ("/api/v1/models/buys/versions/9/predict", 404, "not_found"),
        ("/api/v1/models/buys/versions/one/predict", 422, "parameters"),
        ("/api/v1/nothing", 404, "not_found"),
    ],
)
def test_what_is_not_there_is_named(client: TestClient, path: str, status: int, code: str) -> None:
    found, document = problem(client, path, ROW)
    assert (found, document["code"]) == (status, code)


def test_too_many_rows_are_refused(client: TestClient) -> None:
    assert problem(client, "/api/v1/predict/batch", {"instances": [LIST] * 501})[0] == 413


def test_a_body_above_the_limit_is_refused(client: TestClient) -> None:
    answer = client.post(
        "/api/v1/predict", content=b" " * 200_001, headers={"content-type": "application/json"}
    )
    assert answer.status_code == 413 and answer.json()["code"] == "body_too_large"

    def pieces() -> Any:
        for _ in range(30):
            yield b" " * 10_000

    answer = client.post("/api/v1/predict", content=pieces(), headers={"content-type": "application/json"})
    assert answer.status_code == 413


@pytest.mark.parametrize(
    ("content", "kind", "status"),
    [
        (b"{", "application/json", 400),
        (b"", "application/json", 400),
        (b"\xff\xff", "application/json", 400),
        (b"[" * 100_000, "application/json", 400),
        (b"[1]", "application/json", 422),
        (b"a=1", "application/x-www-form-urlencoded", 415),
        (b"{}", "text/plain", 415),
    ],
)
def test_a_body_that_is_no_json_object_is_refused(
    client: TestClient, content: bytes, kind: str, status: int
) -> None:
    for path in ("/api/v1/predict", "/api/v1/predict/batch", "/api/v1/models/buys/predict"):
        answer = client.post(path, content=content, headers={"content-type": kind})
        assert answer.status_code == status
        assert answer.headers["content-type"] == "application/problem+json"


def test_other_methods_are_told_which_one_is_right(client: TestClient) -> None:
    answer = client.put("/api/v1/predict", json=ROW)
    assert answer.status_code == 405 and answer.headers["allow"] == "POST"
    assert answer.json()["code"] == "method_not_allowed"


def test_no_answer_tells_of_the_servers_insides(client: TestClient, platform: Platform) -> None:
    answers = [
        client.post("/api/v1/predict", json={"class": "'; DROP TABLE models;--"}),
        client.post("/api/v1/models/%00/predict", json=ROW),
        client.get("/api/v1/models/nope"),
        client.get("/docs/assets/..%2f..%2fapp.py"),
    ]
    for answer in answers:
        assert 400 <= answer.status_code < 500
        text = answer.text.lower()
        assert str(platform.settings.home).lower() not in text
        assert "traceback" not in text and "select " not in text and "sqlite" not in text
