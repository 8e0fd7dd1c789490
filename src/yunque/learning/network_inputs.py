"""Columns of the tree view as a neural network reads them: scaled numbers, flags of missing, codes."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from yunque.kernel.form import FloatArray
from yunque.kernel.forms.linear import LARGEST_INPUT

IntArray = npt.NDArray[np.int64]
MOST_ONE_HOT = 9  # levels; columns with more learn a short vector per level
MOST_ROWS_LOOKED_AT = 100_000  # for quantiles
MOST_ROOTS = 3
LONG_TAIL = 8.0  # (99 % - 1 %) over (75 % - 25 %) of a column; 3.4 when it is normal
BOUND = 3.0  # smooth clipping: x / sqrt(1 + (x / 3)^2)


@dataclass(frozen=True, kw_only=True, eq=False)
class Inputs:
    """Which columns are read, and how.

    A number becomes clip((root(x) - centre) * factor), missing becomes 0; a code that training did not show
    becomes 0, and a missing one the last level where training had missing ones, else 0.

    Attributes:
        numbers: (N,) positions, those with an embedding first.
        n_embedded: how many of them take more than two values.
        roots: (N,) signed square roots taken first, against long tails.
        centre, factor: (N,).
        flags: (M,) positions of numbers that may be missing.
        categories: (C,) positions, those read as one column per level first.
        levels: (C,) levels of each, code 0 and the missing one included.
        has_missing: (C,) whether the last level stands for missing.
    """

    numbers: IntArray
    n_embedded: int
    roots: IntArray
    centre: FloatArray
    factor: FloatArray
    flags: IntArray
    categories: IntArray
    levels: IntArray
    has_missing: npt.NDArray[np.bool_]

    @property
    def n_one_hot(self) -> int:
        """Categories that are read as one column per level."""
        return int((self.levels <= MOST_ONE_HOT).sum())

    @property
    def is_empty(self) -> bool:
        """Whether no column tells anything."""
        return not (self.numbers.size or self.flags.size or self.categories.size)


@dataclass(frozen=True, kw_only=True, eq=False)
class Rows:
    """Rows as the first layer takes them: numbers (n, N), flags (n, M), codes (n, C)."""

    numbers: npt.NDArray[Any]
    flags: npt.NDArray[Any]
    codes: IntArray

    def take(self, rows: IntArray | slice) -> "Rows":
        """Give some of the rows."""
        return Rows(numbers=self.numbers[rows], flags=self.flags[rows], codes=self.codes[rows])


def fit_inputs(x: FloatArray, categorical: tuple[int, ...]) -> Inputs:
    """Learn from training rows how to read them: (n, F), NaN is missing."""
    scales = {j: _scale(x[:, j]) for j in range(x.shape[1]) if j not in categorical}
    usable = [j for j, scale in scales.items() if scale.factor > 0.0]
    numbers = sorted(usable, key=lambda j: (not scales[j].is_rich, j))
    holes = np.isnan(x).sum(axis=0)
    missing = (holes > 0) & (holes < len(x))
    counted = {j: _levels(x[:, j]) for j in categorical}
    told = [j for j in counted if len(np.unique(x[:, j])) > 1]
    categories = sorted(told, key=lambda j: (counted[j][0] > MOST_ONE_HOT, j))
    return Inputs(
        numbers=np.array(numbers, np.int64),
        n_embedded=sum(scales[j].is_rich for j in numbers),
        roots=np.array([scales[j].roots for j in numbers], np.int64),
        centre=np.array([scales[j].centre for j in numbers], np.float64),
        factor=np.array([scales[j].factor for j in numbers], np.float64),
        flags=np.array([j for j in scales if missing[j]], np.int64),
        categories=np.array(categories, np.int64),
        levels=np.array([counted[j][0] for j in categories], np.int64),
        has_missing=np.array([counted[j][1] for j in categories], np.bool_),
    )


@dataclass(frozen=True, kw_only=True)
class _Scale:
    centre: float = 0.0
    factor: float = 0.0
    roots: int = 0
    is_rich: bool = False


def _scale(column: FloatArray) -> _Scale:
    """Centre by the median; scale by the quartiles, or by the range where they are equal."""
    known = column[~np.isnan(column)]
    known = np.clip(known[:: max(1, known.size // MOST_ROWS_LOOKED_AT)], -LARGEST_INPUT, LARGEST_INPUT)
    if known.size == 0:
        return _Scale()
    for roots in range(MOST_ROOTS + 1):
        values = rooted(known, roots)
        lowest, low, middle, high, highest = np.quantile(values, [0.01, 0.25, 0.5, 0.75, 0.99]).tolist()
        spread = high - low
        if highest - lowest <= LONG_TAIL * spread or spread == 0.0:
            break
    width = float(values.max() - values.min())
    if width <= 1e-12 * max(abs(middle), 1e-280):
        return _Scale()
    factor = 1.0 / spread if spread > 1e-12 * abs(middle) else 2.0 / width
    return _Scale(centre=middle, factor=factor, roots=roots, is_rich=len(np.unique(known)) > 2)


def _levels(column: FloatArray) -> tuple[int, bool]:
    """Give the levels of a column of codes, and whether the last one stands for missing."""
    missing = np.isnan(column)
    known = column[~missing]
    highest = int(known.max()) if known.size else 0
    has_missing = bool(missing.any())
    return highest + 1 + has_missing, has_missing


def rooted(values: FloatArray, roots: int) -> FloatArray:
    """Take signed square roots."""
    for _ in range(roots):
        values = np.sign(values) * np.sqrt(np.abs(values))
    return values


def read_rows(inputs: Inputs, x: FloatArray, dtype: type[np.floating[Any]] = np.float32) -> Rows:
    """Give rows of the tree view as the network takes them."""
    numbers = np.empty((x.shape[0], inputs.numbers.size), dtype)
    for k, j in enumerate(inputs.numbers.tolist()):
        column = np.clip(x[:, j], -LARGEST_INPUT, LARGEST_INPUT)
        scaled = (rooted(column, int(inputs.roots[k])) - inputs.centre[k]) * inputs.factor[k]
        clipped = scaled / np.sqrt(1.0 + (scaled / BOUND) ** 2)
        numbers[:, k] = np.where(np.isnan(column), 0.0, clipped)
    flags = np.isnan(x[:, inputs.flags]).astype(dtype)
    codes = np.zeros((x.shape[0], inputs.categories.size), np.int64)
    for k, j in enumerate(inputs.categories.tolist()):
        known_levels = int(inputs.levels[k]) - bool(inputs.has_missing[k])
        column = x[:, j]
        inside = (column >= 0.0) & (column < known_levels) & (column == np.floor(column))
        codes[:, k] = np.where(inside, column, 0.0).astype(np.int64)
        if inputs.has_missing[k]:
            codes[np.isnan(column), k] = known_levels
    return Rows(numbers=numbers, flags=flags, codes=codes)
