"""How often a caller may come: a token bucket per caller, kept as one number each."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic
from typing import Self

from yunque.errors import UsageError

SECONDS = {"s": 1.0, "m": 60.0, "h": 3600.0}
_RATE = re.compile(r"([1-9][0-9]{0,8})/(s|m|h)")
MOST_CALLERS = 10_000


@dataclass(frozen=True, kw_only=True)
class Rate:
    """So many requests within a span of time; a caller that paused may send all of them at once.

    Attributes:
        requests: how many.
        per: "s", "m" or "h".
    """

    requests: int
    per: str

    @classmethod
    def read(cls, text: str) -> Self:
        """Read `100/m`.

        Raises:
            UsageError: it is not of that form.
        """
        found = _RATE.fullmatch(text.strip().lower())
        if not found:
            raise UsageError(
                f"{text[:40]!r} is no rate.", hint="Write requests per second, minute or hour: 100/m."
            )
        return cls(requests=int(found.group(1)), per=found.group(2))

    def __str__(self) -> str:
        """Give the form that `read` takes."""
        return f"{self.requests}/{self.per}"

    @property
    def interval(self) -> float:
        """Seconds in which one request becomes free again."""
        return SECONDS[self.per] / self.requests


class Buckets:
    """The callers of one process.

    The bucket is held as the moment at which it would be full again (the generic cell rate algorithm, ITU-T
    I.371): that is a token bucket whose refill needs no timer. Callers whose bucket is full are forgotten.
    """

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._full_at: dict[str, float] = {}

    def take(self, caller: str, rate: Rate) -> float:
        """Take a request out of the caller's bucket; give 0.0, or the seconds to wait when it is empty."""
        now = self._clock()
        full_at = max(self._full_at.get(caller, now), now) + rate.interval
        wait = full_at - now - SECONDS[rate.per]
        if wait > 1e-9:
            return wait
        if len(self._full_at) >= MOST_CALLERS and caller not in self._full_at:
            self._forget(now)
        self._full_at[caller] = full_at
        return 0.0

    def _forget(self, now: float) -> None:
        self._full_at = {caller: at for caller, at in self._full_at.items() if at > now}
