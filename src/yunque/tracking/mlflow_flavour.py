"""A model in MLflow's generic flavour, which names a module that opens it; no pickle is written or read.

A bundle is opened by this module; a solution whose models are no bundles names its own (`ModelFact.loader`).
"""

from pathlib import Path

import pandas as pd
import polars as pl

from yunque.models.predictor import Predictor
from yunque.models.trusted_load import load_bundle
from yunque.tracking.run_record import ModelFact

# Words of a contract -> MLflow's types.
_TYPES = {"number": "double", "integer": "long", "boolean": "boolean", "date": "string", "datetime": "string"}


class ServedBundle:
    """What MLflow asks for answers."""

    def __init__(self, predictor: Predictor) -> None:
        self._predictor = predictor

    def predict(self, model_input: pd.DataFrame) -> pd.DataFrame:
        """Answer a table; rows that are refused keep their place with missing answers."""
        return self._predictor.predict_table(pl.from_pandas(model_input)).frame.to_pandas()


def _load_pyfunc(path: str) -> ServedBundle:
    """Open the bundle that lies at `path`; MLflow calls this.

    Raises:
        BundleError: it does not pass its audit.
    """
    return ServedBundle(Predictor.from_bundle(load_bundle(Path(path))))


def write_model(folder: Path, model: ModelFact) -> None:
    """Write the model in MLflow's form: `MLmodel`, signature, input example, and its folder as its data.

    Raises:
        ImportError: MLflow is not installed.
    """
    import mlflow.pyfunc
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, Schema

    optional = set(model.optional)
    inputs = [
        ColSpec(_TYPES.get(kind, "string"), name, required=name not in optional)
        for name, kind in model.inputs.items()
    ]
    outputs = [
        ColSpec("double" if kind == "number" else "string", name) for name, kind in model.answers.items()
    ]
    example = pd.DataFrame([{name: model.example.get(name) for name in model.inputs}])
    mlflow.pyfunc.save_model(
        path=str(folder),
        loader_module=model.loader or __name__,
        data_path=model.folder,
        signature=ModelSignature(inputs=Schema(inputs), outputs=Schema(outputs)),
        input_example=example,
        pip_requirements=["yunque"],
    )
