"""The server around predictions: health, documentation, metrics, keys, and promotions while it serves."""

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from small_models import LIMITS, client_of
from starlette.testclient import TestClient

from yunque.services.access import Keyring, grant_key
from yunque.services.publish import promote, roll_back
from yunque.services.score import Shelf
from yunque.settings import Settings
from yunque.surfaces.bootstrap import Platform, open_platform
from yunque.surfaces.http.serving import Serving

ROW = {"class": 33, "income €": 20000.5, "city 🏙": "Cali", "since": "2021-02-03", "member": True}


def eventually(holds: Callable[[], bool], seconds: float = 10.0) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


def publish_again(platform: Platform, name: str) -> int:
    found = platform.registry.resolve(f"{name}@1")
    return platform.registry.publish(platform.registry.folder_of(found), by="a test", name=name).version


def test_health_says_what_is_served(client: TestClient) -> None:
    assert client.get("/health/live").json() == {"status": "alive"}
    for path in ("/health", "/health/ready"):
        answer = client.get(path)
        assert answer.status_code == 200
        assert answer.json() == {"status": "ready", "models": {"buys": 1, "spend": 1}}


def test_a_server_without_models_lives_and_is_not_ready(tmp_path: Path) -> None:
    empty = open_platform(Settings(home=tmp_path / "empty"))
    with client_of(Serving(shelf=Shelf(empty.registry), limits=LIMITS)) as client:
        assert client.get("/health/live").status_code == 200
        ready = client.get("/health/ready")
        assert ready.status_code == 503 and "Model not loaded" in ready.json()["detail"]
        answer = client.post("/api/v1/predict", json=ROW)
        assert answer.status_code == 503 and answer.json()["detail"] == "Model not loaded"
        assert client.get("/api/v1/models").json() == {"models": []}
        assert client.get("/openapi.json").status_code == 200
    empty.database.engine.dispose()


def test_several_models_without_a_default_ask_for_a_name(platform: Platform) -> None:
    with client_of(Serving(shelf=Shelf(platform.registry), limits=LIMITS)) as client:
        answer = client.post("/api/v1/predict", json=ROW)
        assert answer.status_code == 409
        assert "buys, spend" in answer.json()["detail"]
        assert "YUNQUE_DEFAULT_MODEL" in answer.json()["hint"]
        assert "/api/v1/predict" not in client.get("/openapi.json").json()["paths"]


def test_a_promotion_is_taken_up_while_serving_and_a_rollback_too(
    client: TestClient, platform: Platform
) -> None:
    def serves(version: int) -> bool:
        answer = client.post("/api/v1/predict", json=ROW)
        assert answer.status_code == 200
        return bool(answer.json()["model_version"] == f"buys@{version}")

    assert serves(1)
    assert publish_again(platform, "buys") == 2
    promote(platform.registry, "buys@2", by="a test", override="a test")
    eventually(lambda: serves(2))
    before = client.post("/api/v1/models/buys/versions/1/predict", json=ROW).json()
    assert before["model_version"] == "buys@1"
    roll_back(platform.registry, "buys", by="a test")
    eventually(lambda: serves(1))


def test_a_champion_that_does_not_open_leaves_the_one_before_in_its_place(
    platform: Platform, serving: Serving
) -> None:
    publish_again(platform, "spend")
    with client_of(replace(serving, poll_seconds=1000.0)) as client:
        promote(platform.registry, "spend@2", by="a test", override="a test")
        golden = platform.registry.folder_of(platform.registry.resolve("spend@2")) / "golden.json"
        golden.chmod(0o644)
        golden.write_bytes(golden.read_bytes().replace(b'"format"', b'"farmot"'))
        assert serving.shelf.refresh()
        ready = client.get("/health/ready")
        assert ready.status_code == 503 and "spend@2" in ready.json()["detail"]
        answer = client.post("/api/v1/models/spend/predict", json=ROW)
        assert answer.status_code == 200 and answer.json()["model_version"] == "spend@1"
        assert client.post("/api/v1/predict", json=ROW).status_code == 200
        assert client.post("/api/v1/models/spend/versions/2/predict", json=ROW).status_code == 503


def test_readiness_fails_when_golden_rows_do_not_come_out(platform: Platform, serving: Serving) -> None:
    with client_of(serving) as client:
        assert client.get("/health/ready").status_code == 200
        golden = serving.shelf.view.champions["buys"].predictor.golden
        golden.expected[0, 0] += 1e-12
        # The proof is kept for some seconds; another server's first look sees it at once.
        with client_of(serving) as second:
            answer = second.get("/health/ready")
        assert answer.status_code == 503
        assert "golden rows no longer reproduce" in answer.json()["detail"]


def test_models_are_listed_and_shown_with_fields_scores_and_an_example(client: TestClient) -> None:
    listed = client.get("/api/v1/models").json()["models"]
    assert [model["name"] for model in listed] == ["buys", "spend"]
    assert all(model["ready"] and model["champion"] == 1 for model in listed)
    shown = client.get("/api/v1/models/buys").json()
    assert shown["classes"] == ["no", "sí"] and shown["target"] == "buys"
    assert shown["fields"]["required"] == list(ROW)
    assert shown["metrics"]["log_loss"] > 0 and shown["baselines"][0]["name"] == "constant"
    answer = client.post("/api/v1/models/buys/predict", json=shown["example"])
    assert answer.status_code == 200
    assert client.get("/api/v1/models/nope").status_code == 404


