"""The arithmetic of a plan for all articles at once: levels, quantities, budget, risks."""

from dataclasses import dataclass

import numpy as np

from yunque.kernel.form import FloatArray
from yunque.solutions.demand.budget import Spent, Wanted, spend
from yunque.solutions.demand.cover import Covered, covered
from yunque.solutions.demand.levels import Ahead, above, economic_lot, fill_level, quantile, short
from yunque.solutions.demand.quantities import Asked, Suggested, suggest
from yunque.solutions.demand.terms import Stockroom
from yunque.solutions.demand.wish import PlanWish

MOST_SIGHT_DAYS = 730  # days ahead in which a stock-out is dated


@dataclass(frozen=True, kw_only=True)
class Reckoned:
    """Everything that a plan says in numbers, an article each, in units, money and days.

    Attributes:
        demand, lead_demand, order_up_to, reorder_point, level: see plan_values.Levels.
        there: units counted against the demand to cover: the position, or what is left of it later.
        days: length of the demand to cover.
        needed, packs: short of the order-up-to level, and what is bought of it.
        suggested: packs before the budget, and why they differ from what is needed.
        spent: packs within the budget, and the method.
        daily: mean demand a day of the protection interval.
        stockout, lost, lost_after, lost_left: probability, and expected lost margin without buying, with what
            is bought, and with what was wanted.
        excess, overstock: units beyond nine in ten futures, and the probability of too much.
        runs_out, order_by: days until position and reorder point are reached; inf beyond sight.
    """

    demand: FloatArray
    there: FloatArray
    days: FloatArray
    lead_demand: FloatArray
    order_up_to: FloatArray
    reorder_point: FloatArray
    level: FloatArray
    needed: FloatArray
    packs: np.ndarray
    suggested: Suggested
    spent: Spent
    daily: FloatArray
    stockout: FloatArray
    lost: FloatArray
    lost_after: FloatArray
    lost_left: FloatArray
    excess: FloatArray
    overstock: FloatArray
    runs_out: FloatArray
    order_by: FloatArray


def reckon(room: Stockroom, ahead: Ahead, wish: PlanWish) -> Reckoned:
    """Work the whole plan out."""
    lead, lead_sd, review = (room.array(name) for name in ("lead_days", "lead_sd_days", "review_days"))
    pack, cost, price = (room.array(name) for name in ("pack", "cost", "price"))
    margin = np.maximum(price - cost, 0.0)
    position = room.array("on_hand") + room.array("on_order") - room.array("reserved")
    cover, in_lead = covered(ahead, (lead, lead_sd, review), position, wish), ahead.draws(lead, lead_sd)
    protection, there = cover.draws, cover.position
    target, reorder, level = _levels(cover, in_lead, wish)
    whole = np.isclose(pack, np.round(pack))
    target = np.where(whole, np.ceil(target - 1e-9), target)
    reorder = np.where(whole, np.ceil(reorder - 1e-9), reorder)
    reorder = reorder if cover.alone else np.minimum(reorder, target)
    demand = protection.mean(axis=1)
    daily = demand / np.maximum(cover.days, 1e-9)
    needed = np.maximum(target - there, 0.0)
    lots = economic_lot(daily * 365, cost, wish.ordering_cost, wish.holding_rate)
    suggested = suggest(
        Asked(
            needed=needed,
            position=there,
            pack=pack,
            minimum=room.array("minimum"),
            daily=daily,
            lot=lots,
            max_cover_days=wish.max_cover_days,
        )
    )
    wanted = Wanted(
        packs=suggested.packs,
        least=suggested.least,
        pack=pack,
        price=pack * cost,
        margin=np.where(margin > 0, margin, 1e-6),  # articles without a margin compete by units, last
        position=there,
        draws=protection,
    )
    spent = spend(wanted, wish.budget)
    horizon = ahead.draws(np.full(len(lead), float(wish.horizon_days)), np.zeros(len(lead)))
    return Reckoned(
        demand=demand,
        there=there,
        days=cover.days,
        lead_demand=in_lead.mean(axis=1),
        order_up_to=target,
        reorder_point=reorder,
        level=level,
        needed=needed,
        packs=spent.packs,
        suggested=suggested,
        spent=spent,
        daily=daily,
        stockout=above(in_lead, position),
        lost=margin * short(protection, there),
        lost_after=margin * short(protection, there + spent.packs * pack),
        lost_left=margin * short(protection, there + suggested.packs * pack),
        excess=np.maximum(position - np.ceil(quantile(horizon, 0.9)), 0.0),
        overstock=np.where(position > 0, (horizon < position[:, None] - 1e-9).mean(axis=1), 0.0),
        runs_out=_reached(ahead, position),
        order_by=_reached(ahead, position - reorder),
    )


def _levels(cover: Covered, in_lead: FloatArray, wish: PlanWish) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Give order-up-to level, reorder point and the quantile they stand at."""
    draws = cover.draws
    if wish.measure == "cycle" or wish.level is not None:
        level = np.full(len(draws), wish.service if wish.level is None else wish.level)
        return quantile(draws, level), quantile(in_lead, level), level
    target = fill_level(draws, np.zeros_like(in_lead) if cover.alone else in_lead, wish.service)
    level = (draws <= target[:, None] + 1e-9).mean(axis=1)
    return target, quantile(in_lead, level), level


def _reached(ahead: Ahead, units: FloatArray) -> FloatArray:
    """Give the days until the expected demand reaches so many units: 0 when it is there, inf beyond sight."""
    marks = np.unique(np.concatenate([np.arange(0, 57, 1), np.arange(56, MOST_SIGHT_DAYS + 1, 7)]))
    demand = ahead.curve(marks.astype(float)).T
    reached = demand >= np.maximum(units, 0.0)[None, :] - 1e-9
    first = reached.argmax(axis=0)
    found = np.where(reached.any(axis=0), marks[first].astype(float), np.inf)
    never = (demand[-1] <= 1e-9) & (units > 0)
    return np.where(never, np.inf, np.where(units <= 0, 0.0, found))
