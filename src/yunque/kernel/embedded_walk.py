"""One row of an embedded network after another: numbers read, levels added, layers summed and bent."""

import numpy as np
from numba import float64, int64, njit, types, uint8, void

from yunque.kernel.cosine import cosine_of_turns
from yunque.kernel.elementary import exponential
from yunque.kernel.forms.linear import LARGEST_INPUT

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
_levels = types.Tuple((_read(int64), _read(int64), _read(uint8), _read(float64, 2)))
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
        known = starts[c + 1] - starts[c] - int(has_missing[c])
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
