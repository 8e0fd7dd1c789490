"""Running clients and workers under chaos, then checking that nothing was lost or done twice."""

import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import sqlalchemy as sa
from chaos_setting import COST_MINOR, PRICE, TENANTS, Setting, open_queue

from yunque.errors import StorageError
from yunque.runtime.database import Database
from yunque.runtime.jobs.job import FINAL, State
from yunque.runtime.jobs.ledger import add_funds, balance_of, verify_ledger
from yunque.runtime.jobs.outbox import add_endpoint
from yunque.runtime.jobs.prices import publish_prices
from yunque.runtime.jobs.queue import Queue
from yunque.runtime.jobs.tables import ATTEMPT, JOB, JOB_EVENT, LEDGER, OUTBOX
from yunque.runtime.storage import open_storage

HERE = Path(__file__).parent
Fault = Callable[["Run"], None]


@dataclass
class Report:
    """What a run has come to; printed by the benchmark."""

    jobs: int = 0
    seconds: float = 0.0
    succeeded: int = 0
    failed: int = 0
    attempts: int = 0
    deaths: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    outcomes: Counter[str] = field(default_factory=Counter)
    orphans: int = 0
    delivered: int = 0
    repeated: int = 0


class Run:
    """One run: its processes, its faults, its end, its check."""

    def __init__(self, setting: Setting, *, workers: int = 3, clients: int = 2, seed: int = 0) -> None:
        self.setting = setting
        self.random = random.Random(seed)
        self.report = Report(jobs=setting.jobs)
        self.workers: list[subprocess.Popen[bytes]] = []
        self.queue: Queue = open_queue(setting)
        self._count = workers
        self._clients = clients
        self._logs = Path(setting.folder) / "logs"
        self._logs.mkdir(parents=True)
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

    def start(self, script: str, *arguments: str) -> subprocess.Popen[bytes]:
        with (self._logs / f"{script}-{len(list(self._logs.iterdir()))}.log").open("wb") as log:
            return subprocess.Popen(
                [sys.executable, str(HERE / f"{script}.py"), *arguments],
                env=self.setting.environment(),
                stdout=log,
                stderr=log,
            )

    def submit_all(self) -> None:
        """Run each client until it has told all its jobs, however often it is killed on the way."""
        alive = {n: self.start("chaos_client", str(n), str(self._clients)) for n in range(self._clients)}
        deadline = time.monotonic() + 120
        while alive:
            assert time.monotonic() < deadline, "the clients did not get their jobs submitted"
            for number, process in list(alive.items()):
                code = process.poll()
                if code == 0:
                    del alive[number]
                elif code is not None:
                    self.report.deaths += 1
                    assert code == -signal.SIGKILL, self.logs()
                    alive[number] = self.start("chaos_client", str(number), str(self._clients))
            self.keep_workers()
            time.sleep(0.02)

    def keep_workers(self) -> None:
        """Start workers in place of those that died."""
        for process in [found for found in self.workers if found.poll() is not None]:
            self.report.deaths += 1
            self.workers.remove(process)
            assert process.returncode == -signal.SIGKILL, self.logs()
        while len(self.workers) < self._count:
            self.workers.append(self.start("chaos_worker"))

    def drain(self, faults: Sequence[Fault], *, every_seconds: float, limit_seconds: float) -> None:
        """Inject a random fault now and then until every job is final and told."""
        started = time.monotonic()
        next_fault = started + every_seconds
        while not self.is_done():
            assert time.monotonic() < started + limit_seconds, self.status()
            self.keep_workers()
            self.wake_stopped()
            if faults and time.monotonic() > next_fault:
                fault = self.random.choice(faults)
                self.report.faults[getattr(fault, "__name__", str(fault))] += 1
                fault(self)
                next_fault = time.monotonic() + every_seconds * (0.5 + self.random.random())
            time.sleep(0.1)
        self.report.seconds = time.monotonic() - self._started

    def is_done(self) -> bool:
        waiting = sa.select(sa.func.count()).select_from(JOB).where(JOB.c.state.not_in(FINAL))
        untold = sa.select(sa.func.count()).select_from(OUTBOX).where(OUTBOX.c.state == "waiting")
        try:
            with self.database.reading() as connection:
                return not connection.execute(waiting).scalar() and not connection.execute(untold).scalar()
        except StorageError:  # its server was just killed
            return False

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
        for process in self.workers:
            process.kill()
            process.wait()

    # -- faults -------------------------------------------------------------------------------------------

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

    # -- the check ----------------------------------------------------------------------------------------

    def check(self) -> Report:
        """Assert every promise; fill in the report."""
        with self.database.reading() as connection:
            jobs = connection.execute(sa.select(JOB)).all()
            attempts = connection.execute(sa.select(ATTEMPT)).all()
            ledger = connection.execute(sa.select(LEDGER)).all()
            outbox = connection.execute(sa.select(OUTBOX)).all()
            events = connection.execute(sa.select(JOB_EVENT.c.job_id, JOB_EVENT.c.number)).all()
        self._check_nothing_lost(jobs)
        self._check_results(jobs)
        self._check_money(jobs, ledger)
        per_endpoint = Counter((row.job_id, row.endpoint_id, row.event) for row in outbox)
        assert all(count == 1 for count in per_endpoint.values())
        assert Counter(row.job_id for row in outbox).keys() <= {row.id for row in jobs}
        numbers = sorted((row.job_id, row.number) for row in events)
        assert numbers == sorted((row.id, n) for row in jobs for n in range(1, row.events + 1))
        assert all(row.outcome for row in attempts), "an attempt without an end"
        for row in jobs:
            wins = [a for a in attempts if a.job_id == row.id and a.outcome == "succeeded"]
            assert len(wins) == (row.state == State.SUCCEEDED)
            assert row.state == State.SUCCEEDED or row.error_message, "a failure without a reason"
        self.report.attempts = len(attempts)
        self.report.outcomes = Counter(row.outcome for row in attempts)
        self.report.delivered = sum(row.state == "delivered" for row in outbox)
        assert self.report.delivered == len(outbox)
        return self.report

    def _check_nothing_lost(self, jobs: Sequence[sa.Row[tuple[object, ...]]]) -> None:
        found = {row.payload["n"]: row.id for row in jobs}
        assert len(jobs) == len(found) == self.setting.jobs
        for path in Path(self.setting.folder).glob("acknowledged-*.txt"):
            for line in path.read_text().splitlines():
                number, job_id = line.split()
                assert found[int(number)] == job_id, "a client was told another job, or one that is gone"

    def _check_results(self, jobs: Sequence[sa.Row[tuple[object, ...]]]) -> None:
        storage = open_storage(self.setting.storage_url)
        kept = set()
        for row in jobs:
            if row.state == State.SUCCEEDED:
                key = f"{row.result_prefix}/answer.txt"
                with storage.open(key) as stream:
                    assert stream.read() == str(row.payload["n"]).encode()
                kept.add(key)
                self.report.succeeded += 1
            else:
                assert row.state == State.FAILED
                self.report.failed += 1
        results = {e.key for e in storage.list("tenant") if "/results/" in e.key}
        self.report.orphans = len(results - kept)

    def _check_money(
        self, jobs: Sequence[sa.Row[tuple[object, ...]]], ledger: Sequence[sa.Row[tuple[object, ...]]]
    ) -> None:
        captured = sorted(row.job_id for row in ledger if row.entry == "capture")
        released = sorted(row.job_id for row in ledger if row.entry == "release")
        assert captured == sorted(row.id for row in jobs if row.state == State.SUCCEEDED)
        assert released == sorted(row.id for row in jobs if row.state != State.SUCCEEDED)
        for tenant in TENANTS:
            verify_ledger(self.database, tenant)
            cost = COST_MINOR * sum(row.tenant == tenant and row.state == State.SUCCEEDED for row in jobs)
            balance = balance_of(self.database, tenant)
            assert (balance.reserved_minor, balance.available_minor) == (
                0, COST_MINOR * self.setting.jobs - cost,
            )  # fmt: skip

    # -- what to say when it goes wrong -------------------------------------------------------------------

    def status(self) -> str:
        with self.database.reading() as connection:
            rows = connection.execute(
                sa.select(JOB.c.kind, JOB.c.state, JOB.c.attempts, JOB.c.error_code, JOB.c.owner).where(
                    JOB.c.state.not_in(FINAL)
                )
            ).all()
            untold = connection.execute(sa.select(OUTBOX.c.last_result, OUTBOX.c.tries)).all()
        return f"not done: {rows[:10]}; outbox {untold[:5]}; {self.logs()}"

    def logs(self) -> str:
        texts = []
        for path in sorted(self._logs.iterdir(), key=lambda found: found.stat().st_mtime)[-4:]:
            texts.append(f"--- {path.name}\n{path.read_text(errors='replace')[-1500:]}")
        return "\n".join(texts)


