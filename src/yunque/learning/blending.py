"""From the race's standings to a blend: weights, calibration, decision, and the models that carry them."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from yunque.errors import TrainingError
from yunque.kernel.calibration import Calibration, apply_calibration
from yunque.kernel.form import FloatArray
from yunque.learning.calibrate import Evidence, calibrate
from yunque.learning.decide import Decided, DecisionRows, decide
from yunque.learning.decide_wish import DecisionWish
from yunque.learning.ensemble import Mixture, choose, mix
from yunque.learning.fold_fit import FoldResult
from yunque.learning.judge import Judged
from yunque.learning.leaderboard import Champion
from yunque.learning.oof import OutOfFold, assemble, common_folds
from yunque.learning.race import Standing
from yunque.learning.search import Arena
from yunque.learning.ship import Mode, Part, Refits, bag, build, in_place_of, references, refit, refit_seconds

REFIT_SHARE = 0.7  # of the reserve, for refits
BETTER = 0.01  # of the loss of a bag, for models of all rows to be shipped in its place
COMFORTABLE = 300.0  # microseconds of a bag, above which its members are trained again if there is time
DECIDED_AT = 0.4  # of the reserve, when the decision must be ready


@dataclass(frozen=True, kw_only=True)
class Blended:
    """What the end of the search came to.

    Attributes:
        oof: predictions of all that finished the compared folds.
        mixture: the chosen weights; `pareto` are the alternatives.
        refits: whether its members are trained again on all rows, instead of the models of all folds.
        mixed: (n, n_outputs) the mixture's out-of-fold predictions, before calibration.
        calibration_found: gain and error per map.
        decided: how the mixture answers, and what is known of that.
    """

    oof: OutOfFold
    mixture: Mixture
    pareto: tuple[Mixture, ...]
    refits: bool
    mixed: FloatArray
    calibration: Calibration
    calibration_found: Mapping[str, Any]
    decided: Decided


def blend(
    arena: Arena, standings: Mapping[str, Standing], target: float, wish: DecisionWish | None = None
) -> Blended:
    """Weigh the candidates on out-of-fold rows, calibrate the mixture, and settle how it decides.

    Args:
        arena: the run.
        standings: all candidates after the race.
        target: microseconds that one row may take.
        wish: what is asked of the answers; None leaves them to the deciding metric.

    Raises:
        TrainingError: no candidate finished a single fold.
    """
    entered = _entered(standings)
    reach = common_folds({name: each.in_order for name, each in entered.items()})
    results = {
        name: each.results
        for name, each in standings.items()
        if name in entered or each.candidate.is_reference
    }
    oof = assemble(arena.split.folds, results, arena.table.y, arena.table.weight, reach)
    costs = {
        name: float(np.median([r.microseconds_per_row for r in results[name].values()]))
        for name in oof.predictions
        if name in entered
    }
    mixture, pareto, refits = mixture_within(arena, oof, results, costs, target)
    mixed = mix(mixture.weights, oof.predictions)
    blocks = oof.judged_by if "time" in arena.split.kind else None
    evidence = Evidence(y=oof.y, predictions=mixed, weight=oof.weight, blocks=blocks)
    calibration, found = calibrate(arena.task, evidence, arena.seed)
    calibrated = apply_calibration(calibration, mixed)
    until = arena.ledger.search_end + DECIDED_AT * arena.ledger.reserve
    rows = DecisionRows(y=oof.y, predictions=calibrated, weight=oof.weight, parts=oof.judged_by)
    decided = decide(
        arena.task, rows, wish or DecisionWish(), arena.seed, lambda: arena.ledger.clock() > until
    )
    return Blended(
        oof=oof,
        mixture=mixture,
        pareto=pareto,
        refits=refits,
        mixed=mixed,
        calibration=calibration,
        calibration_found=found,
        decided=decided,
    )


def mixture_within(
    arena: Arena,
    oof: OutOfFold,
    results: Mapping[str, Mapping[int, FoldResult]],
    costs: Mapping[str, float],
    target: float,
) -> tuple[Mixture, tuple[Mixture, ...], bool]:
    """Choose the weights: as a bag of the folds' models where that fits the target, else to be trained again.

    A bag costs its folds' models together. It is given up for models of all rows, each only once, when the
    blend that fits then is better by a hundredth and there should be time to train its members again.
    """
    until = arena.ledger.search_end + 0.3 * arena.ledger.reserve
    judged = Judged(task=arena.task, y=oof.y, weight=oof.weight)
    predictions = {name: oof.predictions[name] for name in costs}

    def chosen(copies: int) -> tuple[Mixture, tuple[Mixture, ...]]:
        return choose(
            judged,
            predictions,
            {name: copies * cost for name, cost in costs.items()},
            target,
            out_of_time=lambda: arena.ledger.clock() > until,
            seed=arena.seed,
        )

    if arena.split.refits:
        return *chosen(1), True
    bagged, pareto = chosen(len(oof.folds))
    if bagged.loss <= min(each.loss for each in pareto) or arena.ledger.clock() > until:
        return bagged, pareto, False
    single, others = chosen(1)
    needed = refit_seconds(arena.split, single.weights, results, arena.threads)
    has_time = needed <= arena.ledger.refit_end(REFIT_SHARE) - arena.ledger.clock()
    if has_time and bagged.loss - single.loss > BETTER * abs(bagged.loss):
        return single, others, True
    return bagged, pareto, False


def _entered(standings: Mapping[str, Standing]) -> dict[str, Standing]:
    """Give the candidates that can be blended; the constant only when there is nothing else."""
    finished = {
        name: each for name, each in standings.items() if each.reach > 0 and each.state in ("done", "dropped")
    }
    usable = {name: each for name, each in finished.items() if not each.candidate.is_reference}
    if not finished:
        reasons = "; ".join(f"{each.name}: {each.reason}" for each in standings.values())
        raise TrainingError(f"No candidate could be trained. {reasons}"[:2000])
    return usable or finished


def ship(
    arena: Arena, standings: Mapping[str, Standing], blended: Blended
) -> tuple[Champion, list[Part], Mode, list[str]]:
    """Give the champion, its models, how they were made, and what could not be done."""
    candidates = {name: each.candidate for name, each in standings.items()}
    results = {name: each.results for name, each in standings.items()}
    weights = blended.mixture.weights
    notes: list[str] = []
    mode: Mode = "bag"
    if blended.refits:
        parts, notes = refit(weights, candidates, results, _refits(arena))
        mode = "refit" if any(part.result.fold < 0 for part in parts) else "fold"
    else:
        parts = bag(weights, candidates, results, blended.oof.folds)
        if arena.wants_all_rows or blended.mixture.microseconds > COMFORTABLE:
            again, notes = refit(weights, candidates, results, _refits(arena))
            parts = in_place_of(parts, again)
            of_all = [part.result.fold < 0 for part in parts]
            mode = "refit" if all(of_all) else "both" if any(of_all) else "bag"
    made, recipes = build(parts, arena.data, arena.task.n_outputs)
    champion = Champion(
        blend=replace(made, calibration=blended.calibration),
        recipes=recipes,
        decision=blended.decided.decision,
        references=references(parts),
    )
    return champion, parts, mode, notes


def _refits(arena: Arena) -> Refits:
    return Refits(
        task=arena.task,
        split=arena.split,
        data=arena.data,
        ledger=arena.ledger,
        seed=arena.seed,
        threads=arena.threads,
        until=arena.ledger.refit_end(REFIT_SHARE),
        cancelled=arena.cancelled,
        job=arena.job,
        has_room=arena.has_room,
        memory=arena.memory,
    )
