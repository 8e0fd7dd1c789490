"""Clients, workers, children and databases killed at every named point and at random: nothing lost or doubled."""

from collections.abc import Callable
from pathlib import Path

import pytest
from chaos_setting import Setting
from harness import Fault, Run, kill_worker, lock_database, run_chaos, stop_worker, webhook_receiver

from servers import Postgres

SQLITE_FAULTS: tuple[Fault, ...] = (kill_worker, stop_worker, lock_database)


def restart_postgres(server: Postgres) -> Fault:
    def kill_postmaster(run: Run) -> None:
        server.kill()
        server.start_again()

    return kill_postmaster


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
    points = dict.fromkeys(
        [
            "before_submit_commit", "after_submit_commit", "before_claim_commit", "after_claim_commit",
            "before_complete_commit", "after_complete_commit",
        ],
        0.08,
    )  # fmt: skip
    with webhook_receiver() as (port, accepted):
        setting = setting_of(jobs=12, points=points, child=0.08, webhook_port=port)
        report = run_chaos(
            setting,
            faults=(kill_worker, stop_worker),
            every_seconds=2.5,
            endpoints=[f"http://hooks.test:{port}/"],
        )
    assert report.succeeded == 10
    assert report.failed == 2
    assert len(accepted) == 12


POINTS = (
    "before_submit_commit", "after_submit_commit", "before_claim_commit", "after_claim_commit",
    "before_complete_commit", "after_complete_commit",
)  # fmt: skip


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("point", [*POINTS, "child"])
def test_one_kill_point_often(setting_of: Callable[..., Setting], point: str) -> None:
    """One point with a chance of three in ten, as in the study before this code."""
    chances = {"child": 0.3} if point == "child" else {"points": {point: 0.3}}
    report = run_chaos(setting_of(jobs=30, **chances), limit_seconds=600)
    assert (report.succeeded, report.failed) == (28, 2)
    assert report.deaths > 0 or point == "child"


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_locked_database_loses_nothing(empty_sqlite_url: str, quick_path: Path) -> None:
    setting = Setting(
        database_url=empty_sqlite_url, storage_url=str(quick_path / "store"), folder=str(quick_path), jobs=30
    )
    report = run_chaos(setting, faults=SQLITE_FAULTS, every_seconds=3.0, limit_seconds=600)
    assert (report.succeeded, report.failed) == (28, 2)


@pytest.mark.pg
def test_a_killed_postgres_loses_nothing(postgres: Postgres, postgres_url: str, quick_path: Path) -> None:
    if not postgres.can_be_killed:
        pytest.skip("the Postgres of TEST_DATABASE_URL is not ours to kill")
    setting = Setting(
        database_url=postgres_url, storage_url=str(quick_path / "store"), folder=str(quick_path), jobs=10
    )
    report = run_chaos(setting, faults=(restart_postgres(postgres),), every_seconds=3.0)
    assert (report.succeeded, report.failed) == (8, 2)
