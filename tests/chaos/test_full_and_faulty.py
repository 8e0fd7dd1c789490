"""A disk without room for the database, and an object store that answers 500, slowly, or not at all."""

import resource
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from chaos_setting import Setting
from faults import FaultyLine
from harness import Run, run_chaos

from yunque.errors import StorageError
from yunque.runtime import database as database_module
from yunque.runtime.database import open_database
from yunque.runtime.jobs.job import Finished, State
from yunque.runtime.jobs.kind import Kind, kinds_by_name
from yunque.runtime.jobs.queue import Queue, claim, heartbeat
from yunque.runtime.jobs.queue_finish import complete
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


def test_a_database_that_stays_locked_is_an_error_of_ours_and_loses_nothing(
    empty_sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Locked for longer than anybody waits, here a moment instead of 30 s: nothing is half done."""
    monkeypatch.setattr(database_module, "_LOCK_WAIT_SECONDS", 0.2)
    holder, database = open_database(empty_sqlite_url), open_database(empty_sqlite_url)
    queue = Queue(database=database, kinds=kinds_by_name(Kind(name="a", entry="m:f")))

    def wish(key: str) -> Submission:
        return Submission(tenant="t", kind="a", payload={}, idempotency_key=key)

    first = submit(queue, wish("first")).job
    held = claim(queue, "w")
    assert held is not None
    with holder.writing():
        for ask in (
            lambda: submit(queue, wish("second")),
            lambda: claim(queue, "w"),
            lambda: heartbeat(queue, held),
            lambda: complete(queue, held, Finished()),
        ):
            with pytest.raises(StorageError, match="did not answer"):
                ask()
        assert [job.id for job in list_jobs(database, JobFilter())] == [first.id]  # reading never waits
    assert submit(queue, wish("second")).is_new
    assert complete(queue, held, Finished()).state is State.SUCCEEDED
    for opened in (holder, database):
        opened.engine.dispose()


@pytest.mark.s3
def test_a_faulty_object_store_loses_nothing(
    empty_sqlite_url: str, quick_path: Path, s3_bucket: tuple[str, str]
) -> None:
    address, bucket = s3_bucket
    line = FaultyLine.to_http(address, seed=1)
    try:
        report = run_chaos(
            Run(
                Setting(
                    database_url=empty_sqlite_url,
                    storage_url=f"s3://{bucket}?endpoint=http://127.0.0.1:{line.port}&retry_seconds=20",
                    folder=str(quick_path),
                    jobs=10,
                )
            )
        )
    finally:
        line.close()
    assert report.is_clean, report
    assert (report.succeeded, report.failed) == (8, 2)
    assert sum(line.faults.values()) > 3
