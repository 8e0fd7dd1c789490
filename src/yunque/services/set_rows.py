"""Put the set of classes that holds the truth beside the answers of a table."""

import msgspec
import numpy as np
import polars as pl

from yunque.models.prediction import TablePrediction, beside, class_sets, probability_name, scatter
from yunque.models.predictor import Predictor


def with_sets(predictor: Predictor, prediction: TablePrediction, frame: pl.DataFrame) -> pl.DataFrame:
    """Give the answers with `prediction_set`, a JSON list of labels, the likeliest first, and `set_size`.

    Args:
        predictor: the model that answered.
        prediction: its answers; rejected rows have nulls.
        frame: the answers, perhaps with more columns beside them.

    Raises:
        UsageError: the model gives no sets.
    """
    answered = np.setdiff1d(np.arange(frame.height), prediction.rejected_rows, assume_unique=True)
    names = [probability_name(label) for label in predictor.classes]
    outputs = prediction.frame.select(names)[answered].to_numpy() if names else np.empty((0, 0))
    found = class_sets(predictor.task, predictor.champion.decision, outputs)
    columns = pl.DataFrame(
        {
            "prediction_set": pl.Series(
                [msgspec.json.encode(each).decode() for each in found], dtype=pl.Utf8
            ),
            "set_size": pl.Series([len(each) for each in found], dtype=pl.Int64),
        }
    )
    return beside(frame, scatter(columns, answered, frame.height))
