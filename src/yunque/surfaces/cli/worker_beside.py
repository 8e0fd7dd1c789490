"""A worker process beside the server: it ends with it, however that ends."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

END_SECONDS = 15.0
_COMMAND = "from yunque.surfaces.cli.app import main; main()"


@contextmanager
def worker_beside(wanted: bool) -> Iterator[None]:
    """Run `yunque worker` while the block lasts, when it is wanted; a killed server takes it along too."""
    if not wanted:
        yield
        return
    process = subprocess.Popen(  # noqa: S603 - our own command, without anything from outside
        [sys.executable, "-c", _COMMAND, "worker", "--parent", str(os.getpid())],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    )
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
