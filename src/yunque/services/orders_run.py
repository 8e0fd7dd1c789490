"""R5's pipeline from end to end: files, columns, candidates, registration, inference test, artefacts."""

import logging
import shutil
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from yunque.errors import ConflictError, StorageError
from yunque.learning.progress import Progress, ignore
from yunque.models.predictor import Predictor
from yunque.models.registry import Registry
from yunque.runtime.clock import Clock
from yunque.services.orders_artifacts import OrdersRun, write_artifacts
from yunque.services.orders_call import rank_clients
from yunque.services.orders_etl import Etl, run_etl, write_etl
from yunque.services.orders_inference import Door, InferenceTest, ask_samples
from yunque.services.orders_record import recorded, recording
from yunque.services.orders_request import OF_CHAMPION, OrdersRequest
from yunque.services.orders_train import TrainedOrders, train_orders
from yunque.services.pipeline_house import Serve
from yunque.services.publish import Published, settle
from yunque.services.tracking import Tracking
from yunque.solutions.orders.ceiling import beyond, tie_reason
from yunque.solutions.orders.columns import TARGET

LOG = logging.getLogger("yunque.orders")
Tell = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class OrdersHouse:
    """The real things that a run needs.

    Attributes:
        registry: where the model goes; clock: time.
        serve: a server over that registry, on loopback, for as long as it is held.
        place: folder that gets one folder a run.
        scratch: a folder that does not exist yet, and may be removed afterwards.
        tracking: where the run is recorded; None records it in its own folder only.
        once: names the work that makes the model, which is registered once however often it is done.
    """

    registry: Registry
    clock: Clock
    serve: Serve
    place: Path
    scratch: Path
    tracking: Tracking | None = None
    once: str = ""


def run_orders(
    request: OrdersRequest,
    house: OrdersHouse,
    out: Path | None = None,
    on_progress: Callable[[Progress], None] = ignore,
    tell: Tell = lambda text: None,  # noqa: ARG005
) -> OrdersRun:
    """Run the pipeline; its folder appears whole at the end, or not at all.

    The model is registered when it is packed, asked over the network by its version, and takes the champion's
    place only after that, through the gates.

    Args:
        request: what is asked.
        house: the real things.
        out: folder to write, which must not exist; one under `house.place` named after the model when None.
        on_progress: told the progress of the training.
        tell: told each step in words.

    Raises:
        ConflictError: `out` exists.
        TableError, DataError: the files cannot be used; names file, column and row.
        UsageError, TrainingError: as `services.train.train`.
        StorageError: the disk refuses.
    """
    if out is not None and out.exists():
        raise ConflictError(f"The folder {out.name!r} is there already.", hint="Name another one.")
    stages: dict[str, float] = {}
    began = house.clock.now()
    with recording(house.tracking) as open_run, _part(out.parent if out else house.place) as folder:
        with _timed(house.clock, stages, "etl"):
            tell("etl")
            etl = run_etl(request.source, request.question, house.clock.now())
            write_etl(etl, folder)
        etl = replace(etl, seconds=stages["etl"])
        with _timed(house.clock, stages, "train"):
            tell("train")
            bundle = house.scratch / "bundle"
            house.scratch.mkdir(parents=True, exist_ok=True)
            made = train_orders(request, etl.table, bundle, house.clock, on_progress)
        with _timed(house.clock, stages, "register"):
            tell("register")
            name = model_name(request, made)
            version = house.registry.publish(bundle, by=request.by, name=name, once=house.once)
            predictor = house.registry.open(version.label)
        with _timed(house.clock, stages, "inference_test"):
            tell("inference_test")
            tested = inference_test(request, house, predictor, made)
        with _timed(house.clock, stages, "promote"):
            published = promote(request, house.registry, made, tested, version)
        with _timed(house.clock, stages, "who_to_call"):
            tell("who_to_call")
            ranked = _ranked(request, predictor, etl)
        run = OrdersRun(
            request=request,
            etl=etl,
            made=made,
            published=published,
            tested=tested,
            ranked=ranked,
            stages=stages,
            created=house.clock.now(),
            folder=out or house.place / f"{version.name}-{version.version}",
        )
        write_artifacts(run, folder)
        run = recorded(run, open_run, house.registry, folder, began)
        _put(folder, run.folder)
    LOG.info("orders: finished", extra={"model": version.label, "metrics": run.metrics()})
    return run


