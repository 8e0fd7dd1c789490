"""The walk through trees as packed nodes, compiled: one row or many, the same bits.

A node is 16 bytes so that it costs one cache line: its threshold (in a leaf: the value, or the row of its
vector), then one integer with `left child << 32 | feature << 4 | flags`. The right child follows the left
one; a leaf's left child is itself.

Arrays are taken out of their tuples once per call and the parts are inlined: numba counts references each
time an array leaves a tuple, which doubled the time of a row.
"""

import numpy as np
from numba import float64, int32, int64, njit, types, uint8, uint32, void

from yunque.kernel.prefetch import prefetch

DEFAULT_LEFT, INNER, CATEGORICAL = 1, 2, 4  # flags of a node in arrays of a file
STRICT = 8  # packed nodes only: a negative code is in no set, where LightGBM cuts -0.5 to 0
FLAG_BITS = 4
TOGETHER = 32  # trees that are walked at a time
FEATURE_MASK = (1 << 28) - 1
ZERO = 1.0000000180025095e-35  # LightGBM's kZeroThreshold, the float32 nearest to 1e-35
SINGLE_MAX = 3.4028234663852886e38
LARGEST_CODE = 2147483647.0


def _read(kind: types.Type, dimensions: int = 1) -> types.Array:
    return types.Array(kind, dimensions, "C", readonly=True)


_trees = types.Tuple(
    (
        _read(float64, 2),  # nodes
        _read(int64, 2),  # the same memory as integers
        _read(int64),  # where each tree starts
        _read(uint32),  # category sets: where the words of each start, one more for the end, then all words
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


@njit(inline="always")
def walk_together(n, q, starts, first, row, at, tree, leaves) -> None:  # type: ignore[no-untyped-def] # noqa: PLR0913, PLR0917
    """Walk numeric trees, each one level in turn, so that their memory reads overlap.

    The next node of each is fetched while the others are walked: a third of the time of large trees. Those
    that still walk stand in front: one that reaches its leaf gives its place to the last of them.
    """
    walking, one = np.uint64(leaves.size), np.uint64(1)
    for k in range(leaves.size):
        at[k], tree[k] = np.uint64(starts[first + k]), np.uint64(k)
        prefetch(q, at[k])
    while walking:
        i = np.uint64(0)
        while i < walking:
            node = at[i]
            p = q[node, 1]
            if p & INNER:
                value = row[np.uint64((p >> FLAG_BITS) & FEATURE_MASK)]
                above = np.int64(value > n[node, 0])
                lost = np.int64(value != value) & (1 - (p & DEFAULT_LEFT))
                at[i] = np.uint64((p >> 32) + (above | lost))
                prefetch(q, at[i])
                i += one
            else:
                leaves[tree[i]] = node
                walking -= one
                at[i], tree[i] = at[walking], tree[walking]


@njit(inline="always")
def is_member(sets, category_set, value, strict):  # type: ignore[no-untyped-def]
    """Say whether a code is in a set of categories: cut to a whole number; negative and huge are not."""
    if not (value > -1.0 and value < LARGEST_CODE) or (strict and value < 0.0):
        return False
    code = np.int64(value)
    start = np.int64(sets[category_set])
    if (code >> 5) >= np.int64(sets[category_set + 1]) - start:
        return False
    return ((sets[start + (code >> 5)] >> np.uint32(code & 31)) & np.uint32(1)) != 0


@njit(inline="always")
def walk_one(nodes, packed, sets, node, row):  # type: ignore[no-untyped-def]
    """Walk to the leaf of one tree, which may hold categorical nodes."""
    p = packed[node, 1]
    while p & INNER:
        value = row[(p >> FLAG_BITS) & FEATURE_MASK]
        right = (p & DEFAULT_LEFT) == 0
        if value == value:
            if p & CATEGORICAL:
                right = not is_member(sets, np.int64(nodes[node, 0]), value, p & STRICT)
            else:
                right = value > nodes[node, 0]
        node = (p >> 32) + np.int64(right)
        p = packed[node, 1]
    return node


@njit(inline="always")
def load_row(x, r, zero_is_missing, single, row) -> None:  # type: ignore[no-untyped-def]
    """Copy a row as the training library saw it: in the range of float32 and rounded, zero as missing."""
    for j in range(x.shape[1]):
        value = x[r, j]
        if single and value == value:
            value = np.float64(np.float32(min(max(value, -SINGLE_MAX), SINGLE_MAX)))
        if zero_is_missing[j] and abs(value) <= ZERO:
            value = np.nan
        row[j] = value


@njit(inline="always")
def add_values(nodes, leaves, output, single, totals) -> None:  # type: ignore[no-untyped-def]
    """Add what the leaves of some trees hold to the sums of their outputs, tree after tree."""
    for i in range(output.size):
        totals[output[i]] += nodes[leaves[i], 0]
        if single:
            totals[output[i]] = np.float64(np.float32(totals[output[i]]))


@njit(inline="always")
def add_vectors(nodes, leaves, count, vectors, totals) -> None:  # type: ignore[no-untyped-def]
    """Add the vectors of the leaves of some trees to all sums, tree after tree."""
    for i in range(count):
        prefetch(vectors, np.uint64(nodes[leaves[i], 0]))
    for i in range(count):
        held = np.int64(nodes[leaves[i], 0])
        for k in range(totals.size):
            totals[k] += vectors[held, k]


@njit(void(_trees, _sums, _read(float64, 2), types.Array(float64, 2, "C")), cache=True, nogil=True)
def walk(trees, sums, x, out) -> None:  # type: ignore[no-untyped-def]
    """Write raw scores of all rows: trees are summed in their order, in the library's precision."""
    nodes, packed, starts, sets, zero_is_missing, switches = trees
    output, vectors, levels, factors = sums
    n_trees = output.size
    row = np.empty(x.shape[1])
    at, tree = np.empty(TOGETHER, np.uint64), np.empty(TOGETHER, np.uint64)
    held = np.empty(TOGETHER, np.int64)
    totals = np.empty(out.shape[1])
    for r in range(x.shape[0]):
        load_row(x, r, zero_is_missing, switches[1], row)
        totals[:] = levels[0]
        for first in range(0, n_trees, TOGETHER):
            count = min(TOGETHER, n_trees - first)
            leaves = held[:count]
            if switches[0]:
                for i in range(count):
                    leaves[i] = walk_one(nodes, packed, sets, starts[first + i], row)
            else:
                walk_together(nodes, packed, starts, first, row, at, tree, leaves)
            if vectors.shape[0] > 0:
                add_vectors(nodes, leaves, count, vectors, totals)
            else:
                add_values(nodes, leaves, output[first : first + count], switches[2], totals)
        for k in range(totals.size):
            out[r, k] = totals[k] / factors[0] * factors[1] + levels[1, k]
