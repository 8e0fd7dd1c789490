"""What really happened, told later: kept beside the prediction log, and held against what was answered."""

import hashlib
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from yunque.data.parse import parse_series
from yunque.data.schema import Role
from yunque.data.table import read_table
from yunque.errors import ConflictError, NotFoundError, StorageError, TableError
from yunque.learning.task import Label
from yunque.models.predictor import Predictor
from yunque.models.registry_rows import Version
from yunque.monitoring.drift_reference import outputs_of
from yunque.monitoring.live import Before, Known, Tenth, Window, calibration_now, live_windows
from yunque.monitoring.live_facts import LiveFacts
from yunque.monitoring.outcomes import KEY, OUTCOME, ROW, join_outcomes

SUFFIX = ".parquet"
HASHED = 24


@dataclass(frozen=True, kw_only=True, eq=False)
class Told:
    """Rows whose truth is known.

    Attributes:
        known: answers and truths.
        features: of the same rows as they were asked; None where they were not recorded.
        unreadable: outcomes that are no value of the target.
    """

    known: Known
    features: pl.DataFrame | None
    unreadable: int = 0


@dataclass(frozen=True, kw_only=True)
class Live:
    """How a version does now.

    Attributes:
        model: label of the version.
        before: what was measured in training.
        windows: all rows together, then each window.
        calibration: probabilities against what came true.
        unreadable: outcomes that are no value of the target.
    """

    model: str
    before: Before
    windows: tuple[Window, ...]
    calibration: tuple[Tenth, ...]
    unreadable: int

    def facts(self, date: str) -> LiveFacts:
        """Give what a report is made from."""
        return LiveFacts(
            model=self.model,
            date=date,
            before=self.before,
            windows=self.windows,
            calibration=self.calibration,
        )

    def to_document(self) -> dict[str, Any]:
        """Give it as JSON values."""
        windows = [
            {**asdict(each), "begin": each.begin.isoformat() if each.begin else None} for each in self.windows
        ]
        return {
            "model_version": self.model,
            "metric": self.before.metric,
            "before": asdict(self.before),
            "all": windows[0],
            "windows": windows[1:],
            "calibration": [asdict(each) for each in self.calibration],
            "unreadable": self.unreadable,
        }


def keep_outcomes(folder: Path, name: str, source: object) -> int:
    """Keep outcomes by request beside the log; the same table again changes nothing. Gives their number.

    Args:
        folder: of all outcomes.
        name: of the model.
        source: a frame or file with request_id, outcome, and row where requests held several rows.

    Raises:
        TableError: a column is missing, or a row has two outcomes.
        StorageError: the disk refuses.
    """
    frame = source if isinstance(source, pl.DataFrame) else read_table(source)
    for column in (KEY, OUTCOME):
        if column not in frame.columns:
            raise TableError(
                f"The outcomes have no column {column!r}.",
                hint="They need request_id and outcome, and may have row; or name a table with the target.",
            )
    row = pl.col(ROW).cast(pl.Int32, strict=False) if ROW in frame.columns else pl.lit(0, pl.Int32)
    plain = frame.select(pl.col(KEY).cast(pl.String), row.alias(ROW), pl.col(OUTCOME).cast(pl.String))
    plain = plain.drop_nulls().unique(maintain_order=True).sort(KEY, ROW)
    if plain.select(KEY, ROW).is_duplicated().any():
        raise TableError("A row has two outcomes.", hint="Give one outcome for each request_id and row.")
    digest = hashlib.sha256(plain.write_csv().encode()).hexdigest()[:HASHED]
    path = folder / name / f"{digest}{SUFFIX}"
    draft = path.with_name(f".{path.name}")
    try:
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            plain.write_parquet(draft)
            draft.replace(path)
    except OSError as error:
        raise StorageError("The outcomes cannot be kept: the home cannot be written.") from error
    return plain.height


def kept_outcomes(folder: Path, name: str) -> pl.DataFrame:
    """Give all outcomes that were kept for a model; where a row was told twice the later telling counts."""
    paths = sorted(
        (folder / name).glob(f"[!.]*{SUFFIX}"), key=lambda path: (path.stat().st_mtime_ns, path.name)
    )
    if not paths:
        return pl.DataFrame(schema={KEY: pl.String, ROW: pl.Int32, OUTCOME: pl.String})
    told = pl.concat([pl.read_parquet(path) for path in paths])
    return told.unique(subset=[KEY, ROW], keep="last", maintain_order=True)


