"""Pieces of work done on a Dask cluster, by references to arrays in a folder that all its workers reach.

A piece whose worker dies is computed again elsewhere; when the whole cluster is lost, it is done here.
"""

import importlib
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
import numpy.typing as npt

from yunque.errors import OperationError
from yunque.runtime.parallel import open_client

_POLL_SECONDS = 0.05
_ASK_SECONDS = 0.1
_GRACE_SECONDS = 5.0
_WORKERS_SECONDS = 20.0


@dataclass(frozen=True, kw_only=True)
class Order:
    """A piece of work as references.

    Attributes:
        entry: "module:function" of function(document, arrays, should_stop, clock) -> bytes.
        document: JSON-able.
        arrays: path of each array's file.
        stop: once this file is there, the work is to end soon.
        begun: this file is made when a worker has all it needs and begins.
    """

    entry: str
    document: Mapping[str, Any]
    arrays: Mapping[str, str]
    stop: str
    begun: str


class Fleet:
    """A cluster that pieces of work are handed to, by any number of threads at once."""

    def __init__(self, client: Any, folder: Path) -> None:
        self._client, self._folder = client, folder
        self._lock = Lock()
        self._locks: dict[str, Lock] = {}
        self._count = 0
        self._is_closed = False
        self.done_there = 0

    @property
    def size(self) -> int:
        """How many pieces it does at a time."""
        workers = self._client.scheduler_info(n_workers=-1)["workers"].values()
        return max(1, sum(int(worker["nthreads"]) for worker in workers))

    def run(
        self,
        entry: str,
        document: Mapping[str, Any],
        arrays: Mapping[str, npt.NDArray[Any]],
        allowance_bytes: int,
        should_stop: Callable[[bool], bool],
    ) -> bytes:
        """Give what `entry` gives for the document and the arrays, wherever it is done.

        Args:
            entry: called as function(document, arrays, should_stop, clock) -> bytes.
            document: JSON-able.
            arrays: by name; one name always stands for the same array, which is written once.
            allowance_bytes: memory it may take; the cluster's own limits are what holds there.
            should_stop: asked often, with whether the work itself has begun; once it says True the piece is
                told, and soon left behind.

        Raises:
            MemoryError: it needed more memory than there was.
            OperationError: it raised, did not stop, or killed one worker after the other.
        """
        del allowance_bytes
        with self._lock:
            self._count += 1
            stop, begun = (self._folder / f"{self._count}.{word}" for word in ("stop", "begun"))
        paths = {name: str(self._kept(name, array)) for name, array in arrays.items()}
        order = Order(entry=entry, document=dict(document), arrays=paths, stop=str(stop), begun=str(begun))
        result = self._there(order, should_stop)
        if result is None:
            return do(order, lambda: should_stop(True))
        with self._lock:
            self.done_there += 1
        return result

    def close(self) -> None:
        """Leave what still runs behind, and remove what was handed over."""
        self._is_closed = True
        shutil.rmtree(self._folder, ignore_errors=True)

    def _there(self, order: Order, should_stop: Callable[[bool], bool]) -> bytes | None:
        """Give what the cluster gives; None when it is gone."""
        try:
            future = self._client.submit(do, order, pure=False)
            self._wait(future, order, should_stop)
            found: bytes = future.result(timeout=_GRACE_SECONDS)
        except MemoryError:
            raise
        except Exception as error:  # its own errors are of many kinds, and so is what it tells of ours
            if self._is_closed or isinstance(error, OperationError):
                raise
            if type(error).__name__ == "KilledWorker":
                raise OperationError("it killed one worker of the cluster after the other") from error
            return None
        return found

    def _wait(self, future: Any, order: Order, should_stop: Callable[[bool], bool]) -> None:
        asked_at: float | None = None
        while not future.done():
            time.sleep(_POLL_SECONDS)
            if self._is_closed:
                future.cancel()
                raise OperationError("nobody waits for it any more")
            if asked_at is None and should_stop(Path(order.begun).exists()):
                asked_at = time.monotonic()
                Path(order.stop).touch()
            if asked_at is not None and time.monotonic() > asked_at + _GRACE_SECONDS:
                future.cancel()
                raise OperationError(f"it did not end within {_GRACE_SECONDS:g} s of its deadline")

    def _kept(self, name: str, array: npt.NDArray[Any]) -> Path:
        path = self._folder / f"{name}.npy"
        with self._lock:
            lock = self._locks.setdefault(name, Lock())
        with lock:
            if not path.exists():
                part = path.with_suffix(".part.npy")
                np.save(part, array, allow_pickle=False)
                part.replace(path)
        return path


@contextmanager
def open_fleet(address: str, folder: Path) -> Iterator[Fleet]:
    """Open the cluster at `address` for pieces whose arrays are put below `folder` for as long.

    Raises:
        UsageError: Dask is not installed.
        OperationError: the cluster cannot be reached, or has no worker.
    """
    folder.mkdir(parents=True, exist_ok=True)
    place = Path(tempfile.mkdtemp(prefix="fleet-", dir=folder))
    try:
        with open_client(address) as client:
            with suppress(TimeoutError):
                client.wait_for_workers(1, timeout=_WORKERS_SECONDS)
            if not client.scheduler_info(n_workers=-1)["workers"]:
                raise OperationError(
                    "The Dask cluster has no worker.", hint="Start some: dask worker ADDRESS."
                )
            fleet = Fleet(client, place)
            try:
                yield fleet
            finally:
                fleet.close()
    finally:
        shutil.rmtree(place, ignore_errors=True)


def do(order: Order, should_stop: Callable[[], bool] | None = None) -> bytes:
    """Do a piece of work where its files can be read; what it raises is told in words."""
    module, _, name = order.entry.partition(":")
    asked = should_stop or _asked(Path(order.stop))
    try:
        function = getattr(importlib.import_module(module), name)
        arrays = {key: np.load(path, mmap_mode="c") for key, path in order.arrays.items()}
        Path(order.begun).touch()
        result: bytes = function(order.document, arrays, asked, time.perf_counter)
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001 - the border of the process: many errors cannot be sent as they are
        raise OperationError(f"{type(error).__name__}: {error}"[:500]) from None
    return result


def _asked(stop: Path) -> Callable[[], bool]:
    """Give a function that looks for the file no more often than is useful."""
    next_look, seen = 0.0, False

    def should_stop() -> bool:
        nonlocal next_look, seen
        now = time.monotonic()
        if not seen and now >= next_look:
            next_look, seen = now + _ASK_SECONDS, stop.exists()
        return seen

    return should_stop
