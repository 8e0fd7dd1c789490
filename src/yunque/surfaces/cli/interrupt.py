"""Ctrl-C during a long run: the first ends it soon with the best so far, the second at once."""

import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

WORDS = "\nStopping: the best model so far is packed. Press Ctrl-C again to give up at once.\n"


@contextmanager
def kept_on_interrupt() -> Iterator[Callable[[], bool]]:
    """Give a function that says whether someone pressed Ctrl-C; the old handler comes back afterwards."""
    asked = threading.Event()
    before = signal.getsignal(signal.SIGINT)

    def note(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - what a handler is given
        asked.set()
        signal.signal(signal.SIGINT, signal.default_int_handler)
        sys.stderr.write(WORDS)
        sys.stderr.flush()

    signal.signal(signal.SIGINT, note)
    try:
        yield asked.is_set
    finally:
        signal.signal(signal.SIGINT, before)
