"""What a model of the channel reaches, under R5's names and under the questions that R5 left open."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from yunque.learning.answers import answer_positions
from yunque.learning.leaderboard import Leaderboard
from yunque.learning.scores.labels import confusion
from yunque.solutions.orders.columns import DIGITAL
from yunque.solutions.orders.costs import Costs

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
TENTH = 0.10


@dataclass(frozen=True, kw_only=True)
class Scores:
    """Everything said of one model on rows that it did not learn from.

    Attributes:
        rows: how many.
        metrics: every metric of the task by name, precision, recall and F1 of each class in brackets.
        confusion: rows by truth and answer, in the order of `classes`.
        true_shares, expected_shares, answered_shares: of the classes in truth, as mean probability, and among
            the most probable answers; answers that cost least, or that the metric asks for, may differ.
        lift: share of DIGITAL among the tenth most likely, over its share among all; None without DIGITAL.
        cost: of the answers that cost least, and of the most probable ones, a row.
        answered_by_cost: shares of the classes among the answers that cost least.
    """

    rows: int
    classes: tuple[str, ...]
    metrics: Mapping[str, float]
    confusion: Ints
    true_shares: Mapping[str, float]
    expected_shares: Mapping[str, float]
    answered_shares: Mapping[str, float]
    lift: float | None
    cost: Mapping[str, float]
    answered_by_cost: Mapping[str, float]

    @property
    def share_gap(self) -> float:
        """The largest difference between expected and true shares."""
        return max(abs(self.expected_shares[name] - self.true_shares[name]) for name in self.classes)

    def to_dict(self) -> dict[str, Any]:
        """Give it as JSON values."""
        return {
            "rows": self.rows,
            "classes": list(self.classes),
            "metrics": dict(self.metrics),
            "per_class": self.per_class(),
            "confusion_matrix": {"truth_by_answer": self.confusion.tolist(), "classes": list(self.classes)},
            "shares": {
                "true": dict(self.true_shares),
                "expected": dict(self.expected_shares),
                "most_probable": dict(self.answered_shares),
                "least_cost": dict(self.answered_by_cost),
                "largest_gap_of_expected": self.share_gap,
            },
            "lift_at_10pct_digital": self.lift,
            "cost_a_row": dict(self.cost),
        }

    def per_class(self) -> dict[str, dict[str, float]]:
        """Give precision, recall, F1 and rows of each class."""
        return {
            name: {
                **{part: self.metrics.get(f"{part}[{name}]", 0.0) for part in ("precision", "recall", "f1")},
                "rows": int(self.confusion[place].sum()),
            }
            for place, name in enumerate(self.classes)
        }


def scores(board: Leaderboard, costs: Costs) -> Scores:
    """Judge the champion on its held-out rows."""
    y, probabilities = board.held_out.y, board.held_out.predictions
    classes = tuple(str(label) for label in board.task.classes)
    served = np.asarray(answer_positions(board.champion.decision, probabilities), np.int64)
    answers = np.asarray(probabilities.argmax(axis=1), np.int64)
    cheap = costs.answers(probabilities)
    return Scores(
        rows=len(y),
        classes=classes,
        metrics=board.champion_metrics,
        confusion=np.asarray(confusion(y, served, len(classes)), np.int64),
        true_shares=_shares(y, classes),
        expected_shares=dict(zip(classes, probabilities.mean(axis=0).tolist(), strict=True)),
        answered_shares=_shares(answers, classes),
        lift=lift_at(y == classes.index(DIGITAL), probabilities[:, classes.index(DIGITAL)])
        if DIGITAL in classes
        else None,
        cost={"least_cost": costs.mean_cost(y, cheap), "most_probable": costs.mean_cost(y, answers)},
        answered_by_cost=_shares(cheap, classes),
    )


def lift_at(hits: npt.NDArray[np.bool_], score: Floats, share: float = TENTH) -> float:
    """Give the share of hits among the best-ranked rows over that among all; rows of equal score count alike.

    A ranking that stops among equal scores takes their mean: no order of them is better than another.
    """
    count = max(1, round(share * len(hits)))
    order = np.argsort(-score, kind="stable")
    edge = score[order[count - 1]]
    above, equal = score > edge, score == edge
    found = hits[above].sum() + (count - above.sum()) * hits[equal].mean()
    return float(found / count / hits.mean()) if hits.any() else float("nan")


def _shares(positions: Ints, classes: tuple[str, ...]) -> dict[str, float]:
    counts = np.bincount(positions, minlength=len(classes))
    return dict(zip(classes, (counts / max(1, counts.sum())).tolist(), strict=True))
