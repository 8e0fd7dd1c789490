"""Columns as a linear fit can take them: finite, and none so large that it drowns the others."""

from dataclasses import dataclass

import numpy as np

from yunque.kernel.form import FloatArray
from yunque.kernel.forms.linear import LARGEST_INPUT

LARGE = 100.0  # scaled and one-hot columns stay below, and are left as they are


@dataclass(frozen=True, kw_only=True, eq=False)
class Columns:
    """The change made to columns before a fit, and undone in its weights.

    Attributes:
        centre, scale: (F,); 0 and 1 for columns that were of a usable size.
    """

    centre: FloatArray
    scale: FloatArray

    def changed(self, x: FloatArray) -> FloatArray:
        """Give the matrix for the fit: as the linear form reads it, large columns standardised."""
        return np.asarray((finite(x) - self.centre) / self.scale)

    def undone(self, weights: FloatArray, bias: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Give weights (F, K) and bias (K,) for the columns as they were."""
        original = weights / self.scale[:, None]
        return np.ascontiguousarray(original), bias - self.centre @ original


def finite(x: FloatArray) -> FloatArray:
    """Give the matrix as the linear form reads it: missing as 0, cut at 1e15."""
    return np.clip(np.where(np.isnan(x), 0.0, x), -LARGEST_INPUT, LARGEST_INPUT)


def usable_columns(x: FloatArray) -> Columns:
    """Choose the change for a training matrix."""
    read = finite(x)
    large = np.abs(read).max(axis=0, initial=0.0) > LARGE
    spread = read.std(axis=0)
    return Columns(
        centre=np.where(large, read.mean(axis=0), 0.0), scale=np.where(large & (spread > 0.0), spread, 1.0)
    )
