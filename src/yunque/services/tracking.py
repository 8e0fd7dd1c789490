"""Record a run: always on this machine, and in MLflow when it is there."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import msgspec

from yunque.errors import StorageError
from yunque.learning.leaderboard import Leaderboard
from yunque.models.registry import Registry
from yunque.services.publish import Published
from yunque.tracking.held_out import predictions_csv
from yunque.tracking.mirror import PATIENCE, Mirror, Patience
from yunque.tracking.run_record import RunRecord
from yunque.tracking.run_store import keep_run
from yunque.tracking.training_run import TrainingFacts, training_run

LOG = logging.getLogger("yunque.tracking")


@dataclass(frozen=True, kw_only=True)
class Tracked:
    """Where a run is recorded.

    Attributes:
        run_id: on this machine; "" when its disk refused.
        mlflow_run_id, mlflow_ui_url: in MLflow; "" when it is not there.
        warning: one sentence when a record that was asked for could not be made.
    """

    run_id: str
    mlflow_run_id: str = ""
    mlflow_ui_url: str = ""
    warning: str = ""

    @property
    def keys(self) -> dict[str, str]:
        """Give MLflow's keys of an answer: absent, not null, where there is no MLflow (R2)."""
        found = {"mlflow_run_id": self.mlflow_run_id, "mlflow_ui_url": self.mlflow_ui_url}
        return {name: value for name, value in found.items() if value}


@dataclass(frozen=True, kw_only=True)
class Tracking:
    """How runs are recorded.

    Attributes:
        place: folder of this machine's records.
        mlflow_uri: where MLflow is, as `MLFLOW_TRACKING_URI` names it; "" for nowhere.
        language: of a warning.
        patience: seconds that MLflow may take.
    """

    place: Path
    mlflow_uri: str = ""
    language: str = "en"
    patience: Patience = PATIENCE

    def begin(self, experiment: str, name: str) -> "OpenRun":
        """Open a run; MLflow is woken beside what follows."""
        mirror = None
        if self.mlflow_uri:
            mirror = Mirror(self.mlflow_uri, experiment, name, language=self.language, patience=self.patience)
        return OpenRun(self.place, mirror)


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What is known of a training beside its bundle.

    Attributes:
        experiment, name: what it belongs to, and its own name.
        by: who asked; began, ended: when.
        tags: more to find it by.
    """

    experiment: str
    name: str
    by: str
    began: datetime
    ended: datetime
    tags: Mapping[str, str] = field(default_factory=dict)


class OpenRun:
    """A run that goes on; leaving it without `finish` records nothing more."""

    def __init__(self, place: Path, mirror: Mirror | None) -> None:
        self._place, self.mirror = place, mirror

    def __enter__(self) -> Self:
        """Give the run."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Let go of MLflow."""
        if self.mirror is not None:
            self.mirror.close()

    def finish(self, record: RunRecord, files: Mapping[str, bytes]) -> Tracked:
        """Keep the record and its files, and mirror them; what fails costs a warning, never the run."""
        try:
            folder = keep_run(self._place, msgspec.structs.replace(record, files=list(files)), files)
        except StorageError as error:
            LOG.warning("%s", error)
            return Tracked(run_id="", warning=str(error))
        if self.mirror is None:
            return Tracked(run_id=folder.name)
        found = self.mirror.finish(folder)
        if found is None:
            return Tracked(run_id=folder.name, warning=self.mirror.warning)
        return Tracked(run_id=folder.name, mlflow_run_id=found.run_id, mlflow_ui_url=found.url)


def track_training(
    run: OpenRun, registry: Registry, published: Published, asked: Asked, board: Leaderboard | None = None
) -> Tracked:
    """Record a training from the bundle that it published.

    Args:
        run: opened before it began.
        registry: where the bundle is.
        published: what became of it.
        asked: what is known beside.
        board: of the training, whose answers on held-out rows are kept; None where another process had it.
    """
    return run.finish(*training_record(registry, published, asked, board))


def training_record(
    registry: Registry, published: Published, asked: Asked, board: Leaderboard | None = None
) -> tuple[RunRecord, dict[str, bytes]]:
    """Give the record of a training and its files by name."""
    version = published.version
    facts = TrainingFacts(
        experiment=asked.experiment,
        run_name=asked.name,
        version=version.version,
        aliases=version.aliases,
        by=asked.by,
        started=asked.began.timestamp(),
        ended=asked.ended.timestamp(),
        tags=asked.tags,
    )
    predictions = predictions_csv(board) if board is not None else b""
    return training_run(registry.load(version), facts, predictions)


def with_keys(document: dict[str, Any], tracked: Tracked) -> dict[str, Any]:
    """Give an answer with MLflow's keys where there are any."""
    return {**document, **tracked.keys}
