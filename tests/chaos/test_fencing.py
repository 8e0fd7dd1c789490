"""Two hosts on one database and one store: who is stopped past its lease and wakes up again writes nothing."""

import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from chaos_setting import COST_MINOR, PRICE, TENANTS, Setting
from harness import Run

from yunque.runtime.jobs.job import Job, State
from yunque.runtime.jobs.ledger import add_funds, balance_of
from yunque.runtime.jobs.prices import publish_prices
from yunque.runtime.jobs.queue_submit import Submission, submit
from yunque.runtime.jobs.queue_view import Attempt, any_job, attempts_of
from yunque.runtime.storage import open_storage

LEASE = 2.0
Hosts = tuple[Run, Run]


@pytest.fixture
def hosts(database_url: str, quick_path: Path, s3_bucket: tuple[str, str]) -> Iterator[Hosts]:
    """Two hosts with a home each; they share nothing but the database and the store."""
    address, bucket = s3_bucket
    made = []
    for name in ("one", "two"):
        home = quick_path / name
        home.mkdir()
        made.append(
            Run(
                Setting(
                    database_url=database_url,
                    storage_url=f"s3://{bucket}?endpoint={address}",
                    folder=str(home),
                    lease_seconds=LEASE,
                    jobs=1,
                )
            )
        )
    publish_prices(made[0].database, [PRICE])
    add_funds(made[0].database, TENANTS[0], COST_MINOR, currency="MXN", source="purchase")
    yield made[0], made[1]
    for run in made:
        for process in run.workers:
            process.send_signal(signal.SIGCONT)
        run.close()


def begin(host: Run) -> subprocess.Popen[bytes]:
    host.workers.append(host.start("chaos_worker"))
    return host.workers[-1]


def wait_for(what: Callable[[], bool], host: Run, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline, host.logs()
        time.sleep(0.05)


def put(host: Run, seconds: float) -> Job:
    wish = Submission(tenant=TENANTS[0], kind="slow", payload={"n": 5, "seconds": seconds}, units=1)
    return submit(host.queue, wish).job


def attempts(host: Run, job: Job) -> tuple[Attempt, ...]:
    return attempts_of(host.database, job.id)


@pytest.mark.s3
def test_a_host_that_was_cut_off_finds_its_result_refused(hosts: Hosts) -> None:
    first, second = hosts
    job = put(first, seconds=3.0)
    stopped = begin(first)
    wait_for(lambda: any_job(first.database, job.id).state is State.RUNNING, first)
    stopped.send_signal(signal.SIGSTOP)  # its child goes on, and publishes a result of its own
    begin(second)
    wait_for(lambda: any_job(first.database, job.id).state is State.SUCCEEDED, second)
    done = any_job(first.database, job.id)
    stopped.send_signal(signal.SIGCONT)
    wait_for(lambda: first.has_said('"state": "lost"'), first)
    after = any_job(first.database, job.id)
    assert after == done
    assert after.fence == 3  # claimed, taken back, claimed
    assert [found.outcome for found in attempts(first, job)] == ["worker_lost", "succeeded"]
    owners = {found.owner for found in attempts(first, job)}
    assert len(owners) == 2
    storage = open_storage(first.setting.storage_url)
    assert after.result_prefix is not None
    with storage.open(f"{after.result_prefix}/answer.txt") as stream:
        assert stream.read() == b"5"
    assert balance_of(first.database, TENANTS[0]).available_minor == 0  # charged once


@pytest.mark.s3
def test_a_killed_host_is_replaced_soon_after_its_lease(hosts: Hosts) -> None:
    """The lease is 2 s and sweeps come three a lease; the bound is wide because test machines are slow."""
    first, second = hosts
    job = put(first, seconds=0.5)
    begin(second)
    wait_for(lambda: any_job(first.database, job.id).state is State.SUCCEEDED, second)
    second.workers[0].send_signal(signal.SIGSTOP)
    add_funds(first.database, TENANTS[0], COST_MINOR, currency="MXN", source="purchase")
    lost = put(first, seconds=60.0)
    victim = begin(first)
    wait_for(lambda: any_job(first.database, lost.id).state is State.RUNNING, first)
    victim.kill()
    killed_at = time.monotonic()
    second.workers[0].send_signal(signal.SIGCONT)
    wait_for(lambda: any_job(first.database, lost.id).attempts == 2, second)
    assert time.monotonic() - killed_at < 10 * LEASE


@pytest.mark.s3
def test_hosts_that_know_no_common_store_are_not_needed(hosts: Hosts) -> None:
    """A worker whose store is away gives the job back with a reason; one that sees it does the job."""
    first, second = hosts
    first.setting = replace(
        first.setting, storage_url="s3://elsewhere?endpoint=http://127.0.0.1:1&retry_seconds=0.1"
    )
    job = put(first, seconds=0.0)
    begin(first)
    wait_for(lambda: any(found.outcome == "storage" for found in attempts(first, job)), first)
    first.kill_all()
    begin(second)
    wait_for(lambda: any_job(first.database, job.id).is_final, second)
    assert any_job(first.database, job.id).state in (State.SUCCEEDED, State.FAILED)
