"""Number clusters by their size, so that 0 is the largest whatever order a library found them in."""

import numpy as np
import numpy.typing as npt

IntArray = npt.NDArray[np.int64]


def by_size(labels: npt.NDArray[np.integer], count: int) -> IntArray:
    """Give the library's numbers of clusters in our order: the largest first, of equals the earlier one.

    Args:
        labels: (n,) the library's number of each row, 0 to `count` - 1; negative ones belong to no cluster.
        count: number of clusters.
    """
    sizes = np.bincount(labels[labels >= 0], minlength=count)
    return np.argsort(-sizes, kind="stable").astype(np.int64)


def renumbered(labels: npt.NDArray[np.integer], order: IntArray) -> IntArray:
    """Give our numbers for the library's; negative ones stay as they are."""
    place = np.empty(order.size, np.int64)
    place[order] = np.arange(order.size)
    return np.where(labels >= 0, place[np.maximum(labels, 0)], labels).astype(np.int64)
