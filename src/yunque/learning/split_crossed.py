"""Forward blocks in time crossed with parts of the groups, where purging groups would leave too little."""

import numpy as np
import numpy.typing as npt

from yunque.learning.split_group import deal_groups
from yunque.learning.splits import IntArray

MOST_PARTS = 3
LEAST_KEPT = 0.5  # of a fold's earlier rows; a purge that leaves less is replaced by crossing
Part = tuple[IntArray, IntArray]  # positions learnt from, positions judged on


def purged(part: Part, groups: IntArray) -> Part:
    """Give a fold whose training rows are of other groups than those that it judges."""
    train, valid = part
    return train[~np.isin(groups[train], np.unique(groups[valid]))], valid


def keeps_enough(parts: list[Part], groups: IntArray) -> bool:
    """Whether purging the groups of each block leaves at least half of what there is to learn from."""
    return all(len(purged(part, groups)[0]) >= LEAST_KEPT * len(part[0]) for part in parts)


def blocks_of(folds: int) -> int:
    """Give how many blocks in time are crossed where so many folds were wished for: about half as many."""
    return max(1, (folds + 1) // 2)


def crossed(parts: list[Part], groups: IntArray, stratum: IntArray, rng: np.random.Generator) -> list[Part]:
    """Divide each block among parts of the groups; each is judged by the earlier rows of other groups.

    Every group belongs to one part in all blocks, so what is judged of it is never learnt from in the same
    fold, and each fold still learns from most of the rows that lie before it. Where even that leaves nothing
    of a fold, the fold is left out.

    Args:
        parts: forward blocks in time, groups not yet kept apart.
        groups: (n,) number of each row's group, from 0.
        stratum: (n,) the mix that parts are to share.
        rng: draws the parts.

    Returns:
        the folds, block after block; empty where there is one group only.
    """
    count = min(MOST_PARTS, int(groups.max()) + 1)
    if count < 2:
        return []
    part_of = deal_groups(groups, stratum, count, rng)
    found: list[Part] = []
    for train, valid in parts:
        for number in range(count):
            judged: npt.NDArray[np.int64] = valid[part_of[valid] == number]
            fold = purged((train, judged), groups)
            if len(judged) and len(fold[0]):
                found.append(fold)
    return found
