"""Forests of small trees over many rows: each question is asked of a block of rows at once.

A value is first replaced by its rank among the thresholds of its column, which keeps every comparison as it
was. Then a question strikes out leaves (see `forest_masks`) in all rows of a block by one comparison of small
whole numbers and one "and", which the compiler turns into vector instructions. Every row's leaves are summed
tree after tree in the library's precision: the same bits as a walk.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from numba import float64, int32, int64, njit, types, uint8, uint16, uint32, uint64, void
from numba.cpython.unsafe.numbers import trailing_zeros

from yunque.kernel.forest_walk import LARGEST_CODE, load_row
from yunque.kernel.small_trees import SmallTrees

BLOCK_ROWS = 256
MOST_CUTS = 65_534  # of one column: ranks are 16 bits, and the highest stands for missing
MOST_FEATURES = 4_096
MOST_WORDS = 1 << 22  # of all category sets: 16 MiB
MISSING = 65_535


def _read(kind: types.Type, dimensions: int = 1) -> types.Array:
    return types.Array(kind, dimensions, "C", readonly=True)


def _signature(mask: types.Type) -> Any:
    columns = types.Tuple(
        (
            _read(uint64),  # where each column's cuts start
            _read(float64),  # the different thresholds of each column, rising
            _read(int64),  # codes that each column knows; -1: it holds no codes
            _read(uint8),  # per column: zero counts as missing
            _read(uint8),  # switches, as in `forest_walk`
        )
    )
    trees = types.Tuple(
        (
            _read(uint64),  # where each tree's numeric questions start
            _read(uint32),  # which ranks each reads: twice the column, one more where missing goes right
            _read(uint16),  # above this rank it is answered "right"
            _read(mask),  # the leaves that are left over then
            _read(uint64),  # where each tree's categorical questions start
            _read(uint32),  # column of each
            _read(uint64),  # where its words start
            _read(mask),  # the leaves that are left over
            _read(uint32),  # one bit per code: answered "right"
            _read(uint64),  # where each tree's leaves start
            _read(float64),  # leaves from left to right
        )
    )
    sums = types.Tuple((_read(int32), _read(float64, 2), _read(float64, 2), _read(float64)))
    return void(columns, trees, sums, _read(float64, 2), types.Array(float64, 2, "C"))


@njit(inline="always")
def rank_column(values, first, last, cuts, low, high) -> None:  # type: ignore[no-untyped-def]
    """Write how many cuts are below each value; missing is lowest in one list, highest in the other."""
    one = np.uint64(1)
    for r in range(values.size):
        value, at, left = values[r], first, last - first
        while left > 0:
            half = (left + one) >> one
            if cuts[at + half - one] < value:
                at += half
            left -= half
        rank = np.uint16(at - first)
        low[r] = rank if value == value else np.uint16(0)
        high[r] = rank if value == value else np.uint16(MISSING)


@njit(inline="always")
def code_column(values, known, strict, codes) -> None:  # type: ignore[no-untyped-def]
    """Write the code of each value: `known` for one in no set, one more for missing."""
    for r in range(values.size):
        value, code = values[r], known
        if value != value:
            code = known + 1
        elif value > -1.0 and value < LARGEST_CODE and not (strict and value < 0.0):
            code = min(np.int64(value), known)
        codes[r] = np.uint32(code)


@njit(inline="always")
def strike_numeric(ranks, limit, kept, left) -> None:  # type: ignore[no-untyped-def]
    """Ask one numeric question of all rows."""
    everything = ~(kept & ~kept)
    for r in range(left.size):
        left[r] &= kept if ranks[r] > limit else everything


@njit(inline="always")
def strike_categorical(codes, words, first, width, kept, left) -> None:  # type: ignore[no-untyped-def]
    """Ask one categorical question of all rows."""
    everything, low = ~(kept & ~kept), np.uint32(31)
    if width == 1:
        word = words[first]
        for r in range(left.size):
            left[r] &= kept if (word >> (codes[r] & low)) & np.uint32(1) else everything
    else:
        for r in range(left.size):
            word = words[first + np.uint64(codes[r] >> np.uint32(5))]
            left[r] &= kept if (word >> (codes[r] & low)) & np.uint32(1) else everything


@njit(inline="always")
def add_leaves(left, leaf, vectors, output, single, totals) -> None:  # type: ignore[no-untyped-def]
    """Add what one tree's leaves hold to the sums of all rows."""
    if vectors.shape[0] > 0:
        for r in range(left.size):
            held = np.uint64(leaf[np.uint64(trailing_zeros(left[r]))])
            for k in range(totals.shape[0]):
                totals[k, r] += vectors[held, k]
        return
    total = totals[output]
    if single:
        for r in range(left.size):
            total[r] = np.float64(np.float32(total[r] + leaf[np.uint64(trailing_zeros(left[r]))]))
    else:
        for r in range(left.size):
            total[r] += leaf[np.uint64(trailing_zeros(left[r]))]


@njit(inline="always")
def load_block(columns, x, first, block, ranks, codes) -> None:  # type: ignore[no-untyped-def]
    """Rank the values of a block of rows."""
    cut_start, cuts, known, zero_is_missing, switches = columns
    row = np.empty(x.shape[1])
    for r in range(block.shape[1]):
        load_row(x, first + r, zero_is_missing, switches[1], row)
        for j in range(row.size):
            block[j, r] = row[j]
    for j in range(row.size):
        if cut_start[j] < cut_start[j + 1]:
            rank_column(block[j], cut_start[j], cut_start[j + 1], cuts, ranks[2 * j], ranks[2 * j + 1])
        if known[j] >= 0:
            code_column(block[j], known[j], switches[1], codes[j])


