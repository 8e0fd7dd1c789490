"""Large bodies on their way to storage: a bounded pipe between the event loop and a writing thread."""

import asyncio
import queue
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import suppress
from typing import TypeVar

import anyio.to_thread
from anyio import CapacityLimiter

from yunque.surfaces.http.problem import Problem, ProblemError

Taken = TypeVar("Taken")
AT_ONCE = 8  # uploads that one process takes at a time; each holds a thread
_WAITING = 8  # chunks between the network and the store
_PAUSE_SECONDS = 0.005


class BrokenInflowError(OSError):
    """The sender went away in the middle."""


class Inflow:
    """Takes bodies into storage, some at a time."""

    def __init__(self, at_once: int = AT_ONCE) -> None:
        self._limiter = CapacityLimiter(at_once)

    async def take(self, stream: AsyncIterator[bytes], write: Callable[[Iterator[bytes]], Taken]) -> Taken:
        """Give what `write` makes of the stream; when the stream breaks, `write` fails and keeps nothing.

        Raises:
            ProblemError: 429, too many bodies are on their way already.
        """
        if self._limiter.borrowed_tokens >= self._limiter.total_tokens:
            raise ProblemError(BUSY)
        pipe: queue.Queue[bytes | BaseException | None] = queue.Queue(_WAITING)
        writing = asyncio.create_task(anyio.to_thread.run_sync(write, _chunks(pipe), limiter=self._limiter))
        try:
            async for chunk in stream:
                if chunk and not await _put(pipe, chunk, writing):
                    break
            await _put(pipe, None, writing)
        except BaseException:
            await _put(pipe, BrokenInflowError("the sender went away"), writing)
            with suppress(Exception):
                await writing
            raise
        return await writing


async def _put(
    pipe: "queue.Queue[bytes | BaseException | None]",
    item: bytes | BaseException | None,
    writing: "asyncio.Task[Taken]",
) -> bool:
    """Hand one item over; say whether the writer still takes any."""
    while not writing.done():
        try:
            pipe.put_nowait(item)
        except queue.Full:
            await asyncio.sleep(_PAUSE_SECONDS)
        else:
            return True
    return False


def _chunks(pipe: "queue.Queue[bytes | BaseException | None]") -> Iterator[bytes]:
    while (item := pipe.get()) is not None:
        if isinstance(item, BaseException):
            raise item
        yield item


BUSY = Problem(
    status=429,
    code="uploads_busy",
    detail="Too many files are on their way at the moment.",
    hint="Send it again in a few seconds.",
    headers={"Retry-After": "5", "Connection": "close"},
)
