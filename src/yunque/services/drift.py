"""Measure drift: of a table that a person names, or of what was answered lately."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl

from yunque.data.table import read_table
from yunque.data.validate import CheckFailure
from yunque.errors import ConflictError, NotFoundError
from yunque.models.predictor import Predictor
from yunque.models.registry_rows import Version
from yunque.monitoring.drift import DriftWish, measure_drift
from yunque.monitoring.drift_document import drift_document, estimates_document
from yunque.monitoring.drift_facts import DriftFacts
from yunque.monitoring.drift_reference import EMPTY, outputs_of, read_reference
from yunque.monitoring.drift_values import Drift
from yunque.monitoring.estimated import Estimate, estimate
from yunque.monitoring.prediction_log import read_log

MOST_ROWS = 1_000_000  # of the log; the newest
LOG = "prediction log"


@dataclass(frozen=True, kw_only=True)
class Measured:
    """A measurement and what it was made of.

    Attributes:
        model: label of the version.
        source: of the rows, in words.
        drift: what moved.
        estimates: how well the model does by its own probabilities; () where that cannot be said.
        rejected: rows that could not be read, which are not measured.
        reasons: why, as records.
        begin, end: moments between which the rows were answered; None for a table.
    """

    model: str
    source: str
    drift: Drift
    estimates: tuple[Estimate, ...] = ()
    rejected: int = 0
    reasons: tuple[CheckFailure, ...] = field(default=())
    begin: datetime | None = None
    end: datetime | None = None

    def facts(self, date: str) -> DriftFacts:
        """Give what a report is made from."""
        return DriftFacts(
            model=self.model,
            source=self.source,
            date=date,
            drift=self.drift,
            estimates=self.estimates,
            rejected=self.rejected,
        )

    def to_document(self, *, with_cells: bool = True) -> dict[str, Any]:
        """Give it as JSON values; without cells of today's rows when `with_cells` is false."""
        return {
            "model_version": self.model,
            "source": self.source,
            "begin": self.begin.isoformat() if self.begin else None,
            "end": self.end.isoformat() if self.end else None,
            "rejected": self.rejected,
            **drift_document(self.drift, with_cells=with_cells),
            "estimated": estimates_document(self.estimates),
        }


def drift_of_table(predictor: Predictor, source: object, name: str, wish: DriftWish) -> Measured:
    """Answer a table and measure how it differs from the one that the model was made from.

    Args:
        predictor: the model.
        source: a frame or the path of a file.
        name: of the source, in words.
        wish: how to measure.

    Raises:
        TableError: the source cannot be read as a table, or no row of it can be read.
        ContractError: required columns are missing.
    """
    frame = source if isinstance(source, pl.DataFrame) else read_table(source)
    answered = predictor.predict_table(frame, threads=wish.threads)
    answers = answered.frame.filter(pl.col("prediction").is_not_null())
    drift, estimates = _measure(predictor, answered.typed, answers, wish)
    return Measured(
        model=predictor.version_label,
        source=name,
        drift=drift,
        estimates=estimates,
        rejected=len(answered.rejected_rows),
        reasons=answered.rejected,
    )


def drift_of_log(
    predictor: Predictor, folder: Path, version: Version, window: timedelta, wish: DriftWish
) -> Measured:
    """Measure what a version answered in the last `window` of its prediction log.

    Args:
        predictor: the version, opened.
        folder: of the prediction log.
        version: which.
        window: back from the newest row.
        wish: how to measure.

    Raises:
        NotFoundError: nothing was recorded of this version.
        ConflictError: the rows were recorded without their features.
    """
    log = read_log(folder, version.name, version.version).filter(pl.col("arm") != "shadow")
    newest = log.select(pl.col("at").max()).collect().item()
    if newest is None:
        raise NotFoundError(
            f"Nothing was recorded of {version.label}.",
            hint="Serve with YUNQUE_PREDICTION_LOG=1, or name a table: yunque drift NAME TABLE.",
        )
    rows = log.filter(pl.col("at") > newest - window).collect().tail(MOST_ROWS)
    if "features" not in rows.columns:
        raise ConflictError("The rows were recorded without any feature.", hint="See YUNQUE_LOG_LEAVE_OUT.")
    features, answers = rows["features"].struct.unnest(), rows["answer"].struct.unnest()
    drift, estimates = _measure(predictor, features, answers, wish)
    return Measured(
        model=predictor.version_label,
        source=LOG,
        drift=drift,
        estimates=estimates,
        begin=rows.select(pl.col("at").min()).item(),
        end=newest,
    )


def _measure(
    predictor: Predictor, features: pl.DataFrame, answers: pl.DataFrame, wish: DriftWish
) -> tuple[Drift, tuple[Estimate, ...]]:
    reference = read_reference(predictor.bundle)
    outputs = outputs_of(reference.task, answers)
    before = reference.sample.outputs if reference.sample else EMPTY
    drift = measure_drift(reference, features, answers, wish)
    return drift, estimate(reference.task, reference.decision, outputs, before)
