"""What a bundle without a target must hold: ranks of scores that rise, or a form that gives clusters."""

import math
from collections.abc import Sequence
from itertools import pairwise

import msgspec

from yunque.learning.ranks import MOST_KNOTS
from yunque.learning.task import Task, TaskKind

CLUSTER_FORMS = frozenset({"points", "mixture"})


class RanksRecord(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """See `learning.ranks.Ranks`."""

    scores: tuple[float, ...]
    percentiles: tuple[float, ...]
    contamination: float
    flag_from: float
    flagged: float


def problem_of_unlabelled(task: Task, kinds: Sequence[str], ranks: RanksRecord | None) -> str:
    """Say what of a bundle does not fit a task, as far as tasks without a target go; "" when all fits.

    Args:
        task: the question.
        kinds: kind of the form of each member.
        ranks: of the scores, where there are any.
    """
    if task.kind is not TaskKind.ANOMALY:
        if ranks is not None:
            return f"A {task.kind} task cannot have ranks of scores."
        if task.kind is TaskKind.CLUSTERS and (len(kinds) != 1 or kinds[0] not in CLUSTER_FORMS):
            return "The number of a cluster comes from one member that gives clusters, and from no other."
        return ""
    if ranks is None:
        return "A task of anomalies needs the ranks of its scores."
    return "" if _is_sound(ranks) else "The ranks of the scores are not those of a training."


def _is_sound(ranks: RanksRecord) -> bool:
    numbers = (*ranks.scores, *ranks.percentiles, ranks.contamination, ranks.flag_from, ranks.flagged)
    return (
        0 < len(ranks.scores) <= MOST_KNOTS
        and len(ranks.percentiles) == len(ranks.scores)
        and all(map(math.isfinite, numbers))
        and max(map(abs, numbers)) < 1e150  # differences and products of them stay finite
        and all(low < high for low, high in pairwise(ranks.scores))
        and all(low <= high for low, high in pairwise((0.0, *ranks.percentiles, 100.0)))
        and 0.0 < ranks.contamination <= 0.5
        and 0.0 <= ranks.flagged <= 1.0
    )
