"""Bins that two samples are counted into, joined until every one is filled well enough to be judged."""

import numpy as np
import numpy.typing as npt

Counts = npt.NDArray[np.int64]
LEAST_EXPECTED = 8.0  # cells of the smaller sample; the usual 5 lets the far tail of chi-square grow too long


def joined(reference: Counts, seen: Counts, *, is_ordered: bool) -> tuple[Counts, Counts]:
    """Join bins until each is expected to hold 8 cells of the smaller sample, were there no difference.

    Only the sums over both samples decide what is joined, so that the test which follows stays honest.

    Args:
        reference, seen: counts over the same bins.
        is_ordered: join neighbours; otherwise the rarest levels are joined together.

    Returns:
        The counts over the bins that are left; one bin where the samples are too small for two.
    """
    both = reference + seen
    if is_ordered:
        groups = _neighbours(both, _least(reference, seen))
    else:
        groups = _rarest(both, _least(reference, seen))
    size = int(groups.max(initial=0)) + 1
    return (
        np.bincount(groups, weights=reference, minlength=size).astype(np.int64),
        np.bincount(groups, weights=seen, minlength=size).astype(np.int64),
    )


def _least(reference: Counts, seen: Counts) -> float:
    """Give what a bin must hold of both samples together."""
    n, m = float(reference.sum()), float(seen.sum())
    return LEAST_EXPECTED * (n + m) / max(1.0, min(n, m))


def _neighbours(both: Counts, least: float) -> Counts:
    groups = np.zeros(both.size, np.int64)
    group, held = 0, 0
    for place, count in enumerate(both.tolist()):
        groups[place] = group
        held += count
        if held >= least:
            group, held = group + 1, 0
    if 0 < held < least or (held == 0 and group > int(groups.max(initial=0))):
        groups[groups == group] = max(0, group - 1)  # the rest belongs to the last full bin
    return groups


def _rarest(both: Counts, least: float) -> Counts:
    order = np.argsort(-both, kind="stable")
    groups = np.empty(both.size, np.int64)
    full = int((both >= least).sum())
    groups[order] = np.minimum(np.arange(both.size), full)
    if full and both[order[full:]].sum() < least:  # too few to stand alone: with the rarest of the others
        groups[groups == full] = full - 1
    return groups
