"""What the champion loses without a group of columns: they are shuffled together on held-out rows.

One column of several that say the same looks worthless when it alone is shuffled; together they do not.
Groups are the columns of one kind, and numbers that move together (rank correlation).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np
import polars as pl

from yunque.data.schema import Column, Kind
from yunque.features.encode import encode
from yunque.learning.importance import Explained

MOST_ROWS = 2_000
MOST_GROUPS = 12
MOST_NUMBERS = 60  # looked at for moving together
TOGETHER = 0.8  # absolute rank correlation from which two numbers move together
NUMBERS = (Kind.NUMBER, Kind.INTEGER)


def column_groups(columns: Sequence[Column], frame: pl.DataFrame, seed: int) -> dict[str, tuple[str, ...]]:
    """Group columns: "kind:category" and so on, then "together:<column>" of numbers that move together.

    A kind of one column, and a single group that holds everything, say nothing new and are left out.
    """
    kinds: dict[str, list[str]] = {}
    for column in columns:
        kind = Kind.NUMBER if column.kind in NUMBERS else column.kind
        kinds.setdefault(f"kind:{kind.value}", []).append(column.name)
    groups = {name: tuple(members) for name, members in kinds.items() if 1 < len(members) < len(columns)}
    numbers = [column.name for column in columns if column.kind in NUMBERS][:MOST_NUMBERS]
    for members in _moving_together(numbers, frame, seed):
        if len(members) < len(columns) and members not in groups.values():
            groups[f"together:{members[0]}"] = members
    return dict(list(groups.items())[:MOST_GROUPS])


def _moving_together(names: Sequence[str], frame: pl.DataFrame, seed: int) -> list[tuple[str, ...]]:
    if len(names) < 2 or frame.height < 10:
        return []
    some = frame.sample(min(frame.height, MOST_ROWS), seed=seed).select(names)
    ranks = some.select(pl.all().rank().fill_null(strategy="mean").fill_nan(0.0).cast(pl.Float64)).to_numpy()
    usable = ranks.std(axis=0) > 0
    with np.errstate(invalid="ignore", divide="ignore"):
        alike = np.abs(np.nan_to_num(np.corrcoef(ranks.T))) >= TOGETHER
    left = [place for place in range(len(names)) if usable[place]]
    found = []
    while left:
        first = left.pop(0)
        members = [first, *(place for place in left if alike[first, place])]
        left = [place for place in left if place not in members]
        if len(members) > 1:
            found.append(tuple(names[place] for place in members))
    return found


def group_importance(
    explained: Explained,
    groups: Mapping[str, Sequence[str]],
    *,
    seed: int,
    until: float,
    clock: Callable[[], float],
) -> dict[str, float]:
    """Give the increase of the loss when all columns of a group are shuffled alike, as far as there is time.

    Args:
        explained: model and rows, which it did not learn from.
        groups: columns by the group's name.
        seed: seeds draws and shuffles.
        until: when to stop, on `clock`.
        clock: monotonic seconds.
    """
    rng = np.random.default_rng(seed)
    rows = np.sort(rng.permutation(explained.frame.height)[:MOST_ROWS])
    chosen = replace(explained, frame=explained.frame[rows], judged=explained.judged.take(rows))
    began = clock()
    if not groups or began >= until:
        return {}
    base = _loss(chosen, chosen.frame)
    each = clock() - began
    found: dict[str, float] = {}
    for name, members in groups.items():
        if clock() + 1.5 * each > until:
            break
        order = rng.permutation(chosen.frame.height)
        shuffled = chosen.frame.with_columns(chosen.frame.select(members)[order])
        found[name] = _loss(chosen, shuffled) - base
    return found


def _loss(chosen: Explained, frame: pl.DataFrame) -> float:
    return chosen.judged.loss(chosen.blend.evaluate([encode(recipe, frame) for recipe in chosen.recipes]))
