"""The lines of the leaderboard: every candidate, best first, with what became of it."""

from collections.abc import Mapping

import numpy as np

from yunque.learning.blending import Blended
from yunque.learning.judge import Judged
from yunque.learning.leaderboard import Entry, State
from yunque.learning.metrics import evaluate_all, loss_error, metric
from yunque.learning.race import Standing
from yunque.learning.task import Task

MOST_NUMBERS = 1_000_000  # predictions looked at per candidate for its list of metrics
ORDER = {"done": 0, "dropped": 1, "failed": 2, "skipped": 3}


def rank(task: Task, standings: Mapping[str, Standing], blended: Blended, seed: int) -> tuple[Entry, ...]:
    """Give the entries: done before dropped before failed before skipped, best first."""
    entries = [_entry(task, standing, blended, seed) for standing in standings.values()]
    return tuple(
        sorted(entries, key=lambda e: (ORDER[e.state], np.inf if e.loss is None else e.loss, e.name))
    )


def _entry(task: Task, standing: Standing, blended: Blended, seed: int) -> Entry:
    results = standing.results.values()
    loss, error, metrics = None, None, {}
    state: State = standing.state or "skipped"
    predictions = blended.oof.predictions.get(standing.name)
    if predictions is None and state == "done":
        state = "dropped"  # it finished fewer folds than those on which candidates are compared
    if predictions is not None and state == "dropped":
        state = "done"  # it left the race early, but finished the folds on which candidates are compared
    if predictions is not None and state == "done":
        judged = Judged(task=task, y=blended.oof.y, weight=blended.oof.weight)
        loss = judged.loss(predictions)
        most = max(1_000, MOST_NUMBERS // task.n_outputs)
        if len(judged.y) > most:
            rows = np.sort(np.random.default_rng(seed).choice(len(judged.y), most, replace=False))
            judged, predictions = judged.take(rows), predictions[rows]
        error = loss_error(metric(task.metric, task.kind), task, judged.y, predictions, seed)
        metrics = evaluate_all(task, judged.y, predictions, weight=judged.weight)
    costs = [result.microseconds_per_row for result in results]
    return Entry(
        name=standing.name,
        algorithm=standing.candidate.algorithm.name,
        family=standing.candidate.family,
        params=dict(standing.candidate.params),
        state=state,
        reason=standing.reason,
        loss=loss,
        loss_error=error,
        metrics=metrics,
        fold_losses=standing.in_order,
        weight=blended.mixture.weights.get(standing.name, 0.0),
        fit_seconds=standing.seconds,
        microseconds_per_row=float(np.median(costs)) if costs else None,
        rounds=round(float(np.mean([result.rounds for result in results]))) if results else 0,
    )
