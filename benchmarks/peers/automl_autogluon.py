"""AutoGluon under benchmarks/automl.py; the preset is the second argument."""

import sys
import warnings

import numpy as np
import pandas as pd
from autogluon.tabular import TabularPredictor
from automl_protocol import Job, Model, run

METRICS = {"log_loss": "log_loss", "rmse": "root_mean_squared_error"}


def fit(job: Job) -> Model:
    """Train within the time limit, on two cores, as its documentation tells."""
    warnings.simplefilter("ignore")
    predictor = TabularPredictor(
        label=job.target,
        problem_type=job.kind,
        eval_metric=METRICS[job.metric],
        path=str(job.scratch / "model"),
        verbosity=0,
    )
    predictor.fit(job.train, presets=sys.argv[2], time_limit=job.seconds, num_cpus=2)
    predictor.persist()

    def answer(x: pd.DataFrame) -> np.ndarray:
        if job.kind == "regression":
            return predictor.predict(x).to_numpy()
        found = predictor.predict_proba(x)
        found.columns = found.columns.astype(str)
        return found.reindex(columns=job.labels, fill_value=0.0).to_numpy()

    return Model(answer=answer, artifact=job.scratch / "model", note=predictor.model_best)


if __name__ == "__main__":
    run(fit)
