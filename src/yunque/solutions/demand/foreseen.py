"""What service a level would give if demand came as its quantiles say: stock lived through drawn periods.

The formulas of fill rate and cycle service take what is not served as ordered later, and know neither whole
units nor stock left over from a higher level. Where sales are lost, the same rules are lived through instead
(`simulate.live`), with every article's periods drawn from its own quantiles.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from yunque.forecasting.sums import SumQuantiles
from yunque.kernel.form import FloatArray
from yunque.solutions.demand.simulate import Outcome, Stage, live, order_up_to

PERIODS = 28
"""Periods that are drawn, beyond the longest lead time and review period."""

SEED = 7


def targets(sums: SumQuantiles, stage: Stage, levels: Sequence[float]) -> dict[float, FloatArray]:
    """Give the order-up-to level of each article by asked quantile, in whole units."""
    span = (stage.lead + stage.review).astype(float)
    table = sums.table(dict(zip(sums.ids, span.tolist(), strict=True)), levels)
    return {level: np.ceil(table[f"q{level:g}"].to_numpy() - 1e-9) for level in levels}


def foresee(sums: SumQuantiles, stage: Stage, levels: Sequence[float]) -> list[Outcome]:
    """Live through drawn periods at each level, always with the same draws.

    Args:
        sums: quantiles of summed demand, its articles in the order of the stage's.
        stage: lead times, review periods and costs; its demand is not read.
        levels: quantiles to try.
    """
    demand = _draws(sums, PERIODS + int((stage.lead + stage.review).max(initial=1)))
    drawn = replace(stage, demand=demand)
    outcomes = []
    for units in targets(sums, stage, levels).values():
        rule = order_up_to(np.broadcast_to(units, (demand.shape[1], len(units))))
        outcomes.append(live(replace(drawn, start=units), rule))
    return outcomes


def _draws(sums: SumQuantiles, periods: int) -> FloatArray:
    """Draw whole units (articles x periods): each article's quantiles evenly, in an order of its own."""
    rng = np.random.default_rng(SEED)
    places = rng.permuted(np.tile(np.arange(periods), (len(sums.ids), 1)), axis=1)
    shares = (places + rng.random(places.shape)) / periods
    one = np.ones(len(sums.ids))
    fine = (np.arange(400) + 0.5) / 400
    outcomes = sums.at_levels(np.arange(len(sums.ids)), one, fine)
    rows = np.arange(len(sums.ids))[:, None]
    return np.asarray(np.round(outcomes[rows, np.minimum((shares * 400).astype(int), 399)]))
