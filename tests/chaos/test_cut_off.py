"""A host whose line to the database is cut in mid-job, and mended after another host has done the job."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from chaos_setting import COST_MINOR, PRICE, TENANTS, Setting
from faults import FaultyLine
from harness import Run
from sqlalchemy.engine import URL, make_url

from yunque.runtime.jobs.job import Job, State
from yunque.runtime.jobs.ledger import add_funds, balance_of, verify_ledger
from yunque.runtime.jobs.prices import publish_prices
from yunque.runtime.jobs.queue_submit import Submission, submit
from yunque.runtime.jobs.queue_view import any_job, attempts_of
from yunque.runtime.storage import open_storage

LEASE = 5.0
pytestmark = [pytest.mark.pg, pytest.mark.s3]


def target_of(url: URL) -> tuple[str, int] | str:
    """Where the Postgres at `url` listens: host and port, or the path of its Unix socket."""
    folder = url.query.get("host")
    if folder:
        return f"{folder}/.s.PGSQL.{url.port or 5432}"
    return url.host or "127.0.0.1", url.port or 5432


@pytest.fixture
def lines(postgres_url: str, s3_bucket: tuple[str, str]) -> Iterator[tuple[FaultyLine, FaultyLine]]:
    """The lines of the first host: to the database, and to the store."""
    made = (
        FaultyLine(target_of(make_url(postgres_url))),
        FaultyLine.to_http(s3_bucket[0], seed=0, chances=(0, 0, 0)),
    )
    yield made
    for line in made:
        line.close()


@pytest.fixture
def hosts(
    postgres_url: str,
    s3_bucket: tuple[str, str],
    lines: tuple[FaultyLine, FaultyLine],
    quick_path: Path,
) -> Iterator[tuple[Run, Run]]:
    """Two hosts with a home each; the first reaches database and store by its lines only."""
    address, bucket = s3_bucket
    through = make_url(postgres_url).set(host="127.0.0.1", port=lines[0].port, query={})
    addresses = {
        "one": (through.render_as_string(hide_password=False), f"http://127.0.0.1:{lines[1].port}"),
        "two": (postgres_url, address),
    }
    made = []
    for name, (database, store) in addresses.items():
        home = quick_path / name
        home.mkdir()
        setting = Setting(
            database_url=database,
            storage_url=f"s3://{bucket}?endpoint={store}&retry_seconds=2",
            folder=str(home),
            lease_seconds=LEASE,
            jobs=1,
        )
        made.append(Run(setting))
    publish_prices(made[1].database, [PRICE])
    add_funds(made[1].database, TENANTS[0], 2 * COST_MINOR, currency="MXN", source="purchase")
    yield made[0], made[1]
    for run in made:
        run.close()


def wait_for(what: Callable[[], bool], host: Run) -> None:
    deadline = time.monotonic() + 90
    while not what():
        assert time.monotonic() < deadline, host.logs()
        time.sleep(0.05)


@pytest.mark.parametrize("what", ["database", "everything"])
def test_the_late_result_of_a_host_that_was_cut_off_is_refused(
    hosts: tuple[Run, Run], lines: tuple[FaultyLine, FaultyLine], what: str
) -> None:
    first, second = hosts
    wish = Submission(tenant=TENANTS[0], kind="slow", payload={"n": 5, "seconds": 1.0}, units=1)
    job = submit(second.queue, wish).job
    first.workers.append(first.start("chaos_worker"))

    def now() -> Job:
        return any_job(second.database, job.id)

    wait_for(lambda: now().state is State.RUNNING, first)
    for line in lines if what == "everything" else lines[:1]:
        line.cut()
    second.workers.append(second.start("chaos_worker"))
    wait_for(lambda: now().state is State.SUCCEEDED, second)
    done = now()
    for line in lines:
        line.mend()
    wait_for(lambda: first.has_said('"state": "lost"'), first)

    assert now() == done
    assert done.fence == 3  # claimed, taken back, claimed
    assert [found.outcome for found in attempts_of(second.database, job.id)] == ["worker_lost", "succeeded"]
    storage = open_storage(second.setting.storage_url)
    found = {entry.key for entry in storage.list("tenant") if entry.key.endswith("answer.txt")}
    assert f"{done.result_prefix}/answer.txt" in found
    if what == "database":
        assert len(found) == 2, (
            "the first host did its work to the end, and only the fence kept its result out"
        )
    assert balance_of(second.database, TENANTS[0]).available_minor == COST_MINOR  # charged once
    verify_ledger(second.database, TENANTS[0])
