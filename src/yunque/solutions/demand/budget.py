"""Spend a budget where it saves the most: pack by pack, and by an integer program where minimums bind."""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import coo_array

from yunque.kernel.form import FloatArray
from yunque.solutions.demand.levels import short

SEGMENTS = 16  # steps in which an article's packs are weighed
CLOSE_ENOUGH = 0.999  # of the relaxed optimum; the integer program stops at the same distance
SOLVER = {"mip_rel_gap": 1e-3, "node_limit": 200, "presolve": True, "time_limit": 30.0}


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What is wanted, an article each.

    Attributes:
        packs, least: packs wanted, and of the supplier's minimum.
        pack: units of a pack.
        price: money of a pack.
        margin: money of a unit that is sold rather than missed.
        position: units there already.
        draws: articles x outcomes of the demand that is to be met.
    """

    packs: np.ndarray
    least: np.ndarray
    pack: FloatArray
    price: FloatArray
    margin: FloatArray
    position: FloatArray
    draws: FloatArray

    def gain(self, packs: np.ndarray) -> FloatArray:
        """Give the expected margin that so many packs save, an article each."""
        before = np.maximum(self.draws - self.position[:, None], 0.0).mean(axis=1)
        stock = self.position + packs * self.pack
        after = np.maximum(self.draws - stock[:, None], 0.0).mean(axis=1)
        return np.asarray(self.margin * (before - after))


@dataclass(frozen=True, kw_only=True)
class Spent:
    """Packs within the budget, and how they were found: "none" (all fits), "greedy" or "milp"."""

    packs: np.ndarray
    method: str


@dataclass(frozen=True, kw_only=True)
class Steps:
    """Wanted packs in steps of falling gain: article, packs, gain of one pack, whether it is the first."""

    article: np.ndarray
    packs: np.ndarray
    gain: FloatArray
    first: np.ndarray


def spend(wanted: Wanted, budget: float | None) -> Spent:
    """Choose the packs whose saved margin is greatest for at most the budget.

    Without minimums the gain of one more pack only falls, so that taking packs by gain per money is as good
    as any choice but for the last pack. With minimums that may fall short: where it saves less than
    `CLOSE_ENOUGH` of what no choice can exceed, an integer program (HiGHS) is solved, too, and the better of
    both is taken.
    """
    if budget is None or float(wanted.packs @ wanted.price) <= budget:
        return Spent(packs=wanted.packs.copy(), method="none")
    steps = _steps(wanted)
    greedy = _greedy(wanted, steps, budget)
    saved = wanted.gain(greedy).sum()
    if not (wanted.least[wanted.packs > 0] > 1).any() or saved >= CLOSE_ENOUGH * _most(wanted, steps, budget):
        return Spent(packs=greedy, method="greedy")
    exact = _milp(wanted, steps, budget)
    if exact is None or wanted.gain(exact).sum() < saved - 1e-9:
        return Spent(packs=greedy, method="greedy")
    return Spent(packs=exact, method="milp")


def _steps(wanted: Wanted) -> Steps:
    rows = np.flatnonzero(wanted.packs > 0)
    most = wanted.packs[rows]
    least = np.minimum(wanted.least[rows], most)
    marks = np.linspace(least, most, SEGMENTS + 1, axis=1).astype(np.int64)
    ends = np.concatenate([np.zeros((len(rows), 1), dtype=np.int64), marks], axis=1)
    stock = wanted.position[rows, None] + ends * wanted.pack[rows, None]
    draws = wanted.draws[rows]
    missing = np.stack([short(draws, stock[:, at]) for at in range(ends.shape[1])], axis=1)
    counts = np.diff(ends, axis=1)
    saved = wanted.margin[rows, None] * (missing[:, :-1] - missing[:, 1:])
    each = np.where(counts > 0, saved / np.maximum(counts, 1), np.inf)
    gain = np.minimum.accumulate(each, axis=1)
    first = np.zeros(counts.shape, dtype=bool)
    first[:, 0] = True
    real = counts > 0
    return Steps(
        article=np.broadcast_to(rows[:, None], counts.shape)[real],
        packs=counts[real],
        gain=gain[real],
        first=first[real],
    )


def _greedy(wanted: Wanted, steps: Steps, budget: float) -> np.ndarray:
    """Take steps by gain per money; a first step is whole or not at all, others as many packs as fit."""
    price = np.maximum(wanted.price[steps.article], 1e-9)
    order = np.lexsort((np.arange(len(price)), -steps.gain / price))
    packs, left = np.zeros_like(wanted.packs), budget
    closed = np.zeros(len(wanted.packs), dtype=bool)
    for step in order.tolist():
        row, count = int(steps.article[step]), int(steps.packs[step])
        if closed[row]:
            continue
        fits = min(count, int(left / price[step] + 1e-9)) if wanted.price[row] > 0 else count
        if steps.first[step] and fits < min(count, int(wanted.least[row])):
            closed[row] = True
            continue
        packs[row] += fits
        left -= fits * float(wanted.price[row])
        closed[row] = fits < count
    return packs


def _most(wanted: Wanted, steps: Steps, budget: float) -> float:
    """Give what no choice can exceed: steps by gain per money, parts of packs allowed, no minimums."""
    price = np.maximum(wanted.price[steps.article], 1e-9)
    order = np.argsort(-steps.gain / price, kind="stable")
    money, gain = (price * steps.packs)[order], (steps.gain * steps.packs)[order]
    before = np.cumsum(money) - money
    return float((gain * np.clip((budget - before) / money, 0.0, 1.0)).sum())


def _milp(wanted: Wanted, steps: Steps, budget: float) -> np.ndarray | None:
    """Solve max gain x packs: within the budget, and each article either none or its minimum at least."""
    rows = np.unique(steps.article)
    place = {int(row): at for at, row in enumerate(rows)}
    count, articles = len(steps.article), len(rows)
    owner = np.array([place[int(row)] for row in steps.article])
    choose = count + np.arange(articles)
    cost = np.concatenate([-steps.gain / max(float(steps.gain.max()), 1e-12), np.zeros(articles)])
    upper = np.concatenate([steps.packs.astype(float), np.ones(articles)])
    scale = max(budget, 1e-9)  # shares of the budget, so that tolerances mean the same for any currency
    money = coo_array(
        (wanted.price[steps.article] / scale, (np.zeros(count, dtype=int), np.arange(count))),
        shape=(1, count + articles),
    )

    def linked(weights: FloatArray) -> coo_array:
        data = np.concatenate([np.ones(count), -weights])
        at = (np.concatenate([owner, np.arange(articles)]), np.concatenate([np.arange(count), choose]))
        return coo_array((data, at), shape=(articles, count + articles))

    least = np.minimum(wanted.least[rows], wanted.packs[rows]).astype(float)
    found = milp(
        cost,
        integrality=np.ones(count + articles),
        bounds=Bounds(np.zeros(count + articles), upper),
        constraints=[
            LinearConstraint(money.tocsr(), -np.inf, budget / scale),
            LinearConstraint(linked(least).tocsr(), 0, np.inf),
            LinearConstraint(linked(wanted.packs[rows].astype(float)).tocsr(), -np.inf, 0),
        ],
        options=SOLVER,
    )
    if found.x is None:
        return None
    packs = np.zeros_like(wanted.packs)
    np.add.at(packs, steps.article, np.round(found.x[:count]).astype(packs.dtype))
    return packs if float(packs @ wanted.price) <= budget * (1 + 1e-12) else None
