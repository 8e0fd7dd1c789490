"""Jobs in real child processes: limits, crashes, cancelling, stopping, and what an attempt leaves behind."""

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from yunque.runtime.database import open_database
from yunque.runtime.jobs.job import Job, State
from yunque.runtime.jobs.kind import Kind, kinds_by_name
from yunque.runtime.jobs.progress import events_after
from yunque.runtime.jobs.queue import Policy, Queue, claim
from yunque.runtime.jobs.queue_finish import reap
from yunque.runtime.jobs.queue_operate import cancel
from yunque.runtime.jobs.queue_submit import Submission, submit
from yunque.runtime.jobs.queue_view import attempts_of, job_of
from yunque.runtime.jobs.supervise import Workplace, clear_scratch, run_attempt
from yunque.runtime.storage import open_storage

BODIES = Path(__file__).parents[1] / "chaos"


def kind(name: str, **more: object) -> Kind:
    return Kind(name=name.replace("_", "-"), entry=f"job_bodies:{name}", **more)  # type: ignore[arg-type]


KINDS = kinds_by_name(
    kind("echo"),
    kind("refuse"),
    kind("stumble"),
    kind("lose_storage"),
    kind("segfault", max_attempts=2),
    kind("leave"),
    kind("hang", timeout_seconds=2.0),
    kind("ask_too_much", memory_bytes=256 << 20),
    kind("grow", memory_bytes=256 << 20),
    kind("chatter"),
    kind("brief"),
    kind("brief_refusal"),
    kind("flood_log"),
    kind("resume"),
    kind("read_upload"),
    kind("fill_disk"),
    Kind(name="missing", entry="job_bodies:nothing_of_that_name"),
)


@pytest.fixture
def queue(empty_sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Queue]:
    monkeypatch.setenv("PYTHONPATH", str(BODIES))
    policy = Policy(lease_seconds=3.0, backoff_seconds=0.01)
    database = open_database(empty_sqlite_url)
    yield Queue(database=database, kinds=KINDS, policy=policy)
    database.engine.dispose()


@pytest.fixture
def place(quick_path: Path) -> Workplace:
    return Workplace(
        owner="here", storage_url=str(quick_path / "store"), scratch=quick_path / "scratch", grace_seconds=0.5
    )


RunIt = Callable[..., Job]


@pytest.fixture
def run(queue: Queue, place: Workplace) -> RunIt:
    def run_it(name: str, stop: threading.Event | None = None, **payload: object) -> Job:
        submit(queue, Submission(tenant="t", kind=name.replace("_", "-"), payload=payload))
        return attempt(queue, place, stop)

    return run_it


def attempt(queue: Queue, place: Workplace, stop: threading.Event | None = None) -> Job:
    deadline = time.monotonic() + 20
    while (job := claim(queue, place.owner)) is None:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    ended = run_attempt(queue, job, place, stop or threading.Event())
    assert ended is not None
    return ended


def log_of(queue: Queue, place: Workplace, job: Job) -> str:
    key = attempts_of(queue.database, job.id)[-1].log_key
    assert key is not None
    with open_storage(place.storage_url).open(key) as stream:
        return stream.read().decode()


def test_a_job_leaves_its_files_its_summary_and_what_it_told(
    run: RunIt, queue: Queue, place: Workplace
) -> None:
    job = run("echo", n=42)
    assert job.state is State.SUCCEEDED
    assert job.result is not None
    assert job.result["summary"] == {"n": 42}
    assert job.result["files"]["answer.txt"]["size"] == 2
    with open_storage(place.storage_url).open(f"{job.result_prefix}/answer.txt") as stream:
        assert stream.read() == b"42"
    told = events_after(queue.database, "t", job.id)
    assert "started" in [event.text for event in told if event.kind == "log"] or job.progress == 1.0
    assert list(place.scratch.iterdir()) == []


def test_what_it_told_is_followed_while_it_runs(run: RunIt, queue: Queue) -> None:
    job = run("echo", n=1, seconds=3)
    told = events_after(queue.database, "t", job.id)
    assert "started" in [event.text for event in told]
    assert [event.fraction for event in told if event.kind == "progress"]


