"""How fast this machine is just now, from the first quick fit."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from yunque.learning.fit_size import FitSize
from yunque.learning.portfolio import ANCHOR_ROWS
from yunque.learning.race import Standing

SLOWEST, FASTEST = 16.0, 0.5


def measured_pace(standings: Mapping[str, Standing], size: FitSize) -> float:
    """Give the seconds this machine needs for what is expected to take one; 1 when nothing was measured.

    It is rounded to a power of two, so that two runs on the same quiet machine plan alike.

    Args:
        standings: the anchors after their first fit.
        size: columns and scores of a fit; its rows are not looked at.
    """
    for each in standings.values():
        rounds = int(each.candidate.params.get("num_iterations", 0))
        if each.candidate.is_reference or not rounds or 0 not in each.results:
            continue
        result = each.results[0]
        ran = max(1, result.rounds) if result.fitted.stopped_early else rounds
        rows = min(result.trained_rows, ANCHOR_ROWS)
        expected = ran * replace(size, rows=rows).round_seconds
        measured = max(result.fit_seconds / expected, FASTEST)  # a clock that stands still measures nothing
        return float(min(max(2.0 ** round(np.log2(measured)), FASTEST), SLOWEST))
    return 1.0
