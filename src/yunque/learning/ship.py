"""The champion's members: the models of the folds side by side, or models trained again on all rows."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from yunque.features.recipe import Recipe
from yunque.kernel.blend import Blend, Member
from yunque.learning.candidate import Candidate
from yunque.learning.fold_data import ALL_ROWS, FoldData
from yunque.learning.fold_fit import FitJob, FoldResult, run_fit
from yunque.learning.fold_memory import FoldMemory
from yunque.learning.ledger import Ledger
from yunque.learning.memory_limit import in_words
from yunque.learning.splits import Split
from yunque.learning.task import Task
from yunque.learning.workers import Workers

Mode = Literal["bag", "refit", "fold", "both"]
POLL_SECONDS = 0.05
SAFETY = 1.1


@dataclass(frozen=True, kw_only=True)
class Part:
    """One model of the champion."""

    candidate: Candidate
    result: FoldResult
    weight: float


@dataclass(frozen=True, kw_only=True)
class Refits:
    """What refits need.

    Attributes:
        until: when the last must be over.
        job: gives a fit with what it needs of memory.
        has_room: tells whether a fit that needs so many bytes and those that run fit into the memory.
        memory: remembers which refit ended an earlier run.
    """

    task: Task
    split: Split
    data: FoldData
    ledger: Ledger
    seed: int
    threads: int
    until: float
    cancelled: Callable[[], bool]
    job: Callable[[Candidate, int], FitJob]
    has_room: Callable[[int, Sequence[FitJob]], bool]
    memory: FoldMemory | None = None


def bag(
    weights: Mapping[str, float],
    candidates: Mapping[str, Candidate],
    results: Mapping[str, Mapping[int, FoldResult]],
    folds: tuple[int, ...],
) -> list[Part]:
    """Give the models of all folds, each with its share of its candidate's weight."""
    return [
        Part(candidate=candidates[name], result=results[name][fold], weight=weight / len(folds))
        for name, weight in weights.items()
        for fold in folds
    ]


def in_place_of(bagged: Sequence[Part], again: Sequence[Part]) -> list[Part]:
    """Put models of all rows in the place of a bag; a candidate that was not trained again keeps its own."""
    made = {part.candidate.name: part for part in again if part.result.fold == ALL_ROWS}
    return [*(part for part in bagged if part.candidate.name not in made), *made.values()]


def refit_rounds(split: Split, by_fold: Mapping[int, FoldResult]) -> int:
    """Give the rounds of a refit on all rows: those of the folds, times the root of the growth in rows.

    Blocks in time grow, so the last one speaks, with the mean of its parts where groups divide it; elsewhere
    the mean of all does. A fold of 0 rounds came to its own end, and so shall the refit.
    """
    folds = sorted(by_fold)
    if "time" in split.kind:
        folds = folds[-int(split.facts.get("group_parts", 1)) :]
    if not all(by_fold[fold].rounds for fold in folds):
        return 0
    rounds = float(np.mean([by_fold[fold].rounds for fold in folds]))
    rows = float(np.mean([len(split.folds[fold].train) for fold in folds]))
    return max(1, round(rounds * float(np.sqrt(len(split.training) / rows))))


def refit(
    weights: Mapping[str, float],
    candidates: Mapping[str, Candidate],
    results: Mapping[str, Mapping[int, FoldResult]],
    context: Refits,
) -> tuple[list[Part], list[str]]:
    """Train each member again on all training rows, the heaviest first.

    A member without time for that, or whose refit fails, is shipped as the model of its last fold.

    Returns:
        The models, and what could not be trained again, in words.
    """
    order = sorted(weights, key=lambda name: (-weights[name], name))
    done: dict[str, FoldResult] = {}
    notes: list[str] = []
    waiting = list(order)
    workers: Workers[FitJob, FoldResult] = Workers(max(1, context.threads))
    while waiting or workers.running:
        now = context.ledger.clock()
        if now > context.until + POLL_SECONDS or context.cancelled():
            break
        while waiting and workers.has_room:
            job = _job(context, candidates[waiting[0]], results[waiting[0]])
            if workers.running and not context.has_room(job.needs, workers.running):
                break  # it waits for what runs
            name = waiting.pop(0)
            why = _obstacle(context, job, results[name])
            if why:
                notes.append(f"{name}: not trained again, {why}")
            else:
                workers.start(job, lambda job: _work(context, job))
        finished = workers.wait(POLL_SECONDS) if workers.running else None
        if finished is None:
            continue
        name, result = finished.job.name, finished.outcome
        if result is None:
            notes.append(f"{name}: training again failed ({finished.error})")
        elif result.fitted.stopped_early:
            notes.append(f"{name}: training again was cut by the clock")
        else:
            done[name] = result
    unfinished = set(order) - set(done)
    mentioned = {note.split(":")[0] for note in notes}
    notes += [f"{name}: no time to train again" for name in sorted(unfinished - mentioned)]
    parts = [
        Part(
            candidate=candidates[name],
            result=done.get(name) or results[name][max(results[name])],
            weight=weights[name],
        )
        for name in weights
    ]
    return parts, notes


