"""mljar-supervised under benchmarks/automl.py: its mode Compete."""

import warnings

import numpy as np
import pandas as pd
from automl_protocol import Job, Model, run
from supervised.automl import AutoML

METRICS = {"log_loss": "logloss", "rmse": "rmse"}
KINDS = {
    "binary": "binary_classification",
    "multiclass": "multiclass_classification",
    "regression": "regression",
}


def fit(job: Job) -> Model:
    """Train within the time limit, on two cores, as its documentation tells."""
    warnings.simplefilter("ignore")
    model = AutoML(
        results_path=str(job.scratch / "model"),
        mode="Compete",
        ml_task=KINDS[job.kind],
        eval_metric=METRICS[job.metric],
        total_time_limit=int(job.seconds),
        n_jobs=2,
        random_state=7,
        explain_level=0,
        verbose=0,
    )
    model.fit(job.train.drop(columns=[job.target]), job.train[job.target])

    def answer(x: pd.DataFrame) -> np.ndarray:
        if job.kind == "regression":
            return np.asarray(model.predict(x))
        found = model.predict_all(x)
        names = [f"prediction_{label}" for label in job.labels]
        return found.reindex(columns=names, fill_value=0.0).to_numpy()

    return Model(answer=answer, artifact=job.scratch / "model", note=str(model._best_model.get_name()))


if __name__ == "__main__":
    run(fit)
