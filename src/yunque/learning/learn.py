"""The learning stage's front door: a checked table and a budget in, a leaderboard with a champion out."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from threadpoolctl import threadpool_limits

from yunque.learning.admission import cells_within
from yunque.learning.blending import REFIT_SHARE, Blended, blend, ship
from yunque.learning.candidate import Candidate
from yunque.learning.feature_choice import choose_features, features_record, in_words, with_view
from yunque.learning.fit_size import FitSize
from yunque.learning.fold_data import FoldData, Table
from yunque.learning.leaderboard import Champion, Leaderboard
from yunque.learning.learning_curve import LearningCurve, curve_record, learning_curve
from yunque.learning.ledger import Ledger, open_ledger
from yunque.learning.make_split import Means
from yunque.learning.near_winner import near
from yunque.learning.pace import measured_pace
from yunque.learning.plan import (
    calibration_record,
    decision_record,
    make_plan,
    mixture_record,
    task_record,
    wish_record,
)
from yunque.learning.portfolio import Shape, anchors, portfolio
from yunque.learning.prepare import prepare
from yunque.learning.race import Standing
from yunque.learning.ranking import rank
from yunque.learning.reporter import Reporter
from yunque.learning.request import LearnRequest
from yunque.learning.search import Arena, close, enter, run, run_references
from yunque.learning.splits import Split
from yunque.learning.verdict import (
    Score,
    explain,
    explain_groups,
    explained_rows,
    judge_baselines,
    raise_alarms,
    score,
    score_record,
)
from yunque.learning.worth_of_rows import with_time_for_all_rows, worth_of_rows

__all__ = ["LearnRequest", "learn"]

ANCHOR_SHARE = 0.25  # of the search, that an anchor may take
CURVE_SHARE, CURVE_MARGIN = 0.1, 0.2  # of the budget, for the learning curve; seconds it ends before it


def learn(request: LearnRequest) -> Leaderboard:
    """Find the best model in the time given.

    The run returns within the budget plus two seconds, and always with a champion.

    Raises:
        DataError: no row can be used, or too few are left by the split.
        UsageError: the split or an algorithm is not possible here.
        TrainingError: not even the constant could be fitted.
    """
    request.decision.refuse_other_tasks(request.task)
    with threadpool_limits(limits=1, user_api="blas"):
        return _learn(request)


def _learn(request: LearnRequest) -> Leaderboard:
    started = request.budget.clock()
    means = Means(seconds=request.budget.seconds, threads=request.threads, seed=request.seed)
    table, split, notes = prepare(request.frame, request.schema, request.task, request.split, means)
    ledger = open_ledger(request.budget, started=started, refits=split.refits)
    reporter = Reporter(request=request, ledger=ledger)
    arena = _arena(request, table, split, ledger, reporter)
    ledger.mark("prepare")
    standings = enter(anchors(request.task, request.algorithms))
    run_references(arena, standings)
    run(arena, standings)
    ledger.mark("anchor")
    reporter.say("baselines", "Judging the constant and the best single column")
    baselines = judge_baselines(arena)
    reporter.baselines = baselines
    ledger.mark("baselines")
    reporter.say("features", "Trying features from several columns")
    chosen = choose_features(arena, standings, request.features)
    ledger.mark("features")
    worth = worth_of_rows(arena, standings)
    arena = with_time_for_all_rows(arena, worth.pays)
    ledger.mark("worth_of_rows")
    arena, candidates = _whole(arena, request, standings)
    candidates = tuple(with_view(candidate, chosen.view) for candidate in candidates)
    standings |= enter(candidates)
    run(arena, standings)
    close(arena, standings)
    ledger.mark("search")
    reporter.say("ensemble", "Weighing the candidates")
    blended = blend(arena, standings, request.latency_microseconds, request.decision)
    ledger.mark("ensemble")
    reporter.say("refit", "Building the champion")
    champion, parts, mode, more = ship(arena, standings, blended)
    notes += [*chosen.notes, *more, *arena.data.notes, *filter(None, [blended.decided.note])]
    ledger.mark("refit")
    result = score(arena, champion, blended, request.decision)
    champion = replace(champion, decision=result.decision)
    ledger.mark("score")
    reporter.say("explain", "Shuffling columns to see which matter")
    explained = explained_rows(arena, champion, blended, standings)
    importance, skipped = explain(arena, explained)
    groups = explain_groups(arena, explained)
    notes += [f"no time for the importance of {len(skipped)} columns"] if skipped else []
    ledger.mark("explain")
    found, untested = raise_alarms(arena, result, baselines, importance)
    notes += untested
    ledger.mark("alarms")
    curve = _curve(request, arena, blended, standings)
    ledger.mark("curve")
    notes += [curve.note] if curve.note else []
    features = features_record(chosen, champion, text=request.text)
    notes += in_words(features)
    told = {
        "notes": notes,
        "most_cells": dict(arena.data.most_cells),
        "features": features,
        "all_rows": worth.record,
        "group_importance": groups,
        "learning_curve": curve_record(curve),
    }
    facts = {**_facts(request, mode, champion, blended), **told, **score_record(result)}
    board = replace(
        _board(arena, standings, blended, champion, result),
        baselines=baselines,
        importance=importance,
        alarms=found,
        plan=make_plan(split, standings, parts, facts),
    )
    ledger.mark("finish")
    reporter.say("done", "Done")
    return replace(board, timings=ledger.timings())


def _arena(request: LearnRequest, table: Table, split: Split, ledger: Ledger, reporter: Reporter) -> Arena:
    """Give the arena of the anchors: one fold, and a limit that leaves time for all else."""
    cells = cells_within(request.memory_limit)
    return Arena(
        task=request.task,
        table=table,
        split=split,
        data=FoldData(table, split, request.seed, cells.most, cells.kept, text=request.text),
        ledger=ledger,
        seed=request.seed,
        threads=request.threads,
        slot=ANCHOR_SHARE * ledger.search_seconds,
        longest=ANCHOR_SHARE * ledger.search_seconds,
        folds=1,
        cancelled=request.cancelled,
        on_step=reporter.step,
        memory=request.memory,
        memory_limit=request.memory_limit,
        poll_seconds=request.poll_seconds,
        outside=request.outside,
        fleet=request.fleet,
    )


def _whole(
    arena: Arena, request: LearnRequest, standings: Mapping[str, Standing]
) -> tuple[Arena, tuple[Candidate, ...]]:
    """Give the arena of all folds, and the candidates that the time allows on this machine."""
    split, ledger = arena.split, arena.ledger
    seconds = max(0.05, ledger.search_end - ledger.clock())
    shape = Shape(
        fit=fit_size(request, len(split.folds[0].train)),
        folds=len(split.folds),
        core_seconds=seconds * request.threads,
        seconds=request.budget.seconds,
        pace=measured_pace(standings, fit_size(request, 1)),
    )
    y = arena.table.y[split.training]
    of_amounts = not request.task.is_classification and bool(y.min() >= 0.0) and bool(y.max() > 0.0)
    candidates, slot = portfolio(request.task, shape, request.algorithms, of_amounts=of_amounts)
    longest = REFIT_SHARE * ledger.reserve / 1.6 if split.refits else seconds
    rows = len(split.training)
    whole = replace(
        arena,
        slot=slot,
        longest=longest,
        folds=len(split.folds),
        more=lambda standings: near(
            request.near_winner if request.varies else "nothing", standings, rows, request.seed
        ),
    )
    return whole, candidates


def _curve(
    request: LearnRequest, arena: Arena, blended: Blended, standings: Mapping[str, Standing]
) -> LearningCurve:
    """Measure the learning curve in what is left of the budget, and never in more than a part of it."""
    if not request.with_curve:
        return LearningCurve()
    ledger = arena.ledger
    until = min(ledger.end - CURVE_MARGIN, ledger.clock() + CURVE_SHARE * ledger.seconds)
    return learning_curve(arena, blended, standings, until)


def fit_size(request: LearnRequest, rows: int) -> FitSize:
    """Give the size of a fit on so many rows."""
    classes = len(request.task.classes)
    return FitSize(
        rows=rows, columns=max(1, len(request.schema.features)), scores=classes if classes > 2 else 1
    )


def _facts(request: LearnRequest, mode: str, champion: Champion, blended: Blended) -> dict[str, Any]:
    return {
        "task": task_record(request.task),
        "seed": request.seed,
        "budget_seconds": request.budget.seconds,
        "threads": request.threads,
        "wish": wish_record(request.split),
        "latency_microseconds": request.latency_microseconds,
        "mode": mode,
        "weights": dict(blended.mixture.weights),
        "pareto": [mixture_record(each) for each in blended.pareto],
        "calibration": calibration_record(champion.blend.calibration),
        "calibration_found": dict(blended.calibration_found),
        "decision": decision_record(champion.decision),
        "compared_folds": len(blended.oof.folds),
    }


def _board(
    arena: Arena,
    standings: Mapping[str, Standing],
    blended: Blended,
    champion: Champion,
    result: Score,
) -> Leaderboard:
    return Leaderboard(
        task=arena.task,
        entries=rank(arena.task, standings, blended, arena.seed),
        baselines=(),
        champion=champion,
        champion_metrics=result.metrics,
        champion_loss=result.loss,
        champion_loss_error=result.loss_error,
        held_out=result.held_out,
        importance={},
        alarms=(),
        split=arena.split.facts,
        plan={},
        timings={},
        seed=arena.seed,
    )
