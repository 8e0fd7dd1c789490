"""Binary trees of any library, evaluated exactly as that library does."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, Literal, Self

import numpy as np
import numpy.typing as npt

from yunque.kernel.arrays import (
    LARGEST,
    MAX_FEATURES,
    MAX_OUTPUTS,
    Unchecked,
    require,
    require_columns,
    require_within,
)
from yunque.kernel.forest_masks import build_masks, strike
from yunque.kernel.forest_nodes import MAX_NODES, NODES, read_nodes, unpack
from yunque.kernel.forest_ranks import build_ranks, score_blocks
from yunque.kernel.forest_walk import CATEGORICAL, INNER, walk
from yunque.kernel.form import Arrays, FloatArray, Link
from yunque.kernel.small_trees import small_trees

Precision = Literal["float64", "float32"]
PRECISIONS = ("float64", "float32")
MAX_DEPTH = 2048
LARGEST_SINGLE = 3e38
SOME_ROWS, MANY_ROWS = 64, 1024  # worth ranks that are there, and worth making them


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Forest:
    """Trees with numeric and categorical splits; raw = (base + sum of leaves) / divisor * scale + bias.

    Build it with `from_arrays`, which checks. Facts: `link`, `n_features`, `n_outputs`, `inputs` (float32:
    the library cuts the inputs to its range and rounds them), `sums` (precision of the accumulator),
    `divisor`, `scale`. Arrays (N nodes, T trees, F columns, K outputs):

        threshold (N,) float64     goes left when x <= threshold; a leaf: its value or the row of its vector;
                                   a categorical node: the number of its category set (members go left)
        feature (N,) int32, left (N,) int32 (the right child is left + 1; children come after parents)
        flags (N,) uint8           1 missing goes left, 2 inner, 4 categorical
        tree_start (T + 1,) int64, tree_output (T,) int32
        leaf_vectors (L, K) float64   L = 0: leaves hold values
        words (W,) uint32, word_start (C + 1,) int64   category sets as bits
        base (K,), bias (K,) float64
        zero_is_missing (F,) uint8
        leaf_cover (leaves,) float32   weight of the training rows in each leaf, in the order of the nodes;
                                   empty where it is not known (explanations need it, predictions do not)
    """

    kind: ClassVar[str] = "forest"

    facts: Mapping[str, Any]
    arrays: Arrays
    link: Link
    n_features: int
    n_raw: int
    trees: tuple[npt.NDArray[Any], ...]
    sums: tuple[npt.NDArray[Any], ...]

    def raw(self, x: FloatArray) -> FloatArray:
        """Score rows: (n, F) C-ordered float64, NaN is missing -> (n, K) raw scores.

        Three ways with the same bits: a walk, and for trees of up to 64 leaves two that are several times
        as fast, once the forest was laid out for them; that costs as much as walking a thousand rows.
        """
        require_columns(x, self.n_features)
        rows = x.shape[0]
        out = np.empty((rows, self.n_raw))
        if rows >= (SOME_ROWS if "ranks" in self.__dict__ else MANY_ROWS) and self.ranks is not None:
            score_blocks(*self.ranks, self.sums, x, out)
        elif "masks" in self.__dict__ and self.masks is not None:
            strike(self.masks, self.sums, x, out)
        else:
            walk(self.trees, self.sums, x, out)
        return out

    @cached_property
    def masks(self) -> tuple[npt.NDArray[Any], ...] | None:
        """The forest laid out for single rows, see `forest_masks`; None when its trees are too large."""
        small = small_trees(self.trees)
        return None if small is None else build_masks(small, self.trees[4:6])

    @cached_property
    def ranks(self) -> tuple[tuple[npt.NDArray[Any], ...], ...] | None:
        """The forest laid out for many rows, see `forest_ranks`; None when its trees are too large."""
        small = small_trees(self.trees)
        return None if small is None else build_ranks(small, self.trees[4:6])

    def to_arrays(self) -> tuple[dict[str, Any], Arrays]:
        """Give the facts and arrays of the class's description."""
        return dict(self.facts), unpack(self.trees[1]) | self.arrays

    def to_shared(self) -> tuple[dict[str, Any], Arrays]:
        """Give the same with the nodes as they are walked, (N, 2) int64, in place of their four arrays."""
        return dict(self.facts), {NODES: self.trees[1], **self.arrays}

    @classmethod
    def from_arrays(cls, facts: Mapping[str, Any], arrays: Mapping[str, npt.NDArray[Any]]) -> Self:
        """Check everything, then build.

        Raises:
            BundleError: an array is missing, has a wrong type or shape, points out of bounds, or has a cycle.
        """
        given = Unchecked(facts=facts, arrays=arrays)
        n_features = given.count("n_features", MAX_FEATURES)
        n_outputs = given.count("n_outputs", MAX_OUTPUTS)
        single = [given.choice(name, PRECISIONS) == "float32" for name in ("inputs", "sums")]
        factors = np.array([given.number("divisor"), given.number("scale")])
        require(factors[0] >= 1.0, "divisor must be 1 or more")
        nodes, packed = read_nodes(given, n_features, strict=single[0])
        rest = _checked_rest(given, nodes["threshold"].size, n_features, n_outputs)
        _check_targets(nodes, rest)
        _check_sizes(nodes, rest, factors, single[1])
        rest["leaf_cover"] = given.cover(int(((nodes["flags"] & INNER) == 0).sum()))
        categorical = bool((nodes["flags"] & CATEGORICAL).any())
        return cls(
            facts={name: facts[name] for name in FACTS},
            arrays=rest,
            link=given.link(n_outputs),
            n_features=n_features,
            n_raw=n_outputs,
            trees=(
                packed.view(np.float64),
                packed,
                rest["tree_start"],
                _packed_sets(rest),
                rest["zero_is_missing"],
                np.array([categorical, *single], np.uint8),
            ),
            sums=(rest["tree_output"], rest["leaf_vectors"], np.stack((rest["base"], rest["bias"])), factors),
        )


