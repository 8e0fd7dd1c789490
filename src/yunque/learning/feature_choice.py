"""Whether wider features are worth having on this table: the same quick model with and without, fold by fold.

A kind of feature is taken when it lowers the loss of held-out rows by more than chance would: by more than
`LEAST_ERRORS` standard errors of the paired differences, and on most of the folds that were tried.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

import numpy as np

from yunque.features.fit import formulas
from yunque.kernel.form import FloatArray
from yunque.learning.algorithm import Algorithm, View
from yunque.learning.arena import Arena
from yunque.learning.candidate import Candidate
from yunque.learning.feature_kinds import WIDER, kinds_of, possible
from yunque.learning.fold_fit import FitJob, FoldResult, run_fit
from yunque.learning.leaderboard import Champion
from yunque.learning.metrics import metric
from yunque.learning.prepare import CELLS_PER_SECOND
from yunque.learning.race import Standing
from yunque.learning.registry import algorithm
from yunque.learning.task import SUPERVISED
from yunque.learning.workers import Workers

# Mean answers per level gained nothing on the public tables (decision 10): they are made when asked for.
TRIED: tuple[View, ...] = ("tree+generated",)
SHARE = 0.12  # of the search, that the choice may take
MOST_FOLDS = 3
MOST_ROWS = 10_000
LEAST_ERRORS = 2.0
LEAST_GAIN = 0.002  # of the loss; less is not worth a feature
ROUNDS = 150
LOWEST_PROBABILITY = 1e-6
POLL_SECONDS = 0.02


@dataclass(frozen=True, kw_only=True)
class Choice:
    """What was found.

    Attributes:
        view: that trees read from here on.
        gains: relative gain of each wider view that was tried, with its standard error and folds.
        notes: the same in words.
    """

    view: View = "tree"
    gains: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class _Fit:
    view: View
    fold: int


def choose_features(
    arena: Arena, standings: Mapping[str, Standing], kinds: Sequence[str] | None = None
) -> Choice:
    """Try each kind of feature that is worth trying and that the columns allow, within a share of the search.

    Args:
        arena: rows, folds and clock.
        standings: the anchors after their first fit.
        kinds: take exactly these, without trying; None tries.
    """
    views = possible(arena.table.schema, arena.table.frame)
    allowed = frozenset(kind for view in views for kind in kinds_of(view)[1])
    if kinds is not None:
        return Choice(view=WIDER[allowed & frozenset(kinds)])
    views = tuple(view for view in views if view in TRIED)
    if not views or arena.task.kind not in SUPERVISED:
        return Choice()
    quick = _quick_seconds(standings)
    if quick is None:
        return Choice()
    allowed_seconds = SHARE * arena.ledger.search_seconds
    if _fold_seconds(arena, quick, len(views)) > allowed_seconds:
        return Choice(notes=("features from two columns: not tried, too little time",))
    until = arena.ledger.clock() + allowed_seconds
    losses = _run(arena, ("tree", *views), until)
    gains: dict[str, Mapping[str, float]] = {
        view: found for view in views if (found := _gain(losses, view)) is not None
    }
    taken = frozenset(kind for view, each in gains.items() if _is_taken(each) for kind in kinds_of(view)[1])
    for view in views:
        if view != WIDER[taken]:
            arena.data.forget_view(view)
    return Choice(view=WIDER[taken], gains=gains, notes=_words(views, gains, taken))


def features_record(choice: Choice, champion: Champion, *, text: bool) -> dict[str, Any]:
    """Give what the plan says of features: what was tried, and each one's formula in words."""
    found: dict[str, str] = {}
    for recipe in champion.recipes:
        found |= formulas(recipe)
    gains = {name: dict(each) for name, each in choice.gains.items()}
    return {"text": text, "view": choice.view, "gains": gains, "formulas": dict(sorted(found.items()))}


def in_words(record: Mapping[str, Any], most: int = 24) -> list[str]:
    """Say how each made feature is computed, one line for all that are computed alike."""
    named: dict[str, list[str]] = {}
    for name, line in record["formulas"].items():
        named.setdefault(line, []).append(name)
    lines = [
        f"feature {names[0]!r}{f' and {len(names) - 1} more' if len(names) > 1 else ''}: {line}"
        for line, names in named.items()
    ]
    return lines[:most] + (
        [f"and {len(lines) - most} features more, see the plan"] if len(lines) > most else []
    )


def with_view(candidate: Candidate, view: View) -> Candidate:
    """Give a candidate that reads a wider view; those of the linear view stay as they are."""
    if candidate.algorithm.view != "tree" or candidate.is_reference:
        return candidate
    return replace(candidate, algorithm=_reading(candidate.algorithm, view))


@cache
def _reading(found: Algorithm, view: View) -> Algorithm:
    """Give an algorithm that reads a view; the same object for the same question."""
    return found if found.view == view else replace(found, view=view)


