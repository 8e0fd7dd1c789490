"""The time a run may take, on a clock that is passed in."""

import math
import re
from collections.abc import Callable
from dataclasses import dataclass

from yunque.errors import UsageError

NAMED = {"small": 60.0, "medium": 300.0, "large": 1800.0}
_UNITS = {"": 1.0, "s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0}
_PATTERN = re.compile(r"(\d+(?:\.\d+)?)\s*(s|m|min|h|)")


@dataclass(frozen=True, kw_only=True)
class Budget:
    """Seconds of wall clock, counted from the call of `learn`.

    Attributes:
        seconds: how long the run may take; a run returns within this plus two seconds.
        clock: a monotonic clock in seconds; the only source of time in the learning stage.
    """

    seconds: float
    clock: Callable[[], float]

    def __post_init__(self) -> None:
        """Refuse what is not a positive, finite number of seconds."""
        if not (math.isfinite(self.seconds) and self.seconds > 0):
            raise UsageError(
                f"A budget of {self.seconds} seconds cannot be used.",
                hint="Give a positive number of seconds.",
            )


def parse_budget(text: str | float) -> float:
    """Read a budget as seconds: a number, "90", "60s", "5m", "1h", or small (60), medium (300), large (1800).

    Raises:
        UsageError: it is none of these, or not positive.
    """
    if isinstance(text, int | float) and not isinstance(text, bool):
        seconds = float(text)
    else:
        word = str(text).strip().lower()
        match = _PATTERN.fullmatch(word)
        if word not in NAMED and match is None:
            raise UsageError(
                f"The budget {text!r} is not understood.",
                hint="Use seconds (60), a unit (60s, 5m, 1h), or small, medium, large.",
            )
        seconds = NAMED[word] if match is None else float(match[1]) * _UNITS[match[2]]
    if not (math.isfinite(seconds) and seconds > 0):
        raise UsageError(f"The budget {text!r} is not positive.", hint="Give at least one second.")
    return seconds
