"""Celery as transport: a broker that forgets everything and workers that are killed lose no job."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from celery_run import CeleryRun, flush_broker
from chaos_setting import Setting
from faults import kill_worker

from yunque.runtime.jobs.job import State
from yunque.runtime.jobs.queue_submit import submit
from yunque.runtime.jobs.queue_view import any_job

pytestmark = pytest.mark.redis


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
        run.close()


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
    run.go((flush_broker, kill_worker), every_jobs=3)
    run.finish()
    report = run.check()
    assert (report.succeeded, report.failed) == (8, 2)
