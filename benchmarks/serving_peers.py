"""Print HTTP lines of other servers beside ours, in the same run: one row of 24 fields, one worker each.

    python benchmarks/serving_peers.py [FOLDER] [--peers fastapi-pandas,mlflow,...] [--seconds 3]

Each peer gets an environment of its own under FOLDER (a cache folder unless told), made by pip from the index
that it knows.
All answer the same rows with LightGBM of 300 x 3 trees of 31 leaves. MLServer gets numbers only, since its
LightGBM runtime reads no text.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from http_load import Load, many_connections, one_connection
from serving import empty_server, free_port, machine, open_model, row_bodies, running, yunque_server
from serving_models import table

HERE = Path(__file__).parent / "peers"
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "yunque-benchmarks"
TRAINING_ROWS = 10_000
COMMON = ("lightgbm==4.7.0", "scikit-learn==1.9.1", "pandas==3.1.1", "pyarrow==26.0.1", "joblib==1.6.0")
WEB = ("fastapi==0.163.2", "uvicorn[standard]==0.54.0")
ONNX = ("onnxruntime==1.31.1", "onnxmltools==1.16.0", "onnx==1.23.2", "skl2onnx==1.20.0")

Body = Callable[[dict], object]


@dataclass(frozen=True, kw_only=True)
class Peer:
    """Another server.

    Attributes:
        packages: what its environment holds.
        model: how `fit_model.py` writes its model.
        command: what starts it; {python}, {bin}, {port}, {folder} and {here} are filled in.
        path: address of a prediction.
        body: from a row to what it is sent.
    """

    packages: tuple[str, ...]
    model: str
    command: tuple[str, ...]
    path: str
    body: Body


def split_frame(row: dict) -> object:
    """Write a row as MLflow's split frame."""
    return {"dataframe_split": {"columns": list(row), "data": [list(row.values())]}}


def tensor(row: dict) -> object:
    """Write the numbers of a row as a tensor of the Open Inference Protocol."""
    numbers = [value or 0.0 for name, value in row.items() if name.startswith("x")]
    data = [0.0] * 4 + numbers
    return {"inputs": [{"name": "x", "shape": [1, len(data)], "datatype": "FP64", "data": data}]}


UVICORN = ("{python}", "-m", "uvicorn", "--app-dir", "{here}", "--port", "{port}", "--no-access-log")
PEERS = {
    "fastapi-pandas": Peer(
        packages=(*COMMON, *WEB),
        model="pipeline",
        command=(*UVICORN, "fastapi_pandas:app"),
        path="/predict",
        body=lambda row: row,
    ),
    "fastapi-onnx": Peer(
        packages=(*COMMON, *WEB, *ONNX),
        model="onnx",
        command=(*UVICORN, "fastapi_onnx:app"),
        path="/predict",
        body=lambda row: row,
    ),
    "mlflow": Peer(
        packages=(*COMMON, "mlflow==3.17.2"),
        model="mlflow",
        command=(
            "{bin}/mlflow",
            "models",
            "serve",
            "-m",
            "{folder}/mlflow_model",
            "-p",
            "{port}",
            "--env-manager",
            "local",
            "--workers",
            "1",
        ),
        path="/invocations",
        body=split_frame,
    ),
    "bentoml": Peer(
        packages=(*COMMON, "bentoml==1.4.39"),
        model="pipeline",
        command=(
            "{bin}/bentoml",
            "serve",
            "bentoml_service:Orders",
            "--working-dir",
            "{here}",
            "--port",
            "{port}",
        ),
        path="/predict",
        body=lambda row: {"row": row},
    ),
    "mlserver": Peer(
        packages=(*COMMON, "mlserver==1.7.1", "mlserver-lightgbm==1.7.1"),
        model="booster",
        command=("{bin}/mlserver", "start", "{folder}"),
        path="/v2/models/orders/infer",
        body=tensor,
    ),
}


def environment_of(name: str, peer: Peer, folder: Path) -> Path:
    """Give the folder of a peer's programs, installed now unless they are there."""
    home = folder / f"{name}.venv"
    done = home / "installed"
    if not done.exists():
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(home)], check=True)
        python = str(home / "bin" / "python")
        subprocess.run([python, "-m", "pip", "install", "--quiet", *peer.packages], check=True)
        done.touch()
    return home / "bin"


