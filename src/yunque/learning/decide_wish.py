"""What a person asks of a yes-or-no decision: a least recall, or what each kind of error costs."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from yunque.errors import UsageError
from yunque.kernel.form import FloatArray
from yunque.learning.task import Task, TaskKind

COSTS = ("false_positive", "false_negative")


@dataclass(frozen=True, kw_only=True)
class DecisionWish:
    """How the threshold of a binary task is to be chosen; nothing set leaves it to the deciding metric.

    Attributes:
        least_recall: share of the positives that must be found, above 0 and at most 1; among the thresholds
            that reach it on out-of-fold rows, the one of best precision is taken.
        false_positive, false_negative: cost of one error of each kind, above 0, in any one currency.
    """

    least_recall: float | None = None
    false_positive: float | None = None
    false_negative: float | None = None

    def __post_init__(self) -> None:
        """Refuse shares and costs that mean nothing.

        Raises:
            UsageError: a number is out of range, one cost is missing, or both ways are asked for.
        """
        costs = (self.false_positive, self.false_negative)
        if self.least_recall is not None and not 0.0 < self.least_recall <= 1.0:
            raise UsageError(
                f"A least recall is a share above 0 and at most 1, not {self.least_recall}.",
                hint="Write 0.9 for nine in ten.",
            )
        if any(cost is not None for cost in costs) and not all(
            cost is not None and np.isfinite(cost) and cost > 0 for cost in costs
        ):
            raise UsageError(
                "Both kinds of error need a cost above 0.",
                hint='Write "false_positive=1,false_negative=20".',
            )
        if self.least_recall is not None and self.false_positive is not None:
            raise UsageError(
                "A least recall and costs are two ways to choose one threshold.", hint="Give one of them."
            )

    @property
    def is_set(self) -> bool:
        """Whether anything is asked."""
        return self.least_recall is not None or self.false_positive is not None

    def refuse_other_tasks(self, task: Task) -> None:
        """Stop where there is no threshold to choose.

        Raises:
            UsageError: something is asked and the task is not binary.
        """
        if self.is_set and task.kind is not TaskKind.BINARY:
            raise UsageError(
                f"A least recall or costs choose a threshold, and a {task.kind.value} task has none.",
                hint="Leave them out, or predict a column of two classes.",
            )


def parse_costs(text: str) -> tuple[float, float]:
    """Read "false_positive=1,false_negative=20".

    Raises:
        UsageError: a name is unknown or missing, or a cost is no number.
    """
    found: dict[str, float] = {}
    for part in text.split(","):
        name, _, value = part.partition("=")
        try:
            found[name.strip()] = float(value)
        except ValueError:
            found[name.strip()] = float("nan")
    if set(found) != set(COSTS) or not all(np.isfinite(list(found.values()))):
        raise UsageError(
            f"Costs are not written like that: {text!r}.",
            hint='Write "false_positive=1,false_negative=20".',
        )
    return found["false_positive"], found["false_negative"]


def wished_threshold(
    wish: DecisionWish, y: npt.NDArray[Any], positive: FloatArray, weight: FloatArray | None
) -> tuple[float, str]:
    """Give the threshold that a wish leads to, and what it reaches on these rows, in words.

    Costs need no search: with calibrated probabilities the cheaper answer is yes from
    false_positive / (false_positive + false_negative) on (Elkan, IJCAI 2001).

    Args:
        wish: one that is set.
        y: (n,) class positions, 1 positive.
        positive: (n,) calibrated probabilities of the positive class, out of fold.
        weight: (n,) weights of rows, or None.
    """
    w = np.ones(len(y)) if weight is None else weight
    if wish.false_positive is not None and wish.false_negative is not None:
        at = wish.false_positive / (wish.false_positive + wish.false_negative)
        yes = positive >= at
        cost = w @ np.where(yes & (y == 0), wish.false_positive, 0.0)
        cost += w @ np.where(~yes & (y == 1), wish.false_negative, 0.0)
        return at, f"costs lead to the threshold {at:.4g}: {cost / w.sum():.4g} a row out of fold"
    at, recall, precision = _most_precise(y, positive, w, wish.least_recall or 0.0)
    return at, (
        f"a recall of at least {wish.least_recall:.1%} leads to the threshold {at:.4g}: "
        f"recall {recall:.1%}, precision {precision:.1%} out of fold"
    )


def _most_precise(
    y: npt.NDArray[Any], positive: FloatArray, weight: FloatArray, least: float
) -> tuple[float, float, float]:
    """Give the threshold of best precision among those of enough recall, with its recall and precision."""
    order = np.argsort(-positive, kind="stable")
    scores, hits = positive[order], (weight * (y == 1))[order].cumsum()
    total, taken = hits[-1], weight[order].cumsum()
    if total <= 0:
        return 0.0, 1.0, 0.0
    last = np.append(scores[1:] != scores[:-1], True)  # a threshold takes all rows of one score
    recall, precision = hits / total, hits / taken
    enough = np.flatnonzero(last & (recall >= least - 1e-12))
    best = enough[np.argmax(precision[enough])]
    below = scores[best + 1] if best + 1 < len(scores) else 0.0
    return float((scores[best] + below) / 2), float(recall[best]), float(precision[best])
