"""The worker's loop, its chores, and the embedded worker as a process of its own."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from yunque.errors import StorageError, UsageError
from yunque.runtime.database import open_database, sqlite_url
from yunque.runtime.jobs.job import State
from yunque.runtime.jobs.kind import Kind, find_kinds, kinds_by_name
from yunque.runtime.jobs.queue import Policy, Queue
from yunque.runtime.jobs.queue_submit import Submission, submit
from yunque.runtime.jobs.queue_view import any_job
from yunque.runtime.jobs.supervise import Workplace
from yunque.runtime.jobs.upkeep import Chore, doing
from yunque.runtime.jobs.worker import Worker, work, work_off
from yunque.runtime.migrations import upgrade

BODIES = Path(__file__).parents[1] / "chaos"


@pytest.fixture
def worker(empty_sqlite_url: str, quick_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Worker]:
    monkeypatch.setenv("PYTHONPATH", str(BODIES))
    monkeypatch.syspath_prepend(str(BODIES))
    database = open_database(empty_sqlite_url)
    queue = Queue(database=database, kinds=find_kinds("job_kinds"), policy=Policy(lease_seconds=3.0))
    place = Workplace(
        owner="here", storage_url=str(quick_path / "store"), scratch=quick_path / "scratch", grace_seconds=0.2
    )
    yield Worker(queue=queue, place=place, poll_seconds=0.05)
    database.engine.dispose()


def put(queue: Queue, n: int, kind: str = "echo", seconds: float = 0.0) -> str:
    payload = {"n": n, "seconds": seconds}
    return submit(queue, Submission(tenant="t", kind=kind, payload=payload)).job.id


def wait_for(what: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_kinds_are_found_by_file_and_have_names_of_their_own(worker: Worker) -> None:
    assert sorted(worker.queue.kinds) == ["echo", "refuse"]
    one = Kind(name="a", entry="m:f")
    with pytest.raises(ValueError, match="same name"):
        kinds_by_name(one, one)


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": "A B"},
        {"entry": "os.system"},
        {"entry": "m:f()"},
        {"timeout_seconds": 0},
        {"max_attempts": 0},
    ],
)
def test_a_kind_that_cannot_work_cannot_be_built(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="job kind"):
        Kind(**({"name": "a", "entry": "m:f"} | wrong))  # type: ignore[arg-type]


def test_work_is_done_until_none_is_left(worker: Worker) -> None:
    ids = [put(worker.queue, n) for n in range(2)] + [put(worker.queue, 3, "refuse")]
    assert work_off(worker, threading.Event()) == 3
    states = [any_job(worker.queue.database, job_id).state for job_id in ids]
    assert states == [State.SUCCEEDED, State.SUCCEEDED, State.FAILED]


def test_an_idle_worker_finds_what_comes_and_stops_when_asked(worker: Worker) -> None:
    stop = threading.Event()
    thread = threading.Thread(target=work, args=(worker, stop))
    thread.start()
    time.sleep(0.2)
    job_id = put(worker.queue, 1)
    wait_for(lambda: any_job(worker.queue.database, job_id).is_final)
    stop.set()
    thread.join(20)
    assert not thread.is_alive()


def test_a_worker_whose_database_comes_back_goes_on(worker: Worker, monkeypatch: pytest.MonkeyPatch) -> None:
    from yunque.runtime.jobs import worker as module

    original, calls = module.work_once, []

    def away_at_first(*arguments: object, **options: object) -> bool:
        calls.append(1)
        if len(calls) < 3:
            raise StorageError("The database did not answer.")
        return original(*arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(module, "work_once", away_at_first)
    job_id = put(worker.queue, 1)
    stop = threading.Event()
    thread = threading.Thread(target=work, args=(worker, stop))
    thread.start()
    wait_for(lambda: any_job(worker.queue.database, job_id).is_final)
    stop.set()
    thread.join(20)


def test_a_chore_that_fails_or_hangs_keeps_no_other_from_being_done() -> None:
    done: list[str] = []
    release = threading.Event()

    def fail() -> None:
        done.append("fail")
        raise StorageError("away")

    chores = [
        Chore(name="fail", every_seconds=0.01, do=fail),
        Chore(name="hang", every_seconds=0.01, do=lambda: release.wait(20)),
        Chore(name="good", every_seconds=0.01, do=lambda: done.append("good")),
    ]
    with doing(chores, threading.Event()):
        wait_for(lambda: done.count("fail") > 2 and done.count("good") > 2)
        release.set()
    count = len(done)
    time.sleep(0.1)
    assert len(done) == count


# -- as a process -----------------------------------------------------------------------------------------


@pytest.fixture
def home(quick_path: Path) -> Path:
    return quick_path / "home"


@pytest.fixture
def queue(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Queue]:
    """The queue of a home that no worker has opened yet."""
    monkeypatch.syspath_prepend(str(BODIES))
    database = open_database(sqlite_url(home / "yunque.db"))
    upgrade(database.engine)
    yield Queue(database=database, kinds=find_kinds("job_kinds"))
    database.engine.dispose()


def start(home: Path, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, str(BODIES / "embedded_worker.py"), *arguments],
        env={**os.environ, "YUNQUE_HOME": str(home), "PYTHONPATH": str(BODIES)},
        stderr=subprocess.PIPE,
        text=True,
        cwd=home.parent,
    )


def test_the_embedded_worker_does_its_jobs_and_shows_them(queue: Queue, home: Path) -> None:
    good, bad = put(queue, 5), put(queue, 6, "refuse")
    process = start(home)
    try:
        shown = home / "outputs"
        wait_for((shown / f"processed/{good}.json").exists)
        wait_for((shown / f"failed/{bad}_error.json").exists)
    finally:
        process.terminate()
        _, told = process.communicate(timeout=30)
    assert process.returncode == 0, told
    assert '"message": "job ended"' in told


def test_a_gentle_end_puts_the_running_job_back(queue: Queue, home: Path) -> None:
    job_id = put(queue, 1, seconds=120)
    process = start(home, "--echo")
    try:
        wait_for(lambda: any_job(queue.database, job_id).state is State.RUNNING)
        process.send_signal(signal.SIGTERM)
        _, told = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 0, told
    job = any_job(queue.database, job_id)
    assert (job.state, job.attempts) == (State.QUEUED, 0)


def test_until_empty_ends_by_itself(queue: Queue, home: Path) -> None:
    job_id = put(queue, 1)
    process = start(home, "--until-empty")
    _, told = process.communicate(timeout=60)
    assert process.returncode == 0, told
    assert any_job(queue.database, job_id).state is State.SUCCEEDED


def test_a_worker_for_an_unknown_kind_says_so(worker: Worker) -> None:
    from yunque.surfaces.worker import only_kind

    assert list(only_kind(worker, "echo").queue.kinds) == ["echo"]
    with pytest.raises(UsageError, match="nothing"):
        only_kind(replace(worker), "nothing")
