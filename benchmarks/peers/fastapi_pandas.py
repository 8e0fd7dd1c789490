"""The plain handler: FastAPI, a pydantic row, a DataFrame, a scikit-learn pipeline."""

import os
from pathlib import Path

import joblib
import pandas as pd
from fastapi import FastAPI
from pydantic import create_model

app = FastAPI()
model = joblib.load(Path(os.environ["PEER_FOLDER"]) / "pipeline.joblib")
NAMES = list(model.feature_names_in_)
KINDS = {name: (str | None if name.startswith("c") else float | None, None) for name in NAMES}
Row = create_model("Row", **KINDS)


@app.post("/predict")
async def predict(row: Row) -> dict[str, object]:
    """Answer one row."""
    chances = model.predict_proba(pd.DataFrame([row.model_dump()], columns=NAMES))[0]
    best = int(chances.argmax())
    return {"prediction": str(model.classes_[best]), "confidence": float(chances[best])}
