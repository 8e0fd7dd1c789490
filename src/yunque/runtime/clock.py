"""Time as a value that is passed in, so that nothing reads a clock behind its caller's back."""

import time
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Seconds that only go forward, plus the wall clock in UTC."""

    def monotonic(self) -> float:
        """Seconds since an unknown start; never goes back."""
        ...

    def now(self) -> datetime:
        """The wall clock, always with time zone UTC."""
        ...


class RealClock:
    """The machine's own clock."""

    def monotonic(self) -> float:
        """Seconds since an unknown start; never goes back."""
        return time.monotonic()

    def now(self) -> datetime:
        """The wall clock, always with time zone UTC."""
        return datetime.now(UTC)


class FixedClock:
    """A clock that moves only when it is told to: the twin for tests and replays."""

    def __init__(self, start: datetime | None = None) -> None:
        moment = start or datetime(2026, 1, 1, tzinfo=UTC)
        if moment.tzinfo is None:
            raise ValueError("A clock needs a time zone: pass datetime(..., tzinfo=UTC).")
        self._start = moment.astimezone(UTC)
        self._elapsed = 0.0

    def monotonic(self) -> float:
        """Seconds that `advance` has added so far."""
        return self._elapsed

    def now(self) -> datetime:
        """The start plus all that `advance` has added."""
        return self._start + timedelta(seconds=self._elapsed)

    def advance(self, seconds: float) -> None:
        """Move the clock forward by `seconds`, which may not be negative."""
        if seconds < 0:
            raise ValueError("A clock never goes back.")
        self._elapsed += seconds


REAL_CLOCK = RealClock()
