"""A client written for R4's service, with its own schemas word for word, works on real connections unchanged."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import numpy as np
import polars as pl
import pytest
from pydantic import BaseModel, Field
from small_models import LIMITS, train_and_publish
from test_http_wire import served

from yunque.services.score import Shelf
from yunque.settings import Settings
from yunque.surfaces.bootstrap import Platform, open_platform
from yunque.surfaces.http.app import create_app
from yunque.surfaces.http.serving import Serving


class PredictionRequest(BaseModel):
    features: list[float] = Field(..., min_length=1)


class PredictionResponse(BaseModel):
    prediction: float
    confidence: float = Field(..., ge=0.0, le=1.0)
    model_version: str


class BatchPredictionRequest(BaseModel):
    instances: list[list[float]]


class BatchPredictionResponse(BaseModel):
    predictions: list[PredictionResponse]
    total_instances: int


@pytest.fixture(scope="module")
def numbers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """A home whose only model reads numbers and answers 0 or 1."""
    platform = open_platform(Settings(home=tmp_path_factory.mktemp("numbers") / "home"))
    random = np.random.default_rng(5)
    x = random.normal(size=(500, 3)).round(3)
    label = (x[:, 0] + random.normal(0, 0.5, 500) > 0).astype(np.int64)
    frame = pl.DataFrame({"a": x[:, 0], "b": x[:, 1], "c": x[:, 2], "churned": label})
    train_and_publish(platform, frame, "churned")
    yield platform
    platform.database.engine.dispose()


def client_of(platform: Platform) -> Serving:
    return Serving(shelf=Shelf(platform.registry), limits=LIMITS, poll_seconds=0.1)


def test_its_requests_and_answers_are_those_of_its_schemas(numbers: Platform) -> None:
    row, other = [0.5, 1.2, -0.3], [-0.5, 0.0, 3.0]
    with (
        served(create_app(client_of(numbers))) as (host, port),
        httpx.Client(base_url=f"http://{host}:{port}") as client,
    ):
        assert client.get("/health").status_code == 200
        content = PredictionRequest(features=row).model_dump_json()
        sent = client.post("/api/v1/predict", content=content, headers={"content-type": "application/json"})
        one = PredictionResponse.model_validate_json(sent.raise_for_status().content)
        batch = BatchPredictionRequest(instances=[row, other]).model_dump()
        sent = client.post("/api/v1/predict/batch", json=batch)
        many = BatchPredictionResponse.model_validate_json(sent.raise_for_status().content)
        document = client.get("/openapi.json").json()
    assert one.prediction in (0.0, 1.0) and one.model_version == "churned@1"
    assert many.total_instances == 2 and many.predictions[0] == one
    assert document["info"]["title"] == "ML Service"
    assert document["paths"]["/health"]["get"]["tags"] == ["Health"]
    assert document["paths"]["/api/v1/predict"]["post"]["tags"] == ["Prediction"]


def test_its_refusals_are_answered_before_the_model(numbers: Platform) -> None:
    with (
        served(create_app(client_of(numbers))) as (host, port),
        httpx.Client(base_url=f"http://{host}:{port}") as client,
    ):
        for wrong in ({"features": []}, {"features": [1.0]}, {"features": ["x", 1.0, 2.0]}, {}):
            answer = client.post("/api/v1/predict", json=wrong)
            assert answer.status_code in (400, 422) and answer.json()["detail"], wrong


def test_without_a_model_it_is_told_so(tmp_path: Path) -> None:
    platform = open_platform(Settings(home=tmp_path / "home"))
    try:
        with (
            served(create_app(client_of(platform))) as (host, port),
            httpx.Client(base_url=f"http://{host}:{port}") as client,
        ):
            assert client.post("/api/v1/predict", json={"features": [1.0]}).status_code == 503
            assert client.get("/health/live").status_code == 200
    finally:
        platform.database.engine.dispose()
