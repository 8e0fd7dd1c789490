"""Exact path-dependent TreeSHAP on the kernel's own arrays (Lundberg et al., Nature Mach. Intell. 2020).

What a tree expects when it may look at some columns only: it walks down, and where it may not look it goes
both ways, weighed by the training rows that went there. The Shapley values of that game are sums over leaves.
On the way to a leaf every column met has a share z of the rows (product over its splits) and says whether the
row itself follows. With S the columns that agree, U those that do not, M all of them, a leaf of value v gives

    to u in U   - v Z_U sum_t w(t, M) e_t(S)                  Z_U the product of the shares in U
    to s in S     v Z_U (1 - z_s) sum_t w(t, M) e_t(S - s)    w(t, M) = t! (M - 1 - t)! / M!

where e_t(S) is the coefficient of y^t in the product of (y + z) over S. Columns that disagree share one sum,
so that a leaf costs |S|^2 + |U| and not M^2 (the saving of Yang, "Fast TreeSHAP", 2021).
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from numba import boolean, float64, int32, int64, njit, types, uint32, void

from yunque.kernel.forest_walk import (
    CATEGORICAL,
    DEFAULT_LEFT,
    FEATURE_MASK,
    FLAG_BITS,
    INNER,
    STRICT,
    is_member,
)
from yunque.kernel.form import FloatArray

IntArray = npt.NDArray[np.int64]


def _read(kind: types.Type, dimensions: int = 1) -> types.Array:
    return types.Array(kind, dimensions, "C", readonly=True)


_numbers, _numbers_2 = types.Array(float64, 1, "C"), types.Array(float64, 2, "C")
_integers, _flags = types.Array(int64, 1, "C"), types.Array(boolean, 1, "C")
_trees = types.Tuple(
    (
        _read(float64, 2),  # nodes
        _read(int64, 2),  # the same memory as integers
        _read(int64),  # where each tree starts
        _read(uint32),  # category sets
        _read(float64),  # share of the parent's rows
        _read(int32),  # output of each tree
        _read(float64, 2),  # vectors of leaves
    )
)


@dataclass(frozen=True, kw_only=True, eq=False)
class TreeTable:
    """Trees as the explanation walks them.

    Attributes:
        nodes: (N, 2) packed nodes, see `forest_walk`; a leaf holds its value, or the row of its vector.
        starts: (T + 1,) where each tree starts.
        sets: category sets as words.
        share: (N,) share of the parent's training rows that are in the node; 1 in roots.
        output: (T,) the output that a tree adds to.
        vectors: (L, K) vectors of leaves; no rows when leaves hold values.
        depth: levels of the deepest tree.
    """

    nodes: FloatArray
    starts: IntArray
    sets: npt.NDArray[np.uint32]
    share: FloatArray
    output: npt.NDArray[np.int32]
    vectors: FloatArray
    depth: int

    def arrays(self) -> tuple[npt.NDArray[Any], ...]:
        """Give the arrays in the order in which the compiled code takes them."""
        packed = self.nodes.view(np.int64)
        return self.nodes, packed, self.starts, self.sets, self.share, self.output, self.vectors


@njit(types.Tuple((_numbers, int64))(_read(int64, 2), _read(types.float32)), cache=True, nogil=True)
def shares(packed, cover):  # type: ignore[no-untyped-def]
    """Give each node's share of its parent's cover from the covers of leaves, and the deepest level.

    Where no training row came both ways get a half.
    """
    total, share, level = (
        np.zeros(packed.shape[0]),
        np.ones(packed.shape[0]),
        np.zeros(packed.shape[0], np.int64),
    )
    leaf = 0
    for node in range(packed.shape[0]):
        if not packed[node, 1] & INNER:
            total[node] = cover[leaf]
            leaf += 1
    for node in range(packed.shape[0] - 1, -1, -1):
        if packed[node, 1] & INNER:
            left = packed[node, 1] >> 32
            total[node] = total[left] + total[left + 1]
    deepest = 0
    for node in range(packed.shape[0]):
        if packed[node, 1] & INNER:
            left = packed[node, 1] >> 32
            for child in (left, left + 1):
                share[child] = total[child] / total[node] if total[node] > 0.0 else 0.5
                level[child] = level[node] + 1
                deepest = max(deepest, level[child])
    return share, deepest


@njit(_numbers(_trees, int64), cache=True, nogil=True)
def expectations(trees, n_outputs):  # type: ignore[no-untyped-def]
    """Give what the trees answer when they may look at nothing, (K,)."""
    nodes, packed, starts, _, share, output, vectors = trees
    out = np.zeros(n_outputs)
    reached = share.copy()
    for tree in range(output.size):
        for node in range(starts[tree], starts[tree + 1]):
            p = packed[node, 1]
            if p & INNER:
                left = p >> 32
                reached[left] *= reached[node]
                reached[left + 1] *= reached[node]
            elif vectors.shape[0] > 0:
                for k in range(n_outputs):
                    out[k] += reached[node] * vectors[np.int64(nodes[node, 0]), k]
            else:
                out[output[tree]] += reached[node] * nodes[node, 0]
    return out


@njit(_numbers_2(int64), cache=True, nogil=True)
def shapley_weights(most):  # type: ignore[no-untyped-def]
    """Give w(t, M) = t! (M - 1 - t)! / M! in row M, column t."""
    weights = np.zeros((most + 1, most + 1))
    for m in range(1, most + 1):
        weights[m, 0] = 1.0 / m
        for t in range(1, m):
            weights[m, t] = weights[m, t - 1] * t / (m - t)
    return weights


@njit(inline="always")
def goes_right(nodes, packed, sets, node, row):  # type: ignore[no-untyped-def]
    """Say which way a row goes: the walk's own rule."""
    p = packed[node, 1]
    value = row[(p >> FLAG_BITS) & FEATURE_MASK]
    if value != value:
        return (p & DEFAULT_LEFT) == 0
    if p & CATEGORICAL:
        return not is_member(sets, np.int64(nodes[node, 0]), value, p & STRICT)
    return value > nodes[node, 0]


