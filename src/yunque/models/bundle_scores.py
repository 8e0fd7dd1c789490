"""How the champion's scores spread on held-out rows: what the scores it serves are held against."""

from typing import Any

import numpy as np

from yunque.learning.answers import answer_position
from yunque.learning.leaderboard import Leaderboard
from yunque.models.prediction import probability_name

BINS = 20


def score_profile(leaderboard: Leaderboard) -> dict[str, Any] | None:
    """Count held-out scores into 20 equal bins from 0 to 1, each with its upper end; None in regression.

    Returns:
        {"column": name of the answer's column, "counts": 20 numbers}: the probability of the second class in
        a binary task, the confidence otherwise.
    """
    task, predictions = leaderboard.task, leaderboard.held_out.predictions
    if not task.is_classification:
        return None
    if len(task.classes) == 2:
        column, scores = probability_name(task.classes[1]), predictions[:, 1]
    else:
        decision = leaderboard.champion.decision
        column = "confidence"
        scores = np.array([row[answer_position(decision, row)] for row in predictions.tolist()])
    edges = np.arange(1, BINS) / BINS
    found = np.bincount(np.searchsorted(edges, scores, side="left"), minlength=BINS)
    return {"column": column, "counts": found.tolist()}
