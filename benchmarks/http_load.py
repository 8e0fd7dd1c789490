"""A small HTTP client for measuring: keep-alive connections, raw bytes, every answer checked."""

import asyncio
import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

import numpy as np


@dataclass(frozen=True, kw_only=True)
class Load:
    """What was measured: microseconds per answer, and answers per second."""

    p50: float
    p99: float
    per_second: float
    answers: int
    errors: int

    def line(self, name: str) -> str:
        """Give it as a line of a table."""
        return f"| {name} | {self.p50:,.0f} | {self.p99:,.0f} | {self.per_second:,.0f} | {self.errors} |"


def request_bytes(url: str, body: bytes, content_type: str = "application/json") -> bytes:
    """Write a POST with keep-alive."""
    parts = urlsplit(url)
    head = (
        f"POST {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\nContent-Type: {content_type}\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def summary(microseconds: Sequence[float], seconds: float, errors: int) -> Load:
    """Summarise."""
    p50, p99 = np.percentile(microseconds, [50, 99]) if len(microseconds) else (float("nan"),) * 2
    count = len(microseconds)
    return Load(p50=float(p50), p99=float(p99), per_second=count / seconds, answers=count, errors=errors)


def one_connection(url: str, bodies: Sequence[bytes], seconds: float, *, warm: int = 200) -> Load:
    """Ask one question after another on one connection."""
    parts = urlsplit(url)
    requests = [request_bytes(url, body) for body in bodies]
    times: list[float] = []
    errors = 0
    with socket.create_connection((parts.hostname or "", parts.port or 80)) as link:
        link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        link.settimeout(60)
        for number in range(warm):
            link.sendall(requests[number % len(requests)])
            _whole_answer(link)
        started = time.perf_counter()
        while (before := time.perf_counter()) - started < seconds:
            link.sendall(requests[len(times) % len(requests)])
            answer = _whole_answer(link)
            times.append(1e6 * (time.perf_counter() - before))
            errors += not answer.startswith(b"HTTP/1.1 200")
        elapsed = time.perf_counter() - started
    return summary(times, elapsed, errors)


def _whole_answer(link: socket.socket) -> bytes:
    data = link.recv(65536)
    while not is_whole(data):
        more = link.recv(1 << 20)
        if not more:
            raise ConnectionError("The server closed the connection.")
        data += more
    return data


def is_whole(data: bytes) -> bool:
    """Whether an answer has arrived."""
    head = data.find(b"\r\n\r\n")
    if head < 0:
        return False
    lower = data[:head].lower()
    at = lower.find(b"content-length:")
    if at < 0:
        return data.endswith(b"0\r\n\r\n")
    end = lower.find(b"\r\n", at)
    return len(data) >= head + 4 + int(lower[at + 15 : end if end > 0 else head])


class _Asking(asyncio.Protocol):
    """One connection that asks until the deadline."""

    def __init__(self, requests: Sequence[bytes], first: int, deadline: float) -> None:
        self.times: list[float] = []
        self.errors = 0
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._requests, self._next, self._deadline = requests, first, deadline
        self._data, self._sent = b"", 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: asyncio.Transport = transport  # type: ignore[assignment]
        self._ask()

    def _ask(self) -> None:
        self._sent = time.perf_counter()
        if self._sent >= self._deadline:
            self._transport.close()
            self.done.set_result(None)
            return
        self._transport.write(self._requests[self._next % len(self._requests)])
        self._next += 1

    def data_received(self, data: bytes) -> None:
        self._data += data
        if is_whole(self._data):
            self.times.append(1e6 * (time.perf_counter() - self._sent))
            self.errors += not self._data.startswith(b"HTTP/1.1 200")
            self._data = b""
            self._ask()

    def connection_lost(self, _error: Exception | None) -> None:
        if not self.done.done():
            self.errors += 1
            self.done.set_result(None)


def many_connections(url: str, bodies: Sequence[bytes], connections: int, seconds: float) -> Load:
    """Ask on several connections at once."""
    parts = urlsplit(url)
    requests = [request_bytes(url, body) for body in bodies]

    async def ask() -> tuple[list[_Asking], float]:
        loop = asyncio.get_running_loop()
        started = time.perf_counter()
        asking = []
        for number in range(connections):
            _, protocol = await loop.create_connection(
                lambda number=number: _Asking(requests, 7 * number, started + seconds),  # type: ignore[misc]
                parts.hostname,
                parts.port,
            )
            asking.append(protocol)
        await asyncio.wait_for(asyncio.gather(*(protocol.done for protocol in asking)), seconds + 60)
        return asking, time.perf_counter() - started

    try:
        import uvloop

        asking, elapsed = uvloop.run(ask())
    except ImportError:
        asking, elapsed = asyncio.run(ask())
    times = [found for protocol in asking for found in protocol.times]
    return summary(times, elapsed, sum(protocol.errors for protocol in asking))