def test_an_error_of_the_data_fails_at_once_and_shows_no_path(
    run: RunIt, queue: Queue, place: Workplace
) -> None:
    job = run("refuse")
    assert (job.state, job.error_code, job.attempts) == (State.FAILED, "data", 1)
    assert "has no target" in str(job.error_message)
    assert "/secret" not in str(job.error_message)
    assert "/secret/path" in log_of(queue, place, job)
    assert job.error_key == attempts_of(queue.database, job.id)[-1].log_key


def test_an_error_of_ours_is_told_in_general_words(run: RunIt, queue: Queue, place: Workplace) -> None:
    job = run("stumble")
    assert (job.state, job.error_code) == (State.FAILED, "internal")
    assert "secret" not in str(job.error_message)
    assert "KeyError" in log_of(queue, place, job)
    assert run("missing").error_code == "internal"


@pytest.mark.parametrize(
    ("name", "code", "words"),
    [
        ("lose_storage", "storage", "store did not answer"),
        ("segfault", "crashed", "Segmentation fault"),
        ("leave", "crashed", "exit code 7"),
        ("ask_too_much", "out_of_memory", "more memory"),
        ("grow", "out_of_memory", "256 MiB"),
    ],
)
def test_a_crash_costs_one_attempt_and_says_why(
    run: RunIt, queue: Queue, name: str, code: str, words: str
) -> None:
    job = run(name)
    (found,) = attempts_of(queue.database, job.id)
    assert (job.state, job.attempts, job.error_code) == (State.QUEUED, 1, code)
    assert found.outcome == code
    assert words in str(found.reason)


def test_after_its_last_attempt_a_crashing_job_has_failed(run: RunIt, queue: Queue, place: Workplace) -> None:
    run("segfault")
    job = attempt(queue, place)
    assert (job.state, job.attempts, job.error_code) == (State.FAILED, 2, "crashed")


def test_a_hanging_job_is_killed_with_all_below_it(run: RunIt, queue: Queue) -> None:
    job = run("hang")
    assert (job.state, job.error_code) == (State.FAILED, "timeout")
    assert "2 seconds" in str(job.error_message)
    ours = psutil.Process().children(recursive=True)
    assert [p for p in ours if "sleep(600)" in " ".join(p.cmdline())] == []


def test_a_cancelled_job_is_stopped_at_its_next_beat(queue: Queue, place: Workplace) -> None:
    job = submit(queue, Submission(tenant="t", kind="echo", payload={"n": 1, "seconds": 60})).job
    threading.Timer(0.5, lambda: cancel(queue, "t", job.id)).start()
    assert attempt(queue, place).state is State.CANCELLED


def test_a_worker_that_is_asked_to_stop_puts_its_job_back(run: RunIt, queue: Queue) -> None:
    stop = threading.Event()
    threading.Timer(0.3, stop.set).start()
    job = run("echo", stop, n=1, seconds=60)
    assert (job.state, job.attempts) == (State.QUEUED, 0)
    assert attempts_of(queue.database, job.id)[0].outcome == "put_back"


def test_a_lost_lease_ends_the_child(queue: Queue, place: Workplace) -> None:
    submit(queue, Submission(tenant="t", kind="echo", payload={"n": 1, "seconds": 60}))
    job = claim(queue, "here")
    assert job is not None

    def take_away() -> None:
        with queue.database.writing() as connection:
            connection.exec_driver_sql("UPDATE job SET lease_until = '2020-01-01T00:00:00.000000Z'")
        reap(queue)

    threading.Timer(0.5, take_away).start()
    assert run_attempt(queue, job, place, threading.Event()) is None
    assert job_of(queue.database, "t", job.id).state is State.QUEUED


