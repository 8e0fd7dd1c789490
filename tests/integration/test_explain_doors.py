"""Explanations through the doors: HTTP with `?explain=true`, and files by `yunque predict --explain`."""

import json
from pathlib import Path

import polars as pl
import pytest
from small_models import clients
from starlette.testclient import TestClient

from yunque.surfaces.bootstrap import Platform
from yunque.surfaces.cli.app import run

ROW = {"class": 33, "income €": 20000.5, "city 🏙": "Cali", "since": "2021-02-03", "member": True}
COLUMNS = {"class", "income €", "city 🏙", "since", "member"}


def test_an_answer_is_explained_when_it_is_asked_for(client: TestClient, platform: Platform) -> None:
    plain = client.post("/api/v1/models/buys/predict", json=ROW).json()
    assert client.post("/api/v1/models/buys/predict?explain=false", json=ROW).json() == plain
    answer = client.post("/api/v1/models/buys/predict?explain=true", json=ROW).json()
    explanation = answer.pop("explanation")
    assert answer == plain
    assert set(explanation["contributions"]) == COLUMNS
    total = explanation["base"] + sum(explanation["contributions"].values())
    assert total == pytest.approx(explanation["score"], abs=1e-9)
    here = platform.registry.open("buys").explain(ROW).row(0)
    assert explanation == json.loads(json.dumps(here))


def test_a_batch_is_explained_row_by_row(client: TestClient) -> None:
    rows = [{**ROW, "class": age} for age in (20, 50, 80)]
    answer = client.post("/api/v1/models/spend/predict/batch?explain=true", json={"instances": rows}).json()
    shares = [item["explanation"]["contributions"]["class"] for item in answer["predictions"]]
    assert shares == sorted(shares) and shares[0] < 0 < shares[2]


def test_what_cannot_be_explained_is_said(client: TestClient) -> None:
    wrong = client.post("/api/v1/predict?explain=maybe", json=ROW)
    assert wrong.status_code == 422 and "true or false" in wrong.json()["detail"]
    many = client.post("/api/v1/predict/batch?explain=true", json={"instances": [ROW] * 300})
    assert many.status_code == 422 and "256" in many.json()["detail"]
    ndjson = client.post(
        "/api/v1/predict/batch?explain=true",
        content=json.dumps(ROW),
        headers={"content-type": "application/x-ndjson"},
    )
    assert ndjson.status_code == 422 and "JSON" in ndjson.json()["detail"]


def test_a_file_is_explained_beside_its_answers(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("YUNQUE_HOME", str(home))
    frame = clients(200).drop("buys", "spend").with_columns(pl.col("income €").cast(pl.String))
    frame = frame.with_columns(
        pl.when(pl.int_range(200) == 7).then(pl.lit("x")).otherwise("income €").alias("income €")
    )
    frame.write_csv(tmp_path / "in.csv")
    assert (
        run(["predict", "buys", str(tmp_path / "in.csv"), "-o", str(tmp_path / "out.parquet"), "--explain"])
        == 0
    )
    out = pl.read_parquet(tmp_path / "out.parquet")
    added = [name for name in out.columns if name.startswith("contribution_")]
    assert {name.removeprefix("contribution_") for name in added} == COLUMNS
    total = out["explained_base"] + out.select(pl.sum_horizontal(added)).to_series()
    difference = (total - out["explained_score"]).abs()
    assert difference.drop_nulls().max() < 1e-9
    assert out["explained_score"].is_null().arg_true().to_list() == [7]
