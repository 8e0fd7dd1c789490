"""Go on in a child that its parent starts again when the system kills it, as where memory runs out."""

import ctypes
import os
import shutil
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

_PR_SET_PDEATHSIG = 1
_HEAVY = ("polars", "lightgbm", "numba")  # they start threads, which a forked copy would miss
MOST_ATTEMPTS = 3
_PASSED_ON = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP) if sys.platform != "win32" else ()


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """One of at most three lives of a piece of work.

    Attributes:
        number: from 1.
        began: what the monotonic clock said when the first one began.
        folder: what all of them share, and nobody after them; None where nobody would start it again.
    """

    number: int
    began: float
    folder: Path | None = None


def guarded(on_lost: Callable[[int, bool], None]) -> Attempt:
    """Return in a child of this process, and once more in another each time one is killed by the system.

    Only a process that has no threads yet can be copied, and only Linux tells its children when it dies;
    elsewhere it simply returns. The parent never returns: it passes signals on, waits, and ends as its last
    child ended.

    Args:
        on_lost: told in the parent that attempt number n was killed, and whether it was the last.

    Raises:
        SystemExit: in the parent, with the exit code of its child.
    """
    began = time.monotonic()
    if sys.platform != "linux" or threading.active_count() > 1 or any(name in sys.modules for name in _HEAVY):
        return Attempt(number=1, began=began)
    folder = Path(tempfile.mkdtemp(prefix="yunque-"))
    for number in range(1, MOST_ATTEMPTS + 1):
        sys.stdout.flush()
        sys.stderr.flush()
        child = os.fork()
        if child == 0:
            _become_child()
            return Attempt(number=number, began=began, folder=folder)
        code = _watch(child)
        if code != -signal.SIGKILL:
            break
        on_lost(number, number == MOST_ATTEMPTS)
    shutil.rmtree(folder, ignore_errors=True)
    if code < 0 and code != -signal.SIGKILL:
        signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)  # so that whoever waits for us sees the same end
    raise SystemExit(code if code >= 0 else 128 - code)


def _become_child() -> None:
    """Die with the parent; hear signals from it alone, so that one press of Ctrl-C counts once."""
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    os.setpgid(0, 0)


def _watch(child: int) -> int:
    """Wait for a child and give its exit code, the signal as a negative number; pass signals on meanwhile."""

    def pass_on(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - what a handler is given
        with suppress(ProcessLookupError):
            os.kill(child, number)

    before = {number: signal.signal(number, pass_on) for number in _PASSED_ON}
    try:
        _, status = os.waitpid(child, 0)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    return os.waitstatus_to_exitcode(status)