def test_a_database_that_is_away_for_a_lease_ends_the_child(
    queue: Queue, place: Workplace, quick_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody can say any more that the job is still ours: somebody else may have it by now."""
    monkeypatch.setattr("yunque.runtime.database._LOCK_WAIT_SECONDS", 0.1)
    impatient = Queue(
        database=open_database(queue.database.engine.url), kinds=KINDS, policy=Policy(lease_seconds=1.0)
    )
    submit(impatient, Submission(tenant="t", kind="echo", payload={"n": 1, "seconds": 60}))
    job = claim(impatient, "here")
    assert job is not None
    with queue.database.writing():
        assert run_attempt(impatient, job, place, threading.Event()) is None
    impatient.database.engine.dispose()


def test_a_talkative_job_is_heard_within_bounds(run: RunIt, queue: Queue) -> None:
    job = run("chatter")
    assert job.state is State.SUCCEEDED
    lines = [
        event for event in events_after(queue.database, "t", job.id, limit=10_000) if event.kind == "log"
    ]
    assert len(lines) <= 2000


def test_a_job_that_ends_before_its_first_heartbeat_has_told_everything(run: RunIt, queue: Queue) -> None:
    for name, state in (("brief", State.SUCCEEDED), ("brief_refusal", State.QUEUED)):
        job = run(name)
        assert job.state is state
        events = events_after(queue.database, "t", job.id)
        told = [(event.kind, event.text) for event in events if event.kind in ("log", "progress")]
        assert told == [("log", "first"), ("log", "second"), ("progress", "nearly there"), ("log", "last")]
        assert [event.kind for event in events][-1] == "state"  # nothing is told after the end
        assert [event.number for event in events] == sorted({event.number for event in events})


def test_a_log_that_grows_too_long_is_cut_and_says_so(run: RunIt, queue: Queue, place: Workplace) -> None:
    text = log_of(queue, place, run("flood_log"))
    assert "was cut" in text
    assert "the end" in text
    assert len(text) < 40 << 20


def test_a_job_goes_on_where_it_was_lost(run: RunIt, queue: Queue, place: Workplace) -> None:
    run("resume")
    attempt(queue, place)
    job = attempt(queue, place)
    assert (job.state, job.attempts) == (State.SUCCEEDED, 3)
    assert job.result is not None
    assert job.result["summary"] == {"done_in_last_attempt": 3}
    outcomes = [found.outcome for found in attempts_of(queue.database, job.id)]
    assert outcomes == ["killed", "killed", "succeeded"]


def test_a_full_disk_costs_one_attempt_and_leaves_no_half_file(
    run: RunIt, queue: Queue, place: Workplace
) -> None:
    job = run("fill_disk")
    assert (job.state, job.error_code) == (State.QUEUED, "storage")
    assert "File too large" in str(job.error_message)
    keys = [entry.key for entry in open_storage(place.storage_url).list("")]
    assert all(key.startswith("tenant/t/logs/") for key in keys)
    assert attempt(queue, place).state is State.SUCCEEDED


def test_the_child_goes_when_its_parent_is_killed(
    queue: Queue, place: Workplace, empty_sqlite_url: str
) -> None:
    """Even while native code holds the interpreter: the guard notices, and takes the whole group with it."""
    job = submit(queue, Submission(tenant="t", kind="hang", payload={})).job
    worker = os.fork()
    if worker == 0:
        own = Queue(database=open_database(empty_sqlite_url), kinds=KINDS, policy=queue.policy)
        claimed = claim(own, "to be killed")
        if claimed is not None:
            run_attempt(own, claimed, place, threading.Event())
        os._exit(0)
    try:
        body, guard = pids_told(queue, job)
        os.kill(worker, signal.SIGKILL)
    finally:
        os.waitpid(worker, 0)
    deadline = time.monotonic() + 10
    while any(psutil.pid_exists(pid) and is_alive(pid) for pid in (body, guard)):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert clear_scratch(place.scratch) == 1
    assert list(place.scratch.iterdir()) == []


def is_alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def pids_told(queue: Queue, job: Job) -> tuple[int, int]:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        for event in events_after(queue.database, "t", job.id):
            if event.text.startswith("pids"):
                _, body, guard = event.text.split()
                return int(body), int(guard)
        time.sleep(0.1)
    raise AssertionError("the job told nothing")


def test_a_job_without_its_upload_says_so(queue: Queue, place: Workplace) -> None:
    job = submit(queue, Submission(tenant="t", kind="read-upload", payload={})).job
    ended = attempt(queue, place)
    assert (ended.id, ended.error_code) == (job.id, "usage")