def kill_worker(run: Run) -> None:
    """Kill a worker with -9."""
    run.random.choice(run.workers).kill()


def stop_worker(run: Run) -> None:
    """Stop a worker past its lease."""
    run.stop_one()


def lock_database(run: Run) -> None:
    """Hold the write lock for longer than a lease (SQLite)."""
    with run.database.writing():
        time.sleep(1.5 * run.setting.lease_seconds)


def run_chaos(
    setting: Setting,
    *,
    faults: Sequence[Fault] = (),
    every_seconds: float = 1.0,
    limit_seconds: float = 150.0,
    endpoints: Sequence[str] = (),
    seed: int = 0,
) -> Report:
    """Run it all and check it."""
    run = Run(setting, seed=seed)
    try:
        run.prepare(endpoints)
        run.submit_all()
        run.drain(faults, every_seconds=every_seconds, limit_seconds=limit_seconds)
        run.finish()
        return run.check()
    finally:
        run.kill_all()
        run.database.engine.dispose()


@contextmanager
def webhook_receiver(*, seed: int = 0) -> Iterator[tuple[int, Counter[str]]]:
    """A receiver that hangs, breaks or accepts by chance; gives its port and what it has accepted."""
    chance = random.Random(seed)
    accepted: Counter[str] = Counter()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            draw = chance.random()
            if draw < 0.2:
                time.sleep(2.0)  # longer than the sender waits
            if draw < 0.4:
                self.send_response(500)
            else:
                accepted[self.headers["webhook-id"]] += 1
                self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

        def handle_one_request(self) -> None:
            try:
                super().handle_one_request()
            except (BrokenPipeError, ConnectionResetError):
                self.close_connection = True

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.server_address[1], accepted
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
