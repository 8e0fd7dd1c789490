"""Parallel work gives what sequential work gives, in its order, also when workers are killed."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from dask_cluster import local_cluster
from parallel_items import (
    die_always,
    die_once,
    place_of,
    refuse_odd,
    run_late,
    sleep_long,
    slow_square,
    square,
)

from yunque.errors import LimitError, OperationError
from yunque.runtime.parallel import Parallel, map_tasks

HERE = Parallel()
THREADS = Parallel(where="threads", workers=3)
PROCESSES = Parallel(where="processes", workers=2)
plans = pytest.mark.parametrize("plan", [HERE, THREADS, PROCESSES], ids=lambda plan: plan.where)


@plans
def test_results_come_in_the_order_of_the_references(plan: Parallel) -> None:
    assert map_tasks(square, range(20), plan) == [number * number for number in range(20)]
    assert map_tasks(square, [], plan) == []


@plans
def test_the_first_error_is_raised_as_it_is(plan: Parallel) -> None:
    with pytest.raises(ValueError, match="3 is odd"):
        map_tasks(refuse_odd, [2, 3, 4, 5], plan)
    with pytest.raises(TimeoutError, match="own"):
        map_tasks(run_late, [1], plan)


def test_threads_and_processes_are_what_they_say() -> None:
    threads = set(map_tasks(place_of, range(12), THREADS))
    assert {pid for pid, _ in threads} == {os.getpid()}
    assert len(threads) > 1
    assert os.getpid() not in {pid for pid, _ in map_tasks(place_of, range(4), PROCESSES)}


@pytest.mark.parametrize("where", ["threads", "processes"])
def test_there_is_always_an_end(where: str) -> None:
    plan = Parallel(where=where, workers=2, timeout_seconds=0.3)  # type: ignore[arg-type]
    with pytest.raises(LimitError, match=r"0\.3 seconds"):
        map_tasks(sleep_long, [3, 3], plan)


def test_a_killed_process_costs_nothing_but_time(tmp_path: Path) -> None:
    (tmp_path / "4").touch()
    items = [(str(tmp_path), number) for number in range(8)]
    assert map_tasks(die_once, items, PROCESSES) == [number * number for number in range(8)]


def test_work_that_kills_its_processes_twice_is_given_up() -> None:
    with pytest.raises(OperationError, match="twice"):
        map_tasks(die_always, [1], PROCESSES)


@pytest.mark.parametrize(
    "wrong",
    [{"workers": 0}, {"timeout_seconds": 0}, {"where": "dask"}, {"dask_address": "tcp://127.0.0.1:1"}],
)
def test_a_plan_that_cannot_work_cannot_be_built(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="Parallel work|Dask"):  # noqa: RUF043
        Parallel(**wrong)  # type: ignore[arg-type]


# -- Dask -------------------------------------------------------------------------------------------------


@pytest.fixture
def cluster() -> Iterator[tuple[str, list[subprocess.Popen[str]]]]:
    """A scheduler and two workers on this machine: its address, and the workers' processes."""
    pytest.importorskip("distributed")
    with local_cluster() as found:
        yield found


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")
def test_a_killed_dask_worker_loses_nothing(cluster: tuple[str, list[subprocess.Popen[str]]]) -> None:
    address, workers = cluster
    plan = Parallel(where="dask", dask_address=address, timeout_seconds=120)
    expected = [number * number for number in range(30)]
    assert map_tasks(square, range(30), plan) == expected
    with pytest.raises(ValueError, match="1 is odd"):
        map_tasks(refuse_odd, [0, 1], plan)
    with pytest.raises(TimeoutError, match="own"):
        map_tasks(run_late, [1], plan)

    victim = workers[0]
    pid = os.fork()
    if pid == 0:  # kills one worker in the middle of the work
        time.sleep(2.0)
        os.kill(victim.pid, signal.SIGKILL)
        os._exit(0)
    assert map_tasks(slow_square, range(30), plan) == expected
    os.waitpid(pid, 0)
    victim.wait(20)
    assert victim.returncode == -signal.SIGKILL


def test_a_cluster_that_is_away_is_an_error_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("distributed")
    with pytest.raises(OperationError):
        map_tasks(square, [1], Parallel(where="dask", dask_address="tcp://127.0.0.1:1", timeout_seconds=5))
