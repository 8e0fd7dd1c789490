"""FLAML under benchmarks/automl.py."""

import pickle
import warnings

import numpy as np
import pandas as pd
from automl_protocol import Job, Model, run
from flaml import AutoML

METRICS = {"log_loss": "log_loss", "rmse": "rmse"}


def fit(job: Job) -> Model:
    """Train within the time budget, on two cores, as its documentation tells."""
    warnings.simplefilter("ignore")
    model = AutoML()
    model.fit(
        X_train=job.train.drop(columns=[job.target]),
        y_train=job.train[job.target],
        task="regression" if job.kind == "regression" else "classification",
        metric=METRICS[job.metric],
        time_budget=job.seconds,
        n_jobs=2,
        seed=7,
        verbose=0,
        log_file_name=str(job.scratch / "log"),
    )
    artifact = job.scratch / "model.pkl"
    artifact.write_bytes(pickle.dumps(model.model, protocol=5))

    def answer(x: pd.DataFrame) -> np.ndarray:
        if job.kind == "regression":
            return np.asarray(model.predict(x))
        found = pd.DataFrame(model.predict_proba(x), columns=[str(label) for label in model.classes_])
        return found.reindex(columns=job.labels, fill_value=0.0).to_numpy()

    return Model(answer=answer, artifact=artifact, note=str(model.best_estimator))


if __name__ == "__main__":
    run(fit)
