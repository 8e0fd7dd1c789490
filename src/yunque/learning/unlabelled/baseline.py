"""What an answer without a truth must beat: clusters of shuffled columns, and a ranking by chance."""

import math
from collections.abc import Callable

import numpy as np

from yunque.learning.leaderboard import Baseline
from yunque.learning.metrics import loss_of_score, metric
from yunque.learning.scores.structure import IntArray
from yunque.learning.task import Task, TaskKind
from yunque.learning.unlabelled.measure import Measured, measure_clusters
from yunque.learning.unlabelled.rows import Views, permuted
from yunque.learning.unlabelled.trial import Trial, attempt

PERMUTATIONS = 3


def baselines(
    task: Task, best: Trial, views: Views, truth: IntArray | None, more_time: Callable[[], bool]
) -> tuple[Baseline, ...]:
    """Give the baseline of the task, judged on the same rows.

    Args:
        task: the question.
        best: the candidate to be shipped.
        views: rows of the search.
        truth: positions of the label on the judging rows, or None.
        more_time: whether another permutation may begin; the first always does.
    """
    if task.kind is TaskKind.ANOMALY:
        return (_chance(task, len(views.judging), truth),)
    found: list[Measured] = []
    for number in range(PERMUTATIONS):
        if found and not more_time():
            break
        measured = _without_structure(task, best, views, number)
        if not measured.problem:
            found.append(measured)
    if not found:  # the same method finds nothing at all in shuffled columns
        return (_baseline(task, {"silhouette": 0.0, "stability": 0.0}, 0.0),)
    names = found[0].metrics.keys()
    metrics = {name: float(np.mean([each.metrics[name] for each in found])) for name in names}
    own = float(np.mean([each.errors.get(task.metric, math.nan) for each in found]))
    between = [each.metrics[task.metric] for each in found]
    spread = float(np.std(between, ddof=1) / math.sqrt(len(between))) if len(between) > 1 else 0.0
    return (_baseline(task, metrics, math.hypot(own, spread)),)


def _without_structure(task: Task, best: Trial, views: Views, number: int) -> Measured:
    """Try the same candidate on a table whose columns were shuffled one by one."""
    shuffled = Views(
        frame=permuted(views.frame, views.schema, views.seed + number),
        schema=views.schema,
        training=views.training,
        judging=views.judging,
        seed=views.seed,
        seconds=views.seconds,
        recipes=dict(views.recipes),
    )
    view = best.candidate.algorithm.view
    rows = (shuffled.fitted(view), shuffled.judged(view))
    trial = attempt(best.candidate, task, rows, views.seed + number, lambda: 0.0)
    if trial.state != "done":
        return Measured(problem=trial.reason)
    return measure_clusters(shuffled.judged("linear"), trial.outputs, trial.halves)


def _baseline(task: Task, metrics: dict[str, float], error: float) -> Baseline:
    found = metric(task.metric, task.kind)
    return Baseline(
        name="permuted_columns",
        column=None,
        loss=loss_of_score(found, metrics.get(task.metric, math.nan)),
        loss_error=error,
        metrics=metrics,
    )


def _chance(task: Task, rows: int, truth: IntArray | None) -> Baseline:
    """Give what a ranking by chance is worth: it agrees with none, and finds positives by their share."""
    metrics = {"agreement": 0.0, "stability": 0.0}
    known = None if truth is None else truth[truth >= 0]
    if known is not None and 0 < known.sum() < known.size:
        metrics |= {"label_roc_auc": 0.5, "label_pr_auc": float(known.mean())}
    found = metric(task.metric, task.kind)
    return Baseline(
        name="chance",
        column=None,
        loss=loss_of_score(found, metrics.get(task.metric, math.nan)),
        loss_error=1.0 / math.sqrt(max(1, rows - 1)),
        metrics=metrics,
    )
