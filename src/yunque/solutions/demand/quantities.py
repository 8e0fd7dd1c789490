"""How much to order: whole packs, the supplier's minimum or waiting, economic lots."""

from dataclasses import dataclass

import numpy as np

from yunque.kernel.form import FloatArray

BoolArray = np.ndarray
HAIR = 1e-9  # of a pack: rounding error, not need


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What decides quantities, an article each, units.

    Attributes:
        needed: order-up-to level less inventory position, 0 when covered.
        position: the inventory position.
        pack, minimum: of the supplier; pack > 0.
        daily: mean demand a day.
        lot: economic lot, 0 for none.
        max_cover_days: longest time that a minimum may last.
    """

    needed: FloatArray
    position: FloatArray
    pack: FloatArray
    minimum: FloatArray
    daily: FloatArray
    lot: FloatArray
    max_cover_days: float


@dataclass(frozen=True, kw_only=True)
class Suggested:
    """Packs to order, and why they differ from what is needed.

    Attributes:
        packs: whole packs.
        least: packs of the supplier's minimum, 1 where there is none.
        raised, rounded, waits: whether the minimum raised it, a pack rounded it, or the minimum is too much.
    """

    packs: np.ndarray
    least: np.ndarray
    raised: BoolArray
    rounded: BoolArray
    waits: BoolArray


def suggest(asked: Asked) -> Suggested:
    """Round up to packs; take the minimum where its cover is bearable, else wait."""
    is_short = asked.needed > HAIR * asked.pack
    wanted = np.where(is_short, np.maximum(asked.needed, asked.lot), 0.0)
    packs = _packs(wanted, asked.pack)
    least = np.maximum(_packs(asked.minimum, asked.pack), 1)
    under = (packs > 0) & (packs < least)
    stock = asked.position + least * asked.pack
    days = np.where(asked.daily > 0, stock / np.maximum(asked.daily, 1e-12), np.inf)
    waits = under & (days > asked.max_cover_days)
    done = np.where(waits, 0, np.where(under, least, packs))
    return Suggested(
        packs=done,
        least=least,
        raised=under & ~waits,
        rounded=(done > 0) & ~under & (done * asked.pack > wanted + 1e-9),
        waits=waits,
    )


def _packs(units: FloatArray, pack: FloatArray) -> np.ndarray:
    """Give the whole packs that hold so many units; a hair's breadth of rounding error needs no pack."""
    return np.ceil(np.maximum(units / pack - HAIR, 0.0)).astype(np.int64)