@njit(inline="always")
def multiply(agreed, size, whole) -> None:  # type: ignore[no-untyped-def]
    """Write the coefficients of the product of (y + z)."""
    whole[0] = 1.0
    for j in range(size):
        whole[j + 1] = whole[j]
        for t in range(j, 0, -1):
            whole[t] = whole[t - 1] + agreed[j] * whole[t]
        whole[0] *= agreed[j]


@njit(
    void(types.Tuple((_integers, _numbers, _flags)), int64, _read(float64, 2), _numbers_2),
    cache=True,
    nogil=True,
)
def leaf_factors(path, count, weights, scratch) -> None:  # type: ignore[no-untyped-def]
    """Write the factor of each column on the way to a leaf to `scratch[3]`, see the module."""
    _, zero, follows = path
    agreed, whole, rest, factor = scratch[0], scratch[1], scratch[2], scratch[3]
    disagreeing, size = 1.0, 0
    for i in range(count):
        if follows[i]:
            agreed[size] = zero[i]
            size += 1
        else:
            disagreeing *= zero[i]
    multiply(agreed, size, whole)
    outside = 0.0
    for t in range(min(size + 1, count)):
        outside += weights[count, t] * whole[t]
    for i in range(count):
        if not follows[i]:
            factor[i] = -disagreeing * outside
            continue
        rest[size - 1] = whole[size]
        inside = weights[count, size - 1] * rest[size - 1]
        for t in range(size - 2, -1, -1):
            rest[t] = whole[t + 1] - zero[i] * rest[t + 1]
            inside += weights[count, t] * rest[t]
        factor[i] = disagreeing * (1.0 - zero[i]) * inside


@njit(inline="always")
def add_leaf(trees, tree, leaf, feature, count, factor, group, out) -> None:  # type: ignore[no-untyped-def]  # noqa: PLR0913, PLR0917
    """Add what a leaf gives to the columns on the way to it."""
    nodes, output, vectors = trees[0], trees[5], trees[6]
    for i in range(count):
        to = group[feature[i]]
        if vectors.shape[0] > 0:
            held = np.int64(nodes[leaf, 0])
            for k in range(out.shape[1]):
                out[to, k] += factor[i] * vectors[held, k]
        else:
            out[to, output[tree]] += factor[i] * nodes[leaf, 0]


@njit(inline="always")
def place_of(feature, count, asked):  # type: ignore[no-untyped-def]
    """Find a column on the way, or the place behind the last."""
    at = 0
    while at < count and feature[at] != asked:
        at += 1
    return at


@njit(
    void(_trees, _read(float64, 2), int64, _read(int64), _read(float64, 2), types.Array(float64, 3, "C")),
    cache=True,
    nogil=True,
)
def explain_trees(trees, weights, depth, group, rows, out) -> None:  # type: ignore[no-untyped-def]
    """Add the contributions of every tree to `out`, (n, G, K), each column's to its group's.

    `rows` are loaded as the trees read them. The path is kept while the tree is walked in depth: an edge
    changes one entry of it, and is undone on the way back.
    """
    nodes, packed, starts, sets, share, output = trees[0], trees[1], trees[2], trees[3], trees[4], trees[5]
    most = depth + 2
    node, turn, slot = np.empty(most, np.int64), np.empty(most, np.int64), np.empty(most, np.int64)
    grew, right, old_follows = np.empty(most, np.bool_), np.empty(most, np.bool_), np.empty(most, np.bool_)
    old_zero, scratch = np.empty(most), np.empty((4, most))
    feature, zero, follows = np.empty(most, np.int64), np.empty(most), np.empty(most, np.bool_)
    for r in range(rows.shape[0]):
        for tree in range(output.size):
            d, count = 0, 0
            node[0], turn[0] = starts[tree], 0
            while d >= 0:
                p = packed[node[d], 1]
                if not p & INNER:
                    leaf_factors((feature, zero, follows), count, weights, scratch)
                    add_leaf(trees, tree, node[d], feature, count, scratch[3], group, out[r])
                    d -= 1
                    continue
                if turn[d] == 0:
                    right[d] = goes_right(nodes, packed, sets, node[d], rows[r])
                elif grew[d]:
                    count -= 1
                else:
                    zero[slot[d]], follows[slot[d]] = old_zero[d], old_follows[d]
                if turn[d] == 2:
                    d -= 1
                    continue
                child = (p >> 32) + turn[d]
                at = place_of(feature, count, (p >> FLAG_BITS) & FEATURE_MASK)
                slot[d], grew[d] = at, at == count
                if at == count:
                    feature[at], zero[at], follows[at] = (p >> FLAG_BITS) & FEATURE_MASK, 1.0, True
                    count += 1
                old_zero[d], old_follows[d] = zero[at], follows[at]
                zero[at] *= share[child]
                follows[at] = follows[at] and right[d] == (turn[d] == 1)
                turn[d] += 1
                d += 1
                node[d], turn[d] = child, 0
