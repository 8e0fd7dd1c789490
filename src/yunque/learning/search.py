"""Run the race: start fits while there is time, note what ends, abandon what hangs."""

import numpy as np

from yunque.errors import YunqueError
from yunque.learning.admission import over_limit, too_large
from yunque.learning.arena import Arena
from yunque.learning.candidate import Candidate
from yunque.learning.fit_work import work
from yunque.learning.fold_fit import FitJob, FoldResult
from yunque.learning.judge import Judged
from yunque.learning.memory_limit import in_words
from yunque.learning.race import SAFETY, Standing, drop_hopeless, next_fit, shed
from yunque.learning.workers import Finished, Workers

__all__ = ["Arena", "close", "enter", "reason_of", "run", "run_references"]

GRACE_SECONDS = 0.7  # a fit that has not ended this long after the search is left behind
PATIENCE_SECONDS = 5.0  # and earlier, when it is this much and three slots after its own deadline
REASON_LENGTH = 300


FitWorkers = Workers[FitJob, FoldResult]


def enter(candidates: tuple[Candidate, ...]) -> dict[str, Standing]:
    """Give the candidates at the start of the race, in order."""
    return {each.name: Standing(candidate=each) for each in candidates}


def run_references(arena: Arena, standings: dict[str, Standing]) -> None:
    """Fit the references on the first fold, here and now: whatever happens later, something can be served."""
    for standing in standings.values():
        if standing.candidate.is_reference:
            job = FitJob(candidate=standing.candidate, fold=0, task=arena.task, seed=arena.seed)
            _note(arena, standings, Finished(job=job, outcome=work(arena, job)))


def run(arena: Arena, standings: dict[str, Standing]) -> None:
    """Fit candidates on folds until all is done, the search's time is over, or someone cancels."""
    workers: FitWorkers = Workers(max(1, arena.threads))
    while not arena.cancelled():
        while workers.has_room and _start_one(arena, standings, workers):
            pass
        if not workers.running:
            break
        finished = workers.wait(arena.poll_seconds)
        if finished is not None:
            _note(arena, standings, finished)
            arena.on_step(standings)
        _abandon_late(arena, standings, workers)
        _halt_largest(arena, workers)
    for job in workers.running:
        _leave_behind(standings[job.name], job, 0.0, workers)


def close(arena: Arena, standings: dict[str, Standing]) -> None:
    """Give everybody who is still in the race a state and a reason."""
    why = "cancelled" if arena.cancelled() else "the time of the search was over"
    folds = len(arena.split.folds)
    for standing in standings.values():
        if standing.state is None and standing.losses:
            standing.leave("done", f"{standing.reach} of {folds} folds: {why}")
        elif standing.state is None:
            standing.leave("skipped", f"not started: {why}")


def _start_one(arena: Arena, standings: dict[str, Standing], workers: FitWorkers) -> bool:
    left = arena.ledger.search_end - arena.ledger.clock()
    choices = next_fit(standings, arena.folds)
    for standing, fold in choices:
        if not _is_admitted(arena, standings, standing, left) or not _has_room(
            arena, standing, fold, workers
        ):
            continue
        job = arena.job(standing.candidate, fold)
        standing.running.add(fold)
        workers.start(job, lambda job: work(arena, job))
        return True
    if choices or left <= 0:
        return False
    extra = arena.more(standings)
    if extra is None or extra.name in standings:
        return False
    standings[extra.name] = Standing(candidate=extra)
    return True


def _has_room(arena: Arena, standing: Standing, fold: int, workers: FitWorkers) -> bool:
    """Tell whether a fit has memory now; one that would not have it alone leaves the race.

    Matrices that are kept for later fits make room first.
    """
    limit, needed = arena.memory_limit, arena.needs(standing.candidate, fold)
    if limit is None or arena.has_room(needed, workers.running):
        return True
    if workers.running:
        return False  # it waits for what runs
    arena.data.forget_all()
    needed = arena.needs(standing.candidate, fold)
    if arena.has_room(needed, ()):
        return True
    standing.leave("dropped" if standing.losses else "skipped", too_large(limit, needed))
    return False


