"""Random parts with the same mix of the target in each."""

from typing import Any

import numpy as np
import numpy.typing as npt

IntArray = npt.NDArray[np.int64]
TARGET_BANDS = 10


def strata(y: npt.NDArray[Any], *, classification: bool) -> IntArray:
    """Give each row its stratum: the class, or the tenth of the target's range of ranks."""
    if classification:
        return y.astype(np.int64)
    order = np.argsort(y, kind="stable")
    ranks = np.empty(len(y), dtype=np.int64)
    ranks[order] = np.arange(len(y))
    return ranks * TARGET_BANDS // max(1, len(y))


def deal(stratum: IntArray, parts: int, rng: np.random.Generator) -> IntArray:
    """Deal the rows of each stratum in turn to `parts` parts: (n,) part of each row.

    Sizes differ by one at most, over all rows and within each stratum.
    """
    shuffled = rng.permutation(len(stratum))
    order = shuffled[np.argsort(stratum[shuffled], kind="stable")]
    part = np.empty(len(stratum), dtype=np.int64)
    part[order] = np.arange(len(stratum)) % parts
    return part


def draw(stratum: IntArray, share: float, rng: np.random.Generator) -> npt.NDArray[np.bool_]:
    """Draw `share` of the rows evenly over the strata: (n,) mask, never all rows and never none."""
    n = len(stratum)
    wanted = min(max(1, round(share * n)), n - 1)
    shuffled = rng.permutation(n)
    order = shuffled[np.argsort(stratum[shuffled], kind="stable")]
    # Every k-th row of the rows sorted by stratum: each stratum gives its share, rounded either way.
    picks = np.floor((np.arange(wanted) + rng.random()) * n / wanted).astype(np.int64)
    mask = np.zeros(n, dtype=np.bool_)
    mask[order[np.minimum(picks, n - 1)]] = True
    return mask
