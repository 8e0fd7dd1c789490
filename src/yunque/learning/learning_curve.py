"""Score against rows learnt from: the heaviest member again on nested parts, in time that is left over."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from yunque.learning.blending import Blended
from yunque.learning.fold_fit import FitJob, FoldResult, UnusableFitError, run_fit
from yunque.learning.judge import Judged
from yunque.learning.race import Standing
from yunque.learning.search import Arena

SHARES: tuple[float, ...] = (0.125, 0.25, 0.5)  # of a fold's training rows; the fold itself is the last point
FEWEST_ROWS = 50  # of the smallest part
MOST_FOLDS = 3
SAFETY = 1.3  # a fit on half of the rows should take half as long; it may not
CUT_AT = 1.5  # times the expected seconds, when a fit is given up


@dataclass(frozen=True, kw_only=True)
class LearningCurve:
    """How the loss of one candidate falls with the rows it learns from.

    Attributes:
        candidate: the heaviest member of the champion.
        points: (rows, mean loss over the folds), fewest rows first; empty when it was left out.
        folds: how many folds each point is the mean of.
        note: why it was left out, in words; "" when it was not.
    """

    candidate: str = ""
    points: tuple[tuple[int, float], ...] = ()
    folds: int = 0
    note: str = ""


def learning_curve(
    arena: Arena, blended: Blended, standings: Mapping[str, Standing], until: float
) -> LearningCurve:
    """Fit the heaviest member on an eighth, a quarter and half of the rows of some folds.

    A fit is only begun when it should end before `until`, and is given up when it does not. The first fold
    settles how many parts there are; further folds count when all of those are there.

    Args:
        arena: the run.
        blended: the champion's weights.
        standings: the race, whose finished folds are the points of all rows.
        until: when the last fit must be over, on the run's clock.
    """
    weights = blended.mixture.weights
    name = max(weights, key=lambda each: (weights[each], each))
    results = standings[name].results
    job = arena.job(standings[name].candidate, blended.oof.folds[0])
    if job.is_outside or not arena.has_room(job.needs, ()):
        return LearningCurve(candidate=name, note="no learning curve: its fits are too large for it")
    finished: list[tuple[list[int], list[float]]] = []
    shares = SHARES
    for fold in [fold for fold in blended.oof.folds if fold in results][:MOST_FOLDS]:
        rows = _rows(arena, standings[name], fold)
        if SHARES[0] * rows < FEWEST_ROWS:
            return LearningCurve(candidate=name, note="no learning curve: too few rows")
        losses = _fold_losses(arena, standings[name], results[fold], shares, until)
        if not losses or (finished and len(losses) < len(shares)):
            break
        shares = shares[: len(losses)]
        sizes = [round(share * rows) for share in (*shares, 1.0)]
        finished.append((sizes, [*losses, standings[name].losses[fold]]))
    if not finished:
        return LearningCurve(candidate=name, note="no learning curve: no time was left for it")
    sizes = np.mean([each[0] for each in finished], axis=0).round().astype(int)
    means = np.mean([each[1] for each in finished], axis=0)
    points = sorted(zip(sizes.tolist(), means.tolist(), strict=True))
    return LearningCurve(candidate=name, points=tuple(points), folds=len(finished))


def _rows(arena: Arena, standing: Standing, fold: int) -> int:
    rows = len(arena.split.folds[fold].train)
    return min(rows, standing.candidate.most_rows or rows)


def _fold_losses(
    arena: Arena, standing: Standing, whole: FoldResult, shares: tuple[float, ...], until: float
) -> list[float]:
    """Give the loss on a fold of each share of its rows, as far as they fit into the time."""
    clock, fold = arena.ledger.clock, whole.fold
    if clock() + SAFETY * shares[0] * whole.seconds > until:
        return []
    encoded = arena.data.get(standing.candidate.algorithm.view, fold)
    order = np.random.default_rng(arena.seed).permutation(len(encoded.train.y))
    weight = arena.table.weight
    valid = arena.split.folds[fold].valid
    judged = Judged(task=arena.task, y=arena.table.y[valid], weight=None if weight is None else weight[valid])
    found: list[float] = []
    for share in shares:
        expected = share * whole.seconds
        deadline = min(until, clock() + CUT_AT * expected + 0.2)
        if arena.cancelled() or clock() + SAFETY * expected > until:
            break
        part = encoded.train.take(order[: max(1, round(share * _rows(arena, standing, fold)))])
        job = FitJob(
            candidate=replace(standing.candidate, most_rows=0),
            fold=fold,
            task=arena.task,
            seed=arena.seed,
            deadline=deadline,
            should_stop=lambda deadline=deadline: clock() >= deadline,  # type: ignore[misc]
        )
        try:
            result = run_fit(job, replace(encoded, train=part), clock)
        except (UnusableFitError, ValueError, ArithmeticError, RuntimeError):
            break  # a part may lack what the fit needs, a class for one
        loss = judged.loss(result.predictions)
        if result.fitted.stopped_early or not np.isfinite(loss):
            break
        found.append(loss)
    return found


def curve_record(curve: LearningCurve) -> dict[str, Any]:
    """Give a learning curve as JSON-able values."""
    points = [{"rows": rows, "loss": loss} for rows, loss in curve.points]
    return {"candidate": curve.candidate, "folds": curve.folds, "points": points}
