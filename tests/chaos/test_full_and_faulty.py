"""A disk without room for the database, and an object store that answers 500, slowly, or not at all."""

import random
import resource
import signal
import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from chaos_setting import Setting
from harness import run_chaos

from yunque.errors import StorageError
from yunque.runtime.database import open_database
from yunque.runtime.jobs.kind import Kind, kinds_by_name
from yunque.runtime.jobs.queue import Queue
from yunque.runtime.jobs.queue_submit import Submission, submit
from yunque.runtime.jobs.queue_view import JobFilter, list_jobs


@contextmanager
def no_room_beyond(size: int) -> Iterator[None]:
    """Let no file of this process grow beyond `size` bytes: what a full disk does, for one process."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)


def test_a_disk_that_is_full_refuses_a_job_and_keeps_those_it_has(empty_sqlite_url: str) -> None:
    database = open_database(empty_sqlite_url)
    queue = Queue(database=database, kinds=kinds_by_name(Kind(name="a", entry="m:f")))

    def put(number: int) -> str:
        wish = Submission(tenant="t", kind="a", payload={"text": "x" * 20_000}, idempotency_key=str(number))
        return submit(queue, wish).job.id

    kept = [put(number) for number in range(3)]
    size = max(path.stat().st_size for path in Path(database.engine.url.database or "").parent.iterdir())
    with no_room_beyond(size + 100_000):
        for number in range(3, 30):
            try:
                kept.append(put(number))
            except StorageError:
                break
        else:
            pytest.fail("the disk was never full")
    assert sorted(job.id for job in list_jobs(database, JobFilter())) == sorted(kept)
    assert put(len(kept)) not in kept
    assert put(0) == kept[0]
    database.engine.dispose()


class FaultyProxy:
    """A line to a real S3 server that breaks by chance: 503, a hang-up, or a pause."""

    def __init__(self, address: str, seed: int) -> None:
        parts = urlsplit(address)
        self._target = (parts.hostname or "", parts.port or 80)
        self._random = random.Random(seed)
        self.faults: Counter[str] = Counter()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._talk, args=(client,), daemon=True).start()

    def _talk(self, client: socket.socket) -> None:
        draw = self._random.random()
        with client, suppress(OSError):
            if draw < 0.12:
                self.faults["503"] += 1
                client.recv(65536)
                client.sendall(b"HTTP/1.1 503 Slow Down\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
                return
            if draw < 0.2:
                self.faults["hang-up"] += 1
                return
            if draw < 0.3:
                self.faults["slow"] += 1
                time.sleep(0.5)
            with socket.create_connection(self._target, timeout=30) as server:
                back = threading.Thread(target=_pump, args=(server, client), daemon=True)
                back.start()
                _pump(client, server)
                back.join(30)

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(10)


def _pump(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)


@pytest.mark.s3
def test_a_faulty_object_store_loses_nothing(
    empty_sqlite_url: str, quick_path: Path, s3_bucket: tuple[str, str]
) -> None:
    address, bucket = s3_bucket
    proxy = FaultyProxy(address, seed=1)
    try:
        report = run_chaos(
            Setting(
                database_url=empty_sqlite_url,
                storage_url=f"s3://{bucket}?endpoint=http://127.0.0.1:{proxy.port}&retry_seconds=20",
                folder=str(quick_path),
                jobs=10,
            )
        )
    finally:
        proxy.close()
    assert (report.succeeded, report.failed) == (8, 2)
    assert sum(proxy.faults.values()) > 3
