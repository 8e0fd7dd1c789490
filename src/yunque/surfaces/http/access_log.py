"""A line for every request, written in bunches: the cost of a line must not be a third of a prediction's."""

import asyncio
import logging
import time
from datetime import UTC, datetime
from functools import lru_cache
from itertools import count
from typing import Any, NamedTuple, TextIO
from uuid import uuid4

import msgspec

logger = logging.getLogger("yunque.http")

EVERY_SECONDS = 0.25
BUNCH = 64  # lines made into text at a time
MOST_BUNCHES = 1_000


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
    """Collects lines and writes them in bunches; what waits when the process is killed is lost.

    Without a stream nothing is written. The event loop makes the text, a few lines at a time: a thread that
    made it would hold the interpreter's lock for milliseconds. A thread only writes, so that a stream that
    nobody reads holds up no request; lines beyond the limit are left out then and their number is told.
    """

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream
        self._encode = msgspec.json.Encoder().encode
        self._noted: list[Noted] = []
        self._texts: list[bytes] = []
        self._left_out = 0
        self._is_due = False
        self._is_writing = False

    def add(self, method: str, route: str, request_id: str, outcome: tuple[int, float, str]) -> None:
        """Note one answered request: its status, how many seconds it took, and who held the key."""
        if self._stream is None:
            return
        if len(self._texts) >= MOST_BUNCHES:
            self._left_out += 1
            return
        self._noted.append(Noted(time.time(), request_id, method, route, *outcome))
        if len(self._noted) >= BUNCH:
            self._make_text()
        if not self._is_due:
            self._is_due = True
            asyncio.get_running_loop().call_later(EVERY_SECONDS, self._hand_over)

    def _make_text(self) -> None:
        noted, self._noted = self._noted, []
        self._texts.append(b"".join(self._encode(_document(line)) + b"\n" for line in noted))

    def _hand_over(self) -> None:
        """Give what waits to a thread, unless the one before is still writing."""
        loop = asyncio.get_running_loop()
        if self._is_writing:
            loop.call_later(EVERY_SECONDS, self._hand_over)
            return
        self._is_due, self._is_writing = False, True
        loop.run_in_executor(None, self._write, self._take())

    def flush(self) -> None:
        """Write what waits, here and now."""
        self._write(self._take())

    def _take(self) -> bytes:
        self._make_text()
        texts, self._texts = self._texts, []
        if self._left_out:
            logger.warning("%d lines of the access log were left out: its stream is slow.", self._left_out)
            self._left_out = 0
        return b"".join(texts)

    def _write(self, text: bytes) -> None:
        try:
            if self._stream is not None and text:
                self._stream.write(text.decode())
                self._stream.flush()
        except (OSError, ValueError) as error:  # ValueError: the stream was closed
            logger.warning("The access log cannot be written: %s", error)
        finally:
            self._is_writing = False


def _document(line: Noted) -> dict[str, Any]:
    """Give the same keys as `runtime.logs` writes."""
    second, fraction = divmod(line.at, 1.0)
    return {
        "time": f"{_second(int(second))}.{int(1000 * fraction):03d}+00:00",
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


@lru_cache(maxsize=4)
def _second(second: int) -> str:
    return datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%S")
