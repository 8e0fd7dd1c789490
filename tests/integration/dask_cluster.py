"""A Dask cluster on this machine's loopback: a scheduler and workers that tests may kill."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

Cluster = tuple[str, list[subprocess.Popen[str]]]


@contextmanager
def local_cluster(workers: int = 2) -> Iterator[Cluster]:
    """Give the scheduler's address and the workers' processes."""
    here = {**os.environ, "PYTHONPATH": str(Path(__file__).parent)}
    started: list[subprocess.Popen[str]] = []

    def start(*arguments: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "dask", *arguments]
        process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=here)
        started.append(process)
        return process

    try:
        scheduler = start("scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard")
        address = ""
        assert scheduler.stderr is not None
        for line in scheduler.stderr:
            if found := re.search(r"Scheduler at:\s+(tcp://\S+)", line):
                address = found[1]
                break
        one = ("--nworkers", "1", "--nthreads", "1", "--no-nanny", "--no-dashboard")
        yield address, [start("worker", address, *one) for _ in range(workers)]
    finally:
        for process in reversed(started):
            process.kill()
            process.wait()
            if process.stderr is not None:
                process.stderr.close()