def _quick_seconds(standings: Mapping[str, Standing]) -> float | None:
    """Give the seconds of one round of the quick LightGBM that ran first; None where none ran."""
    for each in standings.values():
        if each.candidate.algorithm.name == "lightgbm" and each.results:
            result = next(iter(each.results.values()))
            return result.fit_seconds / max(
                1, int(each.candidate.params.get("num_iterations", result.rounds))
            )
    return None


def _fold_seconds(arena: Arena, round_seconds: float, views: int) -> float:
    """Give the seconds that one fold of the comparison should take, its encoding included."""
    fold = arena.split.folds[0]
    cells = (len(fold.train) + len(fold.valid)) * len(arena.table.schema.features)
    fits = (1 + views) * ROUNDS * round_seconds
    return views * cells / CELLS_PER_SECOND + fits / max(1, arena.threads)


def _run(arena: Arena, views: Sequence[View], until: float) -> dict[View, dict[int, FloatArray]]:
    """Fit the quick model on each view, fold after fold, while there is time for another."""
    clock = arena.ledger.clock
    losses: dict[View, dict[int, FloatArray]] = {view: {} for view in views}
    workers: Workers[_Fit, FoldResult] = Workers(max(1, arena.threads))
    for fold in range(min(MOST_FOLDS, len(arena.split.folds))):
        began = clock()
        waiting = [_Fit(view=view, fold=fold) for view in views]
        while (waiting or workers.running) and clock() < until and not arena.cancelled():
            while waiting and workers.has_room:
                workers.start(waiting.pop(0), lambda fit: _fit(arena, fit, until))
            finished = workers.wait(POLL_SECONDS)
            if finished is not None and finished.outcome is not None:
                losses[finished.job.view][fold] = _row_losses(arena, fold, finished.outcome.predictions)
        if arena.cancelled() or clock() + (clock() - began) > until:
            break
    for left in workers.running:
        workers.abandon(left)
    return losses


def _fit(arena: Arena, fit: _Fit, until: float) -> FoldResult:
    learner = _reading(algorithm("lightgbm"), fit.view)
    params = {"num_leaves": 31, "learning_rate": 0.08, "feature_fraction": 0.7, "num_iterations": ROUNDS}
    job = FitJob(
        candidate=Candidate(name="features", algorithm=learner, params=params, most_rows=MOST_ROWS),
        fold=fit.fold,
        task=arena.task,
        seed=arena.seed,
        should_stop=lambda: arena.ledger.clock() > until or arena.cancelled(),
    )
    result = run_fit(job, arena.data.get(fit.view, fit.fold), arena.ledger.clock)
    if result.fitted.stopped_early:
        raise TimeoutError("cut by the clock, so it compares with nothing")
    return result


def _row_losses(arena: Arena, fold: int, predictions: FloatArray) -> FloatArray:
    """Give the loss of each judged row: its class's logarithm, or the metric's own where that is a mean."""
    valid = arena.split.folds[fold].valid
    y = arena.table.y[valid]
    if arena.task.is_classification:
        losses = -np.log(np.maximum(predictions[np.arange(len(y)), y], LOWEST_PROBABILITY))
    else:
        own = metric(arena.task.metric, arena.task.kind).row_losses
        losses = (predictions[:, 0] - y) ** 2 if own is None else own(y, predictions)
    if arena.table.weight is not None:
        losses = losses * arena.table.weight[valid]
    return np.asarray(losses, dtype=np.float64)


def _gain(losses: Mapping[View, Mapping[int, FloatArray]], view: View) -> dict[str, float] | None:
    """Give the relative gain of a view over the plain one with its standard error; None without a fold."""
    folds = sorted(set(losses["tree"]) & set(losses[view]))
    if not folds:
        return None
    gains = [losses["tree"][fold] - losses[view][fold] for fold in folds]
    plain = float(np.concatenate([losses["tree"][fold] for fold in folds]).mean())
    every = np.concatenate(gains)
    scale = max(plain, 1e-12)
    return {
        "gain": float(every.mean()) / scale,
        "error": float(every.std(ddof=1) / np.sqrt(every.size)) / scale if every.size > 1 else float("inf"),
        "folds": float(len(folds)),
        "better": float(sum(each.mean() > 0.0 for each in gains)),
    }


def _is_taken(found: Mapping[str, float]) -> bool:
    sure = found["gain"] > max(LEAST_GAIN, LEAST_ERRORS * found["error"])
    return sure and found["better"] > found["folds"] / 2.0


_NAMES = {"target": "mean answers per level", "generated": "features from two columns"}


def _words(
    views: Sequence[View], gains: Mapping[str, Mapping[str, float]], taken: frozenset[str]
) -> tuple[str, ...]:
    lines = []
    for view in views:
        kind = kinds_of(view)[1][0]
        if view not in gains:
            lines.append(f"{_NAMES[kind]}: not tried, too little time")
            continue
        found = gains[view]
        verdict = "used" if kind in taken else "not used"
        lines.append(
            f"{_NAMES[kind]}: {verdict}, the quick model's loss changes by {-found['gain']:+.1%} "
            f"(standard error {found['error']:.1%}, {found['folds']:.0f} folds)"
        )
    return tuple(lines)
