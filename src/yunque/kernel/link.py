"""Turn raw scores into predictions, with the same bits for one row and for many."""

from typing import Final

import numpy as np
from numba import float64, int64, njit, types, void

from yunque.kernel.elementary import exponential
from yunque.kernel.form import FloatArray, Link

LINK_CODES: Final[dict[Link, int]] = {
    "identity": 0,
    "sigmoid": 1,
    "softmax": 2,
    "exp": 3,
    "expm1": 4,
    "complement": 5,
}
LARGEST_EXPONENT = 690.0  # e**690 = 1e299: predictions stay finite

matrix = types.Array(float64, 2, "C")
read_only_matrix = types.Array(float64, 2, "C", readonly=True)


def n_predictions(link: Link, n_raw: int) -> int:
    """Give the columns of a prediction matrix: two where one raw score stands for two classes."""
    return 2 if link in ("sigmoid", "complement") else n_raw


@njit(float64(float64), cache=True, nogil=True)
def logistic(raw):  # type: ignore[no-untyped-def]
    """Give 1 / (1 + e**-raw) without overflow."""
    if raw >= 0.0:
        return 1.0 / (1.0 + exponential(-raw))
    e = exponential(raw)
    return e / (1.0 + e)


@njit(void(read_only_matrix, int64, matrix), cache=True, nogil=True)
def softmax_row(raw, row, out) -> None:  # type: ignore[no-untyped-def]
    """Write the softmax of one row: the largest is subtracted first, sums go from left to right."""
    largest = raw[row, 0]
    for k in range(1, raw.shape[1]):
        largest = max(largest, raw[row, k])
    total = 0.0
    for k in range(raw.shape[1]):
        out[row, k] = exponential(raw[row, k] - largest)
        total += out[row, k]
    for k in range(raw.shape[1]):
        out[row, k] /= total


@njit(void(int64, read_only_matrix, matrix), cache=True, nogil=True)
def write_predictions(code, raw, out) -> None:  # type: ignore[no-untyped-def]
    """Write predictions of all rows for the link of that code."""
    for row in range(raw.shape[0]):
        if code == 1 or code == 5:
            p = logistic(raw[row, 0]) if code == 1 else min(max(raw[row, 0], 0.0), 1.0)
            out[row, 0] = 1.0 - p
            out[row, 1] = p
        elif code == 2:
            softmax_row(raw, row, out)
        elif code == 3 or code == 4:
            value = exponential(min(raw[row, 0], LARGEST_EXPONENT))
            out[row, 0] = value if code == 3 else value - 1.0
        else:
            for k in range(raw.shape[1]):
                out[row, k] = raw[row, k]


def apply_link(link: Link, raw: FloatArray) -> FloatArray:
    """Turn (n, K) finite raw scores into (n, C) probabilities, or (n, 1) values in regression."""
    out = np.empty((raw.shape[0], n_predictions(link, raw.shape[1])))
    write_predictions(LINK_CODES[link], raw, out)
    return out
