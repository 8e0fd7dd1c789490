"""Sums of money divided by changing UMA values, compared exactly: rationals over one denominator."""

from math import lcm

import numpy as np
import numpy.typing as npt

from yunque.solutions.aml.law.catalogue import Catalogue

Ints = npt.NDArray[np.int64]
Exact = npt.NDArray[np.object_]  # Python integers of any size
Flags = npt.NDArray[np.bool_]


def denominator(catalogue: Catalogue) -> int:
    """Give a common multiple of every value of the UMA in the catalogue."""
    return lcm(*(row.cents for row in catalogue.umas))


def in_umas(cents: Ints, uma: Ints, whole: int) -> Exact:
    """Express amounts in UMA as integers over the common denominator `whole`.

    Args:
        cents: amounts in centavos.
        uma: the UMA of each amount's day, in centavos; it divides `whole`.
    """
    factors = {int(value): whole // int(value) for value in np.unique(uma)}
    values, places = np.unique(uma, return_inverse=True)
    scale = np.array([factors[int(value)] for value in values], dtype=object)
    scaled: Exact = cents.astype(object) * scale[places]
    return scaled


def running(amounts: Exact) -> Exact:
    """Give sums from the start: entry i holds the sum of the first i amounts."""
    sums: Exact = np.concatenate((np.zeros(1, dtype=object), np.cumsum(amounts)))
    return sums


def starts(group: Ints) -> Ints:
    """Give, for rows sorted by group, the position of the first row of each row's group."""
    found: Ints = np.searchsorted(group, group, side="left").astype(np.int64)
    return found


def window_starts(group: Ints, moment: Ints, since: Ints) -> Ints:
    """Find, for rows sorted by group and moment, the first row of the same group with `moment` >= `since`."""
    if not len(group):
        return group
    low = min(int(moment.min()), int(since.min()))
    span = int(moment.max()) - low + 2
    keys = group * span + (moment - low)
    found: Ints = np.searchsorted(keys, group * span + np.clip(since - low, 0, span - 1), side="left")
    return found.astype(np.int64)


def windowed(sums: Exact, first: Ints) -> Exact:
    """Sum each row's window, from row `first` to the row itself, out of running sums."""
    here = np.arange(len(first))
    sum_of: Exact = sums[here + 1] - sums[first]
    return sum_of


def as_numbers(exact: Exact, whole: int) -> npt.NDArray[np.float64]:
    """Give exact sums of UMA as numbers for people; never compared with a threshold."""
    return np.array(exact / whole if len(exact) else [], dtype=np.float64)
