"""Yunque under benchmarks/automl.py: trained by its service, asked through the predictor that serves."""

import getpass

import numpy as np
import pandas as pd
import polars as pl
from automl_protocol import Job, Model, run

from yunque.data.infer import Wishes
from yunque.models.predictor import Predictor
from yunque.models.trusted_load import load_bundle
from yunque.runtime.clock import REAL_CLOCK
from yunque.services.check import CheckRequest, check
from yunque.services.train import TrainRequest, train


def fit(job: Job) -> Model:
    """Train as the command line does; what blocks is accepted by name, as the peers are not asked either."""
    began = REAL_CLOCK.monotonic()
    frame, wishes = pl.from_pandas(job.train), Wishes(target=job.target)
    blocking = check(CheckRequest(source=frame, wishes=wishes, name="benchmark")).blocking
    request = TrainRequest(
        source=frame,
        source_name="benchmark",
        name="benchmark",
        wishes=wishes,
        task=job.kind,
        metric=job.metric,
        budget=job.seconds,
        accept=tuple(finding.id for finding in blocking),
        accept_reason="the tables of the benchmark are known",
        by=getpass.getuser(),
        spent_seconds=REAL_CLOCK.monotonic() - began,
    )
    trained = train(request, job.scratch / "bundle", REAL_CLOCK)
    predictor = Predictor.from_bundle(load_bundle(trained.bundle.folder))

    def answer(x: pd.DataFrame) -> np.ndarray:
        answers = predictor.predict_table(pl.from_pandas(x), threads=2).frame
        if job.kind == "regression":
            return answers.get_column("prediction").to_numpy()
        return answers.select(f"probability_{label}" for label in job.labels).to_numpy()

    members = ", ".join(
        f"{name} {weight:.2f}" for name, weight in trained.leaderboard.plan["weights"].items()
    )
    return Model(
        answer=answer,
        artifact=trained.bundle.folder,
        answer_one=lambda row: predictor.predict_row(row, extra="ignore"),
        note=members,
    )


if __name__ == "__main__":
    run(fit)
