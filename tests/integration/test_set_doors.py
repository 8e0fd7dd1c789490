"""Sets of classes through the doors: Python, HTTP with `?set=true`, and files by `yunque predict --set`."""

import json
from pathlib import Path

import polars as pl
import pytest
from small_models import clients
from starlette.testclient import TestClient

from yunque.errors import UsageError
from yunque.surfaces.bootstrap import Platform
from yunque.surfaces.cli.app import run

ROW = {"class": 33, "income €": 20000.5, "city 🏙": "Cali", "since": "2021-02-03", "member": True}


def test_an_answer_carries_its_set_when_it_is_asked_for(client: TestClient, platform: Platform) -> None:
    predictor = platform.registry.open("buys")
    plain = client.post("/api/v1/models/buys/predict", json=ROW).json()
    answer = client.post("/api/v1/models/buys/predict?set=true", json=ROW).json()
    found, level = answer.pop("set"), answer.pop("set_level")
    assert answer == plain
    assert found == list(predictor.predict_set(ROW)) and level == 0.9
    rows = [{**ROW, "class": age} for age in (20, 50, 80)]
    batch = client.post("/api/v1/models/buys/predict/batch?set=true", json={"instances": rows}).json()
    assert [item["set"] for item in batch["predictions"]] == [list(s) for s in predictor.predict_set(rows)]
    both = client.post("/api/v1/models/buys/predict?set=true&explain=true", json=ROW).json()
    assert both["set"] == found and "explanation" in both


def test_numbers_have_no_sets_and_files_have_their_own_door(client: TestClient, platform: Platform) -> None:
    refused = client.post("/api/v1/models/spend/predict?set=true", json=ROW)
    assert refused.status_code == 422 and "no sets" in refused.json()["detail"]
    wrong = client.post("/api/v1/models/buys/predict?set=perhaps", json=ROW)
    assert wrong.status_code == 422 and "`set` is true or false" in wrong.json()["detail"]
    ndjson = client.post(
        "/api/v1/models/buys/predict/batch?set=true",
        content=json.dumps(ROW),
        headers={"content-type": "application/x-ndjson"},
    )
    assert ndjson.status_code == 422 and "--set" in ndjson.json()["hint"]
    with pytest.raises(UsageError, match="no sets"):
        platform.registry.open("spend").predict_set(ROW)


def test_a_file_has_sets_beside_its_answers(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, platform: Platform
) -> None:
    monkeypatch.setenv("YUNQUE_HOME", str(home))
    frame = clients(60).drop("buys", "spend").with_columns(pl.col("income €").cast(pl.String))
    frame = frame.with_columns(
        pl.when(pl.int_range(60) == 7).then(pl.lit("x")).otherwise("income €").alias("income €")
    )
    frame.write_csv(tmp_path / "in.csv")
    assert run(["predict", "buys", str(tmp_path / "in.csv"), "-o", str(tmp_path / "out.csv"), "--set"]) == 0
    out = pl.read_csv(tmp_path / "out.csv")
    assert out["prediction_set"].is_null().arg_true().to_list() == [7]
    kept = frame.with_row_index().filter(pl.col("index") != 7).drop("index")
    expected = platform.registry.open("buys").predict_set(kept)
    assert [json.loads(text) for text in out["prediction_set"].drop_nulls()] == [list(s) for s in expected]
    assert out["set_size"].drop_nulls().to_list() == [len(s) for s in expected]
