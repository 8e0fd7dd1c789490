"""Print what serving costs: one row in process, batches, and HTTP against an empty application.

    python benchmarks/serving.py FOLDER [--seconds 3] [--only in-process,batch,http] [--models lightgbm,...]

FOLDER keeps the trained models between runs (minutes to make). In process and batch are measured as CPU time
of the thread, because neighbours of a shared machine lengthen the clock's. Client and server of the HTTP
lines share the cores; the client is Python, so the empty application beside it is the yardstick.
"""

import argparse
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from http_load import many_connections, one_connection
from serving_models import MODELS, bundle_of, fit, table
from yunque.features.encode import encode
from yunque.learning.registry import algorithm
from yunque.models.predictor import Predictor
from yunque.models.trusted_load import load_bundle
from yunque.services.publish import publish
from yunque.services.score import OpenModel
from yunque.settings import Settings
from yunque.surfaces.bootstrap import open_platform
from yunque.surfaces.http.answering import Answerer

# Most microseconds of the kernel for one row: 1.5 times the prototype's of the research; the ensemble whole.
ALLOWED = {"lightgbm": 33.0, "xgboost": 24.0, "catboost": 9.0, "random_forest": 63.0, "ensemble": 200.0}
APEX_MILLISECONDS = 15.03  # R5: 50 rows, concurrency 10
EMPTY = """
async def app(scope, receive, send):
    if scope["type"] != "http":
        return
    await receive()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"{}"})
"""


def machine() -> str:
    """Say where this was measured."""
    cores = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else range(os.cpu_count() or 1)
    load = os.getloadavg()[0]
    return f"{platform.machine()}, {len(cores)} cores, load {load:.1f}, Python {platform.python_version()}"


def cpu_microseconds(
    call: Callable[[Any], Any], inputs: Sequence[Any], seconds: float
) -> tuple[float, float]:
    """Call with every input in turn; give p50 and p99 of the thread's CPU time."""
    times = []
    deadline = time.monotonic() + seconds
    number = 0
    while number < 50 or time.monotonic() < deadline:
        value = inputs[number % len(inputs)]
        started = time.thread_time_ns()
        call(value)
        times.append((time.thread_time_ns() - started) / 1000)
        number += 1
    p50, p99 = np.percentile(times[20:], [50, 99])
    return float(p50), float(p99)


def open_model(folder: Path, name: str) -> Predictor:
    """Open a model of the benchmark."""
    return Predictor.from_bundle(load_bundle(bundle_of(name, folder)), version_label=f"{name}@1")


def in_process(folder: Path, names: Sequence[str], seconds: float) -> None:
    """Print what one row costs from bytes to bytes, and what of it is the kernel's."""
    print("| one row, one core | bytes to bytes p50 us | p99 us | kernel p50 us | beside it us | limit us |")
    print("|---|---:|---:|---:|---:|---:|")
    for name in names:
        predictor = open_model(folder, name)
        answerer = Answerer(OpenModel(name=name, version=1, predictor=predictor), most_rows=10_000)
        bodies = row_bodies(predictor)
        evaluator = predictor.evaluator
        rows = [evaluator.matrix_row(answerer.one(body, detailed=True).rows[0]) for body in bodies]
        whole, slowest = cpu_microseconds(partial(answerer.one, detailed=True), bodies, seconds)
        kernel, _ = cpu_microseconds(evaluator.evaluate_row, rows, seconds)
        limit = ALLOWED.get(name)
        kept = "" if limit is None else f"{limit:.0f} {'kept' if kernel <= limit else 'MISSED'}"
        print(f"| {name} | {whole:.1f} | {slowest:.1f} | {kernel:.1f} | {whole - kernel:.1f} | {kept} |")


def row_bodies(predictor: Predictor, count: int = 200) -> list[bytes]:
    """Give real rows as requests."""
    frame = table(count, seed=11).select(predictor.fields)
    return [msgspec.json.encode(row) for row in frame.iter_rows(named=True)]


def batch(folder: Path, names: Sequence[str], rows: int = 20_000) -> None:
    """Print rows per CPU second of our kernel and of the library that trained the model.

    The models are fitted again, on fewer rows but with as many trees, because a bundle holds no library.
    """
    print("| batch, one core | kernel rows/s | native rows/s | ratio | largest difference |")
    print("|---|---:|---:|---:|---:|")
    for name in names:
        kind, parts = MODELS[name]
        entry = algorithm(parts[0].algorithm)
        if len(parts) > 1 or entry.native_raw is None:
            continue
        predictor = open_model(folder, name)
        recipe = predictor.champion.recipes[predictor.champion.blend.members[0].recipe]
        small = table(8_000, seed=13)
        labels = small[predictor.task.target].to_list()
        y = np.array([predictor.task.classes.index(label) for label in labels], np.int64)
        fitted, request = fit(kind, parts[0], small, y, recipe, threads=1)
        form, x = entry.flatten(fitted, request), encode(recipe, table(rows, seed=12))
        ours = _rate(partial(form.raw, x), rows)
        native = _rate(partial(entry.native_raw, fitted, request, x), rows)
        difference = float(np.abs(entry.native_raw(fitted, request, x) - form.raw(x)).max())
        print(f"| {name} | {ours:,.0f} | {native:,.0f} | {ours / native:.1f} | {difference:.1e} |")


