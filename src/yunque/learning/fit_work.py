"""One fit of the race as its thread makes it: from memory, here, or in a process of its own."""

from dataclasses import replace
from importlib import import_module

from yunque.learning.arena import Arena
from yunque.learning.fold_data import Encoded
from yunque.learning.fold_fit import FitJob, FoldResult, fit_request, run_fit
from yunque.learning.fold_memory import FoldMemory, fold_facts, read_fold, write_fold
from yunque.learning.freed_memory import give_back_freed
from yunque.learning.outside import Outside, fit_there

WORTH_A_TRIM = 1.0  # seconds that a fit took, above which the hundredths for it do not matter


def work(arena: Arena, job: FitJob) -> FoldResult:
    """Make a fit, or give it back from the memory of a run that was lost.

    Where the members will be trained again, a fit of a fold keeps its form and its predictions alone.
    """
    result = _made(arena, job)
    if arena.wants_all_rows:
        result = replace(result, fitted=replace(result.fitted, native=None))
    if result.fitted.native is None and result.fit_seconds > WORTH_A_TRIM:
        give_back_freed()  # thousands of small arrays
    return result


def _made(arena: Arena, job: FitJob) -> FoldResult:
    if arena.memory is None:
        return _fit(arena, job)
    facts = fold_facts(job, arena.split)
    piece = arena.memory.load(facts)
    known = None if piece is None else read_fold(job, piece)
    if known is not None:
        arena.data.get(job.candidate.algorithm.view, job.fold)  # its recipe is shipped with the form
        return known
    result = _noted(arena, job, arena.memory, facts)
    if arena.memory.is_worth(result.seconds):
        arena.memory.save(facts, write_fold(job, result))
    return result


def _noted(arena: Arena, job: FitJob, memory: FoldMemory, facts: dict[str, object]) -> FoldResult:
    memory.begin(facts)
    try:
        return _fit(arena, job)
    finally:
        memory.end(facts)


def _fit(arena: Arena, job: FitJob) -> FoldResult:
    encoded = arena.data.get(job.candidate.algorithm.view, job.fold)
    fleet = None if job.candidate.is_reference else arena.fleet  # whatever happens, something can be served
    where = fleet or (arena.outside if job.is_outside else None)
    if where is not None:
        return _fit_outside(arena, job, encoded, where)
    for library in job.candidate.algorithm.requires:
        import_module(library)  # a second or more the first time, which is not the fit's fault
    prepare = job.candidate.algorithm.prepare
    if prepare is not None and not job.candidate.most_rows:
        prepare(fit_request(job, encoded))
    clock = arena.ledger.clock
    deadline = min(clock() + arena.limit(job.candidate), arena.ledger.search_end)
    key = (job.name, job.fold)

    def should_stop() -> bool:
        return clock() >= deadline or key in arena.halted or arena.cancelled()

    return run_fit(replace(job, should_stop=should_stop), encoded, clock)


def _fit_outside(arena: Arena, job: FitJob, encoded: Encoded, outside: Outside) -> FoldResult:
    """Make a fit in a process of its own, whose start does not count as time of the fit."""
    clock, deadline = arena.ledger.clock, arena.ledger.search_end

    def should_stop(has_begun: bool) -> bool:
        nonlocal deadline
        now = clock()
        if has_begun:
            deadline = min(deadline, now + arena.limit(job.candidate))
        return now >= deadline or arena.cancelled()

    return fit_there(outside, job, encoded, should_stop)
