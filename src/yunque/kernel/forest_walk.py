"""The walk through trees as packed nodes, compiled: one row or many, the same bits.

A node is 16 bytes so that it costs one cache line: its threshold (in a leaf: the value, or the row of its
vector), then one integer with `left child << 32 | feature << 3 | flags`. The right child follows the left
one; a leaf's left child is itself, so eight trees are walked in step without asking which has ended.
"""

import numpy as np
from numba import boolean, float64, int32, int64, njit, types, uint8, uint32, void

DEFAULT_LEFT, INNER, CATEGORICAL = 1, 2, 4
FLAG_BITS = 3
FEATURE_MASK = (1 << 29) - 1
ZERO = 1.0000000180025095e-35  # LightGBM's kZeroThreshold, the float32 nearest to 1e-35
SINGLE_MAX = 3.4028234663852886e38
LARGEST_CODE = 2147483647.0


def _read(kind: types.Type, dimensions: int = 1) -> types.Array:
    return types.Array(kind, dimensions, "C", readonly=True)


_row = types.Array(float64, 1, "C")
_leaves = types.Array(int64, 1, "C")
_matrix = types.Array(float64, 2, "C")
_trees = types.Tuple(
    (
        _read(float64, 2),  # nodes
        _read(int64, 2),  # the same memory as integers
        _read(int64),  # where each tree starts
        _read(uint32),  # words of all category sets
        _read(int64),  # where the words of each set start
        _read(uint8),  # per column: zero counts as missing
        _read(uint8),  # switches: categorical nodes, single-precision inputs, single-precision sums
    )
)
_sums = types.Tuple(
    (
        _read(int32),  # which output each tree adds to
        _read(float64, 2),  # vectors of leaves; no rows when leaves hold values
        _read(float64, 2),  # base (before the trees), bias (after them)
        _read(float64),  # divisor, scale
    )
)


@njit(int64(_trees, int64, _row), cache=True, nogil=True)
def step(trees, node, row):  # type: ignore[no-untyped-def]
    """Go one level down from a numeric node; stay on a leaf."""
    p = trees[1][node, 1]
    value = row[(p >> FLAG_BITS) & FEATURE_MASK]
    above = np.int64(value > trees[0][node, 0])
    lost = np.int64(value != value) & (1 - (p & DEFAULT_LEFT))
    return (p >> 32) + (((p >> 1) & 1) & (above | lost))


@njit(void(_trees, int64, _row, _leaves), cache=True, nogil=True)
def walk_eight(trees, first, row, leaves) -> None:  # type: ignore[no-untyped-def]
    """Walk eight numeric trees in step, so that their memory reads overlap."""
    starts = trees[2]
    a, b, c, d = starts[first], starts[first + 1], starts[first + 2], starts[first + 3]
    e, f, g, h = starts[first + 4], starts[first + 5], starts[first + 6], starts[first + 7]
    moved = np.int64(1)
    while moved:
        before = a, b, c, d, e, f, g, h
        a, b, c, d = step(trees, a, row), step(trees, b, row), step(trees, c, row), step(trees, d, row)
        e, f, g, h = step(trees, e, row), step(trees, f, row), step(trees, g, row), step(trees, h, row)
        moved = (a ^ before[0]) | (b ^ before[1]) | (c ^ before[2]) | (d ^ before[3])
        moved |= (e ^ before[4]) | (f ^ before[5]) | (g ^ before[6]) | (h ^ before[7])
    leaves[0], leaves[1], leaves[2], leaves[3] = a, b, c, d
    leaves[4], leaves[5], leaves[6], leaves[7] = e, f, g, h


