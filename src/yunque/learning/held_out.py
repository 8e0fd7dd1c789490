"""The champion on rows it never learnt from: the untouched rows, else those of the folds."""

from collections.abc import Callable
from typing import Any

import numpy as np

from yunque.features.encode import encode
from yunque.kernel.calibration import apply_calibration
from yunque.kernel.form import FloatArray
from yunque.learning.fold_data import Table
from yunque.learning.leaderboard import Champion, HeldOut
from yunque.learning.oof import OutOfFold
from yunque.learning.splits import IntArray

BLOCK_ROWS = 10_000
FIRST_BLOCK_ROWS = 500


def on_untouched_rows(
    champion: Champion,
    table: Table,
    rows: IntArray,
    *,
    until: float,
    clock: Callable[[], float],
    seed: int,
) -> HeldOut:
    """Predict the untouched rows, or a draw of them when there is no time for all.

    Rows are taken in a random order, block after block, until `until`; at least the first block is scored.
    """
    order = np.random.default_rng(seed).permutation(rows)
    scored: list[FloatArray] = []
    done = 0
    size = FIRST_BLOCK_ROWS
    while done < len(order):
        block = order[done : done + size]
        scored.append(uncalibrated(champion, table, block))
        done += len(block)
        size = BLOCK_ROWS
        if clock() > until:
            break
    taken = order[:done]
    back = np.argsort(taken, kind="stable")
    return _held_out("test", taken[back], table, np.concatenate(scored)[back], champion)


def on_fold_rows(oof: OutOfFold, mixed: FloatArray, table: Table, champion: Champion) -> HeldOut:
    """Give the out-of-fold predictions of the champion's mixture."""
    return _held_out("out_of_fold", oof.rows, table, mixed, champion)


def uncalibrated(champion: Champion, table: Table, rows: IntArray) -> FloatArray:
    """Predict some rows of the table, before calibration."""
    frame = table.frame[rows]
    return champion.blend.mean([encode(recipe, frame) for recipe in champion.recipes])


def _held_out(kind: Any, rows: IntArray, table: Table, mixed: FloatArray, champion: Champion) -> HeldOut:
    return HeldOut(
        kind=kind,
        rows=rows,
        y=table.y[rows],
        predictions=apply_calibration(champion.blend.calibration, mixed),
        uncalibrated=mixed,
    )
