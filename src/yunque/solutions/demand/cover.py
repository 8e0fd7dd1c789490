"""The demand that a purchase must cover: until the next order can arrive, or for a period that is asked for.

An asked period that begins within a month is covered from today to its end, and for at least as long after
the order arrives (a month at most): what is ordered today is not there before. One that begins later is
bought for on its own: its demand, less what is expected to be left of the stock on its first day.
"""

from dataclasses import dataclass

import numpy as np

from yunque.kernel.form import FloatArray
from yunque.solutions.demand.levels import Ahead
from yunque.solutions.demand.wish import PlanWish

SOON_DAYS = 31.0  # a period that begins later is bought for on its own
AFTER_DAYS = 30.0  # that an order lasts after it arrived, at most, where the asked period ends before


@dataclass(frozen=True, kw_only=True)
class Covered:
    """The demand to cover.

    Attributes:
        draws: articles x outcomes, units, ascending.
        position: units that are there for it.
        days: how long it is, an article each.
        alone: whether it is a later period, bought for on its own.
    """

    draws: FloatArray
    position: FloatArray
    days: FloatArray
    alone: bool = False


def is_alone(wish: PlanWish) -> bool:
    """Whether the asked period is bought for on its own."""
    return wish.cover_to is not None and wish.cover_from > SOON_DAYS


def covered(
    ahead: Ahead, terms: tuple[FloatArray, FloatArray, FloatArray], position: FloatArray, wish: PlanWish
) -> Covered:
    """Give the demand to cover; `terms` are lead time, its deviation, and the review period, in days."""
    lead, lead_sd, review = terms
    own = lead + review
    if wish.cover_to is None:
        return Covered(draws=ahead.draws(own, lead_sd), position=position, days=own)
    if not is_alone(wish):
        after = lead + min(wish.cover_to, AFTER_DAYS)
        days = np.maximum(after, wish.cover_to)
        deviation = np.where(days > after, 0.0, lead_sd)
        return Covered(draws=ahead.draws(days, deviation), position=position, days=days)
    whole = np.full(len(lead), wish.cover_to - wish.cover_from)
    until = ahead.mean(np.full(len(lead), wish.cover_from))
    draws = ahead.later(wish.cover_from).draws(whole, np.zeros(len(lead)))
    return Covered(draws=draws, position=np.maximum(position - until, 0.0), days=whole, alone=True)
