"""A real server process on this machine: it starts, answers many clients without mixing them up, and stops."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from yunque.services.publish import promote
from yunque.settings import Settings
from yunque.surfaces.bootstrap import open_platform

ROW = {"class": 33, "income €": 20000.5, "city 🏙": "Cali", "since": "2021-02-03", "member": True}


@contextmanager
def server(home: Path, *arguments: str) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """Start `yunque serve` on a free port, wait until it is ready, stop it by its process id."""
    environment = {
        **os.environ,
        "YUNQUE_HOME": str(home),
        "OMP_NUM_THREADS": "1",
        "YUNQUE_POLL_SECONDS": "0.2",
    }
    environment.pop("YUNQUE_API_KEYS", None)
    command = [sys.executable, "-c", "from yunque.surfaces.cli.app import main; main()", "serve"]
    with subprocess.Popen(
        [*command, "--port", "0", "--json", *arguments],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment, cwd=home,
    ) as process:  # fmt: skip
        drained = threading.Thread(target=process.stderr.read, daemon=True) if process.stderr else None
        try:
            assert process.stdout is not None and drained is not None
            lines: list[str] = []
            while not lines or lines[-1].rstrip() != "}":
                lines.append(process.stdout.readline())
                assert lines[-1], "the server ended before it told its address"
            drained.start()
            address = json.loads("".join(lines))["address"]
            wait_until_ready(address, process)
            yield address, process
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=30)


def wait_until_ready(address: str, process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if httpx.get(f"{address}/health/live", timeout=2).status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    raise AssertionError("the server did not start")


def test_a_server_answers_follows_a_promotion_and_stops_when_told(home: Path) -> None:
    with server(home) as (address, process), httpx.Client(base_url=address) as client:
        assert client.get("/health/ready").json()["models"] == {"buys": 1, "spend": 1}
        assert client.post("/api/v1/models/buys/predict", json=ROW).json()["model_version"] == "buys@1"
        assert client.post("/api/v1/predict", json=ROW).status_code == 409
        assert "server" not in client.get("/docs").headers
        platform = open_platform(Settings(home=home))
        folder = platform.registry.folder_of(platform.registry.resolve("buys@1"))
        platform.registry.publish(folder, by="a test", name="buys")
        promote(platform.registry, "buys@2", by="a test", override="a test")
        platform.database.engine.dispose()
        deadline = time.monotonic() + 20
        while client.post("/api/v1/models/buys/predict", json=ROW).json()["model_version"] != "buys@2":
            assert time.monotonic() < deadline
            time.sleep(0.1)
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=30) in (0, -signal.SIGTERM)


def test_answers_of_many_clients_are_never_mixed_up(home: Path) -> None:
    rows = [{**ROW, "class": 18 + i % 60, "income €": 1000.0 * (1 + i % 97)} for i in range(256)]
    with server(home, "--workers", "2") as (address, _):
        with httpx.Client(base_url=address, timeout=60) as client:
            path = "/api/v1/models/spend/predict"
            answer = client.post(f"{path}/batch", json={"instances": rows})
            expected = [item["prediction"] for item in answer.json()["predictions"]]

            def ask(number: int) -> Any:
                return client.post(path, json=rows[number]).json()["prediction"]

            with ThreadPoolExecutor(64) as pool:
                got = list(pool.map(ask, range(len(rows))))
            time.sleep(1.0)
            counted = client.get("/metrics").text  # whichever worker answers tells of all
        assert got == expected and len(set(expected)) > 50
    assert f'yunque_rows_total{{model="spend",version="1"}} {2 * len(rows)}' in counted


def test_the_client_of_triton_works_unchanged(home: Path) -> None:
    """The Open Inference Protocol spoken by a client that others wrote: probes, metadata, binary and JSON data."""
    triton = pytest.importorskip("tritonclient.http", exc_type=ImportError)
    columns = {"class": ("INT64", np.int64), "income €": ("FP64", np.float64), "city 🏙": ("BYTES", object),
               "since": ("BYTES", object), "member": ("BOOL", np.bool_)}  # fmt: skip
    rows = [ROW, {**ROW, "class": 70, "city 🏙": "Bogotá"}]
    with server(home) as (address, _), httpx.Client(base_url=address) as plain:
        answer = plain.post("/api/v1/models/buys/predict/batch", json={"instances": rows})
        expected = [row["confidence"] for row in answer.json()["predictions"]]
        client = triton.InferenceServerClient(address.removeprefix("http://"))
        assert client.is_server_live() and client.is_server_ready() and client.is_model_ready("buys")
        assert [entry["name"] for entry in client.get_model_metadata("buys")["inputs"]] == list(columns)
        for is_binary in (True, False):
            inputs = []
            for name, (kind, dtype) in columns.items():
                values = [str(r[name]).encode() if kind == "BYTES" else r[name] for r in rows]
                inputs.append(triton.InferInput(name, [2], kind))
                inputs[-1].set_data_from_numpy(np.array(values, dtype), binary_data=is_binary)
            wanted = [
                triton.InferRequestedOutput(n, binary_data=is_binary) for n in ("confidence", "prediction")
            ]
            result = client.infer("buys", inputs, outputs=wanted, request_id="r1")
            assert result.as_numpy("confidence").tolist() == expected
            assert result.get_response()["id"] == "r1"
            packed = client.infer("buys", inputs, request_compression_algorithm="gzip")
            assert packed.as_numpy("probabilities").shape == (2, 2)
        with pytest.raises(Exception, match="klass"):
            client.infer("buys", [triton.InferInput("klass", [1], "FP64").set_data_from_numpy(np.zeros(1))])
        client.close()


def test_a_taken_port_is_told_in_words(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    import socket

    from yunque.surfaces.cli.app import run

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        assert run(["serve", "--port", str(taken.getsockname()[1])]) == 1
    assert "Choose another with --port" in capsys.readouterr().err


def test_a_serving_process_loads_no_training_library(home: Path) -> None:
    """What is not imported cannot be attacked, and does not make a worker slow to start; nothing is unpickled.

    numpy and numba import pickle themselves; numba reads the index of its own cache with it, and nothing else may.
    """
    code = (
        "import sys, traceback\n"
        "unpickled = []\n"
        "def watch(event, arguments):\n"
        "    if event == 'pickle.find_class' and not any(\n"
        "        frame.filename.endswith('caching.py') for frame in traceback.extract_stack()\n"
        "    ):\n"
        "        unpickled.append(str(arguments))\n"
        "sys.addaudithook(watch)\n"
        "from starlette.testclient import TestClient; from yunque.surfaces.asgi import build\n"
        "with TestClient(build(), base_url='http://127.0.0.1', client=('127.0.0.1', 1)) as client:\n"
        f"    answer = client.post('/api/v1/models/buys/predict', json={ROW!r}); assert answer.status_code == 200\n"
        "    assert client.get('/openapi.json').status_code == 200\n"
        "heavy = {'sklearn','lightgbm','catboost','xgboost','pandas','optuna','altair','alembic',"
        "'joblib','cloudpickle','dill','shelve'}\n"
        "print(sorted(heavy & set(sys.modules)), unpickled)"
    )
    environment = {**os.environ, "YUNQUE_HOME": str(home), "OMP_NUM_THREADS": "1"}
    answer = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code],
        capture_output=True,
        text=True,
        check=False,
        env=environment,
    )
    assert answer.returncode == 0, answer.stderr
    assert answer.stdout.strip() == "[] []"
