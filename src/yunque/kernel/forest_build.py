"""Trees as a library lists them, laid out for the walk: siblings side by side, children after parents."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from yunque.errors import TrainingError
from yunque.kernel.forest_walk import CATEGORICAL, DEFAULT_LEFT, INNER
from yunque.kernel.form import FloatArray, Link
from yunque.kernel.forms.forest import MAX_DEPTH, Forest, Precision

IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True, eq=False)
class TreeNodes:
    """One tree, one entry per node; node 0 is the root.

    Attributes:
        left, right: positions of children; -1 in leaves.
        feature: column that an inner node reads.
        threshold: inner: goes left when x <= threshold, or the position in `category_sets`;
            leaf: its value, or the row of its vector.
        default_left: where missing goes.
        categorical: members of a category set go left.
        cover: weight of the training rows in each node, only looked at in leaves; None: not known.
    """

    left: IntArray
    right: IntArray
    feature: IntArray
    threshold: FloatArray
    default_left: BoolArray
    categorical: BoolArray | None = None
    cover: FloatArray | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class Scoring:
    """What is done with the leaves, as described at `Forest`.

    Attributes:
        tree_output: output that each tree adds to; None: tree t adds to t modulo n_outputs.
        leaf_vectors: (L, K), or None when leaves hold values.
        category_sets: words of 32 bits per set.
    """

    link: Link
    n_features: int
    n_outputs: int
    inputs: Precision = "float64"
    sums: Precision = "float64"
    divisor: float = 1.0
    scale: float = 1.0
    base: Sequence[float] | FloatArray = ()
    bias: Sequence[float] | FloatArray = ()
    tree_output: IntArray | None = None
    leaf_vectors: FloatArray | None = None
    category_sets: Sequence[npt.NDArray[np.uint32]] = ()
    zero_is_missing: BoolArray | None = field(default=None)


def build_forest(trees: Sequence[TreeNodes], scoring: Scoring) -> Forest:
    """Lay out trees and check them as if they came from a file.

    Raises:
        TrainingError: a tree is deeper than the kernel accepts.
        BundleError: the trees break a rule of `Forest`.
    """
    sizes = np.array([tree.left.size for tree in trees], np.int64)
    start = np.concatenate((np.zeros(1, np.int64), np.cumsum(sizes)))
    joined = _join(trees, start)
    order = _near_order(joined["left"], joined["right"], start)
    position = np.empty_like(order)
    position[order] = np.arange(order.size)
    inner = joined["left"][order] >= 0
    left = np.where(inner, position[joined["left"][order]], 0)
    flags = INNER * inner + DEFAULT_LEFT * joined["default_left"][order]
    flags = np.where(inner, flags + CATEGORICAL * joined["categorical"][order], 0)
    arrays = {
        "threshold": joined["threshold"][order],
        "feature": np.where(inner, joined["feature"][order], 0).astype(np.int32),
        "left": left.astype(np.int32),
        "flags": flags.astype(np.uint8),
        "tree_start": start,
    }
    arrays["leaf_cover"] = _leaf_cover(trees)[order[~inner]] if _has_cover(trees) else np.zeros(0, np.float32)
    return Forest.from_arrays(_facts(scoring), arrays | _scoring_arrays(scoring, len(trees)))


def _has_cover(trees: Sequence[TreeNodes]) -> bool:
    return bool(trees) and all(tree.cover is not None for tree in trees)


def _leaf_cover(trees: Sequence[TreeNodes]) -> npt.NDArray[np.float32]:
    """Give the covers of all nodes; float32 holds counts of rows up to 16 million exactly."""
    covers = [tree.cover for tree in trees if tree.cover is not None]
    return np.clip(np.concatenate(covers), 0.0, np.finfo(np.float32).max).astype(np.float32)


def _join(trees: Sequence[TreeNodes], start: IntArray) -> dict[str, npt.NDArray[Any]]:
    """Put the nodes of all trees in one table; children become positions in it."""
    numbered = list(zip(trees, start[:-1], strict=True))
    if not numbered:
        empty = np.zeros(0, np.int64)
        nothing = np.zeros(0, np.bool_)
        return {
            "left": empty, "right": empty, "feature": empty, "threshold": np.zeros(0),
            "default_left": nothing, "categorical": nothing,
        }  # fmt: skip
    return {
        "left": np.concatenate([np.where(t.left >= 0, t.left + s, -1) for t, s in numbered]),
        "right": np.concatenate([np.where(t.right >= 0, t.right + s, -1) for t, s in numbered]),
        "feature": np.concatenate([t.feature for t in trees]),
        "threshold": np.concatenate([t.threshold for t in trees]),
        "default_left": np.concatenate([t.default_left for t in trees]),
        "categorical": np.concatenate(
            [np.zeros(t.left.size, np.bool_) if t.categorical is None else t.categorical for t in trees]
        ),
    }


def _near_order(left: IntArray, right: IntArray, start: IntArray) -> IntArray:
    """Order the nodes by tree, siblings side by side, then what is below the larger of them, then the rest.

    A walk goes mostly to the larger side, so its next node lies close to the one before: in a deep tree that
    is fewer cache lines and pages than level by level.
    """
    levels, level = [], start[:-1]
    while level.size:
        inner = level[left[level] >= 0]
        levels.append(inner)
        level = np.column_stack((left[inner], right[inner])).ravel()
        if len(levels) > MAX_DEPTH:
            raise TrainingError(f"A tree is deeper than {MAX_DEPTH} levels.", hint="Set a maximal depth.")
    size = np.ones(left.size, np.int64)
    for inner in reversed(levels):
        size[inner] += size[left[inner]] + size[right[inner]]
    position, below = np.zeros(left.size, np.int64), np.zeros(left.size, np.int64)
    position[start[:-1]], below[start[:-1]] = start[:-1], start[:-1] + 1
    for inner in levels:
        one, two, free = left[inner], right[inner], below[inner]
        position[one], position[two] = free, free + 1
        larger = np.where(size[one] >= size[two], one, two)
        below[larger] = free + 2
        below[one + two - larger] = free + 1 + size[larger]
    order = np.empty_like(position)
    order[position] = np.arange(position.size)
    return order


def _facts(scoring: Scoring) -> dict[str, Any]:
    return {
        "link": scoring.link,
        "n_features": scoring.n_features,
        "n_outputs": scoring.n_outputs,
        "inputs": scoring.inputs,
        "sums": scoring.sums,
        "divisor": float(scoring.divisor),
        "scale": float(scoring.scale),
    }


def _scoring_arrays(scoring: Scoring, n_trees: int) -> dict[str, npt.NDArray[Any]]:
    """Give all arrays but the nodes, absent ones filled in."""
    n_outputs, sets = scoring.n_outputs, scoring.category_sets
    vectors, zero = scoring.leaf_vectors, scoring.zero_is_missing
    output = np.arange(n_trees) % n_outputs if scoring.tree_output is None else scoring.tree_output
    return {
        "tree_output": output.astype(np.int32),
        "leaf_vectors": np.zeros((0, n_outputs)) if vectors is None else vectors,
        "words": np.concatenate([*sets, np.zeros(0, np.uint32)]).astype(np.uint32),
        "word_start": np.cumsum([0, *(words.size for words in sets)], dtype=np.int64),
        "base": np.asarray(scoring.base, np.float64) if len(scoring.base) else np.zeros(n_outputs),
        "bias": np.asarray(scoring.bias, np.float64) if len(scoring.bias) else np.zeros(n_outputs),
        "zero_is_missing": np.zeros(scoring.n_features, np.uint8) if zero is None else zero.astype(np.uint8),
    }
