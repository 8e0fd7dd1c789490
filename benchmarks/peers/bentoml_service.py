"""BentoML: a typed row, a DataFrame, the same pipeline."""

import os
from pathlib import Path

import bentoml
import joblib
import pandas as pd


@bentoml.service(workers=1)
class Orders:
    """One model."""

    def __init__(self) -> None:
        self.model = joblib.load(Path(os.environ["PEER_FOLDER"]) / "pipeline.joblib")
        self.names = list(self.model.feature_names_in_)

    @bentoml.api
    def predict(self, row: dict) -> dict:
        """Answer one row."""
        chances = self.model.predict_proba(pd.DataFrame([row], columns=self.names))[0]
        return {
            "prediction": str(self.model.classes_[int(chances.argmax())]),
            "confidence": float(chances.max()),
        }
