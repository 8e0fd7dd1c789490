"""Parts made of whole groups, so that no group stands on both sides."""

from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

IntArray = npt.NDArray[np.int64]
BALANCED_ONE_BY_ONE = 2_000


def group_codes(values: pl.Series) -> IntArray:
    """Give each row the number of its group; a row without one is a group of its own."""
    codes = values.rank("dense").cast(pl.Int64)
    missing = codes.is_null().to_numpy()
    filled = codes.fill_null(0).to_numpy().astype(np.int64)
    filled[missing] = filled.max(initial=0) + 1 + np.arange(int(missing.sum()))
    codes_in_order: IntArray = np.unique(filled, return_inverse=True)[1].astype(np.int64)
    return codes_in_order


def deal_groups(groups: IntArray, stratum: IntArray, parts: int, rng: np.random.Generator) -> IntArray:
    """Deal whole groups to `parts` parts of about equal size and mix of strata: (n,) part of each row.

    The largest groups are placed one by one where they unbalance least; thousands of small ones in turn,
    which chance balances well enough.
    """
    n_groups, n_strata = int(groups.max()) + 1, int(stratum.max()) + 1
    counts = np.zeros((n_groups, n_strata))
    np.add.at(counts, (groups, stratum), 1.0)
    sizes = counts.sum(axis=1)
    shuffled = rng.permutation(n_groups)
    order = shuffled[np.argsort(-sizes[shuffled], kind="stable")]
    part_of = np.zeros(n_groups, dtype=np.int64)
    part_of[order[BALANCED_ONE_BY_ONE:]] = np.arange(max(0, n_groups - BALANCED_ONE_BY_ONE)) % parts
    filled: npt.NDArray[Any] = np.zeros((parts, n_strata))
    np.add.at(filled, part_of[order[BALANCED_ONE_BY_ONE:]], counts[order[BALANCED_ONE_BY_ONE:]])
    share = np.maximum(counts.sum(axis=0), 1.0)
    for group in order[:BALANCED_ONE_BY_ONE]:
        spread = ((filled + counts[group]) / share).sum(axis=1) + (filled.sum(axis=1) + sizes[group]) / len(
            groups
        )
        part_of[group] = int(np.argmin(spread))
        filled[part_of[group]] += counts[group]
    return part_of[groups]


def draw_groups(groups: IntArray, share: float, rng: np.random.Generator) -> npt.NDArray[np.bool_]:
    """Draw whole groups until about `share` of the rows are in: (n,) mask, never all or none."""
    sizes = np.bincount(groups)
    order = rng.permutation(len(sizes))
    filled = np.cumsum(sizes[order])
    wanted = share * len(groups)
    count = int(np.argmin(np.abs(filled - wanted))) + 1
    count = min(max(1, count), len(sizes) - 1)
    chosen = np.zeros(len(sizes), dtype=np.bool_)
    chosen[order[:count]] = True
    return chosen[groups]
