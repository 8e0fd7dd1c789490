"""Who runs next and who drops out: breadth-first over folds, forgiving, one of each family kept.

After Bergman, Purucker, Hutter: Don't waste your time: early stopping cross-validation (AutoML 2024).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from yunque.learning.candidate import Candidate
from yunque.learning.fold_fit import FoldResult
from yunque.learning.leaderboard import State

KEPT_AFTER_FIRST = 0.5
SAFETY = 1.2  # a fit is only started when this times its expected seconds are left


@dataclass(kw_only=True)
class Standing:
    """How far a candidate came; changed by the search alone.

    Attributes:
        results, losses: per finished fold.
        state: None while it is in the race.
    """

    candidate: Candidate
    results: dict[int, FoldResult] = field(default_factory=dict)
    losses: dict[int, float] = field(default_factory=dict)
    running: set[int] = field(default_factory=set)
    state: State | None = None
    reason: str = ""

    @property
    def name(self) -> str:
        """The candidate's name."""
        return self.candidate.name

    @property
    def reach(self) -> int:
        """Number of folds finished without a hole from the first."""
        count = 0
        while count in self.losses:
            count += 1
        return count

    @property
    def in_order(self) -> tuple[float, ...]:
        """Losses on folds 0, 1, … as far as there is no hole."""
        return tuple(self.losses[fold] for fold in range(self.reach))

    @property
    def mean_loss(self) -> float:
        """Mean over finished folds; infinite when there is none."""
        return float(np.mean(list(self.losses.values()))) if self.losses else float("inf")

    @property
    def seconds(self) -> float:
        """Seconds of all its fits."""
        return sum(result.seconds for result in self.results.values())

    @property
    def fold_seconds(self) -> float | None:
        """Seconds of its slowest fit so far, None before the first."""
        return max((result.seconds for result in self.results.values()), default=None)

    def leave(self, state: State, reason: str) -> None:
        """Take it out of the race."""
        self.state, self.reason = state, reason


def incumbent(standings: Mapping[str, Standing]) -> Standing | None:
    """Give the best candidate among those that came furthest in the race."""
    entered = [each for each in standings.values() if each.losses and each.state in (None, "done")]
    if not entered:
        return None
    shared = max(each.reach for each in entered)
    furthest = [each for each in entered if each.reach == shared]
    return min(furthest, key=lambda each: (each.mean_loss, each.name))


def next_fit(standings: Mapping[str, Standing], folds: int) -> list[tuple[Standing, int]]:
    """Give the fits that may start, most wanted first: earlier folds first, then better candidates.

    On the first fold candidates come in their given order; `standings` keeps it.
    """
    open_fits = []
    for order, each in enumerate(standings.values()):
        if each.state is not None:
            continue
        fold = next((f for f in range(folds) if f not in each.losses and f not in each.running), None)
        if fold is not None:
            rank = (order, 0.0) if fold == 0 else (0, each.mean_loss)
            open_fits.append(((fold, *rank, order), each, fold))
    return [(each, fold) for _, each, fold in sorted(open_fits, key=lambda item: item[0])]


def drop_losers(standings: Mapping[str, Standing], folds: int) -> None:
    """Drop candidates whose mean is worse than the worst fold of the incumbent on the same folds.

    The last of a family stays until it has finished two folds.
    """
    best = incumbent(standings)
    if best is None or best.reach < 2:
        return
    for each in standings.values():
        if each.state is not None or each is best or each.reach < 1 or each.reach >= folds:
            continue
        shared = min(each.reach, best.reach)
        mean = float(np.mean(each.in_order[:shared]))
        worst = max(best.in_order[: max(shared, 2)])
        if mean > worst and not (each.reach < 2 and _is_last_of_family(each, standings)):
            each.leave(
                "dropped",
                f"after {each.reach} of {folds} folds its mean loss {mean:.5g} is worse than "
                f"{worst:.5g}, the worst fold of {best.name}",
            )


def halve(standings: Mapping[str, Standing], folds: int, seconds_left: float, workers: int) -> None:
    """After the first fold, when time is short, keep the better half and the best of each family."""
    alive = [each for each in standings.values() if each.state is None]
    if folds == 1 or any(not each.losses for each in alive):
        return
    needed = sum((each.fold_seconds or 0.0) * (folds - each.reach) for each in alive) / max(1, workers)
    if needed <= seconds_left:
        return
    ranked = sorted(alive, key=lambda each: (each.mean_loss, each.name))
    kept = {each.name for each in ranked[: max(1, round(KEPT_AFTER_FIRST * len(ranked)))]}
    families: set[str] = set()
    for each in ranked:
        if each.candidate.family not in families:
            families.add(each.candidate.family)
            kept.add(each.name)
    for place, each in enumerate(ranked, start=1):
        if each.name not in kept:
            reason = f"place {place} of {len(ranked)} after the first fold, too little time for all"
            each.leave("dropped", reason)


def _is_last_of_family(each: Standing, standings: Mapping[str, Standing]) -> bool:
    family = [
        other
        for other in standings.values()
        if other.candidate.family == each.candidate.family and other.state is None
    ]
    return len(family) == 1
