"""A line for every request, written in bunches: the cost of a line must not be a third of a prediction's."""

import asyncio
import logging
import time
from datetime import UTC, datetime
from itertools import count
from typing import Any, NamedTuple, TextIO
from uuid import uuid4

import msgspec

logger = logging.getLogger("yunque.http")

EVERY_SECONDS = 0.25
MOST_WAITING = 50_000


class Noted(NamedTuple):
    """One answered request; `at` is seconds since 1970."""

    at: float
    request_id: str
    method: str
    route: str
    status: int
    seconds: float
    key_holder: str


class RequestIds:
    """Fresh ids of 32 hex digits: random for the process, counted for the request."""

    def __init__(self) -> None:
        self._prefix = uuid4().hex[:16]
        self._numbers = count(1)

    def new(self) -> str:
        """Give the next id."""
        return f"{self._prefix}{next(self._numbers):016x}"


class AccessLog:
    """Collects lines and writes them four times a second; what waits when the process is killed is lost.

    Without a stream nothing is written. A thread writes, so that a stream that nobody reads holds up no
    request; lines beyond the limit are left out then and their number is told.
    """

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream
        self._encode = msgspec.json.Encoder().encode
        self._waiting: list[Noted] = []
        self._left_out = 0
        self._is_due = False

    def add(self, method: str, route: str, request_id: str, outcome: tuple[int, float, str]) -> None:
        """Note one answered request: its status, how many seconds it took, and who held the key."""
        if self._stream is None:
            return
        if len(self._waiting) >= MOST_WAITING:
            self._left_out += 1
            return
        self._waiting.append(Noted(time.time(), request_id, method, route, *outcome))
        if not self._is_due:
            self._is_due = True
            asyncio.get_running_loop().call_later(EVERY_SECONDS, self._hand_over)

    def _hand_over(self) -> None:
        asyncio.get_running_loop().run_in_executor(None, self._write, *self._take())

    def flush(self) -> None:
        """Write what waits, here and now."""
        self._write(*self._take())

    def _take(self) -> tuple[list[Noted], int]:
        taken = self._waiting, self._left_out
        self._waiting, self._left_out, self._is_due = [], 0, False
        return taken

    def _write(self, lines: list[Noted], left_out: int) -> None:
        if left_out:
            logger.warning("%d lines of the access log were left out: its stream is too slow.", left_out)
        if self._stream is None or not lines:
            return
        try:
            self._stream.write("".join(self._encode(_document(line)).decode() + "\n" for line in lines))
            self._stream.flush()
        except (OSError, ValueError) as error:  # ValueError: the stream was closed
            logger.warning("The access log cannot be written: %s", error)


def _document(line: Noted) -> dict[str, Any]:
    """Give the same keys as `runtime.logs` writes."""
    return {
        "time": datetime.fromtimestamp(line.at, UTC).isoformat(timespec="milliseconds"),
        "level": "info",
        "logger": "yunque.http",
        "message": "request",
        "request_id": line.request_id,
        "method": line.method,
        "route": line.route,
        "status": line.status,
        "milliseconds": round(1000 * line.seconds, 3),
        "key_holder": line.key_holder,
    }
