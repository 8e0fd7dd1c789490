"""Requests whose body is still awaited; one sweep now and then gives up those that are too slow.

A timer per request costs more than reading the body of most.
"""

import asyncio

SWEEPS_PER_LIMIT = 4
LONGEST_SWEEP = 1.0


class InFlight:
    """The waiting requests of one event loop."""

    def __init__(self, seconds: float) -> None:
        """Give up after `seconds`; up to a quarter later, or one second."""
        self.seconds = seconds
        self._every = min(seconds / SWEEPS_PER_LIMIT, LONGEST_SWEEP)
        self._since: dict[asyncio.Task[object], float] = {}
        self._given_up: set[asyncio.Task[object]] = set()
        self._is_sweeping = False

    def enter(self) -> "asyncio.Task[object]":
        """Say that the current task begins to wait for its body."""
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - an ASGI application runs in a task
        loop = task.get_loop()
        self._since[task] = loop.time()
        if not self._is_sweeping:
            self._is_sweeping = True
            loop.call_later(self._every, self._sweep, loop)
        return task

    def leave(self, task: "asyncio.Task[object]") -> None:
        """Say that it waits no more."""
        self._since.pop(task, None)

    def was_given_up(self, task: "asyncio.Task[object]") -> bool:
        """Whether its cancellation came from here; it may go on then and answer."""
        if task not in self._given_up:
            return False
        self._given_up.discard(task)
        task.uncancel()
        return True

    def _sweep(self, loop: asyncio.AbstractEventLoop) -> None:
        now = loop.time()
        for task, since in list(self._since.items()):
            if now - since > self.seconds:
                del self._since[task]
                self._given_up.add(task)
                task.cancel()
        self._is_sweeping = bool(self._since)
        if self._is_sweeping:
            loop.call_later(self._every, self._sweep, loop)
