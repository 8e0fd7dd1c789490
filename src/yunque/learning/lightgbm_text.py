"""LightGBM's text model read at once: all trees' numbers as a few long arrays, cut into trees at the end."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from yunque.errors import TrainingError
from yunque.kernel.forest_build import TreeNodes

CATEGORICAL_BIT, DEFAULT_LEFT_BIT = 1, 2
MISSING_ZERO = 1
PER_NODE = ("split_feature", "threshold", "decision_type", "left_child", "right_child")
PER_LEAF = ("leaf_value", "leaf_count")
PER_SET = ("cat_threshold", "cat_boundaries")

IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class TextTrees:
    """What a text model says.

    Attributes:
        trees: in order; a category node's threshold is the position of its set.
        sets: words of 32 bits per category set.
        zero_is_missing: columns where a zero counts as missing.
    """

    trees: list[TreeNodes]
    sets: list[npt.NDArray[np.uint32]]
    zero_is_missing: IntArray


def read_trees(model: str) -> TextTrees:
    """Read every tree of `Booster.model_to_string()`.

    Raises:
        TrainingError: a tree has another number of values than of nodes.
    """
    lines = _lines(model)
    inner = np.array([_count(text) for text in lines["split_feature"]], np.int64)
    lines["leaf_value"] = [text if n else _first(text) for text, n in _with(lines["leaf_value"], inner)]
    known = [_count(text) == n + 1 for text, n in _with(lines["leaf_count"], inner)]
    lines["leaf_count"] = [
        text if is_known else " ".join(["1"] * (int(n) + 1))  # a tree of one leaf tells none
        for text, is_known, n in zip(lines["leaf_count"], known, inner, strict=True)
    ]
    total = int(inner.sum())
    feature, decision, left, right = (
        _numbers(lines[name], np.int64, total)
        for name in ("split_feature", "decision_type", "left_child", "right_child")
    )
    threshold = _numbers(lines["threshold"], np.float64, total)
    leaf_value = _numbers(lines["leaf_value"], np.float64, total + inner.size)
    leaf_count = _numbers(lines["leaf_count"], np.float64, total + inner.size)
    sets, sets_before = _sets(lines["cat_threshold"], lines["cat_boundaries"])
    categorical = (decision & CATEGORICAL_BIT) > 0
    missing = (decision >> 2) & 3
    default_left = np.where(
        (missing == 0) & ~categorical, threshold >= 0.0, ((decision & DEFAULT_LEFT_BIT) > 0) & ~categorical
    )
    layout = _Layout(inner=inner)
    after = np.repeat(inner, inner)
    columns: dict[str, npt.NDArray[Any]] = {
        "left": layout.joined(np.where(left >= 0, left, after - left - 1), -1),
        "right": layout.joined(np.where(right >= 0, right, after - right - 1), -1),
        "feature": layout.joined(feature, -1),
        "threshold": layout.joined(threshold + np.repeat(sets_before, inner) * categorical, leaf_value),
        "default_left": layout.joined(default_left, False),
        "categorical": layout.joined(categorical, False),
        "cover": layout.joined(np.zeros(total), leaf_count),
    }
    trees = [
        TreeNodes(**{name: column[start:end] for name, column in columns.items()})
        for start, end in pairwise(layout.starts)
    ]
    zeros = np.unique(feature[(missing == MISSING_ZERO) & ~categorical])
    return TextTrees(trees=trees, sets=sets, zero_is_missing=zeros)


@dataclass(frozen=True, kw_only=True)
class _Layout:
    """Where nodes stand when the inner nodes of each tree are followed by its leaves."""

    inner: IntArray

    @property
    def starts(self) -> IntArray:
        return np.concatenate((np.zeros(1, np.int64), np.cumsum(2 * self.inner + 1)))

    def joined(self, nodes: npt.NDArray[Any], leaves: Any) -> npt.NDArray[Any]:
        """Put in order what belongs to inner nodes and what belongs to leaves (an array or one value)."""
        sizes = np.column_stack((self.inner, self.inner + 1)).ravel()
        is_leaf = np.repeat(np.tile([False, True], self.inner.size), sizes)
        result = np.empty(is_leaf.size, nodes.dtype)
        result[~is_leaf] = nodes
        result[is_leaf] = leaves
        return result


def _lines(model: str) -> dict[str, list[str]]:
    """Give the wanted lines, one text per tree; absent ones are empty."""
    found: dict[str, list[str]] = {name: [] for name in (*PER_NODE, *PER_LEAF, *PER_SET)}
    for line in model.split("\nend of trees")[0].split("\n"):
        name, equals, text = line.partition("=")
        if name == "Tree":
            for texts in found.values():
                texts.append("")
        elif equals and name in found and found[name]:
            found[name][-1] = text
    return found


def _with(texts: Sequence[str], inner: IntArray) -> Iterator[tuple[str, int]]:
    return zip(texts, inner.tolist(), strict=True)


def _count(text: str) -> int:
    return len(text.split())


def _first(text: str) -> str:
    return text.split(" ", 1)[0]


def _numbers(texts: Sequence[str], kind: Any, count: int) -> npt.NDArray[Any]:
    """Read the numbers of all trees, `count` in all; decimal texts are read to the nearest double."""
    words = " ".join(texts).split()
    if len(words) != count:
        raise TrainingError(f"LightGBM's text has {len(words)} values for {count} nodes.")
    return np.array(words, dtype=kind) if words else np.zeros(0, kind)


def _sets(words: Sequence[str], bounds: Sequence[str]) -> tuple[list[npt.NDArray[np.uint32]], IntArray]:
    """Give the category sets of all trees, and how many stand before each tree's own."""
    sets: list[npt.NDArray[np.uint32]] = []
    before = np.zeros(len(words), np.int64)
    for place, (text, limits) in enumerate(zip(words, bounds, strict=True)):
        before[place] = len(sets)
        if text:
            values = np.array(text.split(), np.uint32)
            sets += [values[a:b] for a, b in pairwise(int(limit) for limit in limits.split())]
    return sets, before
