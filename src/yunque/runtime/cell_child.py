"""The child of a cell: reads its order, bounds its memory, works, and leaves a result or an error."""

import ctypes
import importlib
import json
import os
import resource
import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import numpy as np
import psutil

from yunque.runtime.cell import BEGUN, ERROR, ORDER, RESULT, STOP

_PR_SET_PDEATHSIG = 1
_ASK_SECONDS = 0.05
_FIRST_TO_GO = "1000"  # the kernel's killer takes this process before any other


def main() -> int:
    """Do the work that the folder in the first argument describes."""
    place = Path(sys.argv[1])
    _die_first()
    try:
        order = json.loads((place / ORDER).read_text(encoding="utf-8"))
        module, _, name = order["entry"].partition(":")
        function = getattr(importlib.import_module(module), name)
        arrays = {key: np.load(path, mmap_mode="c") for key, path in order["arrays"].items()}
        _limit(order["allowance_bytes"])
        (place / BEGUN).touch()
        result: bytes = function(order["document"], arrays, _asked(place / STOP), time.perf_counter)
    except Exception as error:  # noqa: BLE001 — the border of the process: told to the parent in one line
        _leave(place / ERROR, json.dumps(_told(error)).encode())
        return 1
    _leave(place / RESULT, result)
    return 0


def _told(error: BaseException) -> dict[str, str]:
    kind, message = type(error).__name__, str(error)
    if isinstance(error, MemoryError) or "bad_alloc" in message or "bad allocation" in message:
        return {"type": "MemoryError", "message": message or "it needed more memory than it may have"}
    return {"type": kind, "message": message[:500]}


def _leave(path: Path, content: bytes) -> None:
    part = path.with_suffix(".part")
    part.write_bytes(content)
    part.replace(path)


def _asked(path: Path) -> Callable[[], bool]:
    """Give a function that says whether the parent wants an end; it looks no more often than is useful."""
    next_look, seen = 0.0, False

    def should_stop() -> bool:
        nonlocal next_look, seen
        now = time.monotonic()
        if not seen and now >= next_look:
            next_look, seen = now + _ASK_SECONDS, path.exists()
        return seen

    return should_stop


def _die_first() -> None:
    """Ask Linux to end this process with its parent, and to take it first when memory runs out."""
    if sys.platform != "linux":
        return
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text(_FIRST_TO_GO, encoding="ascii")


def _limit(allowance_bytes: int) -> None:
    """Bound the address space to what it is now and the allowance; beyond it, allocations fail."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    wanted = int(psutil.Process().memory_info().vms) + allowance_bytes
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    if hard == resource.RLIM_INFINITY or wanted < hard:
        resource.setrlimit(resource.RLIMIT_AS, (wanted, wanted))


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)  # what a library does while the interpreter ends is nobody's result
