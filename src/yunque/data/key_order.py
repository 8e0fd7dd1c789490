"""Whether a feature gives itself away at the ends of a key, or knows the next row better than its own."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import polars as pl

from yunque.data.bins import Bins, FloatArray, IntArray, as_numbers, bin_codes, bin_column
from yunque.data.keyed import MOST_CLASSES, Keyed, Outcomes
from yunque.data.single_column import Strength, strength

End = Literal["first_rows", "last_rows", "only_rows"]

FEWEST_ROWS = 100
THE_OUTCOME_ITSELF = 0.97
SAME_NUMBER = 0.9999
UPSIDE_DOWN = -0.99
LESS_ELSEWHERE = 0.15
FEWEST_NEIGHBOURS = 500
MORE_OF_THE_NEXT = 1.5
MUCH_OF_THE_NEXT = 0.03
WORTH_A_LOOK = 0.1
MOST_LEVELS = 1_000
MOST_ROWS = 20_000


def perfect_end(keyed: Keyed, feature: pl.Series, seed: int) -> tuple[End, float, float] | None:
    """Find an end of keys where a feature is the outcome itself, while it is not elsewhere.

    A running aggregate that includes its own row is the outcome in the first row of a key; one of the rows
    to come, in the last; one of the whole key, where it is the only row.

    Returns:
        ("first_rows" | "last_rows" | "only_rows", skill there, skill elsewhere), or None.
    """
    column = _Column.of(feature)
    several = keyed.sizes[keyed.key] >= 2
    ends: dict[End, npt.NDArray[np.bool_]] = {
        "only_rows": ~several,
        "first_rows": several & (keyed.place == 0),
        "last_rows": several & (keyed.place == keyed.sizes[keyed.key] - 1),
    }
    for name, end in ends.items():
        rows, others = (_some(np.flatnonzero(each), seed) for each in (end, ~end))
        if min(len(rows), len(others)) >= FEWEST_ROWS:
            there = _exactness(keyed, column, rows, seed)
            if there >= (THE_OUTCOME_ITSELF if keyed.outcomes.n_classes else SAME_NUMBER):
                elsewhere = _exactness(keyed, column, others, seed)
                if elsewhere <= there - LESS_ELSEWHERE:
                    return name, there, elsewhere
    return None


def mirrors_its_key(keyed: Keyed, feature: pl.Series) -> float | None:
    """Tell whether within keys a feature is the outcome upside down, as the mean of all other rows is.

    In a key of n rows that mean is (sum - own) / (n - 1): times n - 1, it falls as the own outcome rises.

    Returns:
        The correlation within keys when it is -0.99 or less (of classes, of the one that shows most).
    """
    if not feature.dtype.is_numeric():
        return None
    numbers = as_numbers(feature)
    known = ~np.isnan(numbers) & (keyed.sizes[keyed.key] >= 2)
    if known.sum() < FEWEST_NEIGHBOURS or not known[keyed.sizes[keyed.key] >= 2].all():
        return None
    scaled = np.where(known, numbers * (keyed.sizes[keyed.key] - 1), 0.0)[:, None]
    x = (scaled - keyed.means(scaled)[keyed.key])[known, 0]
    outcomes = keyed.outcomes.exact
    y = (outcomes - keyed.means(outcomes)[keyed.key])[known]
    sizes = np.sqrt((x @ x) * (y**2).sum(axis=0))
    found = np.divide(x @ y, sizes, out=np.zeros(len(sizes)), where=sizes > 0)
    return float(found.min()) if found.min() <= UPSIDE_DOWN else None


def knows_the_next(keyed: Keyed, feature: pl.Series, seed: int) -> tuple[float, float, float] | None:
    """Tell whether a feature says much more about the next row of its key than about its own and the last.

    Returns:
        The skills (next, own, previous) when it does, else None.
    """
    inner = _some(np.flatnonzero((keyed.place > 0) & (keyed.place < keyed.sizes[keyed.key] - 1)), seed)
    if len(inner) < FEWEST_NEIGHBOURS:
        return None
    column = _Column.of(feature)
    following, own, previous = (_foretold(keyed, column, inner, inner + step, seed) for step in (1, 0, -1))
    if following is None or own is None or previous is None:
        return None
    if not 0.5 <= own.constant_loss / following.constant_loss <= 2.0:
        return None  # outcomes of inner rows are another matter: a key that ends with its event, for one
    rival = max(own.skill, previous.skill, 0.0)
    if following.skill >= MORE_OF_THE_NEXT * rival and following.skill - rival >= MUCH_OF_THE_NEXT:
        return following.skill, own.skill, previous.skill
    return None


@dataclass(frozen=True, kw_only=True)
class _Column:
    """A feature of the rows of a keyed table, in bins and, if it is one, as a number."""

    bins: Bins
    codes: IntArray
    numbers: FloatArray | None

    @classmethod
    def of(cls, feature: pl.Series) -> "_Column":
        bins = bin_column(feature, most_levels=MOST_LEVELS)
        numbers = as_numbers(feature) if feature.dtype.is_numeric() else None
        return cls(bins=bins, codes=bin_codes(bins, feature), numbers=numbers)


def _exactness(keyed: Keyed, column: _Column, rows: IntArray, seed: int) -> float:
    """Give how nearly a feature is the outcome: squared correlation of values, skill of classes."""
    if keyed.outcomes.n_classes:
        found = _foretold(keyed, column, rows, rows, seed)
        return 0.0 if found is None else found.skill
    if column.numbers is None:
        return 0.0
    x, y = column.numbers[rows], keyed.outcomes.y[rows]
    known = ~np.isnan(x)
    if known.sum() < FEWEST_ROWS or x[known].std() == 0 or y[known].std() == 0:
        return 0.0
    return float(np.corrcoef(x[known], y[known])[0, 1] ** 2)


def _some(rows: IntArray, seed: int) -> IntArray:
    if len(rows) <= MOST_ROWS:
        return rows
    return np.sort(np.random.default_rng(seed).choice(rows, MOST_ROWS, replace=False))


def _foretold(
    keyed: Keyed, column: _Column, rows: IntArray, outcomes: IntArray, seed: int
) -> Strength | None:
    """Give how well the feature of `rows` foretells outcomes of other rows; None when all are alike.

    An aggregate of one class says nothing of how the others are shared out, so of many classes the one that
    is foretold best against the rest counts.
    """
    found = keyed.outcomes.take(outcomes)
    if (found.y == found.y[0]).all():
        return None
    whole = strength(column.bins, column.codes[rows], found.goal(seed))
    if found.n_classes <= 2 or whole.skill < WORTH_A_LOOK:
        return whole
    classes = [label for label in range(min(MOST_CLASSES, found.n_classes)) if (found.y == label).any()]
    against = [Outcomes(y=(found.y == label).astype(np.int64), n_classes=2) for label in classes]
    each = [strength(column.bins, column.codes[rows], one.goal(seed)) for one in against]
    return max([whole, *each], key=lambda one: one.skill)