@njit(boolean(_trees, float64, int64), cache=True, nogil=True)
def is_member(trees, value, category_set):  # type: ignore[no-untyped-def]
    """Say whether a code is in a set of categories: cut to a whole number; negative and huge are not."""
    if not (value > -1.0 and value < LARGEST_CODE):
        return False
    if trees[6][1] and value < 0.0:  # XGBoost's rule; LightGBM cuts -0.5 to 0
        return False
    code = np.int64(value)
    start = trees[4][category_set]
    if (code >> 5) >= trees[4][category_set + 1] - start:
        return False
    return ((trees[3][start + (code >> 5)] >> np.uint32(code & 31)) & np.uint32(1)) != 0


@njit(int64(_trees, int64, _row), cache=True, nogil=True)
def walk_one(trees, node, row):  # type: ignore[no-untyped-def]
    """Walk to the leaf of one tree, which may hold categorical nodes."""
    p = trees[1][node, 1]
    while p & INNER:
        value = row[(p >> FLAG_BITS) & FEATURE_MASK]
        right = (p & DEFAULT_LEFT) == 0
        if value == value:
            if p & CATEGORICAL:
                right = not is_member(trees, value, np.int64(trees[0][node, 0]))
            else:
                right = value > trees[0][node, 0]
        node = (p >> 32) + np.int64(right)
        p = trees[1][node, 1]
    return node


@njit(void(_trees, int64, int64, _row, _leaves), cache=True, nogil=True)
def find_leaves(trees, first, count, row, leaves) -> None:  # type: ignore[no-untyped-def]
    """Find the leaves of up to eight trees."""
    if count == 8 and not trees[6][0]:
        walk_eight(trees, first, row, leaves)
    else:
        for i in range(count):
            leaves[i] = walk_one(trees, trees[2][first + i], row)


@njit(void(_trees, _read(float64, 2), int64, _row), cache=True, nogil=True)
def load_row(trees, x, r, row) -> None:  # type: ignore[no-untyped-def]
    """Copy a row as the training library saw it: in the range of float32 and rounded, zero as missing."""
    zero_is_missing, switches = trees[5], trees[6]
    for j in range(x.shape[1]):
        value = x[r, j]
        if switches[1] and value == value:
            value = np.float64(np.float32(min(max(value, -SINGLE_MAX), SINGLE_MAX)))
        if zero_is_missing[j] and abs(value) <= ZERO:
            value = np.nan
        row[j] = value


@njit(void(_trees, _sums, int64, int64, int64, _leaves, _matrix), cache=True, nogil=True)
def add_leaves(trees, sums, first, count, r, leaves, out) -> None:  # type: ignore[no-untyped-def] # noqa: PLR0913, PLR0917
    """Add what the leaves hold to the row's sums, tree after tree."""
    tree_output, leaf_vectors = sums[0], sums[1]
    for i in range(count):
        value = trees[0][leaves[i], 0]
        if leaf_vectors.shape[0] > 0:
            for k in range(out.shape[1]):
                out[r, k] += leaf_vectors[np.int64(value), k]
        else:
            k = tree_output[first + i]
            out[r, k] += value
            if trees[6][2]:
                out[r, k] = np.float64(np.float32(out[r, k]))


@njit(void(_trees, _sums, _read(float64, 2), _matrix), cache=True, nogil=True)
def walk(trees, sums, x, out) -> None:  # type: ignore[no-untyped-def]
    """Write raw scores of all rows: trees are summed in their order, in the library's precision."""
    n_trees = sums[0].size
    levels, factors = sums[2], sums[3]
    row = np.empty(x.shape[1])
    leaves = np.empty(8, np.int64)
    for r in range(x.shape[0]):
        load_row(trees, x, r, row)
        for k in range(out.shape[1]):
            out[r, k] = levels[0, k]
        for first in range(0, n_trees, 8):
            count = min(8, n_trees - first)
            find_leaves(trees, first, count, row, leaves)
            add_leaves(trees, sums, first, count, r, leaves, out)
        for k in range(out.shape[1]):
            out[r, k] = out[r, k] / factors[0] * factors[1] + levels[1, k]
