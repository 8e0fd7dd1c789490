"""Clients, workers, children and databases killed at every named point and at random: nothing lost or doubled."""

from collections.abc import Callable
from pathlib import Path

import pytest
from chaos_setting import Setting
from faults import kill_worker, lock_database, restart_postgres, stop_worker, webhook_receiver
from harness import Run, run_chaos
from kill_points import POINTS
from long_run import BACKENDS, Servers, long_run

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
@pytest.mark.parametrize("point", [*POINTS, "child"])
def test_one_kill_point_often(setting_of: Callable[..., Setting], point: str) -> None:
    """One point with a chance of three in ten, as in the study before this code."""
    chances = {"child": 0.3} if point == "child" else {"points": {point: 0.3}}
    with webhook_receiver() as (port, _):
        # Few heartbeats: of a job with twelve, one attempt in seventy would live to its end.
        setting = setting_of(jobs=15, round=15, long_seconds=1.5, webhook_port=port, **chances)
        report = run_chaos(Run(setting), endpoints=[f"http://hooks.test:{port}/"])
    assert report.is_clean, report
    assert (report.succeeded, report.failed) == (13, 2)
    if "heartbeat" not in point and "reap" not in point:  # which may come by a few times only
        assert sum(report.kills.values()) > report.kills["disk_full_in_publish"]


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_locked_database_loses_nothing(empty_sqlite_url: str, quick_path: Path) -> None:
    setting = Setting(
        database_url=empty_sqlite_url, storage_url=str(quick_path / "store"), folder=str(quick_path), jobs=30
    )
    report = run_chaos(Run(setting), faults=(kill_worker, stop_worker, lock_database), every_jobs=3)
    assert report.is_clean, report
    assert (report.succeeded, report.failed) == (28, 2)


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
    """Sixty jobs each; `benchmarks/chaos.py` runs a thousand and prints the table of the docs."""
    del s3_bucket  # it stands for the credentials in the environment
    servers = Servers(postgres=postgres, broker_url=valkey_url, s3_address=s3_address, folder=quick_path)
    report = long_run(servers, backend, 60)
    assert report.is_clean, report
    assert (report.succeeded, report.failed) == (58, 2)
