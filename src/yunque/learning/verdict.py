"""How good the champion is, and whether to believe it: baselines, held-out score, importance, alarms."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from yunque.learning.ablation import column_groups, group_importance
from yunque.learning.answers import answer_positions
from yunque.learning.blending import Blended
from yunque.learning.conformal import measured
from yunque.learning.decide import EVEN, as_decided
from yunque.learning.decide_effect import Effect, effects
from yunque.learning.decide_wish import DecisionWish
from yunque.learning.fold_baselines import judged_baselines, judging_folds
from yunque.learning.held_out import on_fold_rows, on_untouched_rows
from yunque.learning.importance import Explained, permutation_importance
from yunque.learning.judge import Judged
from yunque.learning.leaderboard import Alarm, Baseline, Champion, Decision, HeldOut
from yunque.learning.leak_alarm import alarms
from yunque.learning.metrics import evaluate_all, loss_error, loss_of, metric
from yunque.learning.prepare import CELLS_PER_SECOND, affordable_rows
from yunque.learning.race import Standing
from yunque.learning.search import Arena
from yunque.learning.ship import bag, build
from yunque.learning.splits import IntArray

MOST_HELD_OUT = 100_000
FEWEST_BASELINE_ROWS, MOST_BASELINE_ROWS = 2_000, 200_000
BASELINE_SHARE = 0.1  # of the budget, for the baselines
ALARMED_AFTER = 1.0  # seconds after the budget when the last test of a column may begin
EXPLAINED_AT = 0.87  # of the reserve, when importance must be ready
GROUPED_AT = 0.92  # and the importance of groups of columns
MOST_EVALUATED = 10_000_000  # predictions looked at for the champion's metrics


@dataclass(frozen=True, kw_only=True)
class Score:
    """The champion on held-out rows."""

    held_out: HeldOut
    decision: Decision
    metrics: Mapping[str, float]
    loss: float
    loss_error: float
    effects: tuple[Effect, ...] = ()
    ece: tuple[float, float] | None = None


def untouched_rows(arena: Arena) -> IntArray:
    """Give the untouched rows that judge, or a draw of them when they are very many."""
    most = min(MOST_HELD_OUT, MOST_EVALUATED // arena.task.n_outputs)
    return drawn(arena.split.holdout, most, arena.seed)


def drawn(rows: IntArray, most: int, seed: int) -> IntArray:
    """Give at most `most` of the rows, ascending."""
    if len(rows) <= most:
        return rows
    return np.sort(np.random.default_rng(seed).choice(rows, most, replace=False))


def judge_baselines(arena: Arena) -> tuple[Baseline, ...]:
    """Give the constant and the best single column on the rows that judge the champion."""
    split, ledger = arena.split, arena.ledger
    features = max(1, len(arena.table.schema.features))
    affordable = int(BASELINE_SHARE * ledger.seconds * CELLS_PER_SECOND / features)
    most = max(FEWEST_BASELINE_ROWS, min(MOST_BASELINE_ROWS, affordable))
    pairs = [(split.training, untouched_rows(arena))] if len(split.holdout) else judging_folds(split)
    until = ledger.clock() + BASELINE_SHARE * ledger.seconds
    return judged_baselines(
        arena.task,
        arena.table,
        [(drawn(train, most, arena.seed), held) for train, held in pairs],
        arena.seed,
        lambda: ledger.clock() > until,
    )


def score(arena: Arena, champion: Champion, blended: Blended, wish: DecisionWish | None = None) -> Score:
    """Judge the champion on the untouched rows; without any, on those of the folds.

    What the decision changes is told on rows that it was not learnt from.
    """
    if len(arena.split.holdout):
        rows = untouched_rows(arena)
        until = arena.ledger.search_end + 0.82 * arena.ledger.reserve
        held = on_untouched_rows(
            champion, arena.table, rows, until=until, clock=arena.ledger.clock, seed=arena.seed
        )
    else:
        held = on_fold_rows(blended.oof, blended.mixed, arena.table, champion)
    decision = champion.decision
    if held.kind == "test":
        decision = measured(decision, held.y, held.predictions)
    weight = None if arena.table.weight is None else arena.table.weight[held.rows]
    shown = as_decided(arena.task, held.predictions, decision)
    found = metric(arena.task.metric, arena.task.kind)
    return Score(
        held_out=held,
        decision=decision,
        metrics=evaluate_all(
            arena.task,
            held.y,
            held.predictions,
            answers=answer_positions(decision, held.predictions) if arena.task.is_classification else None,
            weight=weight,
            rows_in_time_order="time" in arena.split.kind,
        ),
        loss=loss_of(found, arena.task, held.y, shown, weight),
        loss_error=loss_error(found, arena.task, held.y, shown, arena.seed),
        effects=_effects(arena, held, blended, wish or DecisionWish()),
        ece=_calibration_errors(arena, held),
    )


def score_record(found: Score) -> dict[str, Any]:
    """Give what decision and calibration change, JSON-able."""
    ece = None if found.ece is None else {"before": found.ece[0], "after": found.ece[1]}
    return {"decision_effect": [asdict(each) for each in found.effects], "ece": ece}


def _calibration_errors(arena: Arena, held: HeldOut) -> tuple[float, float] | None:
    """Give the calibration error on held-out rows before and after calibration; None without classes."""
    if not arena.task.is_classification:
        return None
    value = metric("ece", arena.task.kind).value
    before, after = (value(arena.task, held.y, p, None) for p in (held.uncalibrated, held.predictions))
    return float(before), float(after)


def _effects(arena: Arena, held: HeldOut, blended: Blended, wish: DecisionWish) -> tuple[Effect, ...]:
    decision, fresh = blended.decided.decision, blended.decided.fresh
    is_plain = decision.threshold in (None, EVEN) and decision.factors is None and decision.costs is None
    if held.kind == "test" and arena.task.is_classification:
        fresh = answer_positions(decision, held.predictions)
    if fresh is None or (is_plain and not wish.is_set):
        return ()
    weight = None if arena.table.weight is None else arena.table.weight[held.rows]
    plain = held.predictions.argmax(axis=1)
    return effects(arena.task, wish, held.y, (plain, fresh), weight)


def explained_rows(
    arena: Arena, champion: Champion, blended: Blended, standings: Mapping[str, Standing]
) -> Explained:
    """Give the model and the rows of which importance is asked.

    Of a bag the models of one fold speak, which is as true and costs less; without untouched rows they are
    asked on the rows that they did not learn from.
    """
    table = arena.table
    blend, recipes = champion.blend, champion.recipes
    rows = arena.split.holdout
    if not len(rows) or len(blend.members) > len(blended.mixture.weights):
        fold = blended.oof.folds[-1]
        candidates = {name: each.candidate for name, each in standings.items()}
        results = {name: each.results for name, each in standings.items()}
        parts = bag(blended.mixture.weights, candidates, results, (fold,))
        blend, recipes = build(parts, arena.data, arena.task.n_outputs)
        blend = replace(blend, calibration=champion.blend.calibration)
        rows = rows if len(rows) else arena.split.folds[fold].valid
    rows = drawn(rows, 20_000, arena.seed)
    weight = None if table.weight is None else table.weight[rows]
    return Explained(
        blend=blend,
        recipes=recipes,
        frame=table.frame[rows],
        judged=Judged(task=arena.task, y=table.y[rows], weight=weight),
    )


def explain(arena: Arena, explained: Explained) -> tuple[dict[str, float], list[str]]:
    """Give the permutation importance per feature column, and the columns there was no time for."""
    return permutation_importance(
        explained,
        [column.name for column in arena.table.schema.features],
        seed=arena.seed,
        until=arena.ledger.search_end + EXPLAINED_AT * arena.ledger.reserve,
        clock=arena.ledger.clock,
    )


def explain_groups(arena: Arena, explained: Explained) -> dict[str, Any]:
    """Give what groups of columns are worth together, as far as there is time: columns and loss increase."""
    ledger, features = arena.ledger, arena.table.schema.features
    until = ledger.search_end + GROUPED_AT * ledger.reserve
    if ledger.clock() >= until:
        return {}
    groups = column_groups(features, explained.frame, arena.seed)
    found = group_importance(explained, groups, seed=arena.seed, until=until, clock=ledger.clock)
    return {name: {"columns": list(groups[name]), "loss_increase": value} for name, value in found.items()}


def raise_alarms(
    arena: Arena, found: Score, baselines: tuple[Baseline, ...], importance: Mapping[str, float]
) -> tuple[tuple[Alarm, ...], list[str]]:
    """Look for signs that the score is too good to be honest, on the whole table if the budget allows.

    Returns:
        The alarms, and in words what there was no time to look at.
    """
    table, clock = arena.table, arena.ledger.clock
    until = arena.ledger.end + ALARMED_AFTER
    y = np.where(table.known, table.y, -1 if arena.task.is_classification else np.nan)
    rows = drawn(
        np.arange(table.frame.height), affordable_rows(table.schema, arena.ledger.seconds), arena.seed
    )
    whole = len(rows) == table.frame.height
    raised = alarms(
        arena.task,
        table.schema,
        table.frame if whole else table.frame[rows],
        y if whole else y[rows],
        found.loss,
        found.metrics,
        baselines,
        importance,
        arena.seed,
        lambda: clock() > until,
    )
    late = clock() > until
    return raised, ["the leak alarm had no time to test every column"] if late else []
