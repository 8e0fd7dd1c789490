"""Fits of a training made on a Dask cluster: scores equal to those made here, also when workers are killed."""

import os
import signal
from pathlib import Path

import polars as pl
import pytest
from dask_cluster import local_cluster
from small_models import clients

from yunque.data.infer import Wishes
from yunque.errors import OperationError
from yunque.learning.leaderboard import Leaderboard
from yunque.learning.progress import Progress, ignore
from yunque.learning.splits import SplitWish
from yunque.runtime.clock import REAL_CLOCK
from yunque.runtime.fleet import Fleet, open_fleet
from yunque.runtime.parallel import Parallel
from yunque.services.train import Listener, TrainRequest, train

pytestmark = [
    pytest.mark.timeout(900),
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning"),
]
CANDIDATES = ("logistic", "decision_tree")


@pytest.fixture
def frame() -> pl.DataFrame:
    return clients(300).drop("spend")


def trained(
    frame: pl.DataFrame, folder: Path, plan: Parallel, listener: Listener = ignore
) -> tuple[Leaderboard, tuple[str, ...]]:
    request = TrainRequest(
        source=frame,
        name="buys",
        wishes=Wishes(target="buys"),
        budget=600.0,
        split=SplitWish(folds=3),
        algorithms=CANDIDATES,
        varies=False,
        threads=2,
        by="a test",
        parallel=plan,
    )
    told: list[str] = []

    def listen(progress: Progress) -> None:
        told.append(f"{progress.stage}: {progress.message}")
        listener(progress)

    folder.mkdir()
    return train(request, folder / "bundle", REAL_CLOCK, listen).leaderboard, tuple(told)


def scores(board: Leaderboard) -> dict[str, float]:
    """Losses of those that finished; who is dropped on the way depends on who ends first, also here."""
    assert not [entry.reason for entry in board.entries if entry.state == "failed"]
    return {entry.name: entry.loss for entry in board.entries if entry.state == "done" and entry.loss}


def test_a_killed_worker_does_not_lose_the_training_and_the_scores_are_those_made_here(
    frame: pl.DataFrame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected, _ = trained(frame, tmp_path / "here", Parallel())
    fleets: list[Fleet] = []
    opened = Fleet.__init__

    def remember(self: Fleet, client: object, folder: Path) -> None:
        opened(self, client, folder)
        fleets.append(self)

    monkeypatch.setattr(Fleet, "__init__", remember)
    with local_cluster() as (address, workers):

        def kill_one_in_mid_search(progress: Progress) -> None:
            if progress.done >= 2 and workers[0].poll() is None:
                os.kill(workers[0].pid, signal.SIGKILL)

        plan = Parallel(where="dask", dask_address=address)
        found, _ = trained(frame, tmp_path / "there", plan, kill_one_in_mid_search)
        assert workers[0].poll() is not None
        assert workers[1].poll() is None
    here, there = scores(expected), scores(found)
    both = here.keys() & there.keys()
    assert "logistic_regression" in both
    assert {name: here[name] for name in both} == {name: there[name] for name in both}
    assert fleets[0].done_there >= 4
    assert not list((tmp_path / "there").glob("fleet-*"))


def test_a_cluster_that_is_away_is_told_of_and_the_fits_are_made_here(
    frame: pl.DataFrame, tmp_path: Path
) -> None:
    board, told = trained(
        frame.head(200), tmp_path / "run", Parallel(where="dask", dask_address="tcp://127.0.0.1:1")
    )
    assert board.entries
    assert any(line.startswith("cluster: The Dask cluster does not answer") for line in told)


def test_a_cluster_that_goes_away_leaves_the_work_to_this_process_and_errors_come_in_words(
    tmp_path: Path,
) -> None:
    with local_cluster(workers=1) as (address, workers), open_fleet(address, tmp_path) as fleet:
        assert fleet.size == 1
        with pytest.raises(OperationError, match="ZeroDivisionError: division by zero"):
            fleet.run("parallel_items:divide", {"by": 0}, {}, 0, never)
        with pytest.raises(MemoryError):
            fleet.run("parallel_items:need_too_much", {}, {}, 0, never)
        assert fleet.run("parallel_items:divide", {"by": 4}, {}, 0, never) == b"25.0"
        assert fleet.run("parallel_items:wait_for_the_end", {}, {}, 0, once_begun) == b"asked to end"
        done = fleet.done_there
        assert done == 2
        workers[0].kill()
        _forget(fleet)
        assert fleet.run("parallel_items:divide", {"by": 4}, {}, 0, never) == b"25.0"
        assert fleet.done_there == done


def never(has_begun: bool) -> bool:
    return False


def once_begun(has_begun: bool) -> bool:
    return has_begun


def _forget(fleet: Fleet) -> None:
    """Break the line to the scheduler, as when its machine is gone."""
    fleet._client.close()
