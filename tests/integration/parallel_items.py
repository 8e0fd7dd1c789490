"""Functions that other processes import by name in the tests of parallel work."""

import os
import signal
import threading
import time
from pathlib import Path
from typing import Any


def square(number: int) -> int:
    return number * number


def slow_square(number: int) -> int:
    time.sleep(0.2)
    return number * number


def place_of(number: int) -> tuple[int, int]:
    time.sleep(0.05)
    return os.getpid(), threading.get_ident()


def refuse_odd(number: int) -> int:
    if number % 2:
        raise ValueError(f"{number} is odd")
    return number


def run_late(number: int) -> int:
    raise TimeoutError("the function's own")


def sleep_long(number: int) -> int:
    time.sleep(number)
    return number


def die_once(item: tuple[str, int]) -> int:
    """Kill the process that does the item marked by a file which is there the first time only."""
    folder, number = item
    mark = Path(folder) / str(number)
    if mark.exists():
        mark.unlink()
        os.kill(os.getpid(), signal.SIGKILL)
    return number * number


def die_always(number: int) -> int:
    os.kill(os.getpid(), signal.SIGKILL)
    return number


def divide(document: Any, arrays: Any, should_stop: Any, clock: Any) -> bytes:
    return str(100 / document["by"]).encode()


def need_too_much(document: Any, arrays: Any, should_stop: Any, clock: Any) -> bytes:
    raise MemoryError("too much")


def wait_for_the_end(document: Any, arrays: Any, should_stop: Any, clock: Any) -> bytes:
    while not should_stop():
        time.sleep(0.01)
    return b"asked to end"
