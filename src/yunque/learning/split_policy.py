"""How many folds a table gets, from its rows and the seconds there are."""

from dataclasses import dataclass

TINY, SMALL, MEDIUM, LARGE, HUGE = 200, 2_000, 20_000, 100_000, 500_000
SHORT, MODERATE = 60.0, 180.0


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


def fold_policy(rows: int, seconds: float, wish: int | None = None) -> FoldPolicy:
    """Give the folds for `rows` training rows and a budget of `seconds`; `wish` overrides their number.

    More rows make each estimate steadier, so fewer folds are needed, and each costs more; repeats pay only
    where one estimate is very noisy.
    """
    if wish is not None:
        return FoldPolicy(folds=max(1, wish), share=_share(rows))
    column = 0 if seconds < SHORT else 1 if seconds <= MODERATE else 2
    if rows < TINY:
        return FoldPolicy(folds=5, repeats=(2, 3, 5)[column])
    if rows <= SMALL:
        return FoldPolicy(folds=(5, 8, 8)[column])
    if rows <= MEDIUM:
        return FoldPolicy(folds=(5, 5, 8)[column])
    if rows <= LARGE:
        return FoldPolicy(folds=(1, 3, 5)[column], share=_share(rows))
    if rows <= HUGE:
        return FoldPolicy(folds=(1, 1, 3)[column], share=_share(rows))
    return FoldPolicy(folds=1, share=_share(rows))


def _share(rows: int) -> float:
    if rows <= LARGE:
        return 0.15
    if rows <= HUGE:
        return 0.10
    return max(0.05, 20_000 / rows)
