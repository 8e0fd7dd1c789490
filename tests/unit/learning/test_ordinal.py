"""Classes that are ordered numbers: their metrics, and answers that know that 4 is nearer to 5 than to 9."""

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score

from yunque.learning.answers import answer_positions
from yunque.learning.decide import DecisionRows, decide
from yunque.learning.decide_wish import DecisionWish
from yunque.learning.metrics import evaluate_all, metric
from yunque.learning.task import Task, TaskKind

CLASSES = (3, 4, 5, 7)


def grades(metric_name: str) -> Task:
    return Task(kind=TaskKind.MULTICLASS, target="grade", classes=CLASSES, metric=metric_name)


def ordered(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Draw calibrated probabilities around a hidden amount, wide enough for the mode to be a bold answer."""
    rng = np.random.default_rng(seed)
    middle = rng.uniform(2.5, 7.5, (n, 1))
    p = np.exp(-0.5 * ((np.array(CLASSES) - middle) / 1.6) ** 2) * np.array([1.0, 0.6, 0.9, 1.3])
    p /= p.sum(axis=1, keepdims=True)
    return (rng.random((n, 1)) > p.cumsum(axis=1)).sum(axis=1), p


def test_the_metrics_are_those_of_the_textbooks() -> None:
    y, p = ordered(500, 0)
    found = evaluate_all(grades("log_loss"), y, p)
    values, answers = np.array(CLASSES), p.argmax(axis=1)
    assert found["class_mae"] == pytest.approx(np.abs(values[y] - values[answers]).mean())
    even = Task(kind=TaskKind.MULTICLASS, target="g", classes=(1, 2, 3, 4), metric="log_loss")
    kappa = cohen_kappa_score(y, answers, weights="quadratic")  # takes classes as evenly spaced
    assert evaluate_all(even, y, p)["quadratic_kappa"] == pytest.approx(kappa)
    assert metric("qwk").name == "quadratic_kappa"


@pytest.mark.parametrize("classes", [("a", "b", "c", "d"), (True, False)])
def test_words_and_two_classes_have_no_distance(classes: tuple[str | bool, ...]) -> None:
    kind = TaskKind.MULTICLASS if len(classes) > 2 else TaskKind.BINARY
    y, p = ordered(100, 0)
    p = p[:, : len(classes)] / p[:, : len(classes)].sum(axis=1, keepdims=True)
    task = Task(kind=kind, target="t", classes=classes, metric="log_loss")
    found = evaluate_all(task, y % len(classes), p)
    assert "quadratic_kappa" not in found and "class_mae" not in found


@pytest.mark.parametrize("name", ["class_mae", "quadratic_kappa"])
def test_answers_that_know_the_order_are_taken_where_they_help_on_fresh_rows(name: str) -> None:
    task = grades(name)
    y, p = ordered(3_000, 1)
    decided = decide(task, DecisionRows(y=y, predictions=p, parts=np.arange(3_000) % 5), DecisionWish(), 0)
    assert name == "quadratic_kappa" or decided.decision.costs is not None
    y, p = ordered(3_000, 2)
    before = evaluate_all(task, y, p)[name]
    after = evaluate_all(task, y, p, answers=answer_positions(decided.decision, p))[name]
    assert after < before if name == "class_mae" else after > before - 0.01
