"""Exact statistics of sliding windows over one client after another, compiled.

Rows are sorted by client and moment; a window is [first[i], i) and never leaves the client, so `first` never
falls.
"""

from collections.abc import Callable
from typing import TypeVar, cast

import numpy as np
import numpy.typing as npt
from numba import njit

Ints = npt.NDArray[np.int64]
Numbers = npt.NDArray[np.float64]
Function = TypeVar("Function", bound=Callable[..., object])


def compiled(function: Function) -> Function:
    """Compile at the first call; machine code is kept beside the source."""
    return cast(Function, njit(cache=True, nogil=True)(function))


@compiled
def _add(tree: Ints, place: int, amount: int, size: int) -> None:
    """Fenwick (1994): add at a place, counted from 0."""
    at = place + 1
    while at <= size:
        tree[at] += amount
        at += at & -at


@compiled
def _below(tree: Ints, place: int) -> int:
    """Sum of the first `place` places."""
    total = 0
    while place > 0:
        total += tree[place]
        place -= place & -place
    return total


@compiled
def _place_of(tree: Ints, wanted: int, size: int) -> int:
    """Place of the `wanted`-th element, both counted from 0."""
    at, step = 0, 1
    while step * 2 <= size:
        step *= 2
    left = wanted + 1
    while step > 0:
        if at + step <= size and tree[at + step] < left:
            at += step
            left -= tree[at]
        step //= 2
    return at


@compiled
def _rank(ordered: Ints, start: int, end: int, value: int) -> int:
    """How many of a client's amounts lie under a value."""
    low, high = start, end
    while low < high:
        middle = (low + high) // 2
        if ordered[middle] < value:
            low = middle + 1
        else:
            high = middle
    return low - start


@compiled
def counts_between(start: Ints, end: Ints, first: Ints, amounts: Ints, ordered: Ints, bounds: Ints) -> Ints:
    """Count, in each window, the amounts from bounds[i, 0] to bounds[i, 1], both included.

    Args:
        start, end: where each row's client begins and ends.
        first: where each row's window begins; the row itself is not in it.
        amounts: in the order of time; `ordered`: each client's, sorted.
    """
    out = np.zeros(len(amounts), dtype=np.int64)
    tree = np.zeros(len(amounts) + 1, dtype=np.int64)
    left = 0
    for i in range(len(amounts)):
        begin, size = start[i], end[i] - start[i]
        if i == begin:
            tree[: size + 1] = 0
            left = begin
        while left < first[i]:
            _add(tree, _rank(ordered, begin, end[i], amounts[left]), -1, size)
            left += 1
        top = _rank(ordered, begin, end[i], bounds[i, 1] + 1)
        out[i] = _below(tree, top) - _below(tree, _rank(ordered, begin, end[i], bounds[i, 0]))
        _add(tree, _rank(ordered, begin, end[i], amounts[i]), 1, size)
    return out


@compiled
def medians(start: Ints, end: Ints, first: Ints, amounts: Ints, ordered: Ints) -> Numbers:
    """Give the median amount of each window; 0 for an empty one."""
    out = np.zeros(len(amounts))
    tree = np.zeros(len(amounts) + 1, dtype=np.int64)
    left = 0
    for i in range(len(amounts)):
        begin, size = start[i], end[i] - start[i]
        if i == begin:
            tree[: size + 1] = 0
            left = begin
        while left < first[i]:
            _add(tree, _rank(ordered, begin, end[i], amounts[left]), -1, size)
            left += 1
        n = i - left
        if n > 0:
            low = ordered[begin + _place_of(tree, (n - 1) // 2, size)]
            high = ordered[begin + _place_of(tree, n // 2, size)]
            out[i] = (low + high) / 2
        _add(tree, _rank(ordered, begin, end[i], amounts[i]), 1, size)
    return out


@compiled
def distinct(first: Ints, codes: Ints, itself: bool) -> Ints:
    """Count different codes in each window, the row itself too if `itself`; negative codes count as none.

    Args:
        codes: below the number of rows, and never the same for two clients.
    """
    out = np.zeros(len(codes), dtype=np.int64)
    held = np.zeros(len(codes) + 1, dtype=np.int64)
    left, different = 0, 0
    for i in range(len(codes)):
        while left < first[i]:
            if codes[left] >= 0:
                held[codes[left]] -= 1
                different -= held[codes[left]] == 0
            left += 1
        if not itself:
            out[i] = different
        if codes[i] >= 0:
            different += held[codes[i]] == 0
            held[codes[i]] += 1
        if itself:
            out[i] = different
    return out


@compiled
def largest(first: Ints, amounts: Ints) -> Ints:
    """Give the largest amount of each window, the row itself included."""
    out = np.zeros(len(amounts), dtype=np.int64)
    queue = np.zeros(len(amounts), dtype=np.int64)
    head, tail = 0, 0
    for i in range(len(amounts)):
        while tail > head and amounts[queue[tail - 1]] <= amounts[i]:
            tail -= 1
        queue[tail] = i
        tail += 1
        while queue[head] < first[i]:
            head += 1
        out[i] = amounts[queue[head]]
    return out


@compiled
def peers(start: Ints, end: Ints, day: Ints, values: Numbers, ordered: Numbers, least: int) -> Numbers:
    """Compare each value with those of its group dated before its day.

    Args:
        start, end: where each row's group begins and ends; rows are sorted by group and day.
        ordered: each group's values, sorted.
        least: fewer peers than this tell nothing: deviation 0, share one half.

    Returns:
        (n, 2): (value - median) / max(MAD, 0.1), and the share of peers that do not exceed the value.
    """
    out = np.zeros((len(values), 2))
    tree = np.zeros(len(values) + 1, dtype=np.int64)
    i = 0
    while i < len(values):
        begin, finish = start[i], end[i]
        size = finish - begin
        if i == begin:
            tree[: size + 1] = 0
        same = i
        while same < finish and day[same] == day[i]:
            same += 1
        n = i - begin
        known = n >= least
        median, spread = 0.0, 0.1
        if known:
            low = ordered[begin + _place_of(tree, (n - 1) // 2, size)]
            high = ordered[begin + _place_of(tree, n // 2, size)]
            median = (low + high) / 2
            spread = max(0.1, _deviation(tree, ordered[begin:finish], median, n))
        for j in range(i, same):
            out[j, 1] = 0.5
            if known:
                top = np.searchsorted(ordered[begin:finish], values[j], side="right")
                out[j, 0] = (values[j] - median) / spread
                out[j, 1] = _below(tree, top) / n
        for j in range(i, same):
            _add(tree, np.searchsorted(ordered[begin:finish], values[j], side="left"), 1, size)
        i = same
    return out


@compiled
def _deviation(tree: Ints, ordered: Numbers, median: float, n: int) -> float:
    """Median absolute deviation of the elements held, by bisection to a millionth."""
    low, high = 0.0, 64.0  # logarithms of amounts lie well within
    needed = (n + 1) // 2
    while high - low > 1e-6:
        middle = (low + high) / 2
        top = int(np.searchsorted(ordered, median + middle, side="right"))
        bottom = int(np.searchsorted(ordered, median - middle, side="left"))
        if _below(tree, top) - _below(tree, bottom) >= needed:
            high = middle
        else:
            low = middle
    return high
