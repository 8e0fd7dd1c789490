"""What is asked of a forecast."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from yunque.errors import UsageError

Booster = Literal["lightgbm", "xgboost", "none"]
BOOSTERS: tuple[Booster, ...] = ("lightgbm", "xgboost", "none")
LEVELS = (0.5, 0.8, 0.9, 0.95, 0.98)


@dataclass(frozen=True, kw_only=True)
class ForecastRequest:
    """How far, for which intervals, in which time.

    Attributes:
        horizon_periods: how many periods after the last closed one are forecast.
        protection: article -> (lead time, review period), in periods, fractions allowed (10 days = 1.43
            weeks).
        default_protection: that of every article not named.
        levels: probabilities whose coverage is measured and reported.
        budget_seconds: wall clock; what does not fit is left out and named in the notes, never a failure.
        origins: rolling origins of the backtest, fewer where history is short.
        seed: of whatever is drawn; equal seeds give equal bytes where the budget does not bind.
        booster: the global learner; "none" leaves it out.
        country: "CO" or "MX": whose holidays and commercial dates are known; None for neither.
        workers: processes for local models; 1 stays in this one.
        only: names of the models that may speak; empty for all (`candidates.ROUTE_MODELS` lists them).
        clock: the monotonic clock that the budget is counted on.
    """

    horizon_periods: int
    protection: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    default_protection: tuple[float, float] = (1.0, 1.0)
    levels: tuple[float, ...] = LEVELS
    budget_seconds: float = 90.0
    origins: int = 6
    seed: int = 7
    booster: Booster = "lightgbm"
    country: Literal["CO", "MX"] | None = None
    workers: int = 1
    only: tuple[str, ...] = ()
    clock: Callable[[], float] = time.monotonic

    def __post_init__(self) -> None:
        """Refuse what no forecast can answer."""
        if self.horizon_periods < 1 or self.origins < 1 or self.budget_seconds <= 0:
            raise UsageError(
                "A forecast needs at least one period, one origin and some time.",
                hint="Give positive values for horizon_periods, origins and budget_seconds.",
            )
        if self.booster not in BOOSTERS:
            raise UsageError(f"There is no booster {self.booster!r}.", hint=f"Use one of {BOOSTERS}.")
        spans = [*self.protection.values(), self.default_protection]
        if any(lead < 0 or review < 0 or not lead + review < 1e4 for lead, review in spans):
            raise UsageError(
                "A lead time or review period is negative or not a number of periods.",
                hint="Give both as periods of the panel, zero or more.",
            )
        if not all(0 < level < 1 for level in self.levels):
            raise UsageError("A level lies between 0 and 1.", hint="For example 0.95.")

    def spans(self, unique_id: str) -> tuple[float, float]:
        """Give the lead time and the review period of an article, in periods."""
        return self.protection.get(unique_id, self.default_protection)
