"""The long form: hundreds of jobs on a database and a transport, with every kill point and every fault at once."""

import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from celery_run import CeleryRun, flush_broker
from chaos_setting import Setting
from faults import (
    Fault,
    FaultyLine,
    kill_worker,
    lock_database,
    restart_postgres,
    stop_worker,
    webhook_receiver,
)
from harness import Run
from kill_points import POINTS
from sqlalchemy.engine import make_url
from verdict import Report, judge

from servers import Postgres, make_bucket
from yunque.runtime.database import open_engine, sqlite_url
from yunque.runtime.migrations import upgrade

BACKENDS = ("SQLite", "Postgres", "Celery on Postgres")
CHANCE = 0.015
STORE_CHANCES = (0.03, 0.03, 0.03)


@dataclass(frozen=True, kw_only=True)
class Servers:
    """The servers that a long run uses, and a folder with a short path."""

    postgres: Postgres
    broker_url: str
    s3_address: str
    folder: Path


def fresh_database(servers: Servers, backend: str, name: str) -> str:
    """Make a migrated, empty database and give its address."""
    if backend == "SQLite":
        url = sqlite_url(servers.folder / f"{name}.db")
    else:
        admin = open_engine(servers.postgres.url).execution_options(isolation_level="AUTOCOMMIT")
        with admin.connect() as connection:
            connection.exec_driver_sql(f"CREATE DATABASE {name}")
        admin.dispose()
        url = make_url(servers.postgres.url).set(database=name).render_as_string(hide_password=False)
    engine = open_engine(url)
    upgrade(engine)
    engine.dispose()
    return url


def faults_of(servers: Servers, backend: str) -> Sequence[Fault]:
    """Give what is done from outside; a Postgres that is not ours is left alone."""
    if backend == "SQLite":
        return kill_worker, stop_worker, lock_database
    killing = [restart_postgres(servers.postgres)] if servers.postgres.can_be_killed else []
    return (kill_worker, stop_worker, *killing, *([flush_broker] if "Celery" in backend else []))


def long_run(servers: Servers, backend: str, jobs: int, *, every_jobs: int = 15) -> Report:
    """Run `jobs` jobs on a backend under everything at once, and judge."""
    name = f"chaos_{BACKENDS.index(backend)}"
    make_bucket(servers.s3_address, name.replace("_", "-"))
    home = Path(tempfile.mkdtemp(dir=servers.folder))
    line = FaultyLine.to_http(servers.s3_address, seed=1, chances=STORE_CHANCES)
    with webhook_receiver() as (port, accepted):
        direct = f"s3://{name.replace('_', '-')}?endpoint={servers.s3_address}"
        setting = Setting(
            database_url=fresh_database(servers, backend, name),
            storage_url=f"s3://{name.replace('_', '-')}?endpoint=http://127.0.0.1:{line.port}&retry_seconds=20",
            folder=str(home),
            jobs=jobs,
            points=dict.fromkeys(POINTS, CHANCE),
            child=CHANCE,
            webhook_port=port,
        )
        run = (CeleryRun if "Celery" in backend else Run)(setting)
        if isinstance(run, CeleryRun):
            run.broker_url = servers.broker_url
            run.flush_broker()
        try:
            run.prepare([f"http://hooks.test:{port}/"])
            run.go(faults_of(servers, backend), every_jobs=every_jobs)
            run.finish()
            report = judge(run.database, replace(setting, storage_url=direct), run.report)
        finally:
            run.close()
            line.close()
            shutil.rmtree(home, ignore_errors=True)
    report.faults += line.faults
    report.repeated = sum(accepted.values()) - len(accepted)
    return report
