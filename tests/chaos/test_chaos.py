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