def told_by_log(
    predictor: Predictor, version: Version, log: Path, outcomes: pl.DataFrame, arms: tuple[str, ...] = ()
) -> Told:
    """Join outcomes to what a version answered.

    Args:
        predictor: the version, opened.
        version: which.
        log: folder of the prediction log.
        outcomes: as `kept_outcomes` gives them.
        arms: which answers count; all but a shadow's when empty.

    Raises:
        NotFoundError: no outcome belongs to a recorded answer.
    """
    joined = join_outcomes(log, version.name, outcomes, version.version)
    wanted = pl.col("arm").is_in(arms) if arms else pl.col("arm") != "shadow"
    joined = joined.filter(wanted).sort("at") if joined.height else joined
    if not joined.height:
        raise NotFoundError(
            f"No outcome belongs to a recorded answer of {version.label}.",
            hint="Outcomes are joined by request_id (the header x-request-id of the answer); "
            "serve with YUNQUE_PREDICTION_LOG=1.",
        )
    features = joined["features"].struct.unnest() if "features" in joined.columns else None
    return _told(predictor, joined[OUTCOME], joined["answer"].struct.unnest(), joined["at"], features)


def told_by_table(predictor: Predictor, source: object) -> Told:
    """Answer a table that holds the target, as if it had been asked.

    Raises:
        TableError, ContractError: as `predict_table`.
        NotFoundError: it has no column of the target's name.
    """
    frame = source if isinstance(source, pl.DataFrame) else read_table(source)
    target = predictor.task.target
    if target is None or target not in frame.columns:
        raise NotFoundError(
            f"The table has no column {target!r}.", hint="Give the target, or request_id and outcome."
        )
    answered = predictor.predict_table(frame)
    kept = np.setdiff1d(np.arange(frame.height), answered.rejected_rows)
    time = predictor.contract.schema.holder(Role.TIME)
    at = None
    if time is not None and time.name in frame.columns:
        at = parse_series(time, frame[time.name])[0].cast(pl.Datetime("us"))[kept]
    return _told(predictor, frame[target][kept], answered.frame[kept], at, answered.typed)


def _told(
    predictor: Predictor,
    outcomes: pl.Series,
    answers: pl.DataFrame,
    at: pl.Series | None,
    features: pl.DataFrame | None,
) -> Told:
    target, task = predictor.contract.schema.target, predictor.task
    if target is None:
        raise ConflictError(
            f"{predictor.version_label} has no target, so nothing can come true.",
            hint="Models of anomalies and clusters are watched by drift alone.",
        )
    typed, _ = parse_series(target, outcomes)
    if task.is_classification:
        places = {_text(label): float(place) for place, label in enumerate(task.classes)}
        truth = typed.cast(pl.String).replace_strict(places, default=None, return_dtype=pl.Float64)
    else:
        truth = typed.cast(pl.Float64)
    rows = np.flatnonzero((truth.is_not_null() & answers["prediction"].is_not_null()).to_numpy())
    y = truth[rows].to_numpy()
    known = Known(
        at=at[rows] if at is not None else None,
        y=y.astype(np.int64) if task.is_classification else y,
        outputs=outputs_of(task, answers[rows]),
    )
    lost = int((truth.is_null() & outcomes.is_not_null()).sum())
    return Told(known=known, features=features[rows] if features is not None else None, unreadable=lost)


def _text(label: Label) -> str:
    """Write a class as polars writes the cell that holds it."""
    return str(label).lower() if isinstance(label, bool) else str(label)


def live(predictor: Predictor, told: Told, every: str = "1d") -> Live:
    """Measure how a version does.

    Args:
        predictor: the version.
        told: rows whose truth is known.
        every: length of a window: "1d", "1w", "1mo".
    """
    champion = predictor.bundle.manifest.champion
    before = Before(
        metric=predictor.task.metric,
        loss=champion.loss,
        error=champion.loss_error,
        metrics=dict(champion.metrics),
    )
    decision, task = predictor.champion.decision, predictor.task
    return Live(
        model=predictor.version_label,
        before=before,
        windows=live_windows(task, decision, told.known, before, every),
        calibration=calibration_now(task, decision, told.known),
        unreadable=told.unreadable,
    )
