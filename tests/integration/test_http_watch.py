"""What a real server sees of its own answers: the log, drift, shadows, canaries, promotions under load."""

import json
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import polars as pl
import pytest
from small_models import clients, train_and_publish
from test_http_serve import ROW, server

from yunque.monitoring.prediction_log import read_log
from yunque.services.publish import promote, roll_back
from yunque.settings import Settings
from yunque.surfaces.bootstrap import Platform, open_platform
from yunque.surfaces.cli.app import run

PREDICT = "/api/v1/models/buys/predict"


@contextmanager
def opened(home: Path) -> Iterator[Platform]:
    platform = open_platform(Settings(home=home))
    try:
        yield platform
    finally:
        platform.database.engine.dispose()


def publish_again(home: Path, name: str = "buys") -> None:
    """The same bundle as the next version."""
    with opened(home) as platform:
        folder = platform.registry.folder_of(platform.registry.resolve(f"{name}@1"))
        platform.registry.publish(folder, by="a test", name=name)


def publish_other(home: Path) -> None:
    """A version of `buys` that learnt the opposite: it answers otherwise."""
    frame = clients(300).drop("spend").with_columns(
        pl.when(pl.col("buys") == "sí").then(pl.lit("no")).otherwise(pl.lit("sí")).alias("buys")
    )  # fmt: skip
    with opened(home) as platform:
        train_and_publish(platform, frame, "buys")
        roll_back(platform.registry, "buys", by="a test")


def until(check: Callable[[], Any], seconds: float = 120.0) -> Any:
    deadline = time.monotonic() + seconds
    while not (found := check()):
        assert time.monotonic() < deadline, "it did not come"
        time.sleep(0.1)
    return found


def rows(count: int, seed: int = 0) -> list[dict[str, Any]]:
    random = np.random.default_rng(seed)
    return [
        {**ROW, "class": int(random.integers(18, 90)), "income €": round(float(random.lognormal(10, 0.5)), 2),
         "city 🏙": str(random.choice(["Bogotá", "Cali", "Medellín"], p=[0.5, 0.3, 0.2])), "member": bool(random.random() < 0.3)}
        for _ in range(count)
    ]  # fmt: skip


def metric(text: str, start: str) -> float:
    (found,) = [line for line in text.splitlines() if line.startswith(start)]
    return float(found.rsplit(" ", 1)[1])


