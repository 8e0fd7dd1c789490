"""Who runs next and who drops out: breadth-first over folds, forgiving, one of each family kept.

After Bergman, Purucker, Hutter: Don't waste your time: early stopping cross-validation (AutoML 2024).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from yunque.learning.candidate import Candidate
from yunque.learning.fold_fit import FoldResult
from yunque.learning.leaderboard import State

PROVEN_FOLDS = 2  # after which the last of a family may go
HOPELESS_SHARE = 0.35
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
        """Seconds of its middle fit so far, None before the first."""
        spent = [result.seconds for result in self.results.values()]
        return float(np.median(spent)) if spent else None

    def leave(self, state: State, reason: str) -> None:
        """Take it out of the race."""
        self.state, self.reason = state, reason


def incumbent(standings: Mapping[str, Standing]) -> Standing | None:
    """Give the best candidate on the folds that the foremost have in common.

    Those one fold behind the furthest are compared, too: who is alone in front is not the best for it.
    """
    entered = [each for each in standings.values() if each.losses and each.state in (None, "done")]
    entered = [each for each in entered if not each.candidate.is_reference] or entered
    if not entered:
        return None
    shared = max(0, max(each.reach for each in entered) - 1) or min(1, max(each.reach for each in entered))
    foremost = [each for each in entered if each.reach >= shared]
    return min(foremost, key=lambda each: (_mean(each.in_order[:shared]), each.name))


def _mean(losses: tuple[float, ...]) -> float:
    return float(np.mean(losses)) if losses else float("inf")


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


def seconds_needed(standings: Mapping[str, Standing], folds: int, workers: int) -> float:
    """Give the seconds that all in the race need to finish, as far as their pace is known."""
    alive = [each for each in standings.values() if each.state is None]
    return sum((each.fold_seconds or 0.0) * (folds - each.reach) for each in alive) / max(1, workers)


def drop_hopeless(standings: Mapping[str, Standing]) -> None:
    """Drop those that cannot become useful, however much time there is.

    Hopeless is who, on the folds shared with the incumbent, gives away more than a third of what the
    incumbent gains over the constant, as `hopeless_loss` measures it. Mediocre candidates stay, since a blend
    profits from variety. The last of a family stays until it has finished two folds.
    """
    best = incumbent(standings)
    if best is None:
        return
    for each in standings.values():
        if each.state is not None or each is best or each.candidate.is_reference or not each.reach:
            continue
        if each.reach < PROVEN_FOLDS and _is_last_of_family(each, standings):
            continue
        shared = min(each.reach, best.reach)
        mean = float(np.mean(each.in_order[:shared]))
        if mean > _hopeless(standings, best, shared):
            each.leave("dropped", f"its mean loss {mean:.5g} is far behind that of {best.name}")


def _hopeless(standings: Mapping[str, Standing], best: Standing, shared: int) -> float:
    """Give the mean loss on the first folds beyond which a candidate is of no use."""
    references = [
        float(np.mean(each.in_order[:shared]))
        for each in standings.values()
        if each.candidate.is_reference and each.reach >= shared
    ]
    if not references:
        return float("inf")
    return hopeless_loss(float(np.mean(best.in_order[:shared])), references[0], shared >= PROVEN_FOLDS)


def hopeless_loss(best: float, constant: float, is_proven: bool = True) -> float:
    """Give the loss that is 35 % of the way from the best to the constant.

    Once two folds have spoken, the way is measured in logarithms: when the best took away 98 % of the
    constant's loss, a candidate with ten times its loss has no place in a blend, though it is close on a
    straight scale. One fold alone can be luck, and more so the smaller its loss.
    """
    if is_proven and best > 0.0 and constant > best:
        return float(best ** (1.0 - HOPELESS_SHARE) * constant**HOPELESS_SHARE)
    return best + HOPELESS_SHARE * (constant - best)


def shed(standings: Mapping[str, Standing], folds: int, seconds_left: float, workers: int) -> None:
    """Once all ran the first fold, drop those that would not finish in time beside better ones.

    The best goes on whatever it costs, and the best of each family until it has finished two folds. Of the
    others, better ones first, each stays that still fits into the time: an expensive one makes room for
    cheaper ones behind it. Nobody is dropped before it is needed.
    """
    alive = [each for each in standings.values() if each.state is None and not each.candidate.is_reference]
    best = incumbent(standings)
    if best is None or any(not each.reach for each in alive):
        return
    if seconds_needed(standings, folds, workers) <= seconds_left:
        return
    ranked = sorted(alive, key=lambda each: (_behind(each, best), each.name))
    protected = _protected(ranked, best)
    seconds = max(0.0, seconds_left) * max(1, workers)
    for each in protected.values():
        seconds -= (each.fold_seconds or 0.0) * ((folds if each is best else PROVEN_FOLDS) - each.reach)
    for place, each in enumerate(ranked, start=1):
        if each.name in protected:
            continue
        cost = (each.fold_seconds or 0.0) * (folds - each.reach)
        if cost <= seconds:
            seconds -= cost
        else:
            reason = f"place {place} of {len(ranked)} after {each.reach} of {folds} folds; too little time"
            each.leave("dropped", reason)


def _protected(ranked: Sequence[Standing], best: Standing) -> dict[str, Standing]:
    """Give the best of all, and the best of each family that has not finished two folds."""
    protected = {best.name: best}
    families: set[str] = set()
    for each in ranked:
        if each.candidate.family not in families and each.reach < PROVEN_FOLDS:
            protected[each.name] = each
        families.add(each.candidate.family)
    return protected


def _behind(each: Standing, best: Standing) -> float:
    """Give how far the mean loss lies behind the incumbent's on the folds that both finished."""
    shared = min(each.reach, best.reach)
    return float(np.mean(each.in_order[:shared]) - np.mean(best.in_order[:shared]))


def _is_last_of_family(each: Standing, standings: Mapping[str, Standing]) -> bool:
    family = [
        other
        for other in standings.values()
        if other.candidate.family == each.candidate.family and other.state is None
    ]
    return len(family) == 1
