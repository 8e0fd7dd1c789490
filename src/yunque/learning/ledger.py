"""How the seconds of a budget are divided: search first, then a reserve that is never spent on search."""

from collections.abc import Callable
from dataclasses import dataclass, field

from yunque.learning.budget import Budget

# Shares of the budget kept for ensemble, calibration, refit, scoring and importance. A run whose folds stand
# in for the final model (k-fold bags) needs little; one that trains again on all rows needs more.
BAG_RESERVE = 0.15
REFIT_RESERVE = 0.35
MOST_RESERVED = 120.0


@dataclass(frozen=True, kw_only=True)
class Ledger:
    """The timetable of one run.

    Attributes:
        started: what the clock said when the run began.
        seconds: the whole budget.
        clock: monotonic seconds.
        reserve: seconds kept for what follows the search.
    """

    started: float
    seconds: float
    clock: Callable[[], float]
    reserve: float
    marks: dict[str, float] = field(default_factory=dict)

    @property
    def end(self) -> float:
        """When the whole run should be over."""
        return self.started + self.seconds

    @property
    def search_end(self) -> float:
        """When the last fit of the search should be over."""
        return self.end - self.reserve

    @property
    def search_seconds(self) -> float:
        """Seconds between the start and the end of the search."""
        return self.seconds - self.reserve

    def refit_end(self, share: float = 0.6) -> float:
        """When the last refit should be over: `share` of the reserve after the search."""
        return self.search_end + share * self.reserve

    def left(self) -> float:
        """Seconds until the end; negative when it is over."""
        return self.end - self.clock()

    def elapsed(self) -> float:
        """Seconds since the start."""
        return self.clock() - self.started

    def mark(self, stage: str) -> None:
        """Note that `stage` ended now; `timings` gives what each took."""
        self.marks[stage] = self.clock()

    def timings(self) -> dict[str, float]:
        """Seconds per stage, in order, and the total."""
        last, result = self.started, {}
        for stage, moment in self.marks.items():
            result[stage] = moment - last
            last = moment
        return {**result, "total": last - self.started}


def open_ledger(budget: Budget, *, started: float, refits: bool) -> Ledger:
    """Give the timetable of a run that `started` then.

    Args:
        budget: seconds and clock.
        started: what the clock said.
        refits: whether the final model is trained again on all rows.
    """
    share = REFIT_RESERVE if refits else BAG_RESERVE
    reserve = min(share * budget.seconds, MOST_RESERVED)
    return Ledger(started=started, seconds=budget.seconds, clock=budget.clock, reserve=reserve)
