"""Put what each column adds beside the answers of a table."""

import numpy as np
import polars as pl

from yunque.models.prediction import TablePrediction, beside, scatter
from yunque.models.predictor import Predictor


def with_explanations(predictor: Predictor, prediction: TablePrediction) -> pl.DataFrame:
    """Give the answers with `explained_base`, `contribution_<column>` … and `explained_score`.

    With one score per class, that of the answered class is explained. Rejected rows have nulls.
    """
    frame = prediction.frame
    answered = np.setdiff1d(np.arange(frame.height), prediction.rejected_rows, assume_unique=True)
    explanation = predictor.explain_typed(prediction.typed)
    positions = {label: i for i, label in enumerate(predictor.classes)}
    of = [positions[label] for label in frame["prediction"].gather(answered)] if positions else None
    return beside(frame, scatter(explanation.frame(of), answered, frame.height))
