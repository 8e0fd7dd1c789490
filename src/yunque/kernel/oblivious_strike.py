"""Oblivious trees on single rows without walking: the borders below a column's value set bits.

In an oblivious tree a question is one bit of the leaf's number. The borders of a column over all trees,
rising, are a list in which the questions answered "yes" are a run from the first on. No question is asked of
a tree, no branch is guessed; the leaves are summed in the order of the trees: the bits of
`forms.oblivious.walk`.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from numba import float32, float64, int64, njit, types, uint8, uint32, uint64, void

SINGLE_MAX = 3.4028234663852886e38


def _read(kind: types.Type, dimensions: int = 1) -> types.Array:
    return types.Array(kind, dimensions, "C", readonly=True)


_lists = types.Tuple(
    (
        _read(uint64),  # where the borders of each column start, columns of indicators behind the others
        _read(float32),  # borders, rising in each column
        _read(uint32),  # tree of each border
        _read(uint32),  # the bit that it sets
        _read(int64),  # column of each indicator
        _read(float32),  # code that each indicator shows
        _read(uint64),  # where each tree's leaves start
        _read(float64, 2),  # leaves
        _read(uint8),  # per column: missing counts as the largest value
        _read(float64),  # scale
        _read(float64),  # bias
    )
)


@njit(inline="always")
def _set_bits(starts, borders, tree, bit, j, value, leaf) -> None:  # type: ignore[no-untyped-def] # noqa: PLR0913, PLR0917
    """Set the bits of one column's questions; a value that is missing sets none."""
    one = np.uint64(1)
    low, high = starts[j], starts[j + 1]
    first = low
    while low < high:
        middle = (low + high) >> one
        if borders[middle] < value:
            low = middle + one
        else:
            high = middle
    for i in range(first, low):
        leaf[tree[i]] |= bit[i]


@njit(void(_lists, _read(float64, 2), types.Array(float64, 2, "C")), cache=True, nogil=True)
def strike_oblivious(lists, x, out) -> None:  # type: ignore[no-untyped-def]
    """Write raw scores of all rows: float32 inputs, float64 sums in the order of the trees."""
    starts, borders, tree, bit, shown, codes, leaf_start, leaves, nan_is_largest, scale, bias = lists
    columns, n_trees = np.uint64(x.shape[1]), np.uint64(leaf_start.size)
    row = np.empty(x.shape[1], np.float32)
    leaf = np.empty(leaf_start.size, np.uint32)
    for r in range(x.shape[0]):
        leaf[:] = np.uint32(0)
        for j in range(columns):
            value = x[r, j]
            if value == value:
                value = min(max(value, -SINGLE_MAX), SINGLE_MAX)
            row[j] = np.float32(value)
            single = row[j]
            if nan_is_largest[j] and single != single:
                single = np.float32(np.inf)
            _set_bits(starts, borders, tree, bit, j, single, leaf)
        for i in range(np.uint64(shown.size)):
            is_shown = np.float32(row[shown[i]] == codes[i])
            _set_bits(starts, borders, tree, bit, columns + i, is_shown, leaf)
        for k in range(out.shape[1]):
            total = 0.0
            for t in range(n_trees):
                total += leaves[leaf_start[t] + np.uint64(leaf[t]), k]
            out[r, k] = total * scale[0] + bias[k]


def build_oblivious(trees: Sequence[npt.NDArray[Any]]) -> tuple[npt.NDArray[Any], ...]:
    """Lay oblivious trees out for single rows.

    Args:
        trees: what `forms.oblivious.walk` reads.
    """
    column, border, shown, codes, split_start, leaf_start, leaves, nan_is_largest, scale, bias = trees
    n_trees = split_start.size - 1
    tree = np.repeat(np.arange(n_trees), np.diff(split_start))
    level = np.arange(column.size) - split_start[:-1][tree]
    order = np.lexsort((border, column))
    counts = np.bincount(column, minlength=nan_is_largest.size + shown.size)
    return (
        np.concatenate(([0], np.cumsum(counts))).astype(np.uint64),
        border[order],
        tree[order].astype(np.uint32),
        (np.int64(1) << level[order]).astype(np.uint32),
        shown.astype(np.int64),
        codes,
        leaf_start[:-1].astype(np.uint64),
        leaves,
        nan_is_largest,
        scale,
        bias,
    )
