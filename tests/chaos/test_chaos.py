"""Clients, workers, children and databases killed at every named point and at random: nothing lost or doubled."""

from collections.abc import Callable
from pathlib import Path

import pytest
from chaos_setting import Setting
from faults import kill_worker, lock_database, restart_postgres, stop_worker, webhook_receiver
from harness import Run, run_chaos
from kill_points import POINTS
from long_run import BACKENDS, Servers, long_run
from tour import CHILD_POINTS, Tour

from servers import Postgres


@pytest.fixture
def setting_of(quick_path: Path, database_url: str) -> Callable[..., Setting]:
    def make(**more: object) -> Setting:
        return Setting(
            database_url=database_url,
            storage_url=str(quick_path / "store"),
            folder=str(quick_path),
            **more,  # type: ignore[arg-type]
        )

    return make


def test_everything_at_once_short(setting_of: Callable[..., Setting]) -> None:
    """Every kill point with a small chance, workers killed and stopped, a receiver that hangs."""
    with webhook_receiver() as (port, accepted):
        setting = setting_of(jobs=12, points=dict.fromkeys(POINTS, 0.08), child=0.08, webhook_port=port)
        report = run_chaos(
            Run(setting),
            faults=(kill_worker, stop_worker),
            every_jobs=3,
            endpoints=[f"http://hooks.test:{port}/"],
        )
    assert report.is_clean, report
    assert (report.succeeded, report.failed) == (10, 2)
    assert len(accepted) == 12


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_every_kill_point_in_turn(setting_of: Callable[..., Setting]) -> None:
    """One point after the other, each until it has killed twice; a claim is let through half of the time."""
    points = dict.fromkeys(POINTS, 1.0) | {"after_claim_commit": 0.5}
    with webhook_receiver() as (port, _):
        setting = setting_of(
            jobs=24, round=24, job_seconds=0.8, lease_seconds=1.0, points=points, child=0.7, webhook_port=port
        )
        run = Tour(setting)
        report = run_chaos(run, endpoints=[f"http://hooks.test:{port}/"])
    assert report.is_clean, report
    assert (report.succeeded, report.failed) == (22, 2)
    assert run.is_over, run.kills()
    assert min(run.kills()[point] for point in (*POINTS, *CHILD_POINTS)) >= 2


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_locked_database_loses_nothing(empty_sqlite_url: str, quick_path: Path) -> None:
    setting = Setting(
        database_url=empty_sqlite_url, storage_url=str(quick_path / "store"), folder=str(quick_path), jobs=20
    )
    report = run_chaos(Run(setting), faults=(kill_worker, stop_worker, lock_database), every_jobs=3)
    assert report.is_clean, report
    assert (report.succeeded, report.failed) == (18, 2)


@pytest.mark.pg
def test_a_killed_postgres_loses_nothing(postgres: Postgres, postgres_url: str, quick_path: Path) -> None:
    if not postgres.can_be_killed:
        pytest.skip("the Postgres of TEST_DATABASE_URL is not ours to kill")
    setting = Setting(
        database_url=postgres_url, storage_url=str(quick_path / "store"), folder=str(quick_path), jobs=10
    )
    report = run_chaos(Run(setting), faults=(restart_postgres(postgres),), every_jobs=3)
    assert report.is_clean, report
    assert (report.succeeded, report.failed) == (8, 2)


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.pg
@pytest.mark.redis
@pytest.mark.s3
@pytest.mark.parametrize("backend", BACKENDS)
def test_a_long_run_under_everything_keeps_every_promise(
    backend: str,
    postgres: Postgres,
    valkey_url: str,
    s3_address: str,
    quick_path: Path,
    s3_bucket: tuple[str, str],
) -> None:
    """Forty jobs each; `benchmarks/chaos.py` runs a thousand and prints the table of the docs."""
    del s3_bucket  # it stands for the credentials in the environment
    servers = Servers(postgres=postgres, broker_url=valkey_url, s3_address=s3_address, folder=quick_path)
    report = long_run(servers, backend, 40, every_jobs=6)
    assert report.is_clean, report
    assert (report.succeeded, report.failed) == (38, 2)
