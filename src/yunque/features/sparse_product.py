"""Sparse rows times a dense matrix, always added in the same order."""

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def times(starts, columns, values, dense):  # type: ignore[no-untyped-def]
    """Give rows times dense, (n, K); row i holds `values` at `columns` from starts[i] to starts[i + 1]."""
    out = np.zeros((starts.size - 1, dense.shape[1]))
    for row in range(starts.size - 1):
        for i in range(starts[row], starts[row + 1]):
            for k in range(dense.shape[1]):
                out[row, k] += values[i] * dense[columns[i], k]
    return out


@njit(cache=True, nogil=True)
def times_transposed(starts, columns, values, dense, size):  # type: ignore[no-untyped-def]
    """Give rows turned over times dense, (size, K)."""
    out = np.zeros((size, dense.shape[1]))
    for row in range(starts.size - 1):
        for i in range(starts[row], starts[row + 1]):
            for k in range(dense.shape[1]):
                out[columns[i], k] += values[i] * dense[row, k]
    return out
