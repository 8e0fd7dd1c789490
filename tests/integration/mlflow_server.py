"""A real MLflow server of this machine, which a test may kill."""

import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from yunque.tracking.mirror import Patience

PATIENT = Patience(request=60.0, starting=240.0, sending=240.0)  # a busy machine is not what is tested
START_SECONDS = 240.0


def start_server(folder: Path) -> tuple[subprocess.Popen[bytes], str]:
    with socket.create_server(("127.0.0.1", 0)) as held:
        port = held.getsockname()[1]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port)),
                *("--backend-store-uri", f"sqlite:///{folder / 'mlflow.db'}", "--workers", "1"),
                *("--artifacts-destination", str(folder / "artifacts")),
            ],
            stdout=log,
            stderr=subprocess.STDOUT,
            process_group=0,
            env={**os.environ, "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"},  # six processes of no use here
        )
    address, until = f"http://127.0.0.1:{port}", time.monotonic() + START_SECONDS
    while time.monotonic() < until and process.poll() is None:
        try:
            with urlopen(f"{address}/health", timeout=5):
                return process, address
        except (URLError, OSError):
            time.sleep(0.3)
    stop_server(process)
    raise AssertionError((folder / "log").read_text())


def stop_server(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        os.killpg(process.pid, 9)
    process.wait()
