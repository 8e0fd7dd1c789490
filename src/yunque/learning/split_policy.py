"""How many folds a table gets, from its rows and the seconds there are."""

from dataclasses import dataclass, replace

from yunque.learning.fit_size import FitSize

TINY, SMALL, MEDIUM, LARGE, HUGE = 200, 2_000, 20_000, 100_000, 500_000
SHORT, MODERATE = 60.0, 180.0
FEWEST_ROUNDS = 600  # four candidates of 150 boosting rounds on every fold


@dataclass(frozen=True, kw_only=True)
class FoldPolicy:
    """The shape of the validation.

    Attributes:
        folds: 1 means that one part is held back; more means that each part is held back in turn.
        share: part of the rows held back when `folds` is 1.
        repeats: times the whole is done again with another shuffle; only worth it on tiny tables.
        most_validation_rows: rows beyond this in one validation part are left out of it.
    """

    folds: int
    share: float = 0.15
    repeats: int = 1
    most_validation_rows: int = 50_000


def fold_policy(size: FitSize, core_seconds: float, seconds: float, wish: int | None = None) -> FoldPolicy:
    """Give the folds for a table and a budget.

    More rows make each estimate steadier, so fewer folds are needed, and each costs more; repeats pay only
    where one estimate is very noisy. Where even a few candidates could not be boosted for enough rounds on
    that many folds (many classes or columns), there are three, then one; small tables keep three.

    Args:
        size: of a fit on all training rows.
        core_seconds: threads times the seconds of the budget.
        seconds: the budget.
        wish: overrides the number of folds.
    """
    if wish is not None:
        return FoldPolicy(folds=max(1, wish), share=_share(size.rows))
    found = _by_rows(size.rows, seconds)
    fewest = 3 if size.rows <= SMALL else 1
    for folds, repeats in ((found.folds, found.repeats), (found.folds, 1), (3, 1)):
        enough = core_seconds / (folds * repeats * size.round_seconds) >= FEWEST_ROUNDS
        if folds <= found.folds and enough:
            return replace(found, folds=folds, repeats=repeats, share=_share(size.rows))
    return replace(found, folds=min(found.folds, fewest), repeats=1, share=_share(size.rows))


def _by_rows(rows: int, seconds: float) -> FoldPolicy:
    column = 0 if seconds < SHORT else 1 if seconds <= MODERATE else 2
    if rows < TINY:
        return FoldPolicy(folds=5, repeats=(2, 3, 5)[column])
    if rows <= SMALL:
        return FoldPolicy(folds=(5, 8, 8)[column])
    if rows <= MEDIUM:
        return FoldPolicy(folds=(5, 5, 8)[column])
    if rows <= LARGE:
        return FoldPolicy(folds=(1, 3, 5)[column])
    if rows <= HUGE:
        return FoldPolicy(folds=(1, 1, 3)[column])
    return FoldPolicy(folds=1)


def _share(rows: int) -> float:
    if rows <= LARGE:
        return 0.15
    if rows <= HUGE:
        return 0.10
    return max(0.05, 20_000 / rows)
