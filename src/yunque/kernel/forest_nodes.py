"""Nodes of a forest, as a library's arrays and as the 16 bytes each that the compiled walk reads.

A bundle holds them in the second way, so that every worker reads the same pages of the same file; they are
unpacked for a moment, to be checked like any other, and must be what packing gives to the last bit.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from yunque.kernel.arrays import Unchecked, require, require_within
from yunque.kernel.forest_walk import CATEGORICAL, DEFAULT_LEFT, FEATURE_MASK, FLAG_BITS, INNER, STRICT
from yunque.kernel.form import Arrays

FILE_FLAGS = DEFAULT_LEFT | INNER | CATEGORICAL
MAX_NODES = 2**31 - 1
NODES = "nodes"
FIELDS = ("threshold", "feature", "left", "flags")

Packed = npt.NDArray[np.int64]


def read_nodes(given: Unchecked, n_features: int, *, strict: bool) -> tuple[Arrays, Packed]:
    """Read and check nodes that came in either way.

    Args:
        given: what a file holds: `nodes` (N, 2) int64 as `pack` makes them, or the four arrays `FIELDS`.
        n_features: columns of the matrix.
        strict: whether negative codes are in no category set.

    Returns:
        The four arrays, and the packed nodes: those of the file itself when it holds them.

    Raises:
        BundleError: types or lengths differ, a feature is out of bounds, a threshold cannot be compared.
    """
    if NODES not in given.arrays:
        nodes = _checked(given, n_features)
        return nodes, pack(nodes, strict=strict)
    packed = given.array(NODES, "<i8", (None, 2))
    nodes = _checked(Unchecked(facts=given.facts, arrays=unpack(packed)), n_features)
    require(np.array_equal(pack(nodes, strict=strict), packed), "nodes are not packed as they should be")
    return nodes, packed


def _checked(given: Unchecked, n_features: int) -> Arrays:
    """Read the nodes: types, equal lengths, features in bounds, thresholds that can be compared."""
    threshold = given.array("threshold", "<f8", (None,))
    count = threshold.size
    require(count <= MAX_NODES, f"{count} nodes are too many")
    nodes = {
        "threshold": threshold,
        "feature": given.array("feature", "<i4", (count,)),
        "left": given.array("left", "<i4", (count,)),
        "flags": given.array("flags", "|u1", (count,)),
    }
    require(not np.isnan(threshold).any(), "a threshold is not a number")
    require(bool((nodes["flags"] <= FILE_FLAGS).all()), "a node has unknown flags")
    require_within(nodes["feature"], n_features, "a node")
    return nodes


def pack(nodes: Arrays, *, strict: bool) -> Packed:
    """Lay nodes out as 16 bytes each, (N, 2); leaves point at themselves."""
    count = nodes["threshold"].size
    packed = np.empty((count, 2), np.int64)
    packed.view(np.float64)[:, 0] = nodes["threshold"]
    inner = (nodes["flags"] & INNER) > 0
    left = np.where(inner, nodes["left"], np.arange(count)).astype(np.int64)
    feature = nodes["feature"].astype(np.int64)
    flags = nodes["flags"].astype(np.int64) + STRICT * ((nodes["flags"] & CATEGORICAL) > 0) * strict
    packed[:, 1] = left << 32 | feature << FLAG_BITS | flags
    return packed


def unpack(packed: npt.NDArray[Any]) -> Arrays:
    """Give the four arrays of packed nodes."""
    rest = packed[:, 1]
    return {
        "threshold": packed[:, 0].copy().view(np.float64),
        "feature": ((rest >> FLAG_BITS) & FEATURE_MASK).astype(np.int32),
        "left": (rest >> 32).astype(np.int32),
        "flags": (rest & FILE_FLAGS).astype(np.uint8),
    }