def trained(name: str, peer: Peer, folder: Path, programs: Path) -> Path:
    """Give the folder of a peer's model, fitted now unless it is there."""
    home = folder / f"{name}.model"
    if not (home / "done").exists():
        home.mkdir(exist_ok=True)
        data = folder / "training.parquet"
        table(TRAINING_ROWS).drop("late").write_parquet(data)
        subprocess.run(
            [str(programs / "python"), str(HERE / "fit_model.py"), str(data), str(home), peer.model],
            check=True,
        )
        (home / "done").touch()
    return home


def measure(name: str, folder: Path, rows: Sequence[dict], seconds: float) -> tuple[Load, Load]:
    """Start a peer, ask it, stop it."""
    peer = PEERS[name]
    programs = environment_of(name, peer, folder)
    model, port = trained(name, peer, folder, programs), free_port()
    if name == "mlserver":
        settings = {
            "name": "orders",
            "implementation": "mlserver_lightgbm.LightGBMModel",
            "parameters": {"uri": "./model.bst"},
        }
        (model / "model-settings.json").write_text(json.dumps(settings))
        (model / "settings.json").write_text(
            json.dumps(
                {
                    "http_port": port,
                    "grpc_port": free_port(),
                    "metrics_port": free_port(),
                    "parallel_workers": 0,
                    "debug": False,
                }
            )
        )
    filled = {"python": programs / "python", "bin": programs, "port": port, "folder": model, "here": HERE}
    command = [word.format(**filled) for word in peer.command]
    bodies = [msgspec.json.encode(peer.body(row)) for row in rows]
    paths = f"{programs}{os.pathsep}{os.environ['PATH']}"
    with running(
        command, {"PEER_FOLDER": str(model), "OMP_NUM_THREADS": "1", "PATH": paths}, port
    ) as address:
        url = f"{address}{peer.path}"
        return one_connection(url, bodies, seconds, warm=20), many_connections(url, bodies, 10, seconds)


def main() -> None:
    """Read the arguments and print."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    arguments.add_argument("folder", type=Path, nargs="?", default=CACHE)
    arguments.add_argument("--seconds", type=float, default=3.0)
    arguments.add_argument("--peers", default=",".join(PEERS))
    given = arguments.parse_args()
    rows = [msgspec.json.decode(body) for body in row_bodies(open_model(given.folder, "lightgbm"))]
    bodies = [msgspec.json.encode(row) for row in rows]
    print(f"Machine: {machine()}\n")
    print(
        "| server | 1 connection p50 us | p99 us | answers/s | 10 connections p50 us | answers/s | errors |"
    )
    print("|---|---:|---:|---:|---:|---:|---:|")
    with (
        empty_server() as empty,
        yunque_server(given.folder, ["lightgbm"]) as address,
        tempfile.TemporaryDirectory(),
    ):
        url = f"{address}/api/v1/models/lightgbm/predict"
        ours = one_connection(url, bodies, given.seconds), many_connections(url, bodies, 10, given.seconds)
        floor = (
            one_connection(f"{empty}/x", bodies, given.seconds),
            many_connections(f"{empty}/x", bodies, 10, given.seconds),
        )
    _print("empty ASGI application", *floor)
    _print("Yunque", *ours)
    for name in given.peers.split(","):
        try:
            found = measure(name, given.folder, rows, given.seconds)
        except (subprocess.CalledProcessError, OSError, SystemExit) as error:
            reason = str(error).partition("\n")[0][:120]
            print(f"| {name} | not measured: {reason} | | | | | |", flush=True)
            continue
        _print(f"{name} ({found[0].p50 / ours[0].p50:.0f} x ours)", *found)


def _print(name: str, one: Load, ten: Load) -> None:
    cells = (one.p50, one.p99, one.per_second, ten.p50, ten.per_second, one.errors + ten.errors)
    print(f"| {name} | {' | '.join(f'{cell:,.0f}' for cell in cells)} |", flush=True)


if __name__ == "__main__":
    main()
