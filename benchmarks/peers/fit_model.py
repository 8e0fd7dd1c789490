"""Fit the peers' model in their own environment: encoding and LightGBM in one scikit-learn pipeline.

python fit_model.py TABLE.parquet FOLDER [mlflow|onnx|booster]
"""

import sys
from pathlib import Path

import joblib
import lightgbm
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OrdinalEncoder

ROUNDS, LEAVES = 300, 31


def pipeline(frame: pd.DataFrame) -> Pipeline:
    """Build what a careful user would."""
    texts = [name for name in frame.columns if name.startswith("c")]
    encoder = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)
    columns = ColumnTransformer([("texts", encoder, texts)], remainder="passthrough")
    model = lightgbm.LGBMClassifier(n_estimators=ROUNDS, num_leaves=LEAVES, n_jobs=1, verbosity=-1)
    return Pipeline([("columns", columns), ("model", model)])


def main() -> None:
    """Fit and write in the peer's format."""
    table, folder, kind = Path(sys.argv[1]), Path(sys.argv[2]), (sys.argv[3:] or ["pipeline"])[0]
    frame = pd.read_parquet(table).dropna(subset=["grade"])
    x, y = frame.drop(columns=["grade"]), frame["grade"]
    fitted = pipeline(x).fit(x, y)
    if kind == "pipeline":
        joblib.dump(fitted, folder / "pipeline.joblib")
    elif kind == "mlflow":
        import mlflow

        mlflow.sklearn.save_model(
            fitted,
            str(folder / "mlflow_model"),
            serialization_format="cloudpickle",
            pyfunc_predict_fn="predict_proba",
        )
    elif kind == "onnx":
        onnx(fitted, x, folder)
    elif kind == "booster":
        fitted.named_steps["model"].booster_.save_model(str(folder / "model.bst"))


def onnx(fitted: Pipeline, x: pd.DataFrame, folder: Path) -> None:
    """Write the booster as ONNX; the encoder's levels go beside it."""
    import json

    from onnxmltools import convert_lightgbm
    from onnxmltools.convert.common.data_types import FloatTensorType

    booster = fitted.named_steps["model"]
    levels = fitted.named_steps["columns"].named_transformers_["texts"].categories_
    proto = convert_lightgbm(
        booster, initial_types=[("x", FloatTensorType([None, x.shape[1]]))], zipmap=False
    )
    (folder / "model.onnx").write_bytes(proto.SerializeToString())
    (folder / "levels.json").write_text(json.dumps([[str(v) for v in column] for column in levels]))


if __name__ == "__main__":
    main()
