"""Scores of the classes seen in training as scores of all classes of the task."""

from typing import Any

import numpy as np
import numpy.typing as npt

from yunque.kernel.form import FloatArray

# Raw score of a class that the training rows do not show. Scores of the others sum to about 0, so that the
# largest is 0 or more and this one becomes a probability below 1e-13.
ABSENT = -30.0


def of_all_classes(
    values: npt.NDArray[Any], seen: npt.NDArray[Any], n_classes: int, absent: float = 0.0
) -> FloatArray:
    """Give (…, seen) values as (…, n_classes), filled with `absent`."""
    out = np.full((*values.shape[:-1], n_classes), absent)
    out[..., seen] = values
    return out
