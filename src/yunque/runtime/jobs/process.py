"""A child process as its parent sees it: started in a group of its own, listened to, measured, killed."""

import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil

_THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMBA_NUM_THREADS",
    "POLARS_MAX_THREADS",
    "RAYON_NUM_THREADS",
)
_MODULE = "yunque.runtime.jobs.child"
_LOG_LIMIT_BYTES = 16 * 2**20
_LOG_KEPT_BYTES = 1 * 2**20


class ChildProcess:
    """The guard and body of one attempt; `close` leaves no process of theirs behind.

    Args:
        order: what `child.py` reads, as JSON.
        folder: its working folder; temporary files and the log go there.
        threads: what the numeric libraries are told to use.
        environment: further variables, for example the settings of a parent that began in another folder.
    """

    def __init__(
        self,
        order: Mapping[str, Any],
        folder: Path,
        threads: int,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.log_path = folder / "log.txt"
        temporary = folder / "tmp"
        temporary.mkdir()
        self._messages, writing_end = os.pipe()
        variables = {name: str(threads) for name in _THREAD_VARIABLES}
        try:
            with self.log_path.open("ab") as log:
                self._process = subprocess.Popen(  # noqa: S603 — our own module, arguments without user input
                    [sys.executable, "-P", "-m", _MODULE, str(writing_end)],
                    stdin=subprocess.PIPE,
                    stdout=log,
                    stderr=log,
                    cwd=folder,
                    env={**os.environ, **(environment or {}), **variables, "TMPDIR": str(temporary)},
                    pass_fds=[writing_end],
                    start_new_session=True,
                )
        finally:
            os.close(writing_end)
        self._rest = b""
        assert self._process.stdin is not None  # noqa: S101 — it was asked for two lines above
        with suppress(BrokenPipeError):  # it may be dead already; has_ended will say so
            self._process.stdin.write(json.dumps(order).encode() + b"\n")
            self._process.stdin.flush()

    def read(self, timeout_seconds: float) -> list[dict[str, Any]]:
        """Give the messages that have arrived, waiting up to `timeout_seconds` for the first."""
        ready, _, _ = select.select([self._messages], [], [], timeout_seconds)
        if not ready:
            return []
        return self._parse(os.read(self._messages, 1 << 16))

    def drain(self) -> list[dict[str, Any]]:
        """Give everything that is still in the pipe, without waiting for more."""
        messages = []
        while select.select([self._messages], [], [], 0)[0]:
            found = os.read(self._messages, 1 << 16)
            if not found:
                break
            messages += self._parse(found)
        return messages

    def _parse(self, found: bytes) -> list[dict[str, Any]]:
        *lines, self._rest = (self._rest + found).split(b"\n")
        messages = []
        for line in lines:
            with suppress(json.JSONDecodeError):  # a line that was cut when its writer was killed
                messages.append(json.loads(line))
        return messages

    def has_ended(self) -> bool:
        """Say whether the guard has ended; it stays a zombie until `close`, so its number stays ours."""
        with suppress(ChildProcessError):
            options = os.WEXITED | os.WNOHANG | os.WNOWAIT
            return os.waitid(os.P_PID, self._process.pid, options) is not None
        return True

    def memory_bytes(self) -> int:
        """Give the resident memory of the guard and all below it; shared pages count for each of them."""
        total = 0
        with suppress(psutil.Error):
            guard = psutil.Process(self._process.pid)
            for process in (guard, *guard.children(recursive=True)):
                with suppress(psutil.Error):
                    total += process.memory_info().rss
        return total

    def bound_log(self) -> None:
        """Cut a log that has grown past its limit: what was said last matters most."""
        if self.log_path.stat().st_size <= _LOG_LIMIT_BYTES:
            return
        with self.log_path.open("rb") as log:
            log.seek(-_LOG_KEPT_BYTES, os.SEEK_END)
            last = log.read()
        os.truncate(self.log_path, 0)
        with self.log_path.open("ab") as log:
            log.write(b"... the log was longer than 16 MiB: what stood here was cut ...\n" + last)

    def kill(self) -> None:
        """Kill the whole group at once."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)

    def close(self) -> None:
        """Kill what is left of the group, and let go of everything."""
        self.kill()
        self._process.wait()
        os.close(self._messages)
        if self._process.stdin is not None:
            with suppress(BrokenPipeError):
                self._process.stdin.close()
