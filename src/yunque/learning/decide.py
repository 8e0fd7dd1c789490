"""From probabilities to an answer, and from a value to an interval, learnt on out-of-fold rows."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from yunque.kernel.form import FloatArray
from yunque.learning.answers import IntArray, answer_positions
from yunque.learning.conformal import measured_across, promised
from yunque.learning.decide_classes import class_factors, label_loss
from yunque.learning.decide_recall import recall_decision
from yunque.learning.decide_wish import DecisionWish
from yunque.learning.leaderboard import Decision
from yunque.learning.metrics import metric
from yunque.learning.scores.labels import confusion, predicted_positions
from yunque.learning.scores.ordinal import distances
from yunque.learning.task import Task, TaskKind

EVEN = 0.5
MOST_THRESHOLDS = 200
MOST_ROWS, MOST_ROWS_OF_MANY = 20_000, 10_000
BOOTSTRAPS = 50
PARTS = 5
DISTANCES = {"class_mae": 1, "quadratic_kappa": 2}  # metrics of ordered classes: power of the distance
CLEARLY = 2.0  # standard errors; with a factor per class one would often be chance


@dataclass(frozen=True, kw_only=True)
class DecisionRows:
    """Out-of-fold rows from which a decision is learnt.

    Attributes:
        y: (n,) class positions or values.
        predictions: (n, C) calibrated probabilities or (n, 1) values.
        weight: (n,) weights of rows, or None.
        parts: (n,) the fold that judged each row; a decision is tried on parts that it was not learnt from.
    """

    y: npt.NDArray[Any]
    predictions: FloatArray
    weight: FloatArray | None = None
    parts: IntArray | None = None

    def take(self, rows: npt.NDArray[Any]) -> "DecisionRows":
        """Give some of the rows, by mask or by place."""
        return DecisionRows(
            y=self.y[rows],
            predictions=self.predictions[rows],
            weight=None if self.weight is None else self.weight[rows],
            parts=None if self.parts is None else self.parts[rows],
        )

    def numbered(self, seed: int) -> IntArray:
        """Give the parts; fifths drawn at random where one fold judged all."""
        if self.parts is not None and len(np.unique(self.parts)) > 1:
            return self.parts
        return np.random.default_rng(seed).permutation(len(self.y)) % PARTS


@dataclass(frozen=True, kw_only=True)
class Decided:
    """A decision, and what is known of it.

    Attributes:
        fresh: (n,) each row's class by a decision that was learnt without the row's part; None where there
            are no classes, or there was no time.
        note: what was left out, in words; "" when nothing was.
    """

    decision: Decision
    fresh: IntArray | None = None
    note: str = ""


Learn = Callable[[DecisionRows], Decision]


def decide(
    task: Task,
    rows: DecisionRows,
    wish: DecisionWish,
    seed: int,
    out_of_time: Callable[[], bool] = lambda: False,
) -> Decided:
    """Learn how to answer, and the interval or set that holds the truth.

    Costs need no learning: with calibrated probabilities the cheapest answer is a matter of arithmetic
    (Elkan, IJCAI 2001). A threshold or factors for a metric of answers are taken only for a clear gain.

    Args:
        task: the question.
        rows: out of fold.
        wish: what was asked of the answers, and the coverage.
        seed: seeds every draw.
        out_of_time: asked between steps; once it says True what is there is given.
    """
    if not task.is_classification:
        return Decided(decision=_covered(Decision(), rows, wish, seed))
    learn, is_learnt = _learner(task, wish, seed, out_of_time)
    decision, note = learn(rows), ""
    fresh: IntArray | None = answer_positions(decision, rows.predictions)
    if is_learnt:
        fresh = _across(rows, learn, rows.numbered(seed), out_of_time)
    if fresh is None:
        note = "no time to try the decision on rows that it was not learnt from"
    elif is_learnt and task.kind is TaskKind.MULTICLASS and not wish.is_set:
        decision = decision if _is_clear_gain(task, rows, fresh, seed) else Decision()
        if decision == Decision():
            fresh = answer_positions(decision, rows.predictions)
    return Decided(decision=_covered(decision, rows, wish, seed), fresh=fresh, note=note)


def _learner(
    task: Task, wish: DecisionWish, seed: int, out_of_time: Callable[[], bool]
) -> tuple[Learn, bool]:
    """Give what turns rows into a decision, and whether it looks at their answers."""
    if wish.costs is not None:
        decision = cost_decision(task, wish.costs.matrix(task.classes))
        return lambda rows: decision, False  # noqa: ARG005
    if wish.recalls:
        places = [(wish.recall_place(name, task.classes), share) for name, share in wish.recalls]
        return lambda rows: recall_decision(task, rows.y, rows.predictions, rows.weight, places), True
    found = metric(task.metric, task.kind)
    if task.kind is TaskKind.BINARY:
        return (
            lambda rows: Decision(threshold=threshold(task, rows.y, rows.predictions, rows.weight, seed)),
            found.needs == "labels",
        )
    if found.needs != "labels":
        return lambda rows: Decision(), False  # noqa: ARG005
    if found.name in DISTANCES:
        return lambda rows: _ordinal(
            task, found.name, _some(rows, MOST_ROWS_OF_MANY, seed), out_of_time
        ), True

    def learn(rows: DecisionRows) -> Decision:
        some = _some(rows, MOST_ROWS_OF_MANY, seed)
        factors = class_factors(found, task, some.y, some.predictions, some.weight, out_of_time)
        return Decision(factors=tuple(factors.tolist()))

    return learn, True


def _ordinal(task: Task, name: str, rows: DecisionRows, out_of_time: Callable[[], bool]) -> Decision:
    """Answer with the number of least expected distance, or by factors, whichever these rows find better.

    Of a mean distance the former is the best answer there is; a kappa sets it against chance, and may not be.
    """
    apart, found = distances(task.classes, DISTANCES[name]), metric(name, task.kind)
    if apart is None:
        return Decision()
    factors = class_factors(found, task, rows.y, rows.predictions, rows.weight, out_of_time)
    tried = (
        Decision(costs=tuple(tuple(row) for row in apart.tolist())),
        Decision(factors=tuple(factors.tolist())),
    )

    def loss(decision: Decision) -> float:
        answers = answer_positions(decision, rows.predictions)
        return label_loss(found, task, confusion(rows.y, answers, len(task.classes), rows.weight))

    return min(tried, key=loss)


def _some(rows: DecisionRows, most: int, seed: int) -> DecisionRows:
    if len(rows.y) <= most:
        return rows
    return rows.take(np.sort(np.random.default_rng(seed).choice(len(rows.y), most, replace=False)))


def _across(
    rows: DecisionRows, learn: Learn, parts: IntArray, out_of_time: Callable[[], bool]
) -> IntArray | None:
    """Answer each part by what the others lead to; None when the time ends before."""
    answers = np.empty(len(rows.y), np.int64)
    for number in np.unique(parts):
        if out_of_time():
            return None
        mine = parts == number
        answers[mine] = answer_positions(learn(rows.take(~mine)), rows.predictions[mine])
    return answers


def _is_clear_gain(task: Task, rows: DecisionRows, fresh: IntArray, seed: int) -> bool:
    """Tell whether answers to rows not learnt from beat the most probable by over two standard errors."""
    found, plain = metric(task.metric, task.kind), predicted_positions(rows.predictions)
    count, rng = rows.predictions.shape[1], np.random.default_rng(seed)

    def gain(chosen: npt.NDArray[Any]) -> float:
        y, weight = rows.y[chosen], None if rows.weight is None else rows.weight[chosen]
        before, after = (
            label_loss(found, task, confusion(y, each[chosen], count, weight)) for each in (plain, fresh)
        )
        return before - after

    size = min(len(rows.y), MOST_ROWS_OF_MANY)
    gains = np.array([gain(rng.integers(0, len(rows.y), size)) for _ in range(BOOTSTRAPS)])
    error = float(gains.std(ddof=1)) * np.sqrt(size / len(rows.y))
    return bool(gain(np.arange(len(rows.y))) > CLEARLY * error)


def cost_decision(task: Task, costs: FloatArray) -> Decision:
    """Give the answer that costs least: a threshold for two classes, else the costs themselves, (C, C)."""
    if task.kind is TaskKind.BINARY:
        false_positive, false_negative = costs[0, 1] - costs[0, 0], costs[1, 0] - costs[1, 1]
        return Decision(threshold=float(false_positive / (false_positive + false_negative)))
    return Decision(costs=tuple(tuple(row) for row in costs.tolist()))


def _covered(decision: Decision, rows: DecisionRows, wish: DecisionWish, seed: int) -> Decision:
    learnt = promised(decision, rows.y, rows.predictions, wish.coverage)
    return measured_across(learnt, rows.y, rows.predictions, rows.numbered(seed))


def threshold(
    task: Task, y: npt.NDArray[Any], predictions: FloatArray, weight: FloatArray | None, seed: int
) -> float:
    """Give the probability from which the positive class is answered.

    It is 0.5, which is right for calibrated probabilities and equal costs, unless the deciding metric judges
    answers and another one is better by more than one standard error of the difference (bootstrap). Among
    thresholds that are as good as the best within a quarter of that error, the nearest to 0.5 is taken.
    """
    found = metric(task.metric, task.kind)
    if found.needs != "labels" or len(np.unique(y)) < 2:
        return EVEN
    rng = np.random.default_rng(seed)
    rows = np.arange(len(y))
    if len(y) > MOST_ROWS:
        rows = np.sort(rng.choice(rows, MOST_ROWS, replace=False))

    def loss(at: float, chosen: npt.NDArray[Any]) -> float:
        answers = predicted_positions(predictions[chosen], at)
        matrix = confusion(y[chosen], answers, 2, None if weight is None else weight[chosen])
        return label_loss(found, task, matrix)

    candidates = _candidates(predictions[rows, 1])
    losses = np.array([loss(at, rows) for at in candidates])
    best = float(candidates[int(np.argmin(losses))])
    gains = np.empty(BOOTSTRAPS)
    for number in range(BOOTSTRAPS):
        drawn = rng.choice(rows, len(rows))
        gains[number] = loss(EVEN, drawn) - loss(best, drawn)
    error = float(gains.std(ddof=1))
    if not loss(EVEN, rows) - losses.min() > error:
        return EVEN
    good = candidates[losses <= losses.min() + 0.25 * error]
    return float(good[np.argmin(np.abs(good - EVEN))])


def _candidates(scores: FloatArray) -> FloatArray:
    distinct = np.unique(scores)
    middles = (distinct[1:] + distinct[:-1]) / 2 if len(distinct) > 1 else np.array([EVEN])
    if len(middles) > MOST_THRESHOLDS:
        ranks = np.linspace(0, len(scores) - 1, MOST_THRESHOLDS + 2)[1:-1].round().astype(int)
        middles = np.unique(np.sort(scores)[ranks])
    return np.asarray(middles, dtype=np.float64)


def as_decided(task: Task, predictions: FloatArray, decision: Decision) -> FloatArray:
    """Give what the deciding metric should look at: the answers, as 0 and 1, when it judges answers."""
    if task.is_classification and metric(task.metric, task.kind).needs == "labels":
        return np.eye(task.n_outputs)[answer_positions(decision, predictions)]
    return predictions
