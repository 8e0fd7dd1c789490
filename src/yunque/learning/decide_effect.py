"""What a decision changes on held-out rows: each number with the plain answer, and with the decided one."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from yunque.kernel.form import FloatArray
from yunque.learning.answers import IntArray
from yunque.learning.decide_classes import label_loss
from yunque.learning.decide_costs import label_text
from yunque.learning.decide_wish import DecisionWish
from yunque.learning.metrics import metric, score_of_loss
from yunque.learning.scores import labels
from yunque.learning.task import Task

EVERY = ("accuracy", "balanced_accuracy", "f1_macro")
MEAN_COST = "mean_cost"


@dataclass(frozen=True, kw_only=True)
class Effect:
    """One number before and after: of a metric, "recall[class]", "precision[class]" or "mean_cost"."""

    measure: str
    before: float
    after: float


def effects(
    task: Task,
    wish: DecisionWish,
    y: npt.NDArray[Any],
    answers: tuple[IntArray, IntArray],
    weight: FloatArray | None,
) -> tuple[Effect, ...]:
    """Compare the answers before and after on the same rows, what was asked for first.

    Args:
        task: the question.
        wish: what was asked of the answers.
        y: (n,) class positions.
        answers: (n,) positions answered by the most probable class, and by the decision.
        weight: (n,) weights of rows, or None.
    """
    count = len(task.classes)
    pair = [labels.confusion(y, each, count, weight) for each in answers]
    found: list[Effect] = []
    if wish.costs is not None:
        costs = wish.costs.matrix(task.classes)
        found.append(_effect(MEAN_COST, [float((m * costs).sum() / m.sum()) for m in pair]))
    for name, _ in wish.recalls:
        place = wish.recall_place(name, task.classes)
        for part, by_class in (("recall", labels.recall_by_class), ("precision", labels.precision_by_class)):
            measure = f"{part}[{label_text(task.classes[place])}]"
            found.append(_effect(measure, [float(by_class(m)[place]) for m in pair]))
    decides = metric(task.metric, task.kind)
    names = [decides.name] if decides.needs == "labels" else []
    for name in dict.fromkeys((*names, *EVERY)):
        each = metric(name, task.kind)
        found.append(_effect(name, [score_of_loss(each, label_loss(each, task, m)) for m in pair]))
    return tuple(effect for effect in found if np.isfinite([effect.before, effect.after]).all())


def _effect(measure: str, pair: list[float]) -> Effect:
    return Effect(measure=measure, before=pair[0], after=pair[1])
