"""Which columns an answer without a truth rests on: how much it changes when one of them is shuffled."""

from collections.abc import Callable

import numpy as np

from yunque.features.encode import encode
from yunque.learning.scores.structure import adjusted_rand, rank_correlation
from yunque.learning.task import Task, TaskKind
from yunque.learning.unlabelled.measure import labels_of
from yunque.learning.unlabelled.rows import Views
from yunque.learning.unlabelled.trial import Trial, answers

MOST_ROWS = 2_000


def influence(
    task: Task, best: Trial, views: Views, more_time: Callable[[], bool]
) -> tuple[dict[str, float], list[str]]:
    """Give per column 1 minus the likeness of the answers with and without it, largest first.

    The likeness is Spearman's correlation of scores, or the adjusted Rand index of clusters, on rows that the
    model did not learn from.

    Returns:
        The influence of each column, and the columns for which there was no time.
    """
    assert best.form is not None  # noqa: S101 - a candidate that is done has one
    recipe = views.recipe(best.candidate.algorithm.view)
    frame = views.frame[views.judging[:MOST_ROWS]]
    before = best.outputs[:MOST_ROWS]
    rng = np.random.default_rng(views.seed)
    found: dict[str, float] = {}
    left_out = []
    for column in views.schema.features:
        if not more_time():
            left_out.append(column.name)
            continue
        shuffled = frame.with_columns(frame.get_column(column.name)[rng.permutation(frame.height)])
        after = answers(best.form, encode(recipe, shuffled))
        found[column.name] = 1.0 - (
            adjusted_rand(labels_of(before), labels_of(after))
            if task.kind is TaskKind.CLUSTERS
            else rank_correlation(before[:, 0], after[:, 0])
        )
    return dict(sorted(found.items(), key=lambda item: -item[1])), left_out