def _job(context: Refits, candidate: Candidate, by_fold: Mapping[int, FoldResult]) -> FitJob:
    return replace(
        context.job(replace(candidate, share=1.0), ALL_ROWS),
        rounds=refit_rounds(context.split, by_fold),
        should_stop=lambda: context.ledger.clock() > context.until or context.cancelled(),
        is_outside=False,
    )


def _obstacle(context: Refits, job: FitJob, by_fold: Mapping[int, FoldResult]) -> str:
    """Say why a model is not trained again; "" when it is."""
    needed = SAFETY * _seconds(context.split, by_fold)
    if context.ledger.clock() + needed > context.until:
        return f"it would need {needed:.1f} s"
    if context.memory is not None and context.memory.was_lost(_facts(job)):
        return "an earlier run was killed while it was"
    if not context.has_room(job.needs, ()):
        context.data.forget_all()
        if not context.has_room(job.needs, ()):
            return f"it would need about {in_words(job.needs)} of memory"
    return ""


def _facts(job: FitJob) -> dict[str, Any]:
    return {"piece": "refit", "candidate": job.name, "rounds": job.rounds, "seed": job.seed}


def refit_seconds(
    split: Split,
    weights: Mapping[str, float],
    results: Mapping[str, Mapping[int, FoldResult]],
    threads: int,
) -> float:
    """Give the seconds that training these members again should take, some at a time."""
    needed = [SAFETY * _seconds(split, results[name]) for name in weights]
    return max(*needed, sum(needed) / max(1, threads))


def _seconds(split: Split, by_fold: Mapping[int, FoldResult]) -> float:
    last = by_fold[max(by_fold)]
    growth = len(split.training) / max(1, len(split.folds[last.fold].train))
    return last.seconds * growth


def _work(context: Refits, job: FitJob) -> FoldResult:
    if context.memory is not None:
        context.memory.begin(_facts(job))
    try:
        encoded = context.data.get(job.candidate.algorithm.view, ALL_ROWS)
        return run_fit(job, encoded, context.ledger.clock)
    finally:
        if context.memory is not None:
            context.memory.end(_facts(job))


def build(parts: list[Part], data: FoldData, n_outputs: int) -> tuple[Blend, tuple[Recipe, ...]]:
    """Give the blend of the parts (weights sum to 1) and the recipes its members name by position."""
    recipes: list[Recipe] = []
    members = []
    total = sum(part.weight for part in parts)
    for part in parts:
        recipe = data.recipe(part.candidate.algorithm.view, part.result.fold)
        place = next((i for i, known in enumerate(recipes) if known is recipe), len(recipes))
        if place == len(recipes):
            recipes.append(recipe)
        members.append(
            Member(
                name=member_name(part.result.name, part.result.fold),
                form=part.result.form,
                recipe=place,
                weight=part.weight / total,
            )
        )
    return Blend(members=tuple(members), n_outputs=n_outputs), tuple(recipes)


def member_name(name: str, fold: int) -> str:
    """Name a member after its candidate and fold."""
    return name if fold == ALL_ROWS else f"{name}.{fold + 1}"


def references(parts: list[Part]) -> dict[str, bytes]:
    """Give the libraries' own model files of the parts that still have them, by file name."""
    found = {}
    for part in parts:
        reference = part.candidate.algorithm.reference
        if reference is not None and (part.result.reference or part.result.fitted.native is not None):
            suffix, content = part.result.reference or reference(part.result.fitted)
            found[f"{member_name(part.result.name, part.result.fold)}.{suffix.lstrip('.')}"] = content
    return found
