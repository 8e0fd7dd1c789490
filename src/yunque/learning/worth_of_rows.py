"""What the rows that a fold holds back are worth: whether models of all rows take the place of a bag.

A bag of K folds' models averages away what is accidental in each, but each has seen only (K-1)/K of the rows.
Where the loss still falls with the rows, models of all rows gain more than they lose; where the answers are
noisy, the bag is better. Evidence: `benchmarks/bag_or_all_rows.py`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from yunque.learning.arena import Arena
from yunque.learning.fold_fit import FitJob, UnusableFitError, run_fit
from yunque.learning.judge import Judged
from yunque.learning.ledger import MOST_RESERVED
from yunque.learning.race import Standing

FOLDS = 2
TIME_SHARE = 0.04  # of the search
FEWEST_ROWS = 400
RESERVE = 0.25  # of the budget, when members will be trained again
WORTHWHILE = 0.01  # gain from which on members are trained again


@dataclass(frozen=True, kw_only=True)
class WorthOfRows:
    """What more rows are worth.

    Attributes:
        half_costs: per fold looked at, the share by which the loss of a quick model rises on half the rows.
        gain: the share by which the loss should fall from a fold's rows to all rows; 0 when not measured.
        note: why it was not measured; "" when it was.
    """

    half_costs: tuple[float, ...] = ()
    gain: float = 0.0
    note: str = ""

    @property
    def pays(self) -> bool:
        """Whether the members should be trained again on all rows."""
        return self.gain >= WORTHWHILE

    @property
    def record(self) -> dict[str, Any]:
        """What the plan says of it."""
        return {
            "half_costs": list(self.half_costs),
            "gain": self.gain,
            "pays": self.pays,
            "note": self.note,
        }


def worth_of_rows(arena: Arena, standings: Mapping[str, Standing]) -> WorthOfRows:
    """Fit the quick model on half the rows of two folds, and see what that costs.

    The smaller cost of the two counts. A halving is taken to cost the same everywhere along the curve, so
    the gain is that cost times the number of doublings from a fold's rows to all rows.
    """
    if arena.split.refits:
        return WorthOfRows(note="models of all rows are shipped in any case")
    quick = next((each for each in standings.values() if each.candidate.is_anchor and each.reach
                  and each.candidate.algorithm.name == "lightgbm"), None)  # fmt: skip
    folds = range(min(FOLDS, len(arena.split.folds)))
    if quick is None or len(folds) < FOLDS or len(arena.split.folds[0].train) < FEWEST_ROWS:
        return WorthOfRows(note="too few rows or folds to tell")
    seconds = quick.results[0].seconds
    if (2.0 * FOLDS - 1.0) * seconds / 2.0 + seconds > TIME_SHARE * arena.ledger.search_seconds:
        return WorthOfRows(note="too little time to tell")
    costs = []
    for fold in folds:
        whole = quick.losses[fold] if fold in quick.losses else _loss(arena, quick, fold, 1.0)
        half = _loss(arena, quick, fold, 0.5)
        if whole is None or half is None or whole <= 0.0:
            return WorthOfRows(note="half of the rows could not be learnt from")
        costs.append(half / whole - 1.0)
    growth = np.log2(len(arena.split.training) / len(arena.split.folds[0].train))
    return WorthOfRows(half_costs=tuple(costs), gain=float(max(0.0, min(costs)) * growth))


def with_time_for_all_rows(arena: Arena, pays: bool) -> Arena:
    """Give the arena of a run that will train its members again: it searches for less long."""
    if not pays:
        return arena
    reserve = min(RESERVE * arena.ledger.seconds, MOST_RESERVED)
    ledger = replace(arena.ledger, reserve=max(arena.ledger.reserve, reserve))
    return replace(arena, ledger=ledger, wants_all_rows=True)


def _loss(arena: Arena, quick: Standing, fold: int, share: float) -> float | None:
    """Give the loss on a fold of the quick model of a share of its rows; None when it cannot be fitted."""
    encoded = arena.data.get(quick.candidate.algorithm.view, fold)
    valid, weight = arena.split.folds[fold].valid, arena.table.weight
    judged = Judged(task=arena.task, y=arena.table.y[valid], weight=None if weight is None else weight[valid])
    train = encoded.train
    if share < 1.0:
        order = np.random.default_rng(arena.seed).permutation(len(train.y))
        train = train.take(order[: round(share * len(order))])
    job = FitJob(candidate=quick.candidate, fold=fold, task=arena.task, seed=arena.seed)
    try:
        result = run_fit(job, replace(encoded, train=train), arena.ledger.clock)
    except (UnusableFitError, ValueError, ArithmeticError, RuntimeError):
        return None  # a part may lack what the fit needs, a class for one
    loss = judged.loss(result.predictions)
    return loss if np.isfinite(loss) else None
