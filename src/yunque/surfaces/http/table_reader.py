"""Reads bodies that are tables, in a process of their own with limits of time and memory."""

import os
import subprocess
import sys
import tempfile
import threading
from contextlib import suppress
from pathlib import Path

import msgspec
import polars as pl

from yunque.surfaces.http.body import too_many_rows
from yunque.surfaces.http.problem import Problem, ProblemError
from yunque.surfaces.http.table_child import Done, Task

MODULE = "yunque.surfaces.http.table_child"
SECONDS = 20.0
WAIT_SECONDS = 5.0
_DONE = msgspec.json.Decoder(Done)


class TableReader:
    """One process that reads tables, started when the first one comes and again when it died."""

    def __init__(self, seconds: float = SECONDS) -> None:
        """Give up on a body after `seconds`."""
        self._seconds = seconds
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()

    def read(self, body: bytes, media_type: str, suffix: str, most_rows: int) -> pl.DataFrame:
        """Read a body as a table; blocks, so call it in a thread.

        Raises:
            ProblemError: 413 when it has too many rows, 422 when it is no table of that type or takes too
                much to read, 503 when others are being read for too long.
        """
        with tempfile.TemporaryDirectory() as folder:
            path, out = Path(folder) / f"body{suffix}", Path(folder) / "table.ipc"
            path.write_bytes(body)
            task = Task(path=str(path), media_type=media_type, rows=most_rows + 1, out=str(out))
            done = self._ask(task)
            if done.code:
                raise ProblemError(Problem(status=422, code=done.code, detail=done.message, hint=done.hint))
            if done.rows > most_rows:
                raise ProblemError(too_many_rows(done.rows, most_rows))
            return pl.read_ipc(out.read_bytes())

    def close(self) -> None:
        """End the process."""
        with self._lock:
            self._end()

    def _ask(self, task: Task) -> Done:
        if not self._lock.acquire(timeout=WAIT_SECONDS):
            raise ProblemError(BUSY)
        try:
            was_there = self._process is not None
            line, is_late = self._told(task)
            if not line and was_there and not is_late:
                line, _ = self._told(task)  # the process had died before this body, which is not its fault
            if not line:
                raise ProblemError(TOO_MUCH)
            return _DONE.decode(line)
        finally:
            self._lock.release()

    def _told(self, task: Task) -> tuple[bytes, bool]:
        """Give the process's answer, or b"" when it died over the task, and whether that was for its time."""
        process = self._process or self._start()
        late = threading.Event()

        def give_up() -> None:
            late.set()
            process.kill()

        timer = threading.Timer(self._seconds, give_up)
        timer.start()
        line = _exchange(process, msgspec.json.encode(task) + b"\n")
        timer.cancel()
        if line.endswith(b"\n"):
            return line, False
        self._end()
        return b"", late.is_set()

    def _start(self) -> subprocess.Popen[bytes]:
        self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
            [sys.executable, "-P", "-m", MODULE],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "POLARS_MAX_THREADS": "1"},
        )
        return self._process

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            for pipe in (process.stdin, process.stdout):
                with suppress(OSError):  # what was not yet written to a dead process cannot be
                    if pipe is not None:
                        pipe.close()
            process.wait()


def _exchange(process: subprocess.Popen[bytes], line: bytes) -> bytes:
    """Send a line and give the answer's; without its end when the process died."""
    assert process.stdin is not None and process.stdout is not None  # noqa: S101 - opened as pipes
    with suppress(OSError):
        process.stdin.write(line)
        process.stdin.flush()
        return process.stdout.readline()
    return b""


TOO_MUCH = Problem(
    status=422,
    code="table",
    detail="The body is damaged, or takes more time or memory to read than a request may.",
    hint="Write it again; score large files with `yunque predict`.",
)
BUSY = Problem(
    status=503,
    code="busy",
    detail="Other tables are being read.",
    hint="Try again; rows of JSON are answered meanwhile.",
    headers={"Retry-After": "5"},
)
