"""Forests of small trees without walking: every question that is answered "right" strikes out leaves.

A tree of at most 64 leaves is a word with one bit per leaf, from left to right. A node whose answer is
"right" strikes out the leaves on its left; the lowest bit that is left over is the leaf that a walk reaches
(QuickScorer: Lucchese et al., SIGIR 2015). The questions of one column stand together by rising threshold, so
those answered "right" are a run that ends where the value does: memory is read in order and nothing is
guessed. Leaves are summed tree after tree in the library's precision, as in `forest_walk`: the same bits.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from numba import float64, int32, njit, types, uint8, uint32, uint64, void
from numba.cpython.unsafe.numbers import trailing_zeros

from yunque.kernel.forest_walk import LARGEST_CODE, load_row
from yunque.kernel.small_trees import SmallTrees

MOST_WORDS = 1 << 20  # of all bitmaps of categories: 8 MiB


def _read(kind: types.Type, dimensions: int = 1) -> types.Array:
    return types.Array(kind, dimensions, "C", readonly=True)


def _signature(mask: types.Type) -> Any:
    # Unsigned, because a signed index is first asked whether it counts from the end: half of the time.
    lists = types.Tuple(
        (
            _read(uint64, 2),  # where each column's entries start: numeric, missing, categorical
            _read(float64),  # thresholds of the numeric entries, rising in each column
            _read(uint32),  # tree of each entry
            _read(mask),  # the leaves that an entry leaves over when it is answered "right"
            _read(uint64, 2),  # per column: codes it knows, its first word, words of one code
            _read(uint64),  # per column and code: which categorical entries are answered "right"
            _read(uint64),  # where each tree's leaves start
            _read(float64),  # leaves from left to right
            _read(uint8),  # per column: zero counts as missing
            _read(uint8),  # switches, as in `forest_walk`
        )
    )
    sums = types.Tuple((_read(int32), _read(float64, 2), _read(float64, 2), _read(float64)))
    return void(lists, sums, _read(float64, 2), types.Array(float64, 2, "C"))


@njit(inline="always")
def strike_numbers(starts, threshold, tree, mask, row, left) -> None:  # type: ignore[no-untyped-def]
    """Strike out leaves by the numeric questions of all columns."""
    one = np.uint64(1)
    for j in range(row.size):
        value = row[j]
        if value == value:
            first, low, high = starts[0, j], starts[0, j], starts[0, j + 1]
            while low < high:
                middle = (low + high) >> one
                if threshold[middle] < value:
                    low = middle + one
                else:
                    high = middle
            last = low
        else:
            first, last = starts[1, j], starts[1, j + 1]
        for i in range(first, last):
            left[tree[i]] &= mask[i]


@njit(inline="always")
def code_of(value, known, strict):  # type: ignore[no-untyped-def]
    """Give the line of a column's bitmaps: its code, `known` for a code in no set, one more for missing."""
    if value != value:
        return known + np.uint64(1)
    if not (value > -1.0 and value < LARGEST_CODE) or (strict and value < 0.0):
        return known
    return min(np.uint64(np.int64(value)), known)


@njit(inline="always")
def strike_categories(starts, tree, mask, columns, words, single, row, left) -> None:  # type: ignore[no-untyped-def] # noqa: PLR0913, PLR0917
    """Strike out leaves by the categorical questions of all columns."""
    for j in range(row.size):
        first, width = starts[2, j], columns[2, j]
        if width:
            line = columns[1, j] + width * code_of(row[j], columns[0, j], single)
            for w in range(width):
                word = words[line + w]
                while word:
                    i = first + np.uint64(64) * w + np.uint64(trailing_zeros(word))
                    left[tree[i]] &= mask[i]
                    word &= word - np.uint64(1)


