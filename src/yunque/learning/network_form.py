"""A trained network as the arrays of its kernel form: factors and levels go into the first layer."""

from typing import Any

import numpy as np
import numpy.typing as npt

from yunque.learning.network_inputs import Inputs
from yunque.learning.network_layers import EMBEDDED, LEVEL_SIZE, TURN, Array, Shape, views


def network_arrays(shape: Shape, inputs: Inputs, flat: Array) -> dict[str, npt.NDArray[Any]]:
    """Give the arrays of `EmbeddedNetwork`, without low and high; `flat` in float64."""
    p = views(shape, flat)
    first = p["factor"][:, None] * p["weights_0"]
    dense = shape.numbers + EMBEDDED * shape.embedded + shape.flags
    rows = _level_rows(shape, p, first[dense:])
    starts = np.concatenate((np.zeros(1, np.int64), np.cumsum(inputs.levels)))
    told = first[:dense] if dense else np.zeros((1, first.shape[1]))
    layers = [told, *(p[f"weights_{i}"] for i in range(1, len(shape.widths) + 1))]
    return {
        "numbers": inputs.numbers,
        "roots": inputs.roots,
        "centre": inputs.centre,
        "factor": inputs.factor,
        "frequency": p["frequency"][:, 0].copy(),
        "phase": p["phase"][:, 0] / TURN,
        "mix": p["mix"].copy(),
        "mix_bias": p["mix_bias"][:, 0].copy(),
        "flags": inputs.flags,
        "categories": inputs.categories,
        "level_starts": starts.astype(np.int64),
        "has_missing": inputs.has_missing.astype(np.uint8),
        "level_rows": np.ascontiguousarray(rows),
        "weights": np.concatenate([layer.ravel() for layer in layers]),
        "biases": np.concatenate([p[f"bias_{i}"] for i in range(len(layers))]),
        "sizes": np.array([max(dense, 1), *shape.widths, shape.outputs], np.int64),
    }


def _level_rows(shape: Shape, p: dict[str, Array], weights: Array) -> Array:
    """Give what the first layer adds for every level, all categories one after another."""
    at = sum(shape.one_hot)
    parts = [weights[:at]]
    for i in range(len(shape.tables)):
        parts.append(p[f"table_{i}"] @ weights[at : at + LEVEL_SIZE])
        at += LEVEL_SIZE
    return np.concatenate(parts)
