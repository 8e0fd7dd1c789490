"""How well a classifier does while nobody knows the truth yet, estimated from its own probabilities.

Confidence-based performance estimation: a calibrated probability says how often the answer is right, so the
sum over the rows says how many are. It holds only while the probabilities stay calibrated, that is while what
the columns say about the target is what it was in training; where that changes (concept drift) the estimate
does not notice. Columns that moved are allowed, as far as the model knows such rows.
"""

from dataclasses import dataclass

import numpy as np

from yunque.kernel.form import FloatArray
from yunque.learning.answers import answer_positions
from yunque.learning.leaderboard import Decision
from yunque.learning.task import Task

ASSUMPTION = "calibrated_still"  # key of the sentence that stands beside every estimate
SURE = 2.0
LEAST = 1e-15
FEWEST_ROWS = 30


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """One metric as it would be if the probabilities still hold.

    Attributes:
        metric: canonical name.
        value: now; error: its standard error; before: by the same rule on held-out rows of training.
        has_fallen: worse than before by more than two standard errors of both.
    """

    metric: str
    value: float
    error: float
    before: float | None
    has_fallen: bool


def estimate(task: Task, decision: Decision, outputs: FloatArray, before: FloatArray) -> tuple[Estimate, ...]:
    """Estimate metrics of today's answers; () for other tasks and for fewer than 30 rows.

    Args:
        task, decision: of the model.
        outputs: (n, C) calibrated probabilities of today.
        before: the same for held-out rows of training; may be empty.
    """
    if not task.is_classification or len(outputs) < FEWEST_ROWS:
        return ()
    now = _expected(task, decision, outputs)
    then = _expected(task, decision, before) if len(before) >= FEWEST_ROWS else {}
    return tuple(_estimate(name, pair, then.get(name)) for name, pair in now.items())


def _estimate(name: str, now: tuple[float, float], then: tuple[float, float] | None) -> Estimate:
    value, error = now
    if then is None:
        return Estimate(metric=name, value=value, error=error, before=None, has_fallen=False)
    loss = value - then[0] if name in ("log_loss", "brier") else then[0] - value
    return Estimate(
        metric=name,
        value=value,
        error=error,
        before=then[0],
        has_fallen=loss > SURE * float(np.hypot(error, then[1])),
    )


def _expected(task: Task, decision: Decision, p: FloatArray) -> dict[str, tuple[float, float]]:
    """Give the metrics' expectations over the truths that the probabilities allow, with standard errors."""
    answers = answer_positions(decision, p)
    right = np.take_along_axis(p, answers[:, None], axis=1)[:, 0]
    sizes = np.clip(p, LEAST, 1.0)
    found = {
        "accuracy": _mean(right, (right * (1.0 - right)).sum()),
        "log_loss": _mean(-(p * np.log(sizes)).sum(axis=1)),
        "brier": _mean((p * (1.0 - p)).sum(axis=1)),
    }
    if len(task.classes) != 2:
        return found
    positive, hit = p[:, 1], answers == 1
    found["roc_auc"] = _area(positive)
    if hit.any():
        found["precision"] = _mean(positive[hit], (positive[hit] * (1 - positive[hit])).sum())
    total = float(positive.sum())
    if total > 1.0:
        share = float(positive[hit].sum()) / total
        found["recall"] = (share, float(np.sqrt(share * (1 - share) / total)))
    return found


def _mean(values: FloatArray, of_labels: float = 0.0) -> tuple[float, float]:
    """Give a mean with the error of which rows came, and of which labels those rows will have."""
    n = len(values)
    spread = float(values.var(ddof=1)) / n if n > 1 else 0.0
    return float(values.mean()), float(np.sqrt(spread + of_labels / n**2))


def _area(p: FloatArray) -> tuple[float, float]:
    """Give the expected area under the curve: pairs of a likely and an unlikely row, ordered by probability.

    The error is that of Hanley and McNeil (1982) for the expected numbers of both classes.
    """
    ordered = np.sort(p)
    others = np.concatenate([[0.0], np.cumsum(1.0 - ordered)])
    first = np.searchsorted(ordered, ordered, side="left")
    last = np.searchsorted(ordered, ordered, side="right")
    below = 0.5 * (others[first] + others[last])
    n, m = float(p.sum()), float((1.0 - p).sum())
    if n <= 1.0 or m <= 1.0:
        return 0.5, 0.5
    area = float((ordered * below).sum()) / (n * m)
    one, two = area / (2 - area), 2 * area**2 / (1 + area)
    spread = area * (1 - area) + (n - 1) * (one - area**2) + (m - 1) * (two - area**2)
    return area, float(np.sqrt(max(0.0, spread) / (n * m)))
