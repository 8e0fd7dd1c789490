"""Runs recorded here and in a real MLflow server: what arrives there, and what its absence costs."""

import json
import logging
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import mlflow
import polars as pl
import pytest
from mlflow_server import PATIENT, start_server, stop_server

from yunque.models.predictor import Predictor
from yunque.models.trusted_load import LoadedBundle
from yunque.services.orders_request import OrdersRequest
from yunque.services.orders_run import OrdersHouse, run_orders
from yunque.services.tracking import Tracking
from yunque.solutions.orders.generator import generate
from yunque.surfaces.bootstrap import Platform
from yunque.surfaces.loopback import loopback_server
from yunque.tracking import mirror
from yunque.tracking.mirror import Patience
from yunque.tracking.run_record import RunRecord
from yunque.tracking.run_store import list_runs, read_run
from yunque.tracking.training_run import TrainingFacts, training_run

pytestmark = pytest.mark.filterwarnings("ignore:.*type hint:UserWarning")  # of MLflow's own classes


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    process, address = start_server(tmp_path_factory.mktemp("mlflow"))
    yield address
    stop_server(process)


@pytest.fixture
def bundle(platform: Platform) -> LoadedBundle:
    return platform.registry.load(platform.registry.resolve("buys@1"))


def record_of(bundle: LoadedBundle) -> tuple[RunRecord, dict[str, bytes]]:
    facts = TrainingFacts(
        experiment="tests",
        run_name="automl_job_7",
        version=1,
        aliases=("champion",),
        by="a test",
        started=1_700_000_000.0,
        ended=1_700_000_060.0,
        tags={"job_id": "7"},
    )
    return training_run(bundle, facts)


def tracking(place: Path, uri: str, **more: Any) -> Tracking:
    return Tracking(place=place, mlflow_uri=uri, patience=PATIENT, **more)


def test_a_training_arrives_whole_and_its_model_answers_without_pickle(
    server: str, bundle: LoadedBundle, tmp_path: Path
) -> None:
    record, files = record_of(bundle)
    with tracking(tmp_path / "runs", server).begin("tests", record.name) as run:
        tracked = run.finish(record, files)
    assert tracked.warning == ""
    assert tracked.keys["mlflow_ui_url"].startswith(f"{server}/#/experiments/")
    client = mlflow.MlflowClient(tracking_uri=server, registry_uri=server)
    found = client.get_run(tracked.mlflow_run_id)
    assert tracked.mlflow_run_id in tracked.mlflow_ui_url
    assert found.info.status == "FINISHED"
    assert found.info.start_time // 1000 <= time.time()
    assert found.data.params["scoring_metric"] == bundle.manifest.task.metric
    assert found.data.metrics["best_model_score"] == pytest.approx(bundle.manifest.champion.loss)
    assert found.data.tags["dataset_hash"] == bundle.manifest.dataset.fingerprint
    assert found.data.tags["job_id"] == "7"
    assert found.inputs.dataset_inputs[0].dataset.digest == bundle.manifest.dataset.fingerprint[:36]
    names = {each.path for each in client.list_artifacts(tracked.mlflow_run_id)}
    assert {"report.html", "MODEL_CARD.md", "manifest.json", "leaderboard.csv", "run.json"} <= names
    figures = client.list_artifacts(tracked.mlflow_run_id, "figures/report")
    assert len(figures) > 3 and all(each.path.endswith(".png") for each in figures)
    champion = bundle.manifest.champion
    assert found.data.metrics[f"{champion.held_out}_recall_no"] == champion.metrics["recall[no]"]
    nested = client.search_runs(
        [found.info.experiment_id], f"tags.`mlflow.parentRunId` = '{tracked.mlflow_run_id}'"
    )
    assert {each.info.run_name for each in nested} == {
        f"trial_{each.name}" for each in bundle.manifest.candidates
    }
    version = client.get_model_version_by_alias("buys", "champion")
    assert version.run_id == tracked.mlflow_run_id
    local = Path(client.download_artifacts(tracked.mlflow_run_id, "model", str(tmp_path)))
    assert not [path for path in local.rglob("*") if path.suffix in (".pkl", ".pickle", ".joblib")]
    model = mlflow.pyfunc.load_model(str(local))
    assert model.metadata.signature.inputs.input_names()
    rows = pl.DataFrame([bundle.golden.record(place) for place in range(3)])
    told = model.predict(rows.select(model.metadata.signature.inputs.input_names()).to_pandas())
    expected = Predictor.from_bundle(bundle).predict_table(rows).frame
    assert pl.from_pandas(told).equals(expected)