@njit(inline="always")
def add_leaves(left, leaf_start, leaf, sums, single, totals) -> None:  # type: ignore[no-untyped-def]
    """Add what the leaves hold, tree after tree."""
    output, vectors = sums[0], sums[1]
    for t in range(output.size):
        held = leaf[leaf_start[t] + np.uint64(trailing_zeros(left[t]))]
        if vectors.shape[0] > 0:
            for k in range(totals.size):
                totals[k] += vectors[np.uint64(held), k]
        else:
            at = np.uint64(output[t])
            totals[at] += held
            if single:
                totals[at] = np.float64(np.float32(totals[at]))


@njit([_signature(uint32), _signature(uint64)], cache=True, nogil=True)
def strike(lists, sums, x, out) -> None:  # type: ignore[no-untyped-def]
    """Write raw scores of all rows, each for itself."""
    starts, threshold, tree, mask, columns, words, leaf_start, leaf, zero_is_missing, switches = lists
    levels, factors = sums[2], sums[3]
    row = np.empty(x.shape[1])
    left = np.empty(leaf_start.size - 1, mask.dtype)
    totals = np.empty(out.shape[1])
    for r in range(x.shape[0]):
        load_row(x, r, zero_is_missing, switches[1], row)
        left[:] = ~mask.dtype.type(0)
        strike_numbers(starts, threshold, tree, mask, row, left)
        if switches[0]:
            strike_categories(starts, tree, mask, columns, words, switches[1], row, left)
        totals[:] = levels[0]
        add_leaves(left, leaf_start, leaf, sums, switches[2], totals)
        for k in range(totals.size):
            out[r, k] = totals[k] / factors[0] * factors[1] + levels[1, k]


def build_masks(
    trees: SmallTrees, switches: Sequence[npt.NDArray[Any]]
) -> tuple[npt.NDArray[Any], ...] | None:
    """Lay a forest out for single rows: the first argument of `strike`; None when bitmaps would be too large.

    Args:
        trees: its nodes.
        switches: per column, whether zero counts as missing; then the switches of `forest_walk`.
    """
    n_features = switches[0].size
    bitmaps = _bitmaps(trees, n_features)
    if bitmaps is None:
        return None
    columns, words, categorical = bitmaps
    numeric = np.flatnonzero(~trees.categorical)
    numeric = numeric[np.lexsort((trees.threshold[numeric], trees.feature[numeric]))]
    missing = numeric[~trees.default_left[numeric]]
    entries = np.concatenate((numeric, missing, categorical))
    parts = (numeric, missing, categorical)
    counts = [np.bincount(trees.feature[part], minlength=n_features) for part in parts]
    offsets = (0, numeric.size, numeric.size + missing.size)
    starts: Any = np.stack(
        [np.concatenate(([0], np.cumsum(c))) + o for c, o in zip(counts, offsets, strict=True)]
    )
    return (
        np.ascontiguousarray(starts, np.uint64),
        trees.threshold[numeric],
        trees.tree[entries].astype(np.uint32),
        trees.kept[entries].astype(np.uint32 if trees.most_leaves <= 32 else np.uint64),
        columns.astype(np.uint64),
        words,
        trees.leaf_start.astype(np.uint64),
        trees.leaf,
        *switches,
    )


def _bitmaps(
    trees: SmallTrees, n_features: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.uint64], npt.NDArray[np.int64]] | None:
    """Give, per column and code, the bits of the categorical nodes that are answered "right"."""
    nodes = np.flatnonzero(trees.categorical)
    nodes = nodes[np.argsort(trees.feature[nodes], kind="stable")]
    columns = np.zeros((3, n_features), np.int64)
    parts, size = [np.zeros(0, np.uint64)], 0
    for feature in np.unique(trees.feature[nodes]):
        of_column = nodes[trees.feature[nodes] == feature]
        right = trees.right_by_code(of_column)
        known, width = right.shape[0] - 2, -(-of_column.size // 64)
        columns[:, feature] = known, size, width
        size += width * right.shape[0]
        if size > MOST_WORDS:
            return None
        padded = np.zeros((right.shape[0], 64 * width), np.bool_)
        padded[:, : of_column.size] = right
        parts.append(np.packbits(padded, axis=1, bitorder="little").view("<u8").ravel())
    return columns, np.concatenate(parts).astype(np.uint64), nodes
