"""Celery as transport: a broker that forgets everything and workers that are killed lose no job."""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
import redis
from chaos_setting import Setting
from harness import HERE, Run

from yunque.runtime.jobs.job import State
from yunque.runtime.jobs.queue_submit import submit
from yunque.runtime.jobs.queue_view import any_job

pytestmark = pytest.mark.redis


class CeleryRun(Run):
    """A run whose workers are Celery's."""

    broker_url = ""

    def start(self, script: str, *arguments: str) -> subprocess.Popen[bytes]:
        if script != "chaos_worker":
            return super().start(script, *arguments)
        command = [
            sys.executable, "-m", "celery", "-A", "celery_app", "worker", "-Q", "auto_ml", "-c", "1",
            "-n", f"w{random.SystemRandom().randrange(10**9)}@%h", "--loglevel", "WARNING",
            "--without-gossip", "--without-mingle",
        ]  # fmt: skip
        with (self._logs / f"celery-{len(list(self._logs.iterdir()))}.log").open("wb") as log:
            return subprocess.Popen(
                command,
                env={**self.setting.environment(), "CHAOS_BROKER": self.broker_url},
                cwd=HERE,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def kill_group(self) -> None:
        """Kill one Celery worker with all its pool processes; its jobs' guards see to their own group."""
        os.killpg(self.random.choice(self.workers).pid, signal.SIGKILL)

    def flush_broker(self) -> None:
        redis.Redis(unix_socket_path=self.broker_url.removeprefix("redis+socket://")).flushall()

    def kill_all(self) -> None:
        for process in self.workers:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def flush(run: Run) -> None:
    assert isinstance(run, CeleryRun)
    run.flush_broker()


def kill_group(run: Run) -> None:
    assert isinstance(run, CeleryRun)
    run.kill_group()


@pytest.fixture
def make_run(empty_sqlite_url: str, quick_path: Path, valkey_url: str) -> Iterator[Callable[..., CeleryRun]]:
    if not valkey_url.startswith("redis+socket://"):
        pytest.skip("the broker of TEST_REDIS_URL is not ours to flush")
    made: list[CeleryRun] = []

    def make(jobs: int, workers: int) -> CeleryRun:
        setting = Setting(
            database_url=empty_sqlite_url,
            storage_url=str(quick_path / "s"),
            folder=str(quick_path),
            jobs=jobs,
        )
        run = CeleryRun(setting, workers=workers)
        run.broker_url = valkey_url
        run.flush_broker()
        run.prepare()
        made.append(run)
        return run

    yield make
    for run in made:
        run.kill_all()
        run.database.engine.dispose()


def test_an_announced_job_is_done_and_a_false_announcement_is_nothing(
    make_run: Callable[..., CeleryRun], monkeypatch: pytest.MonkeyPatch
) -> None:
    from chaos_client import submission

    from yunque.surfaces.celery import announce, make_app

    run = make_run(jobs=1, workers=1)
    app = make_app(lambda: pytest.fail("nobody works here"), lambda: run.broker_url)
    job = submit(run.queue, submission(run.setting, 0)).job
    for job_id in ("no-such-job", job.id, job.id):
        assert announce(app, job_id)
    run.keep_workers()
    deadline = time.monotonic() + 60
    while not any_job(run.database, job.id).is_final:
        assert time.monotonic() < deadline, run.logs()
        time.sleep(0.1)
    done = any_job(run.database, job.id)
    assert (done.state, done.attempts) == (State.SUCCEEDED, 1)


def test_a_broker_that_is_away_loses_no_submission() -> None:
    from yunque.surfaces.celery import announce, make_app

    app = make_app(lambda: pytest.fail("nobody works here"), lambda: "redis://127.0.0.1:1/0")
    assert announce(app, "some-job") is False


def test_a_broker_that_forgets_and_workers_that_die_lose_nothing(
    make_run: Callable[..., CeleryRun],
) -> None:
    """Nothing is ever announced by the clients here: the sweeps find it all."""
    run = make_run(jobs=10, workers=2)
    run.submit_all()
    run.drain((flush, kill_group), every_seconds=6.0, limit_seconds=180)
    run.finish()
    report = run.check()
    assert (report.succeeded, report.failed) == (8, 2)