def test_the_record_on_this_machine_is_the_same_with_mlflow_and_without(
    server: str, bundle: LoadedBundle, tmp_path: Path
) -> None:
    record, files = record_of(bundle)
    for place, uri in ((tmp_path / "with", server), (tmp_path / "without", "")):
        with tracking(place, uri).begin("tests", record.name) as run:
            run.finish(record, files)
    (mirrored,), (alone,) = list_runs(tmp_path / "with"), list_runs(tmp_path / "without")
    assert read_run(mirrored) == read_run(alone) == record
    assert {path.name for path in alone.iterdir()} == {"run.json", *files}


def test_a_server_killed_in_the_middle_costs_a_warning(
    bundle: LoadedBundle, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    process, address = start_server(tmp_path)
    record, files = record_of(bundle)
    with (
        caplog.at_level(logging.WARNING, "yunque.tracking"),
        tracking(tmp_path / "runs", address, language="es").begin("tests", record.name) as run,
    ):
        mirrored = run.mirror
        assert mirrored is not None
        mirrored.wait_until_begun()
        stop_server(process)
        tracked = run.finish(record, files)
    assert tracked.keys == {}
    assert "sólo en este equipo" in tracked.warning
    assert len(caplog.records) == 1
    assert read_run(tmp_path / "runs" / tracked.run_id) == record


@pytest.mark.parametrize("silent", [False, True])
def test_a_server_that_is_not_there_or_never_answers_costs_a_warning(
    bundle: LoadedBundle, tmp_path: Path, silent: bool, caplog: pytest.LogCaptureFixture
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as held:
        address = f"http://127.0.0.1:{held.getsockname()[1]}"
        if not silent:
            held.close()
        record, files = record_of(bundle)
        place = Tracking(place=tmp_path, mlflow_uri=address, patience=Patience(request=1.0, starting=240.0))
        with caplog.at_level(logging.WARNING), place.begin("tests", record.name) as run:
            tracked = run.finish(record, files)
    assert (tracked.keys, len(caplog.records)) == ({}, 1)
    assert "this machine only" in tracked.warning
    assert read_run(tmp_path / tracked.run_id) == record


def test_without_the_package_the_warning_says_so_in_spanish(
    bundle: LoadedBundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mirror, "find_spec", lambda name: None)
    record, files = record_of(bundle)
    with Tracking(place=tmp_path, mlflow_uri="http://127.0.0.1:9", language="es").begin("tests", "x") as run:
        tracked = run.finish(record, files)
    assert tracked.warning.startswith("MLflow no está instalado")
    assert tracked.keys == {}


def test_a_run_that_is_not_finished_leaves_no_process(server: str, tmp_path: Path) -> None:
    before = threading.active_count()
    with tracking(tmp_path, server).begin("tests", "given up") as run:
        assert run.mirror is not None
        process = run.mirror.process
    assert process is not None
    assert process.poll() is not None
    assert threading.active_count() <= before + 1
    assert list_runs(tmp_path) == []


@pytest.mark.slow
def test_a_run_of_the_orders_pipeline_arrives_by_r5s_names(
    server: str, platform: Platform, tmp_path: Path
) -> None:
    generate(8_000, 6).write_parquet(tmp_path / "orders.parquet")
    request = OrdersRequest(
        source=tmp_path / "orders.parquet", budget="120s", algorithms=("logistic_regression",), varies=False,
        requirements=(), samples=6, max_concurrent=2, threads=1, by="a test",
    )  # fmt: skip
    house = OrdersHouse(
        registry=platform.registry, clock=platform.clock, scratch=tmp_path / "scratch", place=tmp_path / "place",
        serve=lambda: loopback_server(platform.settings), tracking=tracking(tmp_path / "runs", server),
    )  # fmt: skip
    done = run_orders(request, house)
    own = json.loads((done.folder / "run.json").read_bytes())
    assert own["mlflow_ui_url"] == f"{server}/#/experiments/{experiment(server)}/runs/{own['mlflow_run_id']}"
    assert done.record([])["mlflow_run_id"] == own["mlflow_run_id"]
    client = mlflow.MlflowClient(tracking_uri=server, registry_uri=server)
    found = client.get_run(own["mlflow_run_id"])
    assert found.info.run_name == "async_inference_run" and found.info.status == "FINISHED"
    assert found.data.metrics["inference_samples"] == 6
    assert found.data.metrics["test_f1"] == pytest.approx(own["metrics"]["test_f1"])
    assert {"pred_count_DIGITAL", "test_recall_DIGITAL", "val_logloss"} <= set(found.data.metrics)
    names = {each.path for each in client.list_artifacts(found.info.run_id)}
    assert {"inference_results.json", "inference_distributions.json", "predictions.csv", "figures"} <= names
    assert client.get_model_version("digital_orders_xgboost", "1").run_id == found.info.run_id


def experiment(server: str) -> str:
    found = mlflow.MlflowClient(tracking_uri=server).get_experiment_by_name("digital_orders_new")
    assert found is not None
    return str(found.experiment_id)