def test_answers_are_recorded_with_their_request_ids_and_without_what_is_left_out(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("YUNQUE_LOG_LEAVE_OUT", "income €")
    with (
        server(home, "--log", "--workers", "2") as (address, _),
        httpx.Client(base_url=address, timeout=60) as client,
    ):
        sent = {}
        for number, row in enumerate(rows(40)):
            answer = client.post(PREDICT, json=row, headers={"x-request-id": f"req-{number}"})
            sent[f"req-{number}"] = (row["class"], answer.json()["prediction"], answer.json()["confidence"])
        batch = client.post(f"{PREDICT}/batch", json={"instances": rows(600, 1)[:500]})
        assert batch.status_code == 200
        text = until(lambda: (t := client.get("/metrics").text).count("yunque_drift_psi{") and t)
        assert metric(text, 'yunque_drift_rows{model="buys",version="1"}') == 540
        psi = {line.split('column="')[1].split('"')[0] for line in text.splitlines() if "drift_psi{" in line}
        assert {"class", "income €", "city 🏙", "member", "(answer)", "(score)"} <= psi
        assert metric(text, 'yunque_drift_psi{model="buys",version="1",column="class"}') < 0.25
        assert metric(text, 'yunque_confidence_count{model="buys",version="1"}') == 540
        assert metric(text, 'yunque_log_rows_total{outcome="dropped"}') == 0
        assert metric(text, "yunque_requests_in_flight ") >= 1
    log = read_log(home / "predictions", "buys").collect()  # what waited was written at the end
    assert log.height == 540 and set(log["arm"]) == {"champion"}
    assert "income €" not in log["features"].struct.fields
    single = log.filter(pl.col("request_id").str.starts_with("req-")).unnest("answer")
    got = {
        key: (features["class"], prediction, confidence)
        for key, features, prediction, confidence in single.select(
            "request_id", "features", "prediction", "confidence"
        ).iter_rows()
    }
    assert got == sent


def test_nothing_is_recorded_unless_asked_but_drift_is_seen(home: Path) -> None:
    with server(home, "--no-log") as (address, _), httpx.Client(base_url=address, timeout=60) as client:
        old = [{**row, "class": 89} for row in rows(500)]
        assert client.post(f"{PREDICT}/batch", json={"instances": old}).status_code == 200
        text = until(lambda: (t := client.get("/metrics").text).count("yunque_drift_psi{") and t)
        assert metric(text, 'yunque_drift_psi{model="buys",version="1",column="class"}') > 1
        assert metric(text, 'yunque_drift_psi{model="buys",version="1",column="city 🏙"}') < 0.1
    assert not (home / "predictions").exists()


def test_no_request_is_dropped_while_champions_change(home: Path) -> None:
    publish_again(home)
    with server(home) as (address, _):
        seen: list[tuple[int, str]] = []
        stop = threading.Event()

        def ask() -> None:
            with httpx.Client(base_url=address, timeout=60) as client:
                while not stop.is_set():
                    answer = client.post(PREDICT, json=ROW)
                    seen.append((answer.status_code, answer.json().get("model_version", "")))

        threads = [threading.Thread(target=ask) for _ in range(4)]
        for thread in threads:
            thread.start()
        try:
            with opened(home) as platform:
                for change in (
                    lambda: promote(platform.registry, "buys@2", by="a test", override="a test"),
                    lambda: roll_back(platform.registry, "buys", by="a test"),
                ):
                    label = change().label
                    until(lambda: seen and seen[-1][1] == label)  # noqa: B023 - asked at once
        finally:
            stop.set()
            for thread in threads:
                thread.join()
    assert {status for status, _ in seen} == {200} and {v for _, v in seen} == {"buys@1", "buys@2"}
    assert len(seen) > 50


def test_a_shadow_answers_a_copy_and_its_differences_are_shown(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    publish_other(home)
    with server(home, "--log") as (address, _), httpx.Client(base_url=address, timeout=60) as client:
        begun = client.post("/api/v1/models/buys/shadow", json={"version": 2, "reason": "newer data"})
        assert begun.status_code == 201 and begun.json()["arm"] == "shadow"
        until(lambda: 'arm="shadow"' in client.get("/metrics").text)
        for row in rows(60):
            assert client.post(PREDICT, json=row).json()["model_version"] == "buys@1"
        shown = until(
            lambda: (
                (s := client.get("/api/v1/models/buys/trials").json()["running"][0]["shown"])["rows"] >= 60
                and s
            )
        )
        assert shown["rows"] == 60 and shown["different"] > 30 and shown["failed"] == 0
        assert 0 < shown["mean_difference"] <= shown["largest_difference"] <= 1
        text = client.get("/metrics").text
        assert metric(text, 'yunque_shadow_rows_total{model="buys",version="2",outcome="different"}') > 30
        capsys.readouterr()
        environment = pytest.MonkeyPatch()
        environment.setenv("YUNQUE_HOME", str(home))
        try:
            assert run(["models", "trials", "buys"]) == 0
            assert "60 rows compared" in capsys.readouterr().out
            assert run(["models", "stop", "buys", "shadow", "--reason", "seen enough"]) == 0
        finally:
            environment.undo()
        ended = client.get("/api/v1/models/buys/trials").json()
        assert ended["running"] == [] and ended["ended"][0]["reason"] == "seen enough"
    log = read_log(home / "predictions", "buys").collect()
    both = log.filter(pl.col("arm") == "champion").join(
        log.filter(pl.col("arm") == "shadow"), on=["request_id", "row"]
    )
    assert both.height == 60 and (both["features"] == both["features_right"]).all()


def test_a_canary_answers_its_share_and_stops_by_itself_when_its_answers_drift(home: Path) -> None:
    publish_other(home)
    with server(home, "--workers", "2") as (address, _), httpx.Client(base_url=address, timeout=60) as client:
        terms = {"version": 2, "share": 0.5, "least_rows": 150, "slower": 1000}
        assert client.post("/api/v1/models/buys/canary", json=terms).status_code == 201
        until(lambda: 'arm="canary"' in client.get("/metrics").text)
        time.sleep(0.5)  # the other worker follows as well
        chosen = {}
        for number in range(40):
            headers = {"x-sticky-key": f"client {number}"}
            answers = {
                client.post(PREDICT, json=ROW, headers=headers).json()["model_version"] for _ in range(3)
            }
            assert len(answers) == 1
            chosen[number] = answers.pop()
        assert set(chosen.values()) == {"buys@1", "buys@2"}
        pinned = client.post(
            "/api/v1/models/buys/versions/1/predict", json=ROW, headers={"x-sticky-key": "a"}
        )
        assert pinned.json()["model_version"] == "buys@1"

        def ended() -> Any:
            for row in rows(40, int(1e6 * time.monotonic()) % 2**31):
                assert client.post(PREDICT, json=row).status_code == 200
            return client.get("/api/v1/models/buys/trials").json()["ended"]

        (end,) = until(ended)
        assert end["automatic"] is True and end["by"] == "yunque" and "drifted" in end["reason"]
        until(lambda: client.post(PREDICT, json=ROW).json()["model_version"] == "buys@1")
        until(lambda: 'arm="canary"' not in client.get("/metrics").text)


def test_a_canary_that_fails_stops_and_no_client_sees_it(home: Path) -> None:
    """A version that asks for a column which the clients do not send."""
    frame = clients(300).drop("spend").with_columns((pl.col("class").fill_null(40) * 0.1).alias("new"))
    with opened(home) as platform:
        train_and_publish(platform, frame, "buys")
        roll_back(platform.registry, "buys", by="a test")
    with server(home) as (address, _), httpx.Client(base_url=address, timeout=60) as client:
        terms = {"version": 2, "share": 1.0, "least_answers": 30}
        assert client.post("/api/v1/models/buys/canary", json=terms).status_code == 201
        until(lambda: 'arm="canary"' in client.get("/metrics").text)

        def ended() -> Any:
            for row in rows(10):
                answer = client.post(PREDICT, json=row)
                assert (answer.status_code, answer.json()["model_version"]) == (200, "buys@1")
            return client.get("/api/v1/models/buys/trials").json()["ended"]

        (end,) = until(ended)
        assert end["automatic"] is True and "It failed" in end["reason"] and "'new'" in end["reason"]


def test_trials_are_refused_in_words(home: Path) -> None:
    with server(home) as (address, _), httpx.Client(base_url=address, timeout=60) as client:
        path = "/api/v1/models/buys/canary"
        assert client.post(path, json={"version": 1, "share": 0.1}).status_code == 409
        assert client.post(path, json={"version": 7, "share": 0.1}).status_code == 404
        assert client.post(path, json={"version": 1, "share": 2}).status_code == 422
        assert client.delete(path).status_code == 404
        assert client.post("/api/v1/models/buys/rollback").status_code == 409
        assert client.post("/api/v1/models/nobody/promote", json={"version": 1}).status_code == 404


def test_a_model_whose_golden_rows_do_not_come_out_makes_the_server_unready(home: Path) -> None:
    """A bundle that is whole, and whose expected answers are not what this machine computes."""
    import hashlib

    folder = home / "models" / "buys" / "1" / "bundle"
    golden = json.loads((folder / "golden.json").read_text())
    golden["expected"][0] = [(0.25).hex(), (0.75).hex()]
    content = json.dumps(golden).encode()
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["files"]["golden.json"] = {"size": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    raw = json.dumps(manifest).encode()
    for name, text in (("golden.json", content), ("manifest.json", raw)):
        (folder / name).chmod(0o644)
        (folder / name).write_bytes(text)
    with sqlite3.connect(home / "yunque.db") as database:
        digest = hashlib.sha256(raw).hexdigest()
        database.execute("UPDATE model_version SET bundle_digest = ? WHERE name = 'buys'", (digest,))
    with server(home) as (address, _), httpx.Client(base_url=address, timeout=60) as client:
        ready = client.get("/health/ready")
        assert ready.status_code == 503 and "golden rows do not reproduce" in ready.json()["detail"]
        assert client.get("/v2/health/ready").status_code == 503
        assert client.post(PREDICT, json=ROW).status_code == 503
        assert client.post("/api/v1/models/spend/predict", json=ROW).status_code == 200