def _rate(call: Callable[[], Any], rows: int) -> float:
    """Rows per CPU second of this process, best of three."""
    best = float("inf")
    for _ in range(3):
        started = time.process_time()
        call()
        best = min(best, time.process_time() - started)
    return rows / best


@contextmanager
def running(command: Sequence[str], environment: dict[str, str], port: int) -> Iterator[str]:
    """Run a server and give its address once it takes connections; it is stopped by its process id."""
    import socket

    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(command, env={**os.environ, **environment}, stdout=log, stderr=log)
        try:
            deadline = time.monotonic() + 180
            while True:
                try:
                    socket.create_connection(("127.0.0.1", port), timeout=1).close()
                    break
                except OSError:
                    if process.poll() is not None or time.monotonic() > deadline:
                        log.seek(0)
                        raise SystemExit(
                            f"The server did not start:\n{log.read().decode()[-2000:]}"
                        ) from None
                    time.sleep(0.2)
            time.sleep(1.0)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(timeout=60)


def free_port() -> int:
    """Give a port that nobody listens on."""
    import socket

    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@contextmanager
def yunque_server(folder: Path, names: Sequence[str]) -> Iterator[str]:
    """Publish models in a home of their own and serve them with one worker."""
    with tempfile.TemporaryDirectory() as scratch:
        home = Path(scratch) / "home"
        opened = open_platform(Settings(home=home))
        for name in names:
            publish(
                opened.registry, bundle_of(name, folder), name=name, by="benchmark", override="a benchmark"
            )
        opened.database.engine.dispose()
        port = free_port()
        command = [sys.executable, "-c", "from yunque.surfaces.cli.app import main; main()", "serve"]
        environment = {"YUNQUE_HOME": str(home), "OMP_NUM_THREADS": "1", "YUNQUE_DEFAULT_MODEL": names[0]}
        with running([*command, "--port", str(port)], environment, port) as address:
            yield address


@contextmanager
def empty_server() -> Iterator[str]:
    """Serve an application that does nothing."""
    with tempfile.TemporaryDirectory() as scratch:
        (Path(scratch) / "empty_app.py").write_text(EMPTY)
        port = free_port()
        command = [sys.executable, "-m", "uvicorn", "--app-dir", scratch, "empty_app:app", "--no-access-log"]
        with running([*command, "--port", str(port), "--log-level", "error"], {}, port) as address:
            yield address


def http(folder: Path, names: Sequence[str], seconds: float) -> None:
    """Print HTTP lines; the empty application answers in turn with each model."""
    bodies = row_bodies(open_model(folder, names[0]))
    print("| HTTP, one worker | p50 us | p99 us | answers/s | errors |")
    print("|---|---:|---:|---:|---:|")
    with empty_server() as empty, yunque_server(folder, names) as address:
        for name in names:
            url = f"{address}/api/v1/models/{name}/predict"
            floor = one_connection(f"{empty}/x", bodies, seconds)
            ours = one_connection(url, bodies, seconds)
            print(floor.line("empty application, 1 connection"))
            print(ours.line(f"{name}, 1 connection ({ours.p50 / floor.p50:.2f} x the empty one)"))
        url = f"{address}/api/v1/models/{names[0]}/predict"
        print(many_connections(f"{empty}/x", bodies, 16, seconds).line("empty application, 16 connections"))
        print(many_connections(url, bodies, 16, seconds).line(f"{names[0]}, 16 connections"))
        apex(f"{address}/api/v1/predict", bodies)


def apex(url: str, bodies: Sequence[bytes]) -> None:
    """Print R5's Apex test: 50 rows, concurrency 10."""
    load = many_connections(url, bodies[:50], 10, 2.0)
    milliseconds = load.p50 / 1000
    ratio = APEX_MILLISECONDS / milliseconds
    print(f"\nApex test of R5 (50 rows, concurrency 10): {milliseconds:.2f} ms a prediction (p50), "
          f"against {APEX_MILLISECONDS} ms: {ratio:.0f} times less; errors {load.errors}")  # fmt: skip


def main() -> None:
    """Read the arguments and print."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    arguments.add_argument("folder", type=Path)
    arguments.add_argument("--seconds", type=float, default=3.0)
    arguments.add_argument("--only", default="in-process,batch,http")
    arguments.add_argument("--models", default=",".join(MODELS))
    given = arguments.parse_args()
    names, parts = given.models.split(","), given.only.split(",")
    print(f"Machine: {machine()}\n")
    if "in-process" in parts:
        in_process(given.folder, names, given.seconds)
        print()
    if "batch" in parts:
        batch(given.folder, names)
        print()
    if "http" in parts:
        http(given.folder, names, given.seconds)


if __name__ == "__main__":
    main()