def model_name(request: OrdersRequest, made: TrainedOrders) -> str:
    """Give the name that was asked for, or one made of the champion's heaviest algorithm."""
    if request.name != OF_CHAMPION:
        return request.name
    board = made.trained.leaderboard
    return f"digital_orders_{max(board.entries, key=lambda entry: entry.weight).algorithm}"


def inference_test(
    request: OrdersRequest, house: OrdersHouse, predictor: Predictor, made: TrainedOrders
) -> InferenceTest:
    """Ask the registered version some held-out orders over the network."""
    rows = np.random.default_rng(request.seed).permutation(made.held.height)[: request.samples]
    sample = made.held[np.sort(rows)]
    fields = sample.select(pl.col(name).cast(pl.String) if sample.schema[name] == pl.Categorical else name
                           for name in predictor.fields)  # fmt: skip
    truths = sample[TARGET].cast(pl.String)
    samples = list(zip(fields.to_dicts(), truths, strict=True))
    name, _, version = predictor.version_label.partition("@")
    classes = [str(label) for label in predictor.classes]
    with house.serve() as served:
        path = f"/api/v1/models/{name}/versions/{version}/predict"
        door = Door(address=served.address, path=path, headers=served.headers)
        return ask_samples(door, samples, classes, request.max_concurrent)


def promote(
    request: OrdersRequest, registry: Registry, made: TrainedOrders, tested: InferenceTest, version: Any
) -> Published:
    """Make the version the champion where gates and inference test allow it.

    A tie with the one column that there is to learn from is put on record in the name of who runs it.
    """
    if tested.success_rate < 1.0:
        folder = registry.folder_of(version)
        return Published(version=version, promoted=False, shortfalls=(), folder=folder)
    published = settle(registry, version, by=request.by)
    if published.promoted or beyond(published.shortfalls):
        return published
    reason = tie_reason(made.trained.leaderboard, published.shortfalls)
    if not reason:
        return published
    return settle(registry, published.version, by=request.by, override=reason)


def _ranked(request: OrdersRequest, predictor: Predictor, etl: Etl) -> pl.DataFrame:
    """Rank the clients; the question of given orders has no next one to rank by."""
    if request.question.asked != "next":
        return pl.DataFrame()
    return rank_clients(predictor, etl.intake.orders, _call_costs(request, predictor), request.threads)


def _call_costs(request: OrdersRequest, predictor: Predictor) -> Any:
    from yunque.solutions.orders.costs import equal_costs

    return equal_costs([str(label) for label in predictor.classes], request.call)


@contextmanager
def _timed(clock: Clock, stages: dict[str, float], name: str) -> Iterator[None]:
    started = clock.monotonic()
    yield
    stages[name] = clock.monotonic() - started
    LOG.info("orders: %s took %.2f s", name, stages[name])


@contextmanager
def _part(place: Path) -> Iterator[Path]:
    """Give a hidden folder where the result will stand; nothing is left of it after a failure."""
    folder = place / f".orders.{uuid.uuid4().hex[:12]}.part"
    try:
        folder.mkdir(parents=True)
    except OSError as error:
        raise StorageError(f"No folder can be made in {place.name!r}: {error.strerror}.") from error
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _put(folder: Path, target: Path) -> None:
    try:
        folder.rename(target)
    except OSError as error:
        raise StorageError(f"The folder {target.name!r} cannot be written: {error.strerror}.") from error
