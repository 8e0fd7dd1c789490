"""Keep a server busy for long at 70 % of its peak, and print whether its memory stays and nothing fails.

    python benchmarks/soak.py FOLDER [--minutes 30] [--model lightgbm] [--workers 1]

FOLDER holds the models of `serving.py`. The peak is measured first (16 connections, 5 s); then eight
connections send single rows at 70 % of it, batches and bad requests among them, with the prediction log on.
Memory is the private memory (USS) of all processes of the server, every ten seconds. It is called flat when a
straight line through the second half of the run rises by less than 5 % of its level.
"""

import argparse
import asyncio
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np

from http_load import is_whole, many_connections, one_connection, request_bytes
from serving import free_port, machine, open_model, row_bodies, running
from serving_models import bundle_of
from yunque.services.publish import publish
from yunque.settings import Settings
from yunque.surfaces.bootstrap import open_platform

SHARE = 0.7
CONNECTIONS = 8
EVERY_SECONDS = 10.0
MOST_RISE = 0.05  # of the level, over the second half of the run


def private_kib(pid: int) -> int:
    """Private memory of a process and its children, in KiB."""
    total, waiting = 0, [pid]
    while waiting:
        one = waiting.pop()
        try:
            for line in Path(f"/proc/{one}/smaps_rollup").read_text().splitlines():
                if line.startswith(("Private_Clean:", "Private_Dirty:")):
                    total += int(line.split()[1])
            for task in Path(f"/proc/{one}/task").iterdir():
                waiting += [int(child) for child in (task / "children").read_text().split()]
        except OSError:
            continue
    return total


class Soak:
    """Requests at a steady rate on some connections, and what came back."""

    def __init__(self, url: str, bodies: Sequence[bytes], per_second: float) -> None:
        self.statuses: Counter[str] = Counter()
        self.wrong: Counter[str] = Counter()
        self._url, self._per_second = url, per_second
        parts = urlsplit(url)
        self._host, self._port = parts.hostname or "", parts.port or 80
        batch = b'{"instances":[' + b",".join(bodies[:50]) + b"]}"
        self._single = [request_bytes(url, body) for body in bodies]
        self._rare = [request_bytes(f"{url}/batch", batch), request_bytes(url, b'{"x00": "no number"}')]

    async def run(self, pid: int, seconds: float) -> list[tuple[float, int]]:
        """Ask until the time is over; give seconds and KiB, every ten seconds."""
        started = time.monotonic()
        asking = [asyncio.create_task(self._ask(n, started + seconds)) for n in range(CONNECTIONS)]
        memory: list[tuple[float, int]] = []
        while (now := time.monotonic() - started) < seconds:
            memory.append((now, private_kib(pid)))
            await asyncio.sleep(min(EVERY_SECONDS, max(0.1, seconds - now)))
        await asyncio.gather(*asking)
        return memory

    async def _ask(self, number: int, deadline: float) -> None:
        link = await asyncio.open_connection(self._host, self._port)
        pause = CONNECTIONS / self._per_second
        due, sent = time.monotonic(), number
        while time.monotonic() < deadline:
            sent += 1
            is_rare = sent % 100 == 0
            request = self._rare[sent // 100 % 2] if is_rare else self._single[sent % len(self._single)]
            try:
                data = await answer_to(link, request)
            except ConnectionError:  # an idle connection may be closed; what was sent on it is sent again
                self.statuses["reconnected"] += 1
                link = await asyncio.open_connection(self._host, self._port)
                data = await answer_to(link, request)
            status = data[9:12].decode()
            self.statuses[status] += 1
            expected = "422" if is_rare and sent // 100 % 2 else "200"
            if status != expected:
                self.wrong[status] += 1
            due = max(due + pause, time.monotonic() - 1.0)
            await asyncio.sleep(max(0.0, due - time.monotonic()))
        link[1].close()


async def answer_to(link: tuple[asyncio.StreamReader, asyncio.StreamWriter], request: bytes) -> bytes:
    """Send a request and read its whole answer.

    Raises:
        ConnectionError: the server closed the connection first.
    """
    reader, writer = link
    writer.write(request)
    data = b""
    while not is_whole(data):
        part = await reader.read(1 << 16)
        if not part:
            raise ConnectionResetError("closed before the answer was whole")
        data += part
    return data


def tell(memory: Sequence[tuple[float, int]], soak: Soak) -> bool:
    """Print what was seen; say whether all is well."""
    for at, kib in memory[:: max(1, len(memory) // 12)]:
        print(f"{at:7.0f} s  {kib / 1024:8.1f} MiB private")
    half = np.array(memory[len(memory) // 2 :], dtype=float)
    slope, level = np.polyfit(half[:, 0], half[:, 1] / 1024, 1) if len(half) > 1 else (0.0, half[0, 1] / 1024)
    rise = slope * (half[-1, 0] - half[0, 0])
    first = level + slope * half[0, 0]
    is_flat = rise <= MOST_RISE * first
    print(f"\nsecond half: {first:.1f} MiB, {rise:+.2f} MiB over {half[-1, 0] - half[0, 0]:.0f} s: "
          f"{'flat' if is_flat else 'RISING'}")  # fmt: skip
    print(f"answers: {dict(soak.statuses)}; unexpected: {dict(soak.wrong) or 'none'}")
    return is_flat and not soak.wrong


def main() -> None:
    """Read the arguments, soak, and print."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    arguments.add_argument("folder", type=Path)
    arguments.add_argument("--minutes", type=float, default=30.0)
    arguments.add_argument("--model", default="lightgbm")
    arguments.add_argument("--workers", type=int, default=1)
    given = arguments.parse_args()
    bodies = row_bodies(open_model(given.folder, given.model))
    print(f"Machine: {machine()}")
    with tempfile.TemporaryDirectory() as scratch:
        home = Path(scratch) / "home"
        platform = open_platform(Settings(home=home))
        bundle = bundle_of(given.model, given.folder)
        publish(platform.registry, bundle, name=given.model, by="benchmark", override="a benchmark")
        platform.database.engine.dispose()
        port = free_port()
        command = [sys.executable, "-c", "from yunque.surfaces.cli.app import main; main()", "serve", "--log"]
        environment = {"YUNQUE_HOME": str(home), "OMP_NUM_THREADS": "1"}
        options = ["--port", str(port), "--workers", str(given.workers)]
        with running([*command, *options], environment, port) as address:
            url = f"{address}/api/v1/models/{given.model}/predict"
            pid = listener(port)
            one_connection(url, bodies, 1.0)  # the port is taken before the model is open
            peak = many_connections(url, bodies, 16, 5.0)
            rate = SHARE * peak.per_second
            print(f"peak {peak.per_second:,.0f} answers/s; {given.minutes:g} minutes at {rate:,.0f}/s\n")
            soak = Soak(url, bodies, rate)
            memory = asyncio.run(soak.run(pid, 60 * given.minutes))
        logged = sum(file.stat().st_size for file in home.rglob("predictions/**/*.parquet"))
        is_well = tell(memory, soak)
        print(f"prediction log: {logged / 2**20:.1f} MiB")
    sys.exit(0 if is_well else 1)


def listener(port: int) -> int:
    """Find the child of this process that serves the port."""
    children = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text().split()
    for child in children:
        command = Path(f"/proc/{child}/cmdline").read_bytes().decode().split("\0")
        if str(port) in command:
            return int(child)
    raise SystemExit("The server is not there.")


if __name__ == "__main__":
    main()
