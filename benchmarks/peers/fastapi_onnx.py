"""The tuned handler: FastAPI, a pydantic row, ONNX Runtime."""

import json
import os
from pathlib import Path

import numpy as np
import onnxruntime
from fastapi import FastAPI
from pydantic import create_model

app = FastAPI()
FOLDER = Path(os.environ["PEER_FOLDER"])
options = onnxruntime.SessionOptions()
options.intra_op_num_threads = 1
session = onnxruntime.InferenceSession(str(FOLDER / "model.onnx"), options)
LEVELS = [
    {v: float(i) for i, v in enumerate(column)} for column in json.loads((FOLDER / "levels.json").read_text())
]
TEXTS = [f"c{i}" for i in range(len(LEVELS))]
NUMBERS = [f"x{i:02d}" for i in range(20)]
KINDS = {name: (str | None if name in TEXTS else float | None, None) for name in [*TEXTS, *NUMBERS]}
Row = create_model("Row", **KINDS)


@app.post("/predict")
async def predict(row: Row) -> dict[str, object]:
    """Answer one row."""
    codes = [levels.get(getattr(row, name), -1.0) for name, levels in zip(TEXTS, LEVELS, strict=True)]
    numbers = [np.nan if (v := getattr(row, name)) is None else v for name in NUMBERS]
    label, chances = session.run(None, {"x": np.array([codes + numbers], np.float32)})
    return {"prediction": str(label[0]), "confidence": float(chances[0].max())}
