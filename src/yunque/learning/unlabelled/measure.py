"""How good answers without a truth are: cohesion, stability of refits, agreement, and a label if given."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from yunque.kernel.form import FloatArray
from yunque.learning.scores.probabilities import pr_auc, roc_auc
from yunque.learning.scores.structure import (
    IntArray,
    adjusted_rand,
    rank_correlation,
    shared_top,
    silhouettes,
)
from yunque.learning.unlabelled.trial import Trial

LEAST_SHARE = 0.01  # of the judging rows that a cluster must hold to count as one


@dataclass(frozen=True, kw_only=True)
class Measured:
    """What was measured of one candidate.

    Attributes:
        metrics: by name; those that could not be measured are left out.
        errors: standard errors, by name of the metric.
        problem: why the candidate cannot be shipped; "" when it can.
    """

    metrics: dict[str, float] = field(default_factory=dict)
    errors: dict[str, float] = field(default_factory=dict)
    problem: str = ""


def labels_of(outputs: FloatArray) -> IntArray:
    """Give the clusters among the outputs of a model of clusters."""
    return outputs[:, 0].astype(np.int64)


def measure_clusters(x: FloatArray, outputs: FloatArray, halves: Sequence[FloatArray]) -> Measured:
    """Judge clusters: mean silhouette, and adjusted Rand between the fit and its refits on halves.

    Args:
        x: (m, F) the judging rows in the space of the distances.
        outputs: (m, 2) cluster and distance.
        halves: the same by each refit.
    """
    labels = labels_of(outputs)
    sizes = np.bincount(labels[labels >= 0], minlength=1)
    if int((sizes >= max(1.0, LEAST_SHARE * labels.size)).sum()) < 2:
        return Measured(problem="it puts all rows, but for a few, into one cluster or none")
    found = silhouettes(x, labels)
    if found is None:
        return Measured(problem="as many clusters as rows")
    metrics = {"silhouette": float(found.mean())}
    errors = {"silhouette": float(found.std(ddof=1) / math.sqrt(found.size))}
    stable = [adjusted_rand(labels, labels_of(half)) for half in halves]
    return Measured(metrics=metrics | _mean("stability", stable), errors=errors | _error("stability", stable))


def measure_scores(
    outputs: FloatArray, halves: Sequence[FloatArray], others: Sequence[FloatArray], contamination: float
) -> Measured:
    """Judge anomaly scores: rank correlation with refits and with other learners, and who is flagged again.

    Args:
        outputs: (m, 1) scores.
        halves: the same by each refit.
        others: the same by each other learner.
        contamination: share of the rows that is flagged.
    """
    scores = outputs[:, 0]
    top = max(1, math.ceil(contamination * scores.size))
    stable = [rank_correlation(scores, half[:, 0]) for half in halves]
    again = [shared_top(scores, half[:, 0], top) for half in halves]
    agreed = [rank_correlation(scores, other[:, 0]) for other in others]
    metrics = _mean("stability", stable) | _mean("flag_stability", again) | _mean("agreement", agreed)
    errors = _error("stability", stable)
    if agreed:  # of one correlation (Bonett and Wright 2000); those with several learners share their rows
        mean = metrics["agreement"]
        spread = (1.0 + 0.5 * mean * mean) * (1.0 - mean * mean) ** 2
        errors["agreement"] = math.sqrt(spread / max(1, scores.size - 3))
    problem = "" if float(np.ptp(scores)) > 0 else "it gives every row the same score"
    return Measured(metrics=metrics, errors=errors, problem=problem)


def measure_label(outputs: FloatArray, truth: IntArray | None) -> dict[str, float]:
    """Judge by a label that nothing learnt from.

    Args:
        outputs: (m, 1) scores, or (m, 2) cluster and distance.
        truth: (m,) position of each row's label, -1 where it has none; None when no label is named.
    """
    if truth is None:
        return {}
    known = truth >= 0
    if outputs.shape[1] == 2:
        found = {"label_rand": adjusted_rand(truth[known], labels_of(outputs)[known])} if known.any() else {}
    else:
        both = np.column_stack([-outputs[known, 0], outputs[known, 0]])
        found = {"label_roc_auc": roc_auc(truth[known], both), "label_pr_auc": pr_auc(truth[known], both)}
    return {name: value for name, value in found.items() if math.isfinite(value)}


def outputs_of_others(trial: Trial, trials: Sequence[Trial]) -> list[FloatArray]:
    """Give the outputs of the other candidates that are done, one per algorithm."""
    return [
        other.outputs
        for other in trials
        if other.state == "done" and other.candidate.algorithm.name != trial.candidate.algorithm.name
    ]


def _mean(name: str, values: Sequence[float]) -> dict[str, float]:
    return {name: float(np.mean(values))} if values else {}


def _error(name: str, values: Sequence[float]) -> dict[str, float]:
    return {name: float(np.std(values, ddof=1) / math.sqrt(len(values)))} if len(values) > 1 else {}