FORM = Forest
FACTS = ("link", "n_features", "n_outputs", "inputs", "sums", "divisor", "scale")


def _checked_rest(given: Unchecked, n_nodes: int, n_features: int, n_outputs: int) -> Arrays:
    """Read everything but the nodes."""
    words = given.array("words", "<u4", (None,))
    tree_start = given.offsets("tree_start", None, n_nodes)
    require(words.size < MAX_NODES, "there are too many category sets")
    rest = {
        "tree_start": tree_start,
        "tree_output": given.array("tree_output", "<i4", (tree_start.size - 1,)),
        "leaf_vectors": given.numbers("leaf_vectors", (None, n_outputs)),
        "words": words,
        "word_start": given.offsets("word_start", None, words.size),
        "base": given.numbers("base", (n_outputs,)),
        "bias": given.numbers("bias", (n_outputs,)),
        "zero_is_missing": given.array("zero_is_missing", "|u1", (n_features,)),
    }
    require_within(rest["tree_output"], n_outputs, "a tree's output")
    return rest


def _check_targets(nodes: Arrays, rest: Arrays) -> None:
    """See that every tree is one: each node but its root has one parent, before it and in the same tree."""
    starts, n_nodes = rest["tree_start"], nodes["threshold"].size
    require(bool((np.diff(starts) > 0).all()), "a tree has no node")
    inner = np.flatnonzero(nodes["flags"] & INNER)
    left = nodes["left"][inner].astype(np.int64)
    end_of_tree = np.repeat(starts[1:], np.diff(starts))
    require(bool(((left > inner) & (left + 1 < end_of_tree[inner])).all()), "a node points out of its tree")
    parents = np.bincount(left, minlength=n_nodes) + np.bincount(left + 1, minlength=n_nodes)
    expected = np.ones(n_nodes, np.int64)
    expected[starts[:-1]] = 0
    require(bool((parents == expected).all()), "the nodes do not form trees")
    depth, level = 0, starts[:-1]
    while level.size:
        level = nodes["left"][level[(nodes["flags"][level] & INNER) > 0]].astype(np.int64)
        level = np.concatenate((level, level + 1))
        depth += 1
        require(depth <= MAX_DEPTH, f"a tree is deeper than {MAX_DEPTH}")
    leaves = (nodes["flags"] & INNER) == 0
    if rest["leaf_vectors"].shape[0]:
        require_within(nodes["threshold"][leaves], rest["leaf_vectors"].shape[0], "a leaf")
    sets = (nodes["flags"] & (INNER | CATEGORICAL)) == (INNER | CATEGORICAL)
    require_within(nodes["threshold"][sets], rest["word_start"].size - 1, "a categorical node")


def _check_sizes(nodes: Arrays, rest: Arrays, factors: FloatArray, single_sums: bool) -> None:
    """See that no sum of leaves can overflow."""
    if rest["leaf_vectors"].shape[0]:
        largest = float(np.abs(rest["leaf_vectors"]).max(initial=0.0))
    else:
        leaves = nodes["threshold"][(nodes["flags"] & INNER) == 0]
        require(bool(np.isfinite(leaves).all()), "a leaf is not finite")
        largest = float(np.abs(leaves).max(initial=0.0))
    total = largest * (rest["tree_start"].size - 1) + float(np.abs(rest["base"]).max())
    most = LARGEST_SINGLE if single_sums else LARGEST
    require(total < min(most, LARGEST / max(abs(factors[1]), 1.0)), "the leaves are too large to be summed")


def _packed_sets(rest: Arrays) -> npt.NDArray[np.uint32]:
    """Put the starts of the category sets in front of their words, counted from there."""
    starts = rest["word_start"] + rest["word_start"].size
    return np.concatenate((starts.astype(np.uint32), rest["words"]))
