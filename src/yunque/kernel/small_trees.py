"""The inner nodes of a forest of small trees, each with the leaves that it leaves over."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from numba import int64, njit, types, void

from yunque.kernel.forest_walk import CATEGORICAL, DEFAULT_LEFT, FEATURE_MASK, FLAG_BITS, INNER
from yunque.kernel.form import FloatArray

MOST_LEAVES = 64
MOST_CODES = 1 << 14  # of one column
MOST_ANSWERS = 1 << 27  # of all categorical nodes to all codes

IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]
_read_list = types.Array(int64, 1, "C", readonly=True)
_list = types.Array(int64, 1, "C")


@njit(void(_read_list, _read_list, _read_list, _list, _list), cache=True, nogil=True)
def count_leaves(left, inner, tree_start, count, first) -> None:  # type: ignore[no-untyped-def]
    """Write, for every node, how many leaves it has below it and the number of the first of them."""
    for t in range(tree_start.size - 1):
        for node in range(tree_start[t + 1] - 1, tree_start[t] - 1, -1):
            count[node] = count[left[node]] + count[left[node] + 1] if inner[node] else 1
        first[tree_start[t]] = 0
        for node in range(tree_start[t], tree_start[t + 1]):
            if inner[node]:
                first[left[node]] = first[node]
                first[left[node] + 1] = first[node] + count[left[node]]


@dataclass(frozen=True, kw_only=True, eq=False)
class SmallTrees:
    """Inner nodes in the order of the trees; leaves from left to right.

    Attributes:
        tree, feature, threshold, default_left, categorical: of each inner node.
        kept: of each inner node, the leaves that are left over when it is answered "right", as bits.
        leaf_start: (T + 1,) where each tree's leaves start.
        leaf: value of each leaf, or the row of its vector.
        most_leaves: of the largest tree.
        sets: category sets as in `forest_walk`: starts, then words of 32 bits.
    """

    tree: IntArray
    feature: IntArray
    threshold: FloatArray
    default_left: BoolArray
    categorical: BoolArray
    kept: npt.NDArray[np.uint64]
    leaf_start: IntArray
    leaf: FloatArray
    most_leaves: int
    sets: npt.NDArray[np.uint32]

    def right_by_code(self, nodes: IntArray) -> BoolArray:
        """Say which categorical nodes are answered "right", (codes + 2, nodes).

        One line for each code up to the highest in any set, one for a code in no set, one for missing.
        """
        numbers = self.threshold[nodes].astype(np.int64)
        start, end = (self.sets[numbers + i].astype(np.int64) for i in (0, 1))
        at = start[:, None] + np.arange(int((end - start).max(initial=0)))
        words = np.where(at < end[:, None], self.sets[np.minimum(at, self.sets.size - 1)], np.uint32(0))
        bits = np.unpackbits(words.astype("<u4").view(np.uint8), axis=1, bitorder="little")
        known = 1 + int(np.flatnonzero(bits.any(axis=0)).max(initial=-1))
        right = np.ones((known + 2, nodes.size), np.bool_)
        right[:known] = bits[:, :known].T == 0
        right[known + 1] = ~self.default_left[nodes]
        return right


def small_trees(walked: tuple[npt.NDArray[Any], ...]) -> SmallTrees | None:
    """Read the nodes of a forest; None when a tree has more leaves than a word has bits, or is no tree.

    A file may hold nodes with two parents or none. A walk does no harm there, but leaves have no order.

    Args:
        walked: what `forest_walk` reads of its trees.
    """
    nodes, packed, tree_start, sets = walked[:4]
    p = packed[:, 1]
    inner, left = (p & INNER) > 0, np.ascontiguousarray(p >> 32)
    if not _are_trees(left[inner], tree_start):
        return None
    count, first = np.empty(p.size, np.int64), np.empty(p.size, np.int64)
    count_leaves(left, inner.astype(np.int64), tree_start, count, first)
    leaves_of = count[tree_start[:-1]]
    most = int(leaves_of.max(initial=0))
    if not 0 < most <= MOST_LEAVES:
        return None
    tree = np.repeat(np.arange(tree_start.size - 1), np.diff(tree_start))
    leaf_start: IntArray = np.concatenate((np.zeros(1, np.int64), np.cumsum(leaves_of)))
    leaf = np.empty(int(leaf_start[-1]))
    leaf[leaf_start[tree[~inner]] + first[~inner]] = nodes[~inner, 0]
    i: Any = np.flatnonzero(inner)
    span, at = count[left[i]].astype(np.uint64), first[i].astype(np.uint64)
    one = np.uint64(1)
    found = SmallTrees(
        tree=tree[i],
        feature=((p[i] >> FLAG_BITS) & FEATURE_MASK),
        threshold=np.ascontiguousarray(nodes[i, 0]),
        default_left=(p[i] & DEFAULT_LEFT) > 0,
        categorical=(p[i] & CATEGORICAL) > 0,
        kept=~(((one << span) - one) << at),
        leaf_start=leaf_start,
        leaf=leaf,
        most_leaves=most,
        sets=sets,
    )
    codes = _codes(found)
    return found if codes <= MOST_CODES and codes * int(found.categorical.sum()) <= MOST_ANSWERS else None


def _are_trees(left: IntArray, tree_start: IntArray) -> bool:
    """Whether every node has one parent, and the first of each tree none."""
    parents = np.bincount(np.concatenate((left, left + 1)), minlength=int(tree_start[-1]))
    parents[tree_start[:-1]] += 1
    return bool((parents == 1).all())


def _codes(trees: SmallTrees) -> int:
    """Give the highest number of codes that a category set could know."""
    numbers = trees.threshold[trees.categorical].astype(np.int64)
    sizes = trees.sets[numbers + 1].astype(np.int64) - trees.sets[numbers]
    return 32 * int(sizes.max(initial=0))
