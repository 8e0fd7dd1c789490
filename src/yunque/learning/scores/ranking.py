"""Scores of a ranking: how good are the first k rows; equal scores count as their mean over all orders."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
RankingScore = Callable[[FloatArray, FloatArray, int], float]


def precision_at(relevant: FloatArray, score: FloatArray, k: int) -> float:
    """Share of relevant rows among the k rows of highest score."""
    return float(_expected_relevance(relevant, score)[:k].mean())


def recall_at(relevant: FloatArray, score: FloatArray, k: int) -> float:
    """Share of all relevant rows that stand among the k rows of highest score; nan when none is relevant."""
    total = float(relevant.sum())
    return float(_expected_relevance(relevant, score)[:k].sum()) / total if total > 0 else float("nan")


def lift_at(relevant: FloatArray, score: FloatArray, k: int) -> float:
    """Precision among the first k over the share of relevant rows in all; nan when none is relevant."""
    share = float(relevant.mean())
    return precision_at(relevant, score, k) / share if share > 0 else float("nan")


def ndcg_at(gain: FloatArray, score: FloatArray, k: int) -> float:
    """Discounted gain of the first k rows over that of the best order (Järvelin and Kekäläinen 2002).

    Args:
        gain: how relevant each row is, 0 or more.
        score: what the ranking sorts by, highest first.
        k: rows that count.

    Returns:
        A number between 0 and 1; nan when all gains are 0.
    """
    discount = 1.0 / np.log2(np.arange(min(k, len(gain))) + 2.0)
    best = float(-np.sort(-gain)[:k] @ discount)
    return float(_expected_relevance(gain, score)[:k] @ discount) / best if best > 0 else float("nan")


def map_at(relevant: FloatArray, score: FloatArray, k: int) -> float:
    """Average precision of the first k rows, over the most that k rows can hold; nan when none is relevant.

    Args:
        relevant: 0 or 1 per row.
        score: what the ranking sorts by, highest first.
        k: rows that count.
    """
    total = float(relevant.sum())
    if total == 0:
        return float("nan")
    group, inside = _groups_of_equals(score)
    order = np.argsort(-score, kind="stable")
    size = np.bincount(group).astype(np.float64)
    hits = np.bincount(group, weights=relevant[order])
    before = np.cumsum(hits) - hits
    share = hits / size
    partner = np.divide(hits - 1.0, size - 1.0, out=np.zeros(len(size)), where=size > 1)
    expected = share[group] * (before[group] + 1.0 + inside * np.maximum(partner, 0.0)[group])
    ranks = np.arange(1.0, len(score) + 1.0)
    return float((expected / ranks)[:k].sum() / min(float(k), total))


def mean_over_groups(
    score_of_one: RankingScore, relevant: FloatArray, score: FloatArray, k: int, groups: IntArray
) -> float:
    """Average a ranking score over groups (queries, clients, dates); groups where it is nan are left out."""
    parts = [np.flatnonzero(groups == group) for group in np.unique(groups)]
    values = np.array([score_of_one(relevant[rows], score[rows], min(k, len(rows))) for rows in parts])
    return float(np.nanmean(values)) if not np.isnan(values).all() else float("nan")


def _groups_of_equals(score: FloatArray) -> tuple[IntArray, IntArray]:
    """Number runs of equal scores from the highest down, and count places inside each run, by rank."""
    ordered = -np.sort(-score)
    begins = np.append(True, np.diff(ordered) != 0)
    group = np.cumsum(begins) - 1
    first = np.flatnonzero(begins)
    return group, np.arange(len(score)) - first[group]


def _expected_relevance(relevant: FloatArray, score: FloatArray) -> FloatArray:
    """Give the mean relevance at each rank over all orders of equal scores."""
    group, _ = _groups_of_equals(score)
    order = np.argsort(-score, kind="stable")
    means = np.bincount(group, weights=relevant[order]) / np.bincount(group)
    return np.asarray(means[group], dtype=np.float64)
