"""HTTP on the wire: uvicorn's own protocol with time and size limits on what comes before and beside a body.

A body has its limits where it is read (`http/limits.py`, `http/fast_path.py`). Here are those of a connection
that says nothing, or its head a byte at a time, or a head without end, or that does not read its answer;
uvicorn has none.
"""

import asyncio
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import msgspec
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from yunque.surfaces.at_once import EXTENSION, WholeExchange

SWEEP_SECONDS = 1.0


@dataclass(frozen=True, kw_only=True)
class WireLimits:
    """What a connection may take.

    Attributes:
        head_seconds: longest wait for the whole head of a request; also for a body that nobody reads.
        stall_seconds: longest wait for a client to go on reading its answer.
        head_bytes: largest head, and most bytes between two pieces of a body.
        connections: most connections of a process.
    """

    head_seconds: float = 10.0
    stall_seconds: float = 30.0
    head_bytes: int = 64 * 1024
    connections: int = 1000


class Wire:
    """The connections of one process; stands where uvicorn is given a class of protocols."""

    def __init__(self, limits: WireLimits) -> None:
        self.limits = limits
        self._open: set[CarefulProtocol] = set()
        self._is_sweeping = False

    def __call__(self, **options: Any) -> "CarefulProtocol":
        """Make the protocol of a new connection."""
        return CarefulProtocol(self, **options)

    def enter(self, connection: "CarefulProtocol") -> bool:
        """Take a connection up; False when there are too many."""
        if len(self._open) >= self.limits.connections:
            return False
        self._open.add(connection)
        if not self._is_sweeping:
            self._is_sweeping = True
            self._sweep_later(connection.loop)
        return True

    def leave(self, connection: "CarefulProtocol") -> None:
        """Forget a connection."""
        self._open.discard(connection)

    def _sweep_later(self, loop: asyncio.AbstractEventLoop) -> None:
        limits = self.limits
        pause = min(SWEEP_SECONDS, limits.head_seconds / 4, limits.stall_seconds / 4)
        loop.call_later(pause, self._sweep, loop)

    def _sweep(self, loop: asyncio.AbstractEventLoop) -> None:
        now = loop.time()
        for connection in list(self._open):
            connection.look(now)
        self._is_sweeping = bool(self._open)
        if self._is_sweeping:
            self._sweep_later(loop)


class CarefulProtocol(HttpToolsProtocol):  # type: ignore[misc]  # uvicorn is not typed for mypy here
    """One connection."""

    def __init__(self, wire: Wire, **options: Any) -> None:
        super().__init__(**options)
        self._wire = wire
        self._since: float | None = None  # when the wait for the client began; None while it is answered
        self._is_idle = False  # between two requests; uvicorn's own timer ends that
        self._is_whole = True  # the last request came whole
        self._in_head = False
        self._moved = False
        self._unmoved_bytes = 0
        self._unread: tuple[int, float] = (0, 0.0)  # bytes that wait to be read, and since when

    def connection_made(self, transport: asyncio.Transport) -> None:
        """Begin to wait for a request."""
        super().connection_made(transport)
        self._since = self.loop.time()
        if not self._wire.enter(self):
            self._refuse(TOO_MANY)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        self._wire.leave(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse what came, and count what leads nowhere."""
        if self.transport.is_closing():
            return
        if self._is_idle:
            self._is_idle, self._since = False, self.loop.time()
        self._moved = False
        super().data_received(data)
        self._unmoved_bytes = 0 if self._moved else self._unmoved_bytes + len(data)
        if self._unmoved_bytes > self._wire.limits.head_bytes and not self.transport.is_closing():
            self._refuse(HEAD_TOO_LARGE)

    def on_message_begin(self) -> None:
        """Begin a request."""
        self._is_whole, self._in_head = False, True
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Stop waiting: from here on the body's own limits hold."""
        self._moved, self._since, self._in_head = True, None, False
        scope = self.scope
        super().on_headers_complete()  # makes the cycle, whose task begins later
        scope["extensions"] = {EXTENSION: WholeExchange(self.cycle)}

    def on_body(self, body: bytes) -> None:
        """Take a piece of the body."""
        self._moved = True
        super().on_body(body)

    def on_message_complete(self) -> None:
        """End a request."""
        self._moved = self._is_whole = True
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """Be idle, or wait for the rest of a body that nobody reads."""
        if self._is_whole:
            self._is_idle = True
        else:
            self._since = self.loop.time()
        super().on_response_complete()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - uvicorn's signature
        """Answer what is no HTTP with problem details."""
        self._refuse(NO_HTTP)

    def look(self, now: float) -> None:
        """Give the connection up when its client is too slow."""
        limits, waiting = self._wire.limits, self.transport.get_write_buffer_size()
        if waiting != self._unread[0]:
            self._unread = (waiting, now)
        elif waiting and now - self._unread[1] > limits.stall_seconds:
            self.transport.abort()
            return
        if self._since is None or now - self._since <= limits.head_seconds:
            return
        if self._in_head:
            self._refuse(HEAD_TOO_SLOW)
        else:
            self._since = None
            self.transport.close()

    def _refuse(self, problem: bytes) -> None:
        """Answer and close, unless an answer is under way; what is not read soon is cut off."""
        self._since = None
        if self.cycle is None or self.cycle.response_complete:
            self.transport.write(problem)
        self.transport.close()


def _problem(status: HTTPStatus, code: str, detail: str) -> bytes:
    """Write a whole answer: RFC 9457 problem details, as every other refusal."""
    document = {"type": "about:blank", "title": status.phrase, "status": int(status), "code": code}
    content = msgspec.json.encode(document | {"detail": detail})
    head = f"HTTP/1.1 {int(status)} {status.phrase}\r\ncontent-type: application/problem+json\r\n"
    return f"{head}content-length: {len(content)}\r\nconnection: close\r\n\r\n".encode("ascii") + content


NO_HTTP = _problem(HTTPStatus.BAD_REQUEST, "malformed_http", "This is no HTTP request.")
TOO_MANY = _problem(
    HTTPStatus.SERVICE_UNAVAILABLE, "too_many_connections", "The server has no connection to spare."
)
HEAD_TOO_LARGE = _problem(
    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "head_too_large", "The head of the request is too large."
)
HEAD_TOO_SLOW = _problem(HTTPStatus.REQUEST_TIMEOUT, "head_too_slow", "The request did not arrive in time.")
