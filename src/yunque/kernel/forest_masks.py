"""Forests of small trees without walking: every question that is answered "right" strikes out leaves.

A tree of at most 64 leaves is a word with one bit per leaf, from left to right. A node whose answer is
"right" strikes out the leaves on its left; the lowest bit that is left over is the leaf that a walk reaches
(QuickScorer: Lucchese et al., SIGIR 2015). The questions of one column stand together by rising threshold, so
those answered "right" are a run that ends where the value does: memory is read in order and nothing is
guessed. Most of that run, a missing value and the codes of categories were worked out beforehand
(`forest_lines`). Leaves are summed tree after tree in the library's precision, as in `forest_walk`: the same
bits.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from numba import float64, int32, njit, types, uint8, uint32, uint64, void
from numba.cpython.unsafe.numbers import trailing_zeros

from yunque.kernel.forest_lines import CODES, FIRST, FIRST_CODE, MISSING, RUN, build_lines, strike_line
from yunque.kernel.forest_walk import LARGEST_CODE, load_row
from yunque.kernel.small_trees import SmallTrees

MOST_LINE_CODES = 256  # of a column; one that knows more has bitmaps
MOST_WORDS = 1 << 20  # of all bitmaps of categories: 8 MiB


def _read(kind: types.Type, dimensions: int = 1) -> types.Array:
    return types.Array(kind, dimensions, "C", readonly=True)


def _signature(mask: types.Type) -> Any:
    # Unsigned, because a signed index is first asked whether it counts from the end: half of the time.
    lists = types.Tuple(
        (
            _read(uint64, 2),  # where each column's entries start: numeric, categorical
            _read(float64),  # thresholds of the numeric entries, rising in each column
            _read(uint32),  # tree of each entry
            _read(mask),  # the leaves that an entry leaves over when it is answered "right"
            _read(uint64, 2),  # per column: codes it knows, its first word, words of one code
            _read(uint64),  # per column and code: which categorical entries are answered "right"
            _read(uint64, 2),  # per column: its lines, see `forest_lines`
            _read(mask),  # lines
            _read(uint64),  # where each tree's leaves start
            _read(float64),  # leaves from left to right
            _read(uint8),  # per column: zero counts as missing
            _read(uint8),  # categorical entries, inputs and sums in single precision, leaves in it too
        )
    )
    sums = types.Tuple((_read(int32), _read(float64, 2), _read(float64, 2), _read(float64)))
    return void(lists, sums, _read(float64, 2), types.Array(float64, 2, "C"))


@njit(inline="always")
def strike_numbers(starts, threshold, tree, mask, columns, lines, row, ends, left) -> None:  # type: ignore[no-untyped-def] # noqa: PLR0913, PLR0917
    """Strike out leaves by the numeric questions of all columns; a missing value is above no threshold."""
    one = np.uint64(1)
    for j in range(row.size):
        low, high = starts[0, j], starts[0, j + 1]
        while low < high:
            middle = (low + high) >> one
            if threshold[middle] < row[j]:
                low = middle + one
            else:
                high = middle
        ends[j] = low
    for j in range(row.size):
        first, last = starts[0, j], ends[j]
        if row[j] != row[j]:
            strike_line(lines, columns[MISSING, j], left)
        runs = (last - first) >> columns[RUN, j]
        if runs:
            strike_line(lines, columns[FIRST, j] + runs - one, left)
            first += runs << columns[RUN, j]
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
def strike_codes(columns, lines, single, row, left) -> None:  # type: ignore[no-untyped-def]
    """Strike out leaves by the lines of codes."""
    for j in range(row.size):
        first = columns[FIRST_CODE, j]
        if first:
            strike_line(lines, first + code_of(row[j], columns[CODES, j], single), left)


@njit(inline="always")
def strike_categories(starts, tree, mask, columns, words, single, row, left) -> None:  # type: ignore[no-untyped-def] # noqa: PLR0913, PLR0917
    """Strike out leaves by the categorical questions of columns that have no lines of codes."""
    for j in range(row.size):
        first, width = starts[1, j], columns[2, j]
        if width:
            line = columns[1, j] + width * code_of(row[j], columns[0, j], single)
            for w in range(width):
                word = words[line + w]
                while word:
                    i = first + np.uint64(64) * w + np.uint64(trailing_zeros(word))
                    left[tree[i]] &= mask[i]
                    word &= word - np.uint64(1)


@njit(inline="always")
def add_leaves(left, leaf_start, leaf, sums, switches, totals) -> None:  # type: ignore[no-untyped-def]
    """Add what the leaves hold, tree after tree."""
    output, vectors = sums[0], sums[1]
    if totals.size == 1 and vectors.shape[0] == 0:
        totals[0] = _sum_of_leaves(left, leaf_start, leaf, switches, totals[0])
        return
    for t in range(output.size):
        held = leaf[leaf_start[t] + np.uint64(trailing_zeros(left[t]))]
        if vectors.shape[0] > 0:
            for k in range(totals.size):
                totals[k] += vectors[np.uint64(held), k]
        else:
            at = np.uint64(output[t])
            totals[at] += held
            if switches[2]:
                totals[at] = np.float64(np.float32(totals[at]))


@njit(inline="always")
def _sum_of_leaves(left, leaf_start, leaf, switches, total):  # type: ignore[no-untyped-def]
    """Add the leaves to one total, which stays in a register.

    Two float32 summed as float64 and rounded are their float32 sum (Figueroa 1995), and that is one step.
    """
    first = np.uint64(0)
    if switches[2]:
        while first < np.uint64(left.size):
            total += leaf[leaf_start[first] + np.uint64(trailing_zeros(left[first]))]
            total = np.float64(np.float32(total))
            first += np.uint64(1)
            if switches[3]:
                break
        single = np.float32(total)
        for t in range(first, np.uint64(left.size)):
            single += np.float32(leaf[leaf_start[t] + np.uint64(trailing_zeros(left[t]))])
        return np.float64(single)
    for t in range(np.uint64(left.size)):
        total += leaf[leaf_start[t] + np.uint64(trailing_zeros(left[t]))]
    return total


@njit([_signature(uint32), _signature(uint64)], cache=True, nogil=True)
def strike(lists, sums, x, out) -> None:  # type: ignore[no-untyped-def]
    """Write raw scores of all rows, each for itself."""
    starts, threshold, tree, mask, codes, words, columns, lines = lists[:8]
    leaf_start, leaf, zero_is_missing, switches = lists[8:]
    levels, factors = sums[2], sums[3]
    row = np.empty(x.shape[1])
    ends = np.empty(x.shape[1], np.uint64)
    left = np.empty(leaf_start.size - 1, mask.dtype)
    totals = np.empty(out.shape[1])
    for r in range(x.shape[0]):
        load_row(x, r, zero_is_missing, switches[1], row)
        left[:] = ~mask.dtype.type(0)
        strike_numbers(starts, threshold, tree, mask, columns, lines, row, ends, left)
        if switches[0]:
            strike_codes(columns, lines, switches[1], row, left)
            strike_categories(starts, tree, mask, codes, words, switches[1], row, left)
        totals[:] = levels[0]
        add_leaves(left, leaf_start, leaf, sums, switches, totals)
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
    kept = trees.kept.astype(np.uint32 if trees.most_leaves <= 32 else np.uint64)
    known = build_lines(trees, kept, n_features, MOST_LINE_CODES)
    bitmaps = None if known is None else _bitmaps(trees, known.columns[FIRST_CODE])
    if known is None or bitmaps is None:
        return None
    codes, words, categorical = bitmaps
    numeric = np.flatnonzero(~trees.categorical)
    numeric = numeric[np.lexsort((trees.threshold[numeric], trees.feature[numeric]))]
    entries = np.concatenate((numeric, categorical))
    counts = [np.bincount(trees.feature[part], minlength=n_features) for part in (numeric, categorical)]
    starts: Any = np.stack(
        [np.concatenate(([0], np.cumsum(c))) + o for c, o in zip(counts, (0, numeric.size), strict=True)]
    )
    with np.errstate(over="ignore"):
        is_single = bool((trees.leaf == trees.leaf.astype(np.float32)).all())
    return (
        np.ascontiguousarray(starts, np.uint64),
        trees.threshold[numeric],
        trees.tree[entries].astype(np.uint32),
        kept[entries],
        codes.astype(np.uint64),
        words,
        known.columns,
        known.lines,
        trees.leaf_start.astype(np.uint64),
        trees.leaf,
        switches[0],
        np.append(switches[1], is_single).astype(np.uint8),
    )


def _bitmaps(
    trees: SmallTrees, with_lines: npt.NDArray[np.uint64]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.uint64], npt.NDArray[np.int64]] | None:
    """Give, per column and code, the bits of the categorical nodes that are answered "right".

    Columns that have lines of codes need none.
    """
    nodes = np.flatnonzero(trees.categorical & (with_lines[trees.feature] == 0))
    nodes = nodes[np.argsort(trees.feature[nodes], kind="stable")]
    columns = np.zeros((3, with_lines.size), np.int64)
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
