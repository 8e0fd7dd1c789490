"""The walk through trees as packed nodes, compiled: one row or many, the same bits.

A node is 16 bytes so that it costs one cache line: its threshold (in a leaf: the value, or the row of its
vector), then one integer with `left child << 32 | feature << 4 | flags`. The right child follows the left
one; a leaf's left child is itself, so eight trees are walked in step without asking which has ended.

Arrays are taken out of their tuples once per call and the parts are inlined: numba counts references each
time an array leaves a tuple, which doubled the time of a row.
"""

import numpy as np
from numba import float64, int32, int64, njit, types, uint8, uint32, void

DEFAULT_LEFT, INNER, CATEGORICAL = 1, 2, 4  # flags of a node in arrays of a file
STRICT = 8  # packed nodes only: a negative code is in no set, where LightGBM cuts -0.5 to 0
FLAG_BITS = 4
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
def step(nodes, packed, node, row):  # type: ignore[no-untyped-def]
    """Go one level down from a numeric node; stay on a leaf."""
    p = packed[node, 1]
    value = row[(p >> FLAG_BITS) & FEATURE_MASK]
    above = np.int64(value > nodes[node, 0])
    lost = np.int64(value != value) & (1 - (p & DEFAULT_LEFT))
    return (p >> 32) + (((p >> 1) & 1) & (above | lost))


@njit(inline="always")
def walk_eight(n, q, starts, first, row, leaves) -> None:  # type: ignore[no-untyped-def]
    """Walk eight numeric trees in step, so that their memory reads overlap."""
    a, b, c, d = starts[first], starts[first + 1], starts[first + 2], starts[first + 3]
    e, f, g, h = starts[first + 4], starts[first + 5], starts[first + 6], starts[first + 7]
    moved = np.int64(1)
    while moved:
        a, b, c, d = step(n, q, a, row), step(n, q, b, row), step(n, q, c, row), step(n, q, d, row)
        e, f, g, h = step(n, q, e, row), step(n, q, f, row), step(n, q, g, row), step(n, q, h, row)
        i, j, k, m = step(n, q, a, row), step(n, q, b, row), step(n, q, c, row), step(n, q, d, row)
        r, s, t, u = step(n, q, e, row), step(n, q, f, row), step(n, q, g, row), step(n, q, h, row)
        moved = (a ^ i) | (b ^ j) | (c ^ k) | (d ^ m) | (e ^ r) | (f ^ s) | (g ^ t) | (h ^ u)
        a, b, c, d, e, f, g, h = i, j, k, m, r, s, t, u
    leaves[0], leaves[1], leaves[2], leaves[3] = a, b, c, d
    leaves[4], leaves[5], leaves[6], leaves[7] = e, f, g, h


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
    leaves = np.empty(8, np.int64)
    totals = np.empty(out.shape[1])
    for r in range(x.shape[0]):
        load_row(x, r, zero_is_missing, switches[1], row)
        totals[:] = levels[0]
        for first in range(0, n_trees, 8):
            count = min(8, n_trees - first)
            if count == 8 and not switches[0]:
                walk_eight(nodes, packed, starts, first, row, leaves)
            else:
                for i in range(count):
                    leaves[i] = walk_one(nodes, packed, sets, starts[first + i], row)
            if vectors.shape[0] > 0:
                add_vectors(nodes, leaves, count, vectors, totals)
            else:
                add_values(nodes, leaves, output[first : first + count], switches[2], totals)
        for k in range(totals.size):
            out[r, k] = totals[k] / factors[0] * factors[1] + levels[1, k]