def test_every_example_of_the_documentation_works_as_it_stands(client: TestClient) -> None:
    document = client.get("/openapi.json").json()
    predict_paths = [path for path in document["paths"] if "predict" in path]
    assert len(predict_paths) == 2 + 2 * 4
    for path in predict_paths:
        operation = document["paths"][path]["post"]
        content = operation["requestBody"]["content"]["application/json"]
        answered = operation["responses"]["200"]["content"]["application/json"]["schema"]
        for example in content["examples"].values():
            validate(example["value"], content["schema"], document)
            answer = client.post(path, json=example["value"])
            assert answer.status_code == 200, answer.text
            validate(answer.json(), answered, document)


def validate(value: Any, schema: Any, document: dict[str, Any]) -> None:
    jsonschema.Draft202012Validator({**schema, "components": document["components"]}).validate(value)


def test_the_documentation_shows_each_models_own_types(client: TestClient) -> None:
    document = client.get("/openapi.json").json()
    schemas = document["components"]["schemas"]
    row = schemas["buys.row"]
    fields = {name: field.get("anyOf") for name, field in row["properties"].items()}
    assert {"type": "number"} in fields["income €"] and {"type": "null"} in fields["income €"]
    assert fields["member"][0] == {"type": "boolean"}
    assert schemas[fields["since"][0]["$ref"].rpartition("/")[2]]["format"] == "date"
    assert row["additionalProperties"] is False
    refusal = jsonschema.Draft202012Validator({**row, "components": document["components"]})
    assert not refusal.is_valid({**ROW, "citty": "x"}) and not refusal.is_valid({"class": 1})
    assert refusal.is_valid(ROW)


def test_the_page_loads_nothing_from_elsewhere(client: TestClient) -> None:
    page = client.get("/docs")
    assert page.status_code == 200 and "http" not in page.text.replace("http-equiv", "")
    assert "default-src 'self'" in page.headers["content-security-policy"]
    for name in ("swagger-ui-bundle.js", "swagger-ui.css", "page.js", "page.css", "favicon.png"):
        assert client.get(f"/docs/assets/{name}").status_code == 200
    assert client.get("/docs/assets/other.js").status_code == 404


def test_metrics_count_requests_rows_and_classes(client: TestClient) -> None:
    client.post("/api/v1/predict", json=ROW)
    client.post("/api/v1/models/buys/predict/batch", json={"instances": [ROW] * 4})
    client.post("/api/v1/models/spend/predict", json=ROW)
    client.post("/api/v1/models/nope/predict", json=ROW)
    answer = client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    text = answer.text
    assert 'yunque_rows_total{model="buys",version="1"} 5' in text
    assert 'yunque_rows_total{model="spend",version="1"} 1' in text
    assert 'route="/api/v1/models/{name}/predict",status="404"' in text
    assert 'yunque_model_version{model="buys"} 1' in text
    assert "nope" not in text


def test_keys_are_asked_for_when_there_are_some(serving: Serving) -> None:
    secret, key = grant_key("ana")
    with client_of(replace(serving, keyring=Keyring(keys=(key,)))) as client:
        assert client.get("/health/ready").status_code == 200
        assert client.get("/docs").status_code == 200
        for path in ("/openapi.json", "/metrics", "/api/v1/models"):
            assert client.get(path).status_code == 401
            assert client.get(path, headers={"x-api-key": secret}).status_code == 200
        assert client.post("/api/v1/predict", json=ROW).status_code == 401
        answer = client.post("/api/v1/predict", json=ROW, headers={"authorization": f"Bearer {secret}"})
        assert answer.status_code == 200
        document = client.get("/openapi.json", headers={"x-api-key": secret}).json()
        assert document["security"]


def test_browsers_of_other_origins_get_nothing_unless_they_are_named(serving: Serving) -> None:
    origin = {"origin": "https://shop.example"}
    ask = {
        **origin,
        "access-control-request-method": "POST",
        "access-control-request-headers": "content-type",
    }
    with client_of(serving) as client:
        assert "access-control-allow-origin" not in client.get("/health", headers=origin).headers
        assert client.options("/api/v1/predict", headers=ask).status_code == 405
    with client_of(replace(serving, cors_origins=("https://shop.example",))) as client:
        answer = client.options("/api/v1/predict", headers=ask)
        assert answer.headers["access-control-allow-origin"] == "https://shop.example"
        other = client.get("/health", headers={"origin": "https://evil.example"})
        assert "access-control-allow-origin" not in other.headers


def test_a_request_keeps_the_id_it_came_with(client: TestClient) -> None:
    answer = client.post("/api/v1/predict", json={}, headers={"x-request-id": "order-77"})
    assert answer.headers["x-request-id"] == answer.json()["request_id"] == "order-77"


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80"])
def test_a_foreign_host_name_is_refused_without_keys(client: TestClient, host: str) -> None:
    assert client.post("/api/v1/predict", json=ROW, headers={"host": host}).status_code == 403
