"""Oblivious trees, where a whole level asks one question: CatBoost's numeric models, evaluated exactly."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt
from numba import float32, float64, int32, int64, njit, types, uint8, void

from yunque.kernel.arrays import (
    LARGEST,
    MAX_FEATURES,
    MAX_OUTPUTS,
    Unchecked,
    require,
    require_columns,
    require_within,
)
from yunque.kernel.form import Arrays, FloatArray, Link
from yunque.kernel.oblivious_strike import SINGLE_MAX, build_oblivious

DEEPEST = 16
SPLITS = ("split_feature", "border", "indicator_column", "indicator_code")
FACTS = ("link", "n_features", "n_outputs", "scale")


def _read(kind: types.Type, dimensions: int = 1) -> types.Array:
    return types.Array(kind, dimensions, "C", readonly=True)


tree_arrays = types.Tuple(
    (
        _read(int32),  # column of each split
        _read(float32),  # border of each split
        _read(int32),  # column of each indicator
        _read(float32),  # code that each indicator shows
        _read(int64),  # where each tree's splits start
        _read(int64),  # where each tree's leaves start
        _read(float64, 2),  # leaves
        _read(uint8),  # per column: missing counts as the largest value
        _read(float64),  # scale
        _read(float64),  # bias
    )
)


@njit(int64(tree_arrays, int64, types.Array(float32, 1, "C")), cache=True, nogil=True)
def leaf_of(trees, tree, row):  # type: ignore[no-untyped-def]
    """Find the leaf of one tree: the answer of each level is one bit of its number."""
    splits, borders, starts = trees[0], trees[1], trees[4]
    first = starts[tree]
    leaf = np.int64(0)
    for split in range(first, starts[tree + 1]):
        leaf |= np.int64(row[splits[split]] > borders[split]) << (split - first)
    return trees[5][tree] + leaf


@njit(void(tree_arrays, _read(float64, 2), int64, types.Array(float32, 1, "C")), cache=True, nogil=True)
def load_row(trees, x, r, row) -> None:  # type: ignore[no-untyped-def]
    """Copy a row in float32 and in its range, missing as infinite where it is largest, then indicators."""
    columns, codes, nan_is_largest = trees[2], trees[3], trees[7]
    for j in range(x.shape[1]):
        value = x[r, j]
        if value == value:
            value = min(max(value, -SINGLE_MAX), SINGLE_MAX)
        row[j] = np.float32(value)
    for i in range(columns.size):
        row[x.shape[1] + i] = np.float32(row[columns[i]] == codes[i])
    for j in range(x.shape[1]):
        if nan_is_largest[j] and row[j] != row[j]:
            row[j] = np.float32(np.inf)


@njit(void(tree_arrays, _read(float64, 2), types.Array(float64, 2, "C")), cache=True, nogil=True)
def walk(trees, x, out) -> None:  # type: ignore[no-untyped-def]
    """Write raw scores of all rows: float32 inputs, float64 sums in the order of the trees."""
    leaves, scale, bias = trees[6], trees[8], trees[9]
    row = np.empty(x.shape[1] + trees[2].size, np.float32)
    for r in range(x.shape[0]):
        load_row(trees, x, r, row)
        for k in range(out.shape[1]):
            out[r, k] = 0.0
        for tree in range(trees[4].size - 1):
            leaf = leaf_of(trees, tree, row)
            for k in range(out.shape[1]):
                out[r, k] += leaves[leaf, k]
        for k in range(out.shape[1]):
            out[r, k] = out[r, k] * scale[0] + bias[k]


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Oblivious:
    """Symmetric trees of numeric splits; raw = sum of leaves * scale + bias.

    Build it with `from_arrays`, which checks. Facts: `link`, `n_features`, `n_outputs`, `scale`. Arrays
    (T trees, S splits, F columns, M indicators, K outputs):

        split_feature (S,) int32, border (S,) float32 (x > border sets the bit of its level)
        indicator_column (M,) int32, indicator_code (M,) float32   column F + m is 1 where x == code, else 0
        split_start (T + 1,) int64, leaf_start (T + 1,) int64
        leaves (L, K) float64, bias (K,) float64
        nan_is_largest (F,) uint8  1: missing sets every bit; elsewhere it sets none
        leaf_cover (L,) float32    weight of the training rows in each leaf; empty where it is not known
    """

    kind: ClassVar[str] = "oblivious"

    facts: Mapping[str, Any]
    arrays: Arrays
    link: Link
    n_features: int
    n_raw: int
    trees: tuple[npt.NDArray[Any], ...]

    def raw(self, x: FloatArray) -> FloatArray:
        """Score rows: (n, F) C-ordered float64, NaN is missing -> (n, K) raw scores."""
        require_columns(x, self.n_features)
        out = np.empty((x.shape[0], self.n_raw))
        walk(self.trees, x, out)
        return out

    @cached_property
    def borders(self) -> tuple[npt.NDArray[Any], ...]:
        """The trees laid out for single rows, see `oblivious_strike`."""
        return build_oblivious(self.trees)

    def to_arrays(self) -> tuple[dict[str, Any], Arrays]:
        """Give the facts and arrays of the class's description."""
        return dict(self.facts), dict(self.arrays)

    @classmethod
    def from_arrays(cls, facts: Mapping[str, Any], arrays: Mapping[str, npt.NDArray[Any]]) -> Self:
        """Check everything, then build.

        Raises:
            BundleError: an array is missing, has a wrong type or shape, or points out of bounds.
        """
        given = Unchecked(facts=facts, arrays=arrays)
        n_features = given.count("n_features", MAX_FEATURES)
        n_outputs = given.count("n_outputs", MAX_OUTPUTS)
        scale = given.number("scale")
        feature = given.array("split_feature", "<i4", (None,))
        shown = given.array("indicator_column", "<i4", (None,))
        require(shown.size <= MAX_FEATURES, "there are too many indicators")
        require_within(feature, n_features + shown.size, "a split")
        require_within(shown, n_features, "an indicator")
        split_start = given.offsets("split_start", None, feature.size)
        leaves = given.numbers("leaves", (None, n_outputs))
        checked = {
            "split_feature": feature,
            "border": given.array("border", "<f4", (feature.size,)),
            "indicator_column": shown,
            "indicator_code": given.array("indicator_code", "<f4", (shown.size,)),
            "split_start": split_start,
            "leaf_start": given.offsets("leaf_start", split_start.size - 1, leaves.shape[0]),
            "leaves": leaves,
            "bias": given.numbers("bias", (n_outputs,)),
            "nan_is_largest": given.array("nan_is_largest", "|u1", (n_features,)),
            "leaf_cover": given.cover(leaves.shape[0]),
        }
        depth = np.diff(split_start)
        require(bool((depth <= DEEPEST).all()), f"a tree is deeper than {DEEPEST}")
        complete = np.diff(checked["leaf_start"]) == np.int64(1) << depth
        require(bool(complete.all()), "a tree has not as many leaves as its splits need")
        require(not np.isnan(checked["border"]).any(), "a border is not a number")
        total = float(np.abs(leaves).max(initial=0.0)) * depth.size
        require(total < LARGEST / max(abs(scale), 1.0), "the leaves are too large to be summed")
        kernel = (
            *(checked[name] for name in SPLITS),
            *(checked[name] for name in ("split_start", "leaf_start", "leaves", "nan_is_largest")),
            np.array([scale]),
            checked["bias"],
        )
        return cls(
            facts={name: facts[name] for name in FACTS},
            arrays=checked,
            link=given.link(n_outputs),
            n_features=n_features,
            n_raw=n_outputs,
            trees=kernel,
        )


FORM = Oblivious
