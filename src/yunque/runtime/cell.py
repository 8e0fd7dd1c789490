"""A cell: one piece of work in a process of its own, with bounded memory, whose death costs nothing else."""

import json
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
import numpy.typing as npt

from yunque.errors import OperationError

ORDER, BEGUN, STOP, RESULT, ERROR = "order.json", "begun", "stop", "result.bin", "error.json"
_MODULE = "yunque.runtime.cell_child"
_POLL_SECONDS = 0.02
_GRACE_SECONDS = 1.0


class Cell:
    """Runs pieces of work in children; arrays are handed over as files that both map, without a copy each.

    Args:
        folder: where a working folder is made; `close` removes it.
        grace_seconds: how long a child may go on after it was asked to stop.
    """

    def __init__(self, folder: Path, grace_seconds: float = _GRACE_SECONDS) -> None:
        self._parent, self._grace = folder, grace_seconds
        self._folder: Path | None = None
        self._lock = Lock()
        self._count = 0

    def run(
        self,
        entry: str,
        document: Mapping[str, Any],
        arrays: Mapping[str, npt.NDArray[Any]],
        allowance_bytes: int,
        should_stop: Callable[[bool], bool],
    ) -> bytes:
        """Give what `entry` ("module:function") gives for the document and the arrays.

        Args:
            entry: called as function(document, arrays, should_stop, clock) -> bytes.
            document: JSON-able.
            arrays: by name; one name always stands for the same array, which is written once.
            allowance_bytes: address space that the child may take beside its imports and the arrays.
            should_stop: asked often, with whether the work itself has begun; the child is told, and killed
                when it does not end soon.

        Raises:
            MemoryError: the child needed more than its allowance.
            OperationError: it raised, crashed, was killed, or did not stop.
        """
        place = self._place()
        order = {
            "entry": entry,
            "document": dict(document),
            "arrays": {name: str(self._kept(name, array)) for name, array in arrays.items()},
            "allowance_bytes": allowance_bytes,
        }
        (place / ORDER).write_text(json.dumps(order), encoding="utf-8")
        try:
            with (place / "log.txt").open("wb") as log:
                child = subprocess.Popen(  # noqa: S603 — our own module; the order is a file
                    [sys.executable, "-P", "-m", _MODULE, str(place)],
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                )
            return self._outcome(place, self._wait(child, place, should_stop))
        finally:
            shutil.rmtree(place, ignore_errors=True)

    def close(self) -> None:
        """Remove what was handed over."""
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)

    def _place(self) -> Path:
        with self._lock:
            if self._folder is None:
                self._parent.mkdir(parents=True, exist_ok=True)
                self._folder = Path(tempfile.mkdtemp(prefix="cell-", dir=self._parent))
            self._count += 1
            place = self._folder / f"{self._count}"
        place.mkdir()
        return place

    def _kept(self, name: str, array: npt.NDArray[Any]) -> Path:
        assert self._folder is not None  # noqa: S101 — made by `_place` before
        path = self._folder / f"{name}.npy"
        with self._lock:
            if not path.exists():
                np.save(path, array, allow_pickle=False)
        return path

    def _wait(
        self, child: "subprocess.Popen[bytes]", place: Path, should_stop: Callable[[bool], bool]
    ) -> int:
        asked_at: float | None = None
        try:
            while True:
                with suppress(subprocess.TimeoutExpired):
                    return child.wait(_POLL_SECONDS)
                if asked_at is None and should_stop((place / BEGUN).exists()):
                    asked_at = time.monotonic()
                    (place / STOP).touch()
                if asked_at is not None and time.monotonic() > asked_at + self._grace:
                    raise OperationError(
                        f"its process did not end within {self._grace:g} s of its deadline and was stopped"
                    )
        finally:
            if child.poll() is None:
                child.kill()
                child.wait()

    def _outcome(self, place: Path, code: int) -> bytes:
        if code == 0 and (place / RESULT).is_file():
            return (place / RESULT).read_bytes()
        if (place / ERROR).is_file():
            error = json.loads((place / ERROR).read_text(encoding="utf-8"))
            if error["type"] == "MemoryError":
                raise MemoryError(error["message"])
            raise OperationError(f"{error['type']}: {error['message']}")
        raise OperationError(death(code))


def death(code: int) -> str:
    """Say in words how a process ended that left no result; `code` as `subprocess` gives it."""
    if code == -signal.SIGKILL:
        return "its process was killed (SIGKILL); most likely the machine ran out of memory"
    if code < 0:
        return f"its process crashed: {signal.strsignal(-code) or f'signal {-code}'}"
    return f"its process ended without a result (exit code {code})"
