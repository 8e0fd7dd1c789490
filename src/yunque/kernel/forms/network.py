"""Layers of weighted sums with a bend between them: a multilayer perceptron of rectified units."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt
from numba import float64, njit, types, void

from yunque.kernel.arrays import LARGEST, MAX_FEATURES, MAX_OUTPUTS, Unchecked, require, require_columns
from yunque.kernel.form import Arrays, FloatArray, Link
from yunque.kernel.forms.linear import LARGEST_INPUT, weigh

MOST_LAYERS = 16


@njit(void(types.Array(float64, 2, "C")), cache=True, nogil=True)
def rectify(values) -> None:  # type: ignore[no-untyped-def]
    """Put 0 for what is below it."""
    for r in range(values.shape[0]):
        for k in range(values.shape[1]):
            values[r, k] = max(values[r, k], 0.0)


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Network:
    """Raw scores of the last layer; missing counts as 0, values beyond 1e15 as 1e15, in every layer.

    Sums go column after column, so they may differ from a library's BLAS by rounding.

    Attributes:
        weights: per layer (inputs, outputs) float64.
        biases: per layer (outputs,) float64.
        link: how raw scores become predictions.
    """

    kind: ClassVar[str] = "network"

    weights: tuple[FloatArray, ...]
    biases: tuple[FloatArray, ...]
    link: Link

    @property
    def n_features(self) -> int:
        """Columns of the matrix it reads."""
        return int(self.weights[0].shape[0])

    @property
    def n_raw(self) -> int:
        """Raw scores per row."""
        return int(self.biases[-1].size)

    def raw(self, x: FloatArray) -> FloatArray:
        """Score rows: (n, F) C-ordered float64 -> (n, K) raw scores."""
        require_columns(x, self.n_features)
        values = x
        for layer, (weights, bias) in enumerate(zip(self.weights, self.biases, strict=True)):
            out = np.empty((x.shape[0], bias.size))
            weigh(weights, bias, values, out)
            if layer + 1 < len(self.weights):
                rectify(out)
            values = out
        return values

    def to_arrays(self) -> tuple[dict[str, Any], Arrays]:
        """Give the link, the number of layers, and their arrays."""
        facts = {"link": self.link, "n_features": self.n_features, "n_layers": len(self.weights)}
        named = {f"weights_{i}": weights for i, weights in enumerate(self.weights)}
        return facts, named | {f"bias_{i}": bias for i, bias in enumerate(self.biases)}

    @classmethod
    def from_arrays(cls, facts: Mapping[str, Any], arrays: Mapping[str, npt.NDArray[Any]]) -> Self:
        """Check everything, then build.

        Raises:
            BundleError: a fact or array is missing, has a wrong type or shape, or sums could overflow.
        """
        given = Unchecked(facts=facts, arrays=arrays)
        width = given.count("n_features", MAX_FEATURES)
        weights, biases, largest = [], [], LARGEST_INPUT
        for layer in range(given.count("n_layers", MOST_LAYERS)):
            bias = given.numbers(f"bias_{layer}", (None,))
            require(0 < bias.size <= MAX_OUTPUTS, "a layer has no output")
            matrix = given.numbers(f"weights_{layer}", (width, bias.size))
            steepest = float(np.abs(matrix).max(initial=0.0)) * width
            require(steepest < LARGEST / largest, "a weight is too large")
            largest = steepest * largest + float(np.abs(bias).max())
            require(largest < LARGEST, "the weights are too large to be summed")
            weights.append(matrix)
            biases.append(bias)
            width, largest = bias.size, min(max(largest, 1.0), LARGEST_INPUT)
        return cls(weights=tuple(weights), biases=tuple(biases), link=given.link(width))


FORM = Network
