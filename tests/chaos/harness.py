"""Running clients and workers under chaos until every job is final and told, whatever is killed on the way."""

import random
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa
from chaos_setting import COST_MINOR, PRICE, TENANTS, Setting, open_queue
from faults import Fault
from verdict import Report, judge

from yunque.errors import StorageError
from yunque.runtime.database import Database
from yunque.runtime.jobs.job import FINAL
from yunque.runtime.jobs.ledger import add_funds
from yunque.runtime.jobs.outbox import add_endpoint
from yunque.runtime.jobs.prices import publish_prices
from yunque.runtime.jobs.queue import Queue
from yunque.runtime.jobs.tables import JOB, OUTBOX

HERE = Path(__file__).parent
PATIENCE_SECONDS = 180.0


@dataclass(frozen=True, kw_only=True)
class Progress:
    """How many jobs clients were told of, how many are final, how many webhooks wait."""

    told: int = 0
    final: int = 0
    untold: int = 0


class Run:
    """One run: its processes, its faults, its end."""

    def __init__(self, setting: Setting, *, workers: int = 3, clients: int = 2, seed: int = 0) -> None:
        self.setting = setting
        self.random = random.Random(seed)
        self.report = Report(jobs=setting.jobs)
        self.workers: list[subprocess.Popen[bytes]] = []
        self.clients: dict[int, subprocess.Popen[bytes]] = {}
        self.queue: Queue = open_queue(setting)
        self._count = workers
        self._clients = clients
        self._logs = Path(setting.folder) / "logs"
        self._logs.mkdir(parents=True)
        self._started_logs = 0
        self._stopped: dict[int, float] = {}
        self._started = time.monotonic()
        self._last = Progress()

    @property
    def database(self) -> Database:
        return self.queue.database

    def prepare(self, endpoints: Sequence[str] = ()) -> None:
        publish_prices(self.database, [PRICE])
        for tenant in TENANTS:
            add_funds(
                self.database, tenant, COST_MINOR * self.setting.jobs, currency="MXN", source="purchase"
            )
            for url in endpoints:
                add_endpoint(self.database, tenant, url)

    # -- processes ----------------------------------------------------------------------------------------

    def log(self, name: str) -> Path:
        self._started_logs += 1
        return self._logs / f"{name}-{self._started_logs}.log"

    def start(self, script: str, *arguments: str) -> subprocess.Popen[bytes]:
        with self.log(script).open("wb") as log:
            return subprocess.Popen(
                [sys.executable, str(HERE / f"{script}.py"), *arguments],
                env=self.setting.environment(),
                stdout=log,
                stderr=log,
            )

    def start_clients(self) -> None:
        self.clients = {number: self.start_client(number) for number in range(self._clients)}

    def start_client(self, number: int) -> subprocess.Popen[bytes]:
        return self.start("chaos_client", str(number), str(self._clients))

    def keep_clients(self) -> None:
        """Start clients in place of those that were killed; who has told all its jobs is done."""
        for number, process in list(self.clients.items()):
            code = process.poll()
            if code == 0:
                del self.clients[number]
            elif code is not None:
                self.report.deaths += 1
                assert code == -signal.SIGKILL, self.logs()
                self.clients[number] = self.start_client(number)

    def keep_workers(self) -> None:
        """Start workers in place of those that died."""
        for process in [found for found in self.workers if found.poll() is not None]:
            self.report.deaths += 1
            self.workers.remove(process)
            assert process.returncode == -signal.SIGKILL, self.logs()
        while len(self.workers) < self._count:
            self.workers.append(self.start("chaos_worker"))

    def go(self, faults: Sequence[Fault], *, every_jobs: int) -> None:
        """Submit and work, with a random fault every so many finished jobs, until every job is final and told.

        Nothing here depends on how fast the machine is: a run that makes no progress has failed.
        """
        self.start_clients()
        next_fault = max(1, every_jobs // 2)
        progress, since = self.progress(), time.monotonic()
        while self.clients or not self.is_done():
            self.look()
            self.keep_clients()
            self.keep_workers()
            self.wake_stopped()
            if faults and progress.final >= next_fault:
                self.inject(self.random.choice(faults))
                next_fault = progress.final + self.random.randint(1, 2 * every_jobs - 1)
            if (now := self.progress()) != progress:
                progress, since = now, time.monotonic()
            assert time.monotonic() < since + PATIENCE_SECONDS, self.status()
            time.sleep(0.15)
        self.report.seconds = time.monotonic() - self._started

    def look(self) -> None:
        """What a special run does beside, several times a second."""

    def inject(self, fault: Fault) -> None:
        time.sleep(self.random.random())  # any moment, not only the one after the end of a job
        self.keep_workers()
        self.report.faults[getattr(fault, "__name__", str(fault))] += 1
        fault(self)

    def progress(self) -> "Progress":
        """Count; what cannot be told while the database is away is told as before."""
        notes = Path(self.setting.folder).glob("acknowledged-*.txt")
        told = len({line for path in notes for line in path.read_text().splitlines()})
        final = sa.select(sa.func.count()).select_from(JOB).where(JOB.c.state.in_(FINAL))
        untold = sa.select(sa.func.count()).select_from(OUTBOX).where(OUTBOX.c.state == "waiting")
        with suppress(StorageError), self.database.reading() as connection:  # its server may be down just now
            done, waiting = connection.execute(final).scalar_one(), connection.execute(untold).scalar_one()
            self._last = Progress(told=told, final=done, untold=waiting)
        return self._last

    def is_done(self) -> bool:
        now = self.progress()
        return now.final >= self.setting.jobs and not now.untold

    def finish(self) -> None:
        for process in self.workers:
            process.send_signal(signal.SIGCONT)
            process.terminate()
        for process in self.workers:
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def kill_all(self) -> None:
        for process in (*self.workers, *self.clients.values()):
            process.kill()
            process.wait()

    def close(self) -> None:
        self.kill_all()
        self.database.engine.dispose()

    # -- faults -------------------------------------------------------------------------------------------

    def kill_one(self) -> None:
        self.random.choice(self.workers).kill()

    def stop_one(self) -> None:
        """Stop a worker (its children go on), for longer than its lease."""
        process = self.random.choice(self.workers)
        if process.pid not in self._stopped:
            process.send_signal(signal.SIGSTOP)
            self._stopped[process.pid] = time.monotonic() + 2 * self.setting.lease_seconds

    def wake_stopped(self) -> None:
        for pid, until in list(self._stopped.items()):
            if time.monotonic() > until:
                del self._stopped[pid]
                for process in self.workers:
                    if process.pid == pid:
                        process.send_signal(signal.SIGCONT)

    # -- the end ------------------------------------------------------------------------------------------

    def check(self) -> Report:
        """Judge, and assert that every promise was kept."""
        report = judge(self.database, self.setting, self.report)
        assert report.is_clean, report
        return report

    def status(self) -> str:
        with suppress(StorageError), self.database.reading() as connection:
            rows = connection.execute(
                sa.select(JOB.c.kind, JOB.c.state, JOB.c.attempts, JOB.c.error_code, JOB.c.owner).where(
                    JOB.c.state.not_in(FINAL)
                )
            ).all()
            untold = connection.execute(
                sa.select(OUTBOX.c.last_result, OUTBOX.c.tries).where(OUTBOX.c.state == "waiting")
            ).all()
            return f"no progress: {rows[:10]}; outbox {untold[:5]}; clients {self.clients}; {self.logs()}"
        return f"no progress, and the database does not answer; {self.logs()}"

    def has_said(self, text: str) -> bool:
        return any(text in path.read_text(errors="replace") for path in self._logs.iterdir())

    def logs(self) -> str:
        texts = []
        for path in sorted(self._logs.iterdir(), key=lambda found: found.stat().st_mtime)[-4:]:
            texts.append(f"--- {path.name}\n{path.read_text(errors='replace')[-1500:]}")
        return "\n".join(texts)


def run_chaos(run: Run, *, faults: Sequence[Fault] = (), every_jobs: int = 3,
              endpoints: Sequence[str] = ()) -> Report:  # fmt: skip
    """Run it all and judge it; nothing is asserted about what it has come to."""
    try:
        run.prepare(endpoints)
        run.go(faults, every_jobs=every_jobs)
        run.finish()
        return judge(run.database, run.setting, run.report)
    finally:
        run.close()