@njit([_signature(uint32), _signature(uint64)], cache=True, nogil=True)
def score_blocks(columns, trees, sums, x, out) -> None:  # type: ignore[no-untyped-def]
    """Write raw scores of all rows."""
    known, switches = columns[2], columns[4]
    start, rank_of, limit, kept, set_start, code_of, word_start, set_kept, words, leaf_start, leaf = trees
    output, vectors, levels, factors = sums
    for first in range(0, x.shape[0], BLOCK_ROWS):
        n = min(BLOCK_ROWS, x.shape[0] - first)
        block = np.empty((x.shape[1], n))
        ranks, codes = np.empty((2 * x.shape[1], n), np.uint16), np.empty((x.shape[1], n), np.uint32)
        left, totals = np.empty(n, kept.dtype), np.empty((out.shape[1], n))
        load_block(columns, x, first, block, ranks, codes)
        for k in range(totals.shape[0]):
            totals[k, :] = levels[0, k]
        for t in range(output.size):
            left[:] = ~kept.dtype.type(0)
            for i in range(start[t], start[t + 1]):
                strike_numeric(ranks[rank_of[i]], limit[i], kept[i], left)
            for i in range(set_start[t], set_start[t + 1]):
                width = (known[code_of[i]] + 33) >> 5
                strike_categorical(codes[code_of[i]], words, word_start[i], width, set_kept[i], left)
            add_leaves(left, leaf[leaf_start[t] :], vectors, output[t], switches[2], totals)
        for r in range(n):
            for k in range(totals.shape[0]):
                out[first + r, k] = totals[k, r] / factors[0] * factors[1] + levels[1, k]


def build_ranks(
    trees: SmallTrees, switches: Sequence[npt.NDArray[Any]]
) -> tuple[tuple[npt.NDArray[Any], ...], ...] | None:
    """Lay a forest out for many rows: the first two arguments of `score_blocks`.

    None when it has too many columns, cuts or codes.

    Args:
        trees: its nodes.
        switches: per column, whether zero counts as missing; then the switches of `forest_walk`.
    """
    n_features = switches[0].size
    numeric, sets = np.flatnonzero(~trees.categorical), np.flatnonzero(trees.categorical)
    if n_features > MOST_FEATURES:
        return None
    cuts, limits = _cuts(trees, numeric, n_features)
    if max((column.size for column in cuts), default=0) > MOST_CUTS:
        return None
    known, word_start, words = _words(trees, sets, n_features)
    if words.size > MOST_WORDS:
        return None
    kind = np.uint32 if trees.most_leaves <= 32 else np.uint64
    rank_of = 2 * trees.feature[numeric] + ~trees.default_left[numeric]
    return (
        (_starts([column.size for column in cuts]), np.concatenate(cuts), known, *switches),
        (
            _by_tree(trees, numeric),
            rank_of.astype(np.uint32),
            limits.astype(np.uint16),
            trees.kept[numeric].astype(kind),
            _by_tree(trees, sets),
            trees.feature[sets].astype(np.uint32),
            word_start.astype(np.uint64),
            trees.kept[sets].astype(kind),
            words,
            trees.leaf_start.astype(np.uint64),
            trees.leaf,
        ),
    )


def _starts(sizes: Any) -> npt.NDArray[np.uint64]:
    return np.concatenate(([0], np.cumsum(sizes))).astype(np.uint64)


def _by_tree(trees: SmallTrees, nodes: npt.NDArray[np.int64]) -> npt.NDArray[np.uint64]:
    return _starts(np.bincount(trees.tree[nodes], minlength=trees.leaf_start.size - 1))


def _cuts(
    trees: SmallTrees, nodes: npt.NDArray[np.int64], n_features: int
) -> tuple[list[npt.NDArray[np.float64]], npt.NDArray[np.int64]]:
    """Give the different thresholds of each column, and the position of each node's among them."""
    limits = np.zeros(nodes.size, np.int64)
    cuts = []
    for feature in range(n_features):
        of_column = np.flatnonzero(trees.feature[nodes] == feature)
        found, limits[of_column] = np.unique(trees.threshold[nodes[of_column]], return_inverse=True)
        cuts.append(found)
    return cuts, limits


def _words(
    trees: SmallTrees, nodes: npt.NDArray[np.int64], n_features: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.uint32]]:
    """Give the codes that each column knows, and for each categorical node its bits by code."""
    known = np.full(n_features, -1, np.int64)
    start = np.zeros(nodes.size, np.int64)
    parts, size = [np.zeros(0, np.uint32)], 0
    for feature in np.unique(trees.feature[nodes]):
        of_column = np.flatnonzero(trees.feature[nodes] == feature)
        right = trees.right_by_code(nodes[of_column])
        known[feature] = right.shape[0] - 2
        width = -(-right.shape[0] // 32)
        bits = np.zeros((of_column.size, 32 * width), np.bool_)
        bits[:, : right.shape[0]] = right.T
        start[of_column] = size + width * np.arange(of_column.size)
        parts.append(np.packbits(bits, axis=1, bitorder="little").view("<u4").ravel())
        size += parts[-1].size
    return known, start, np.concatenate(parts).astype(np.uint32)
