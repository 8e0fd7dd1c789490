"""Run stock through past periods under a rule of ordering: what it would have served, held and ordered.

Periods are those of the panel; sales that stock does not cover are lost; every rule starts with the same
stock and decides at the beginning of a period with what was known by then. What is counted begins when the
first order could arrive. Demand is what was sold, so that past stock-outs understate it for all alike.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from yunque.kernel.form import FloatArray

Order = Callable[[int, FloatArray], FloatArray]
"""(period, inventory position) -> units to order now, an article each."""


@dataclass(frozen=True, kw_only=True)
class Stage:
    """The past that rules are tried on.

    Attributes:
        demand: articles x periods, units; NaN where it is not known (counted as nothing asked).
        lead: whole periods from order to shelf, at least 0.
        review: whole periods from one order to the next.
        start: units on the shelf at the beginning.
        cost: money of a unit.
        pack: units of a pack.
    """

    demand: FloatArray
    lead: np.ndarray
    review: np.ndarray
    start: FloatArray
    cost: FloatArray
    pack: FloatArray

    @property
    def periods(self) -> int:
        """How many periods are lived through."""
        return int(self.demand.shape[1])


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a rule would have done.

    Attributes:
        fill: share of the units asked for that were served.
        fill_value: the same by cost.
        cycle: share of order cycles (from one arrival to the next possible one) without a stock-out.
        stock_value: mean money on the shelf at the end of a period.
        orders: how many.
        cover: periods that the mean stock lasts at the mean demand.
    """

    fill: float
    fill_value: float
    cycle: float
    stock_value: float
    orders: int
    cover: float


def live(stage: Stage, rule: Order) -> Outcome:
    """Live through the periods under a rule."""
    articles, periods = stage.demand.shape
    demand = np.nan_to_num(stage.demand)
    arriving = np.zeros((articles, periods + int(stage.lead.max(initial=0)) + 1))
    stock, orders = stage.start.copy(), 0
    served, shelf = np.zeros_like(demand), np.zeros_like(demand)
    coming = np.zeros(articles)
    rows = np.arange(articles)
    for now in range(periods):
        turn = now % stage.review == 0
        units = np.where(turn, np.maximum(rule(now, stock + coming), 0.0), 0.0)
        units = np.ceil(units / stage.pack - 1e-9) * stage.pack
        arriving[rows, now + stage.lead] += units
        coming += units - arriving[:, now]
        stock += arriving[:, now]
        served[:, now] = np.minimum(stock, demand[:, now])
        stock -= served[:, now]
        shelf[:, now] = stock
        orders += int((units > 0).sum())
    return _outcome(stage, demand, served, (shelf, orders))


def _outcome(stage: Stage, demand: FloatArray, served: FloatArray, kept: tuple[FloatArray, int]) -> Outcome:
    shelf, orders = kept
    counted = np.arange(stage.periods)[None, :] >= np.minimum(stage.lead, stage.periods - 1)[:, None]
    counted &= np.isfinite(stage.demand)
    asked, given = np.where(counted, demand, 0.0), np.where(counted, served, 0.0)
    cost = stage.cost[:, None]
    short = counted & (demand > served + 1e-9)
    cycles, missed = _cycles(stage, counted, short)
    value = (shelf * cost).sum(axis=0)
    first = int(np.median(np.minimum(stage.lead, stage.periods - 1)))
    mean_demand = max(float(asked.sum(axis=0)[first:].mean()), 1e-12)
    return Outcome(
        fill=float(given.sum() / max(asked.sum(), 1e-12)),
        fill_value=float((given * cost).sum() / max((asked * cost).sum(), 1e-12)),
        cycle=1.0 - missed / max(cycles, 1),
        stock_value=float(value[first:].mean()),
        orders=orders,
        cover=float(shelf.sum(axis=0)[first:].mean() / mean_demand),
    )


def _cycles(stage: Stage, counted: np.ndarray, short: np.ndarray) -> tuple[int, int]:
    """Count order cycles, and those with a stock-out: periods between possible arrivals belong together."""
    place = np.arange(stage.periods)[None, :]
    cycle = (place - stage.lead[:, None]) // stage.review[:, None]
    key = np.arange(len(stage.lead))[:, None] * (stage.periods + 1) + np.maximum(cycle, 0)
    return len(np.unique(key[counted])), len(np.unique(key[short]))


def order_up_to(targets: Sequence[FloatArray] | FloatArray) -> Order:
    """Give the rule that orders up to the target of the period."""
    return lambda now, position: np.asarray(targets[now] - position)


def order_blindly(quantities: Sequence[FloatArray] | FloatArray) -> Order:
    """Give the rule that orders a quantity whatever is there: R2's, and a buyer's own past orders."""
    return lambda now, position: np.asarray(quantities[now] + 0.0 * position)
