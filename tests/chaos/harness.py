"""Running clients and workers under chaos until every job is final and told, whatever is killed on the way."""

import random
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
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

    def go(self, faults: Sequence[Fault], *, every_seconds: float) -> None:
        """Submit and work, with a random fault now and then, until every job is final and told.

        There is no limit for the whole: a machine may be slow. A run that makes no progress has failed.
        """
        self.start_clients()
        next_fault = time.monotonic() + every_seconds
        progress, since = self.progress(), time.monotonic()
        while self.clients or not self.is_done():
            self.keep_clients()
            self.keep_workers()
            self.wake_stopped()
            if faults and time.monotonic() > next_fault:
                fault = self.random.choice(faults)
                self.report.faults[getattr(fault, "__name__", str(fault))] += 1
                fault(self)
                next_fault = time.monotonic() + every_seconds * (0.5 + self.random.random())
            if (now := self.progress()) != progress:
                progress, since = now, time.monotonic()
            assert time.monotonic() < since + PATIENCE_SECONDS, self.status()
            time.sleep(0.1)
        self.report.seconds = time.monotonic() - self._started

    def progress(self) -> tuple[int, int, int]:
        """How many jobs are acknowledged, final, and told."""
        notes = Path(self.setting.folder).glob("acknowledged-*.txt")
        told = len({line for path in notes for line in path.read_text().splitlines()})
        waiting, untold = self.counts()
        return told, waiting, untold

    def counts(self) -> tuple[int, int]:
        """How many jobs are not final, how many webhooks not delivered; (-1, -1) while nobody can tell."""
        waiting = sa.select(sa.func.count()).select_from(JOB).where(JOB.c.state.not_in(FINAL))
        untold = sa.select(sa.func.count()).select_from(OUTBOX).where(OUTBOX.c.state == "waiting")
        try:
            with self.database.reading() as connection:
                return connection.execute(waiting).scalar_one(), connection.execute(untold).scalar_one()
        except StorageError:  # its server was just killed
            return -1, -1

    def is_done(self) -> bool:
        return self.counts() == (0, 0)

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

    def logs(self) -> str:
        texts = []
        for path in sorted(self._logs.iterdir(), key=lambda found: found.stat().st_mtime)[-4:]:
            texts.append(f"--- {path.name}\n{path.read_text(errors='replace')[-1500:]}")
        return "\n".join(texts)


def run_chaos(run: Run, *, faults: Sequence[Fault] = (), every_seconds: float = 1.0,
              endpoints: Sequence[str] = ()) -> Report:  # fmt: skip
    """Run it all and judge it; nothing is asserted about what it has come to."""
    try:
        run.prepare(endpoints)
        run.go(faults, every_seconds=every_seconds)
        run.finish()
        return judge(run.database, run.setting, run.report)
    finally:
        run.close()
