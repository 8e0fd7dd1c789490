"""What a champion answered on rows that it did not learn from, as a file that a run keeps."""

import io

import numpy as np
import polars as pl

from yunque.learning.leaderboard import Leaderboard
from yunque.models.prediction import answer_table

PREDICTIONS = "predictions.csv"
MOST_ROWS = 20_000


def predictions_csv(board: Leaderboard) -> bytes:
    """Give row, truth and answer of held-out rows as CSV; of more than 20,000 an even spread.

    `row` is the position in the training table. Empty where the task has no truth.
    """
    held, task = board.held_out, board.task
    if not task.has_target:
        return b""
    places = np.unique(
        np.linspace(0, len(held.rows) - 1, num=min(len(held.rows), MOST_ROWS)).astype(np.int64)
    )
    y = held.y[places]
    truth = [task.classes[int(place)] for place in y] if task.is_classification else y
    answers = answer_table(task, board.champion.decision, np.ascontiguousarray(held.predictions[places]))
    table = pl.DataFrame(
        [pl.Series("row", held.rows[places]), pl.Series("truth", truth), *answers.iter_columns()]
    )
    out = io.BytesIO()
    table.write_csv(out)
    return out.getvalue()
