"""Record a run of the orders pipeline: under the home always, in MLflow when it is there, by R5's names."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from yunque.models.registry import Registry
from yunque.services.orders_artifacts import EXPERIMENT, RECORD, RUN, OrdersRun
from yunque.services.tracking import Asked, OpenRun, Tracking, training_record
from yunque.tracking.run_record import RunRecord

ORDERS = "orders"
OWN_RECORD = "orders_run.json"  # the store has a file run.json of its own
OF_MODEL = {"report.html": "model_report.html"}  # the run has a report, too
LARGEST_FILE = 5_000_000  # bytes; the table is known by its digest


@contextmanager
def recording(tracking: Tracking | None) -> Iterator[OpenRun | None]:
    """Open the run of a pipeline; None where nobody asked for a record."""
    if tracking is None:
        yield None
        return
    with tracking.begin(EXPERIMENT, RUN) as run:
        yield run


def recorded(
    done: OrdersRun, run: OpenRun | None, registry: Registry, folder: Path, began: datetime
) -> OrdersRun:
    """Record a run whose files lie in `folder`, and write where it is recorded into its own record.

    Returns:
        The run, with where it is recorded; what could not be recorded costs a warning, never the run.
    """
    if run is None:
        return done
    record, files = orders_record(done, registry, folder, began)
    told = replace(done, tracked=run.finish(record, files))
    own = json.loads((folder / RECORD).read_bytes())
    own |= told.tracked.keys if told.tracked else {}
    (folder / RECORD).write_text(json.dumps(own, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    return told


def orders_record(
    done: OrdersRun, registry: Registry, folder: Path, began: datetime
) -> tuple[RunRecord, dict[str, bytes]]:
    """Give the record with one child per candidate, and the files that belong to it by name."""
    asked = Asked(experiment=EXPERIMENT, name=RUN, by=done.request.by, began=began, ended=done.created)
    record, files = training_record(registry, done.published, asked, done.made.trained.leaderboard)
    files = {OF_MODEL.get(name, name): content for name, content in files.items()} | _own_files(folder)
    numbers = {name: float(value) for name, value in done.metrics().items()}
    params = {name: str(value) for name, value in done.params().items()}
    return (
        RunRecord(
            experiment=record.experiment,
            name=record.name,
            kind=ORDERS,
            started=record.started,
            ended=record.ended,
            params=record.params | params,
            metrics=record.metrics | numbers,
            tags=record.tags | {"leak_alarm": str(done.alarmed).lower(), "solution": ORDERS},
            dataset=record.dataset,
            model=record.model,
            files=list(files),
            children=record.children,
        ),
        files,
    )


def _own_files(folder: Path) -> dict[str, bytes]:
    """Give the files of the run that are small enough to be sent."""
    found = sorted(
        path for path in folder.iterdir() if path.is_file() and path.stat().st_size <= LARGEST_FILE
    )
    return {OWN_RECORD if path.name == RECORD else path.name: path.read_bytes() for path in found}
