"""Frequent categories as further columns of 0 and 1, for libraries whose own handling cannot be flattened."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from yunque.kernel.form import FloatArray

SingleArray = npt.NDArray[np.float32]
LEVELS_PER_COLUMN = 32
COLUMNS = 256
NUMBERS = 5e7  # cells that may be added to a training matrix: 200 MB
SMALLEST_COUNT = 5
SINGLE_MAX = np.finfo(np.float32).max


@dataclass(frozen=True, kw_only=True, eq=False)
class Indicators:
    """Which code of which column each further column shows.

    Attributes:
        columns: (M,) int64 positions in the matrix.
        codes: (M,) float32.
    """

    columns: npt.NDArray[np.int64]
    codes: SingleArray


def choose_indicators(x: FloatArray, categorical: tuple[int, ...]) -> Indicators:
    """Choose the most frequent codes of each categorical column, in the order of columns and codes."""
    most = int(min(COLUMNS, NUMBERS / max(x.shape[0], 1)))
    found: list[tuple[int, int, float]] = []
    for column in categorical:
        codes, counts = np.unique(x[:, column][np.isfinite(x[:, column])], return_counts=True)
        ranked = np.argsort(-counts, kind="stable")[:LEVELS_PER_COLUMN]
        found += [(-int(counts[i]), column, float(codes[i])) for i in ranked if counts[i] >= SMALLEST_COUNT]
    kept = sorted((column, code) for _, column, code in sorted(found)[:most])
    return Indicators(
        columns=np.array([column for column, _ in kept], np.int64),
        codes=np.array([code for _, code in kept], np.float32),
    )


def expand(x: FloatArray, indicators: Indicators) -> SingleArray:
    """Give the matrix as float32, values beyond its range cut to it, with the indicators on the right."""
    rounded = np.clip(x, -SINGLE_MAX, SINGLE_MAX).astype(np.float32)
    shown = rounded[:, indicators.columns] == indicators.codes
    return np.hstack((rounded, shown.astype(np.float32)))
