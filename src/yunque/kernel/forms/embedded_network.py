"""A network over the tree view: numbers scaled and embedded, levels looked up, dense layers."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt
from numba import boolean, float64, int64, njit, types, void

from yunque.kernel.arrays import (
    LARGEST,
    MAX_FEATURES,
    MAX_OUTPUTS,
    Unchecked,
    require,
    require_columns,
    require_within,
)
from yunque.kernel.cosine import cosine_of_turns
from yunque.kernel.elementary import exponential
from yunque.kernel.form import Arrays, FloatArray, Link
from yunque.kernel.forms.linear import LARGEST_INPUT

MOST_LAYERS = 16
MOST_FREQUENCIES = 1_000
MOST_LEVELS = 10_000_000
MOST_ROOTS = 8
ACTIVATIONS = ("selu", "mish")
BOUND = 3.0  # numbers are clipped smoothly: x / sqrt(1 + (x / 3)^2)
SELU_SCALE, SELU_ALPHA = 1.0507009873554805, 1.6732632423543772


def _read(kind: types.Type, dimensions: int = 1) -> types.Array:
    return types.Array(kind, dimensions, "C", readonly=True)


_front = types.Tuple(
    (
        _read(int64),  # numbers
        _read(int64),  # roots
        _read(float64),  # centre
        _read(float64),  # factor
        _read(float64, 2),  # frequency
        _read(float64, 2),  # phase
        _read(float64, 3),  # mix
        _read(float64, 2),  # mix_bias
        _read(int64),  # flags
    )
)
_levels = types.Tuple((_read(int64), _read(int64), _read(boolean), _read(float64, 2)))
_dense = types.Tuple((_read(int64), _read(float64), _read(float64), _read(float64), _read(float64)))
_row = types.Array(float64, 1, "C")


@njit(void(_front, _read(float64, 2), int64, _row), cache=True, nogil=True)
def read_row(front, x, r, read) -> None:  # type: ignore[no-untyped-def]
    """Write what the first layer reads of a row: numbers, their embeddings, flags of missing."""
    numbers, roots, centre, factor, frequency, phase, mix, mix_bias, flags = front
    at = numbers.size
    for j in range(numbers.size):
        value = x[r, numbers[j]]
        read[j] = 0.0
        if value == value:
            value = min(max(value, -LARGEST_INPUT), LARGEST_INPUT)
            for _ in range(roots[j]):
                value = np.sqrt(value) if value >= 0.0 else -np.sqrt(-value)
            value = (value - centre[j]) * factor[j]
            value = min(max(value, -LARGEST_INPUT), LARGEST_INPUT)
            third = value / BOUND
            read[j] = value / np.sqrt(1.0 + third * third)
    for j in range(frequency.shape[0]):
        for d in range(mix.shape[2]):
            read[at + d] = mix_bias[j, d]
        for k in range(frequency.shape[1]):
            wave = cosine_of_turns(frequency[j, k] * read[j] + phase[j, k])
            for d in range(mix.shape[2]):
                read[at + d] += wave * mix[j, k, d]
        at += mix.shape[2]
    for j in range(flags.size):
        value = x[r, flags[j]]
        read[at + j] = 1.0 if value != value else 0.0


@njit(void(_levels, _read(float64, 2), int64, _row), cache=True, nogil=True)
def add_levels(levels, x, r, out) -> None:  # type: ignore[no-untyped-def]
    """Add what the first layer gives for each level; unseen codes count as 0, missing ones as the last."""
    categories, starts, has_missing, rows = levels
    for c in range(categories.size):
        value = x[r, categories[c]]
        known = starts[c + 1] - starts[c] - has_missing[c]
        code = 0
        if value != value:
            code = known if has_missing[c] else 0
        elif value >= 0.0 and value < known and value == np.floor(value):
            code = int(value)
        row = rows[starts[c] + code]
        for k in range(row.size):
            out[k] += row[k]


@njit(void(int64, _row, int64), cache=True, nogil=True)
def bend_row(activation, values, width) -> None:  # type: ignore[no-untyped-def]
    """Apply SELU (0) or Mish (1): x tanh(log(1 + e^x)), by the square of 1 + e^x."""
    for k in range(width):
        value = values[k]
        if activation == 0:
            grown = exponential(min(value, 0.0))
            values[k] = SELU_SCALE * (value if value > 0.0 else SELU_ALPHA * (grown - 1.0))
        else:
            grown = exponential(min(value, 20.0))
            square = grown * (grown + 2.0)
            values[k] = value * (square / (square + 2.0))


@njit(void(_read(float64), int64, _row, int64, _row), cache=True, nogil=True)
def weigh_row(weights, at, values, size, sums) -> None:  # type: ignore[no-untyped-def]
    """Write the sums of values times the weights that stand from `at` on, input after input."""
    width = sums.size
    for k in range(width):
        sums[k] = 0.0
    for j in range(size):
        value = min(max(values[j], -LARGEST_INPUT), LARGEST_INPUT)
        if value != 0.0:
            row = weights[at + j * width : at + (j + 1) * width]
            for k in range(width):
                sums[k] += value * row[k]


@njit(
    void(_front, _levels, _dense, int64, _read(float64, 2), types.Array(float64, 2, "C")),
    cache=True,
    nogil=True,
)
def score(front, levels, dense, activation, x, out) -> None:  # type: ignore[no-untyped-def]
    """Write raw scores row after row; sums go input after input."""
    sizes, weights, biases, low, high = dense
    widest = 0
    for i in range(sizes.size):
        widest = max(widest, sizes[i])
    values, sums = np.empty(widest), np.empty(widest)
    for r in range(x.shape[0]):
        values[0] = 0.0
        read_row(front, x, r, values)
        at, bias_at = 0, 0
        for layer in range(sizes.size - 1):
            width = sizes[layer + 1]
            weigh_row(weights, at, values, sizes[layer], sums[:width])
            if layer == 0:
                add_levels(levels, x, r, sums[:width])
            for k in range(width):
                values[k] = sums[k] + biases[bias_at + k]
            at += sizes[layer] * width
            bias_at += width
            if layer + 2 < sizes.size:
                bend_row(activation, values, width)
        for k in range(out.shape[1]):
            out[r, k] = min(max(values[k], low[k]), high[k])


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class EmbeddedNetwork:
    """Raw scores of a network that reads numbers, flags of missing, and codes of categories.

    A number is rooted, centred, scaled, clipped smoothly to 3, and missing counts as 0. The first numbers are
    embedded as mix_bias + sum of cos(2 pi (frequency z + phase)) mix.

    Attributes:
        arrays: numbers (N,), roots (N,), flags (M,), categories (C,), level_starts (C + 1,), sizes (L + 1,)
            int64; centre, factor (N,); frequency, phase (E, Q); mix (E, Q, D), mix_bias (E, D);
            has_missing (C,) bool; level_rows (levels, sizes[1]); weights and biases of the dense layers one
            after another; low, high (K,) float64, between which raw scores are kept.
        activation: "selu" or "mish".
        link: how raw scores become predictions.
        n_features: columns of the matrix it reads.
    """

    kind: ClassVar[str] = "embedded_network"

    arrays: Mapping[str, npt.NDArray[Any]]
    activation: str
    link: Link
    n_features: int

    @property
    def n_raw(self) -> int:
        """Raw scores per row."""
        return int(self.arrays["sizes"][-1])

    @cached_property
    def _parts(self) -> tuple[tuple[npt.NDArray[Any], ...], ...]:
        of = self.arrays
        front = ("numbers", "roots", "centre", "factor", "frequency", "phase", "mix", "mix_bias", "flags")
        return (
            tuple(of[name] for name in front),
            tuple(of[name] for name in ("categories", "level_starts", "has_missing", "level_rows")),
            tuple(of[name] for name in ("sizes", "weights", "biases", "low", "high")),
        )

    def raw(self, x: FloatArray) -> FloatArray:
        """Score rows: (n, F) C-ordered float64 -> (n, K) raw scores."""
        require_columns(x, self.n_features)
        out = np.empty((x.shape[0], self.n_raw))
        score(*self._parts, ACTIVATIONS.index(self.activation), x, out)
        return out

    def to_arrays(self) -> tuple[dict[str, Any], Arrays]:
        """Give the link, the activation, the width, and the arrays."""
        facts = {"link": self.link, "n_features": self.n_features, "activation": self.activation}
        return facts, dict(self.arrays)

    @classmethod
    def from_arrays(cls, facts: Mapping[str, Any], arrays: Mapping[str, npt.NDArray[Any]]) -> Self:
        """Check everything, then build.

        Raises:
            BundleError: a fact or array is missing, has a wrong type or shape, points out of bounds, or sums
                could overflow.
        """
        given = Unchecked(facts=facts, arrays=arrays)
        n_features = given.count("n_features", MAX_FEATURES)
        front = _front_of(given, n_features)
        sizes = given.array("sizes", "<i8", (None,))
        require(2 <= sizes.size <= MOST_LAYERS + 1, "there are too few or too many layers")
        require(bool(((sizes > 0) & (sizes <= MAX_FEATURES * 4)).all()), "a layer has a wrong width")
        require(sizes[-1] <= MAX_OUTPUTS, "there are too many outputs")
        embedded, size = front["mix_bias"].shape
        read = front["numbers"].size + embedded * size + front["flags"].size
        require(sizes[0] == max(read, 1), "the first layer has another width than its inputs")
        levels = _levels_of(given, n_features, int(sizes[1]))
        dense = _dense_of(given, sizes, levels)
        return cls(
            arrays={**front, **levels, **dense},
            activation=given.choice("activation", ACTIVATIONS),
            link=given.link(int(sizes[-1])),
            n_features=n_features,
        )


def _front_of(given: Unchecked, n_features: int) -> Arrays:
    """Check what reads numbers."""
    numbers = given.array("numbers", "<i8", (None,))
    roots = given.array("roots", "<i8", (numbers.size,))
    require_within(numbers, n_features, "a number")
    require_within(roots, MOST_ROOTS + 1, "a count of roots")
    frequency = given.numbers("frequency", (None, None))
    embedded, waves = frequency.shape
    require(embedded <= numbers.size, "more numbers are embedded than there are")
    require(waves <= MOST_FREQUENCIES, "there are too many frequencies")
    mix = given.numbers("mix", (embedded, waves, None))
    found: Arrays = {
        "numbers": numbers,
        "roots": roots,
        "centre": given.numbers("centre", (numbers.size,)),
        "factor": given.numbers("factor", (numbers.size,)),
        "frequency": frequency,
        "phase": given.numbers("phase", (embedded, waves)),
        "mix": mix,
        "mix_bias": given.numbers("mix_bias", (embedded, mix.shape[2])),
        "flags": given.array("flags", "<i8", (None,)),
    }
    require_within(found["flags"], n_features, "a flag")
    for name in ("centre", "frequency", "phase", "mix", "mix_bias"):
        require(float(np.abs(found[name]).max(initial=0.0)) <= LARGEST_INPUT, f"{name} is too large")
    return found


def _levels_of(given: Unchecked, n_features: int, width: int) -> Arrays:
    """Check what reads categories."""
    categories = given.array("categories", "<i8", (None,))
    require_within(categories, n_features, "a category")
    rows = given.numbers("level_rows", (None, width))
    require(rows.shape[0] <= MOST_LEVELS, "there are too many levels")
    starts = given.offsets("level_starts", categories.size, rows.shape[0])
    has_missing = given.array("has_missing", "|b1", (categories.size,))
    require(bool((np.diff(starts) > has_missing).all()), "a category has no level")
    return {
        "categories": categories,
        "level_starts": starts,
        "has_missing": has_missing,
        "level_rows": rows,
    }


def _dense_of(given: Unchecked, sizes: npt.NDArray[np.int64], levels: Arrays) -> Arrays:
    """Check the layers: no sum may overflow."""
    weights = given.numbers("weights", (int((sizes[:-1].astype(object) * sizes[1:]).sum()),))
    biases = given.numbers("biases", (int(sizes[1:].sum()),))
    low, high = (given.numbers(name, (int(sizes[-1]),)) for name in ("low", "high"))
    require(bool((low <= high).all()), "the lowest score is above the highest")
    highest = float(np.abs(weights).max(initial=0.0)) * float(sizes.max()) * LARGEST_INPUT
    told = float(np.abs(levels["level_rows"]).max(initial=0.0)) * max(levels["categories"].size, 1)
    require(highest + told < LARGEST, "the weights are too large to be summed")
    require(float(np.abs(biases).max()) + highest + told < LARGEST, "a bias is too large")
    return {"sizes": sizes, "weights": weights, "biases": biases, "low": low, "high": high}


FORM = EmbeddedNetwork
