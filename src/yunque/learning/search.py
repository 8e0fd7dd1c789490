"""Run the race: start fits while there is time, note what ends, abandon what hangs."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib import import_module

import numpy as np

from yunque.learning.candidate import Candidate
from yunque.learning.fold_data import FoldData, Table
from yunque.learning.fold_fit import FitJob, FoldResult, fit_request, run_fit
from yunque.learning.fold_memory import FoldMemory, fold_facts, read_fold, write_fold
from yunque.learning.judge import Judged
from yunque.learning.ledger import Ledger
from yunque.learning.race import SAFETY, Standing, drop_hopeless, next_fit, shed
from yunque.learning.splits import Split
from yunque.learning.task import Task
from yunque.learning.workers import Finished, Workers

POLL_SECONDS = 0.05
GRACE_SECONDS = 0.7  # a fit that has not ended this long after the search is left behind
PATIENCE_SECONDS = 5.0  # and earlier, when it is this much and three slots after its own deadline
REASON_LENGTH = 300


@dataclass(frozen=True, kw_only=True)
class Arena:
    """What a search works with.

    Attributes:
        slot: seconds that one fit of an ordinary candidate may take before it is cut.
        longest: seconds that no fit may exceed, so that it can be made again at the end.
        folds: number of folds to run.
        cancelled: asked often; True means stop and keep what is there.
        on_step: called after every finished fit with the standings.
        more: gives another candidate when all have run and there is time left, or None.
        memory: finished fits of a run that was lost.
    """

    task: Task
    table: Table
    split: Split
    data: FoldData
    ledger: Ledger
    seed: int
    threads: int
    slot: float
    longest: float
    folds: int
    cancelled: Callable[[], bool]
    on_step: Callable[[dict[str, Standing]], None]
    more: Callable[[dict[str, Standing]], Candidate | None] = lambda standings: None  # noqa: ARG005
    memory: FoldMemory | None = None

    def limit(self, candidate: Candidate) -> float:
        """Give the seconds that one fit of a candidate may take."""
        return min(self.slot * candidate.share, self.longest)


FitWorkers = Workers[FitJob, FoldResult]


def enter(candidates: tuple[Candidate, ...]) -> dict[str, Standing]:
    """Give the candidates at the start of the race, in order."""
    return {each.name: Standing(candidate=each) for each in candidates}


def run_references(arena: Arena, standings: dict[str, Standing]) -> None:
    """Fit the references on the first fold, here and now: whatever happens later, something can be served."""
    for standing in standings.values():
        if standing.candidate.is_reference:
            job = FitJob(candidate=standing.candidate, fold=0, task=arena.task, seed=arena.seed)
            _note(arena, standings, Finished(job=job, outcome=_work(arena, job)))


def run(arena: Arena, standings: dict[str, Standing]) -> None:
    """Fit candidates on folds until all is done, the search's time is over, or someone cancels."""
    workers: FitWorkers = Workers(max(1, arena.threads))
    while not arena.cancelled():
        while workers.has_room and _start_one(arena, standings, workers):
            pass
        if not workers.running:
            break
        finished = workers.wait(POLL_SECONDS)
        if finished is not None:
            _note(arena, standings, finished)
            arena.on_step(standings)
        _abandon_late(arena, standings, workers)
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
        if not _is_admitted(arena, standings, standing, left):
            continue
        deadline = min(arena.ledger.clock() + arena.limit(standing.candidate), arena.ledger.search_end)
        job = FitJob(
            candidate=standing.candidate, fold=fold, task=arena.task, seed=arena.seed, deadline=deadline
        )
        standing.running.add(fold)
        workers.start(job, lambda job: _work(arena, job))
        return True
    if choices or left <= 0:
        return False
    extra = arena.more(standings)
    if extra is None or extra.name in standings:
        return False
    standings[extra.name] = Standing(candidate=extra)
    return True


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


def _work(arena: Arena, job: FitJob) -> FoldResult:
    if arena.memory is None:
        return _fit(arena, job)
    facts = fold_facts(job, arena.split)
    piece = arena.memory.load(facts)
    known = None if piece is None else read_fold(job, piece)
    if known is not None:
        arena.data.get(job.candidate.algorithm.view, job.fold)  # its recipe is shipped with the form
        return known
    result = _fit(arena, job)
    arena.memory.save(facts, write_fold(job, result))
    return result


def _fit(arena: Arena, job: FitJob) -> FoldResult:
    encoded = arena.data.get(job.candidate.algorithm.view, job.fold)
    for library in job.candidate.algorithm.requires:
        import_module(library)  # a second or more the first time, which is not the fit's fault
    prepare = job.candidate.algorithm.prepare
    if prepare is not None and not job.candidate.most_rows:
        prepare(fit_request(job, encoded))
    clock = arena.ledger.clock
    deadline = min(clock() + arena.limit(job.candidate), arena.ledger.search_end)

    def should_stop() -> bool:
        return clock() >= deadline or arena.cancelled()

    return run_fit(replace(job, should_stop=should_stop), encoded, clock)


def _note(arena: Arena, standings: dict[str, Standing], finished: Finished[FitJob, FoldResult]) -> None:
    job = finished.job
    standing = standings[job.name]
    standing.running.discard(job.fold)
    if finished.outcome is None:
        if standing.state is None:
            standing.leave("failed", reason_of(finished.error))
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
    text = f"{type(error).__name__}: {error}".replace("\n", " ")
    return text if len(text) <= REASON_LENGTH else text[:REASON_LENGTH] + "…"


def _abandon_late(arena: Arena, standings: dict[str, Standing], workers: FitWorkers) -> None:
    """Leave fits behind that ignore their deadline."""
    now = arena.ledger.clock()
    for job in workers.running:
        late = now - job.deadline
        slot = arena.limit(job.candidate)
        over = now > arena.ledger.search_end + GRACE_SECONDS
        if over or late > PATIENCE_SECONDS + 3.0 * slot:
            _leave_behind(standings[job.name], job, late, workers)


def _leave_behind(standing: Standing, job: FitJob, late: float, workers: FitWorkers) -> None:
    workers.abandon(job)
    standing.running.discard(job.fold)
    if standing.state is None and not standing.losses:
        standing.leave("failed", f"fold {job.fold} did not end; left behind {late:.1f} s after its deadline")