def _is_admitted(arena: Arena, standings: dict[str, Standing], standing: Standing, left: float) -> bool:
    """Tell whether a fit has time to end: a first one may be cut short, later ones should match the first."""
    if standing.candidate.is_anchor and not standing.losses:
        return left > -arena.ledger.reserve / 2
    if left <= 0:
        return False
    expected = standing.fold_seconds
    if expected is not None:
        return SAFETY * expected <= left
    return expected_seconds(arena, standings, standing.candidate) <= 2.0 * left


def expected_seconds(arena: Arena, standings: dict[str, Standing], candidate: Candidate) -> float:
    """Give the seconds one fit should take: the family's own estimate, corrected by its finished fits."""
    shape = _shape(arena, candidate)
    guess = candidate.algorithm.cost(*shape)
    ratios = [
        (standing.fold_seconds or 0.0) / max(1e-9, standing.candidate.algorithm.cost(*shape))
        for standing in standings.values()
        if standing.results and standing.candidate.family == candidate.family
    ]
    corrected = guess * (float(np.median(ratios)) if ratios else 1.0)
    return min(corrected, arena.limit(candidate)) if candidate.algorithm.stops else corrected


def _shape(arena: Arena, candidate: Candidate) -> tuple[int, int, int]:
    rows = len(arena.split.folds[0].train)
    if candidate.most_rows:
        rows = min(rows, candidate.most_rows)
    return rows, max(1, len(arena.table.schema.features)), arena.task.n_outputs


def _note(arena: Arena, standings: dict[str, Standing], finished: Finished[FitJob, FoldResult]) -> None:
    job = finished.job
    standing = standings[job.name]
    standing.running.discard(job.fold)
    if finished.outcome is None or (job.name, job.fold) in arena.halted:
        if standing.state is None:
            standing.leave("failed", _halted(arena, job) or reason_of(finished.error))
        return
    valid = arena.split.folds[job.fold].valid
    weight = None if arena.table.weight is None else arena.table.weight[valid]
    judged = Judged(task=arena.task, y=arena.table.y[valid], weight=weight)
    standing.results[job.fold] = finished.outcome
    standing.losses[job.fold] = judged.loss(finished.outcome.predictions)
    folds = len(arena.split.folds)
    if standing.reach >= folds and standing.state is None:
        standing.leave("done", "")
    if arena.folds < folds:
        return
    left = arena.ledger.search_end - arena.ledger.clock()
    drop_hopeless(standings)
    shed(standings, folds, left, arena.threads)


def reason_of(error: BaseException | None) -> str:
    """Say in one bounded line why a fit failed."""
    told = error.message if isinstance(error, YunqueError) else f"{type(error).__name__}: {error}"
    text = told.replace("\n", " ")
    return text if len(text) <= REASON_LENGTH else text[:REASON_LENGTH] + "…"


def _abandon_late(arena: Arena, standings: dict[str, Standing], workers: FitWorkers) -> None:
    """Leave fits behind that ignore their deadline."""
    now = arena.ledger.clock()
    for job in workers.running:
        late = now - job.deadline
        slot = arena.limit(job.candidate)
        over = now > arena.ledger.search_end + GRACE_SECONDS
        if over or (not job.is_outside and late > PATIENCE_SECONDS + 3.0 * slot):
            _leave_behind(standings[job.name], job, late, workers)


def _leave_behind(standing: Standing, job: FitJob, late: float, workers: FitWorkers) -> None:
    workers.abandon(job)
    standing.running.discard(job.fold)
    if standing.state is None and not standing.losses:
        standing.leave("failed", f"fold {job.fold} did not end; left behind {late:.1f} s after its deadline")


def _halt_largest(arena: Arena, workers: FitWorkers) -> None:
    """Ask the largest fit to stop when the process holds more than it may; one at a time."""
    if any((job.name, job.fold) in arena.halted for job in workers.running):
        return
    job = over_limit(arena.memory_limit, workers.running)
    if job is not None:
        arena.halted.add((job.name, job.fold))


def _halted(arena: Arena, job: FitJob) -> str:
    if (job.name, job.fold) not in arena.halted or arena.memory_limit is None:
        return ""
    return (
        f"stopped on fold {job.fold}: the run held more than its {in_words(arena.memory_limit.limit_bytes)} "
        f"of memory; the fit was expected to need {in_words(job.needs)}"
    )
