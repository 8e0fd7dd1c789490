"""Jobs as a person has them: a real server, real workers that are killed, a real training, and the commands."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import polars as pl
import pytest
from test_http_serve import server

from yunque.settings import Settings
from yunque.surfaces.bootstrap import open_platform
from yunque.surfaces.cli.app import run

AUTO_ML = "/unified/v1/wpa/auto-ml"
COMMAND = [sys.executable, "-c", "from yunque.surfaces.cli.app import main; main()"]
LEASE_SECONDS = "3"


def table(rows: int = 300) -> pl.DataFrame:
    random = np.random.default_rng(11)
    a, b = random.normal(size=rows), random.normal(size=rows)
    noise = random.normal(size=rows)
    return pl.DataFrame({"a": a, "b": b, "target": np.where(a + b + 0.3 * noise > 0, "sí", "no")})


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("YUNQUE_LEASE_SECONDS", LEASE_SECONDS)
    monkeypatch.setenv("YUNQUE_THREADS", "1")
    folder = tmp_path / "home"
    incoming = folder / "data" / "incoming"
    incoming.mkdir(parents=True)
    table().write_csv(incoming / "sample.csv")
    return folder


@contextmanager
def worker(home: Path) -> Iterator["subprocess.Popen[bytes]"]:
    environment = {**os.environ, "YUNQUE_HOME": str(home), "OMP_NUM_THREADS": "1"}
    with subprocess.Popen(
        [*COMMAND, "worker"], stderr=subprocess.DEVNULL, env=environment, cwd=home, start_new_session=True
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def wait_for(what: Callable[[], Any], seconds: float = 150.0) -> Any:
    deadline = time.monotonic() + seconds
    while not (found := what()):
        assert time.monotonic() < deadline
        time.sleep(0.2)
    return found


def kept_fits(home: Path, job: str) -> int:
    return sum(path.is_file() for path in (home / "files" / "tenant" / "local" / "work" / job).rglob("*"))


@pytest.mark.slow
def test_a_training_is_submitted_polled_lost_with_its_worker_and_finished_by_another(home: Path) -> None:
    body = {
        "input_csv_path": "data/incoming/sample.csv",
        "task_type": "auto",
        "params": {
            "models": ["logistic_regression", "random_forest_classifier"],
            "hpo": False,
            "budget": "20s",
        },
    }
    with server(home) as (address, _), httpx.Client(base_url=address, timeout=30) as client:
        job = client.post(f"{AUTO_ML}/submit", json=body).json()["job_id"]
        with worker(home) as first:
            wait_for(lambda: kept_fits(home, job) >= 2)
            os.kill(first.pid, signal.SIGKILL)
        kept = kept_fits(home, job)
        with worker(home):
            shown = wait_for(lambda: _ended(client, job))
            assert shown["status"] == "succeeded", shown["error"]
            place = home / "outputs" / "processed" / job / "auto_ml"
            wait_for((place / "manifest.json").exists)  # the folders follow the table; a worker keeps them
        assert [it["outcome"] for it in shown["attempt_list"]] == ["worker_lost", "succeeded"]
        result = client.get(f"{AUTO_ML}/jobs/{job}/result").json()
        assert result["model"]["label"] == "sample-target@1" and result["task"]["target"] == "target"
        assert {entry["algorithm"] for entry in result["leaderboard"]} >= {
            "logistic_regression",
            "random_forest",
        }
        manifest = client.get(f"{AUTO_ML}/jobs/{job}/manifest").json()
        assert manifest["dataset_hash"].startswith("sha256:") and "mlflow_run_id" not in manifest
        assert manifest["models"] and manifest["registered_model"]["version"] == 1
        assert json.loads((place / "manifest.json").read_text()) == manifest
        assert "numpy==" in (place / "pip_freeze.txt").read_text()
        with client.stream("GET", f"{AUTO_ML}/jobs/{job}/events", headers={"Last-Event-ID": "3"}) as stream:
            text = "".join(stream.iter_text())
        assert "id: 4\n" in text and "id: 3\n" not in text and '"text": "succeeded"' in text
    assert kept >= 2
    platform = open_platform(Settings(home=home))
    assert len(platform.registry.versions("sample-target")) == 1  # two attempts, one model
    platform.database.engine.dispose()


def _ended(client: httpx.Client, job: str) -> dict[str, Any] | None:
    shown: dict[str, Any] = client.get(f"{AUTO_ML}/jobs/{job}").json()
    return shown if shown["status"] in ("succeeded", "failed", "cancelled") else None


def test_the_commands_tell_the_same_story(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("YUNQUE_HOME", str(home))
    source = home / "data" / "incoming" / "sample.csv"

    def tell(*arguments: str, code: int = 0) -> Any:
        capsys.readouterr()
        found = run([*arguments, "--json"])
        told = capsys.readouterr()
        assert found == code, told
        return json.loads(told.out)

    submit = ("jobs", "submit", "train", str(source), "-s", "budget=3s", "-s", "models=logistic")
    first = tell(*submit, "-s", "name=clients", "--key", "k")["job_id"]
    assert tell(*submit, "-s", "name=clients", "--key", "k")["job_id"] == first
    second = tell(*submit, "-s", "name=other")["job_id"]
    assert tell("jobs", "cancel", second)["status"] == "cancelled"
    with handlers_kept():
        assert tell("worker", "--until-empty")["attempts"] == 1
    assert tell("jobs", "show", first[:8])["summary"]["model"] == "clients@1"
    assert tell("jobs", "logs", first)["events"][-1]["text"] == "succeeded"
    score = ("jobs", "submit", "score", str(source), "-s", "model=clients@1", "-s", "batch_rows=100")
    scored = tell(*score)["job_id"]
    assert tell("jobs", "retry", second)["retry_of"] == second
    tell("jobs", "pause", "--kind", "train")
    with handlers_kept():
        assert tell("worker", "--until-empty")["attempts"] == 1
    assert tell("jobs", "show", scored)["summary"]["answered"] == 300
    standing = tell("jobs", "queue")
    assert standing["counts"]["train"] == {"succeeded": 1, "cancelled": 1, "queued": 1}
    assert "train" in standing["paused"]
    assert tell("jobs", "dead") == {"dead_letters": []}
    assert tell("jobs", "drain", "--timeout", "5")["counts"]["train"]["queued"] == 1
    assert len(tell("jobs", "list", "--kind", "train")["jobs"]) == 3
    assert tell("jobs", "show", "0000", code=1)["error"]["code"] == "usage"
    assert tell("jobs", "submit", "train", code=1)["error"]["code"] == "fields"


@contextmanager
def handlers_kept() -> Iterator[None]:
    """Give the signals back to pytest afterwards."""
    kept = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in kept.items():
            signal.signal(number, handler)


def test_a_server_with_a_worker_beside_it_does_what_it_takes(home: Path) -> None:
    operations = b"cliente_id,monto,fecha,tipo_operacion,sector_actividad\n12345,50000,2025-01-15,efectivo,casa_cambio\n"
    with server(home, "--worker") as (address, _), httpx.Client(base_url=address, timeout=30) as client:
        answer = client.post("/api/portal/upload", files={"file": ("ops.csv", operations)}).json()
        done = wait_for(
            lambda: (found := client.get(answer["status_url"]).json())["status"] != "pending" and found
        )
        assert done["status"] == "processed" and done["resumen"]["total_transacciones"] == 1
        assert client.get(answer["result_url"]).json()["analysis_id"] == answer["analysis_id"]
