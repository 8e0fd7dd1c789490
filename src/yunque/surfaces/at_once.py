"""An exchange in one step: a request that came whole is taken as it lies there, its answer is one write.

ASGI sends an answer's head and its body one after the other, and uvicorn writes each at once: two calls of
the system, two packets, and a client woken up for half an answer. That costs as much as a small model.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Protocol

EXTENSION = "yunque.at_once"  # where a scope holds it, when the server's protocol offers it
STATUS_200 = b"HTTP/1.1 200 OK\r\n"

Header = tuple[bytes, bytes]


class Exchange(Protocol):
    """One request and its answer."""

    def body(self, most: int) -> bytes | None:
        """Give the body when all of it is there and no longer than `most`; else None: then receive it."""
        ...

    def answer(self, headers: Iterable[Header], content: bytes) -> bool:
        """Answer 200; False when it cannot be done in one step, and nothing was sent: then send it."""
        ...


class WholeExchange:
    """The exchange of one of uvicorn's cycles."""

    __slots__ = ("_cycle",)

    def __init__(self, cycle: Any) -> None:
        self._cycle = cycle

    def body(self, most: int) -> bytes | None:
        """See `Exchange`."""
        cycle = self._cycle
        if cycle.more_body or cycle.disconnected or cycle.waiting_for_100_continue or len(cycle.body) > most:
            return None
        return bytes(cycle.body)

    def answer(self, headers: Iterable[Header], content: bytes) -> bool:
        """See `Exchange`.

        Args:
            headers: of letters that a header may hold; they are not looked at again.
            content: the body.
        """
        cycle = self._cycle
        if cycle.response_started or cycle.disconnected or cycle.flow.write_paused or not cycle.keep_alive:
            return False
        parts = [STATUS_200]
        for name, value in cycle.default_headers:
            parts += (name, b": ", value, b"\r\n")
        for name, value in headers:
            parts += (name, b": ", value, b"\r\n")
        parts += (b"\r\n", content)
        cycle.response_started = cycle.response_complete = True
        cycle.transport.write(b"".join(parts))
        cycle.message_event.set()
        cycle.on_response()
        return True


def exchange_of(scope: Mapping[str, Any]) -> Exchange | None:
    """Give the exchange of a request, or None where the server offers none."""
    extensions = scope.get("extensions")
    found: Exchange | None = extensions.get(EXTENSION) if extensions else None
    return found
