"""The front door of learning without a target: a checked table and a budget in, a leaderboard out."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from yunque.errors import TrainingError
from yunque.learning.candidate import Candidate
from yunque.learning.leaderboard import Baseline, Champion, Entry, HeldOut, Leaderboard
from yunque.learning.ledger import Ledger, open_ledger
from yunque.learning.metrics import loss_of_score, metric
from yunque.learning.progress import Progress
from yunque.learning.scores.structure import IntArray
from yunque.learning.task import CLUSTER_OUTPUTS, TaskKind
from yunque.learning.unlabelled.baseline import baselines
from yunque.learning.unlabelled.candidates import candidates
from yunque.learning.unlabelled.final import build
from yunque.learning.unlabelled.influence import influence
from yunque.learning.unlabelled.label import label_positions
from yunque.learning.unlabelled.measure import (
    Measured,
    measure_clusters,
    measure_label,
    measure_scores,
    outputs_of_others,
)
from yunque.learning.unlabelled.record import plan_record, split_record
from yunque.learning.unlabelled.request import ExploreRequest
from yunque.learning.unlabelled.rows import Divided, Views, divide
from yunque.learning.unlabelled.task import ALONE, DECIDING
from yunque.learning.unlabelled.trial import HALVES, Trial, attempt

SEARCH_SHARE = 0.6  # of the budget; the rest proves, fits the winner on all rows and explains
PROOF_SHARE = 0.75
STATES = ("done", "dropped", "failed", "skipped")


@dataclass(frozen=True, kw_only=True)
class Judged:
    """A candidate with what was measured of it; `error` is the standard error of the loss, nan if unknown."""

    trial: Trial
    measured: Measured
    loss: float | None
    error: float

    @property
    def clusters(self) -> int:
        """Clusters that it found among the judging rows; 1 where none are asked for."""
        outputs = self.trial.outputs
        return len(np.unique(outputs[:, 0])) if outputs.shape[1] == CLUSTER_OUTPUTS else 1


def explore(request: ExploreRequest) -> Leaderboard:
    """Find what is unusual, or what belongs together, and say how far that can be believed.

    Raises:
        DataError: too few rows, or a label that cannot judge.
        UsageError: more clusters than rows, or an algorithm that does not answer the task.
        TrainingError: no candidate could be fitted.
    """
    with threadpool_limits(limits=1, user_api="blas"):
        return _explore(request)


def _explore(request: ExploreRequest) -> Leaderboard:
    task, wish, seed = request.task, request.wish, request.seed
    ledger = open_ledger(request.budget, started=request.budget.clock(), refits=True)
    truth = label_positions(request.frame, task, wish.label)
    divided = divide(
        request.frame, request.schema, task, seconds=request.budget.seconds, seed=seed, clusters=wish.clusters
    )
    views = _views(request, divided.training, divided.judging)
    own_truth = None if truth is None else truth[divided.judging]
    planned = candidates(task, request.algorithms, wish.clusters, len(divided.training))
    ledger.mark("prepare")
    trials = _search(request, planned, views, ledger)
    request = _alone(request, trials)
    task = request.task
    judged = _judged(request, views, trials, own_truth)
    best = _best(judged, planned)
    judged = [best, *(each for each in judged if each is not best)]
    ledger.mark("search")
    _tell(request, ledger, "baselines", "Trying the same on shuffled columns", (len(judged), best.trial.name))
    found = baselines(task, best.trial, views, own_truth, lambda: _before(ledger, PROOF_SHARE))
    ledger.mark("baselines")
    _tell(request, ledger, "refit", "Fitting the winner on all rows", (len(judged), best.trial.name))
    all_rows = _views(request, divided.usable, divided.judging)
    champion, facts = build(best.trial.candidate, task, all_rows, wish.contamination)
    ledger.mark("refit")
    important, left_out = influence(task, best.trial, views, lambda: _before(ledger, 0.95))
    notes = [*divided.notes]
    notes += [f"no time for the influence of {len(left_out)} columns"] if left_out else []
    ledger.mark("explain")
    facts |= {"notes": notes}
    board = _board(request, judged, best, (champion, found, important), (divided, facts))
    ledger.mark("finish")
    _tell(request, ledger, "done", "Done", (len(judged), best.trial.name))
    return replace(board, timings=ledger.timings())


def _views(request: ExploreRequest, training: IntArray, judging: IntArray) -> Views:
    return Views(
        frame=request.frame,
        schema=request.schema,
        training=training,
        judging=judging,
        seed=request.seed,
        seconds=request.budget.seconds,
    )


def _before(ledger: Ledger, share: float) -> bool:
    return ledger.elapsed() < share * ledger.seconds


def _search(
    request: ExploreRequest, planned: Sequence[Candidate], views: Views, ledger: Ledger
) -> list[Trial]:
    """Try the candidates one after another; what does not fit into the time is left out with that reason."""
    trials: list[Trial] = []
    for candidate in planned:
        view = candidate.algorithm.view
        rows, columns = views.fitted(view).x.shape
        outputs = int(candidate.params.get("n_clusters", candidate.params.get("n_components", 4)))
        expected = candidate.algorithm.cost(rows, columns, max(1, outputs)) * (1 + HALVES / 2)
        late = ledger.elapsed() + expected > SEARCH_SHARE * ledger.seconds or request.cancelled()
        if late and any(trial.state == "done" for trial in trials):
            trials.append(Trial(candidate=candidate, state="skipped", reason="no time was left for it"))
            continue
        _tell(request, ledger, "search", f"Fitting {candidate.name}", (len(trials), ""), len(planned))
        matrices = (views.fitted(view), views.judged(view))
        trials.append(attempt(candidate, request.task, matrices, request.seed, ledger.clock))
    return trials


def _alone(request: ExploreRequest, trials: Sequence[Trial]) -> ExploreRequest:
    """Judge by stability where only one learner is left to agree with itself."""
    learners = {trial.candidate.algorithm.name for trial in trials if trial.state == "done"}
    if request.task.metric != DECIDING[TaskKind.ANOMALY] or len(learners) > 1:
        return request
    reason = f"{request.task.reason}; only one learner could be fitted, so its stability decides"
    return replace(request, task=replace(request.task, metric=ALONE, reason=reason))


def _judged(
    request: ExploreRequest, views: Views, trials: Sequence[Trial], truth: IntArray | None
) -> list[Judged]:
    found = metric(request.task.metric, request.task.kind)
    judged = []
    for trial in trials:
        measured = Measured()
        if trial.state == "done":
            if request.task.kind is TaskKind.CLUSTERS:
                measured = measure_clusters(views.judged("linear"), trial.outputs, trial.halves)
            else:
                others = outputs_of_others(trial, trials)
                share = request.wish.contamination
                measured = measure_scores(trial.outputs, trial.halves, others, share)
            measured.metrics.update(measure_label(trial.outputs, truth))
        score = measured.metrics.get(found.name)
        loss = None if score is None or measured.problem else loss_of_score(found, score)
        error = measured.errors.get(found.name, math.nan)
        judged.append(Judged(trial=trial, measured=measured, loss=loss, error=error))
    return sorted(judged, key=_place)


def _place(judged: Judged) -> tuple[int, float]:
    """Rank the usable by loss; then those whose measure is not known, then the others by state."""
    state = STATES.index(_state(judged))
    return state, math.inf if judged.loss is None else judged.loss


def _state(judged: Judged) -> str:
    return "dropped" if judged.measured.problem else judged.trial.state


def _best(judged: Sequence[Judged], planned: Sequence[Candidate]) -> Judged:
    """Give the simplest of those that are as good as the best but for one standard error.

    Simple is what finds fewer clusters, then what is planned earlier.

    Raises:
        TrainingError: nothing could be fitted, or no measure is known of what was.
    """
    usable = [each for each in judged if each.trial.state == "done"]
    if not usable:
        reasons = "; ".join(f"{each.trial.name}: {each.trial.reason}" for each in judged)
        raise TrainingError(f"No candidate could be fitted. {reasons}", hint="Check the table's columns.")
    first = usable[0]
    if first.loss is None:
        reasons = "; ".join(f"{each.trial.name}: {each.measured.problem or 'not judged'}" for each in usable)
        raise TrainingError(
            f"Nothing was found in these columns. {reasons}.",
            hint="Columns that hardly vary, or a single group of rows, have no structure to learn.",
        )
    error = first.error if math.isfinite(first.error) else 0.0
    near = [each for each in usable if each.loss is not None and each.loss <= first.loss + error]
    place = {candidate.name: number for number, candidate in enumerate(planned)}
    return min(near, key=lambda each: (each.clusters, place[each.trial.name]))


def _board(
    request: ExploreRequest,
    judged: Sequence[Judged],
    best: Judged,
    made: tuple[Champion, tuple[Baseline, ...], Mapping[str, float]],
    told: tuple[Divided, dict[str, Any]],
) -> Leaderboard:
    champion, found, important = made
    divided, facts = told
    outputs = best.trial.outputs
    held = HeldOut(
        kind="out_of_fold",
        rows=divided.judging,
        y=np.zeros(len(divided.judging)),
        predictions=outputs,
        uncalibrated=outputs,
    )
    return Leaderboard(
        task=request.task,
        entries=tuple(_entry(each, best) for each in judged),
        baselines=found,
        champion=champion,
        champion_metrics=best.measured.metrics,
        champion_loss=math.nan if best.loss is None else best.loss,
        champion_loss_error=best.error,
        held_out=held,
        importance=important,
        alarms=(),
        split=split_record(divided),
        plan=plan_record(request, [each.trial for each in judged], best.trial, facts),
        timings={},
        seed=request.seed,
    )


def _entry(judged: Judged, best: Judged) -> Entry:
    trial = judged.trial
    return Entry(
        name=trial.name,
        algorithm=trial.candidate.algorithm.name,
        family=trial.candidate.family,
        params=dict(trial.candidate.params),
        state=_state(judged),  # type: ignore[arg-type]  # one of STATES
        reason=judged.measured.problem or trial.reason,
        loss=judged.loss,
        loss_error=None if math.isnan(judged.error) else judged.error,
        metrics=judged.measured.metrics,
        fold_losses=() if judged.loss is None else (judged.loss,),
        weight=1.0 if judged is best else 0.0,
        fit_seconds=trial.fit_seconds,
        microseconds_per_row=trial.microseconds,
        rounds=trial.rounds,
    )


def _tell(
    request: ExploreRequest, ledger: Ledger, stage: str, message: str, done: tuple[int, str], total: int = 0
) -> None:
    request.on_progress(
        Progress(
            stage=stage,
            done=done[0],
            total=max(total, done[0]),
            best=done[1],
            best_loss=None,
            baseline_loss=None,
            message=message,
            seconds_left=max(0.0, ledger.left()),
        )
    )
