"""Scores of answers that have no truth beside them: how well they hold together, and how alike two are."""

import numpy as np
import numpy.typing as npt
from scipy.stats import rankdata

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


def silhouettes(x: FloatArray, labels: IntArray) -> FloatArray | None:
    """Give each row's silhouette (Rousseeuw 1987), -1 to 1; rows of no cluster (-1) count 0.

    Args:
        x: (n, F) the rows; n squared distances are made.
        labels: (n,) cluster of each row.

    Returns:
        (n,) silhouettes, or None where fewer than two clusters, or as many as rows, are there.
    """
    from sklearn.metrics import silhouette_samples

    inside = labels >= 0
    count = len(np.unique(labels[inside]))
    if not 2 <= count < int(inside.sum()):
        return None
    found = np.zeros(labels.size)
    found[inside] = silhouette_samples(x[inside], labels[inside])
    return found


def adjusted_rand(one: IntArray, other: IntArray) -> float:
    """Give the adjusted Rand index (Hubert and Arabie 1985): 1 the same groups, about 0 by chance."""
    from sklearn.metrics import adjusted_rand_score

    return float(adjusted_rand_score(one, other))


def rank_correlation(one: FloatArray, other: FloatArray) -> float:
    """Give Spearman's rank correlation; 0 where either has one value only, for it ranks nothing."""
    left, right = rankdata(one), rankdata(other)
    left, right = left - left.mean(), right - right.mean()
    size = float(np.sqrt((left @ left) * (right @ right)))
    return float(left @ right) / size if size > 0 else 0.0


def shared_top(one: FloatArray, other: FloatArray, count: int) -> float:
    """Give the share of the `count` highest rows of one that are among those of the other."""
    top = [set(np.argsort(-scores, kind="stable")[:count].tolist()) for scores in (one, other)]
    return len(top[0] & top[1]) / max(1, count)
