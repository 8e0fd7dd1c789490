"""Doing one function over many references: in this thread, in threads, in processes, or on a Dask cluster.

Items are references (dataset hash, fold, candidate, seed, part of a file), never tables: each side reads
the data where it works. So a lost worker loses one item, which is submitted once more.
"""

import multiprocessing
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import BrokenExecutor, Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures import TimeoutError as LateError
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

from yunque.errors import LimitError, OperationError, UsageError
from yunque.runtime.clock import REAL_CLOCK, Clock

Reference = TypeVar("Reference")
Result = TypeVar("Result")
Where = Literal["here", "threads", "processes", "dask"]


@dataclass(frozen=True, kw_only=True)
class Parallel:
    """Where the items are done.

    Args:
        where: "here" one after the other; "threads" for code that releases the interpreter's lock;
            "processes" for code that does not; "dask" on the cluster at `dask_address`.
        workers: how many items at a time; the cluster decides for itself.
        timeout_seconds: for all items together. A cluster can wait for ever for a worker that died at a
            bad moment, so there is always an end.
    """

    where: Where = "here"
    workers: int = 1
    dask_address: str | None = None
    timeout_seconds: float = 24 * 3600.0
    clock: Clock = REAL_CLOCK

    def __post_init__(self) -> None:
        """Refuse what could not work."""
        if self.workers < 1 or self.timeout_seconds <= 0:
            raise ValueError("Parallel work needs at least one worker and some time.")
        if (self.where == "dask") != (self.dask_address is not None):
            raise ValueError("A Dask address belongs to Dask, and Dask needs one.")


def map_tasks(
    function: Callable[[Reference], Result], references: Sequence[Reference], plan: Parallel
) -> list[Result]:
    """Give `function(reference)` for each reference, in their order.

    `function` is a module's own (importable by name) wherever another process runs it. What it raises for
    the first failing reference is raised here. Items of a worker that was lost are done once more, in
    processes with half the workers, because memory is the usual cause.

    Raises:
        LimitError: not all were done within the time.
        OperationError: workers were lost twice, or the cluster cannot be reached.
    """
    if plan.where == "here" or not references:
        return [function(reference) for reference in references]
    if plan.where == "dask":
        return _on_dask(function, references, plan)
    return _in_pools(function, references, plan)


def _in_pools(
    function: Callable[[Reference], Result], references: Sequence[Reference], plan: Parallel
) -> list[Result]:
    deadline = plan.clock.monotonic() + plan.timeout_seconds
    done: dict[int, Result] = {}
    for workers in (plan.workers, max(1, plan.workers // 2)):
        pool = _pool(plan, min(workers, len(references)))
        try:
            missing = [place for place in range(len(references)) if place not in done]
            futures = {place: pool.submit(function, references[place]) for place in missing}
            for place, future in futures.items():
                done[place] = _in_time(future, deadline, plan)
            return [done[place] for place in range(len(references))]
        except BrokenExecutor:
            done.update(_finished(futures))
        finally:
            _shut(pool)
    raise OperationError(
        "Processes were lost twice in the same work.",
        hint="Most likely the machine has too little memory: use fewer workers.",
    )


def _pool(plan: Parallel, workers: int) -> Executor:
    if plan.where == "threads":
        return ThreadPoolExecutor(workers)
    # A forked copy of a process with threads may inherit a lock that nobody will ever open.
    return ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn"))


def _in_time(future: Future[Result], deadline: float, plan: Parallel) -> Result:
    try:
        return future.result(max(0.0, deadline - plan.clock.monotonic()))
    except LateError as error:
        if future.done():  # the function itself has run into some time-out: that is its own error
            raise
        raise _late(plan) from error


def _finished(futures: dict[int, Future[Result]]) -> dict[int, Result]:
    return {
        place: future.result()
        for place, future in futures.items()
        if future.done() and not future.cancelled() and future.exception() is None
    }


def _shut(pool: Executor) -> None:
    """Wait for nothing: what still runs is not wanted any more."""
    processes = list((getattr(pool, "_processes", None) or {}).values())
    pool.shutdown(wait=False, cancel_futures=True)
    for process in processes:
        process.terminate()


def _late(plan: Parallel) -> LimitError:
    return LimitError(f"The work was not done within {plan.timeout_seconds:g} seconds.")


def _on_dask(
    function: Callable[[Reference], Result], references: Sequence[Reference], plan: Parallel
) -> list[Result]:
    """Watch the clock around the cluster: its client has ways to wait that no time-out of its own ends."""
    outcome: Future[list[Result]] = Future()

    def run() -> None:
        try:
            outcome.set_result(_by_futures(function, references, plan))
        except Exception as error:  # noqa: BLE001 — handed on to the caller's thread as it is
            outcome.set_exception(error)

    threading.Thread(target=run, name="dask", daemon=True).start()
    return _in_time(outcome, plan.clock.monotonic() + plan.timeout_seconds, plan)


def _by_futures(
    function: Callable[[Reference], Result], references: Sequence[Reference], plan: Parallel
) -> list[Result]:
    """Use plain futures over references.

    joblib's Dask backend scatters its arguments without a copy, so that one killed worker loses the whole
    search; a future whose worker dies is simply computed again elsewhere.
    """
    done: dict[int, Result] = {}
    with open_client(str(plan.dask_address)) as client:
        for _ in range(2):
            missing = [place for place in range(len(references)) if place not in done]
            futures = {place: client.submit(function, references[place], pure=False) for place in missing}
            done.update(_gathered(futures))
            if len(done) == len(references):
                return [done[place] for place in range(len(references))]
    raise OperationError("The Dask cluster lost workers twice in the same work.")


def open_client(address: str) -> Any:
    """Give a client of the cluster at `address`, which closes it at the end of a `with` block.

    Raises:
        UsageError: Dask is not installed.
        OperationError: nobody answers there.
    """
    try:
        from distributed import Client
    except ImportError as error:
        raise UsageError("Dask is not installed.", hint="Install yunque[dask].") from error
    try:
        return Client(address, timeout="10s", set_as_default=False)
    except OSError as error:
        raise OperationError("The Dask cluster cannot be reached.") from error


def _gathered(futures: dict[int, Any]) -> dict[int, Any]:
    """Wait for all; what was lost with its workers is left out, the function's own error is raised."""
    from distributed import CancelledError, KilledWorker

    found: dict[int, Any] = {}
    for place, future in futures.items():
        try:
            found[place] = future.result()
        except (KilledWorker, CancelledError):
            continue
    return found
