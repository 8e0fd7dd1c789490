"""Where a company's forecasts are kept between training and planning: a folder a training, and the last one.

    <place>/<tenant>/empresa_<nit>/00000003/…   what a training left: tables, facts, the registered model

A training whose `about.json` is there is whole: it is written last and appears at once. The newest whole one
is the company's; nothing else says which, so that trainings at once, and readers beside them, need no lock.
"""

import os
import re
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import polars as pl

from yunque.errors import NotFoundError, StorageError
from yunque.forecasting.answer import Forecasts
from yunque.services.demand_kept import FORMAT, about_of, basis_of, frames_of
from yunque.solutions.demand.basis import Basis
from yunque.solutions.demand.intake import Book

ABOUT, SIMULATION, MODEL = "about.json", "simulation", "model"
_SAFE = re.compile(r"[^0-9A-Za-z_=-]")  # tenants bring "=" for a dot: a.b and a_b are two of them
_VERSION = re.compile(r"\d{8}")
PREFIX = "empresa_"
STAY = 2  # trainings that stay: the last one, and the one that someone may be reading
TRIES = 5  # of a reader under whose hands trainings end and are removed
_BROKEN = (OSError, ValueError, LookupError, TypeError, pl.exceptions.PolarsError)


@dataclass(frozen=True, kw_only=True)
class Kept:
    """A company's forecasts as they were kept.

    Attributes:
        model_id: R2's `empresa_<nit>`.
        basis: everything that a plan needs.
        facts: of the training: run id, moment, options, measures.
        simulation: the trade-off curve (tradeoff.CURVE); None until it was simulated.
        version: which training of this company; the first is 1.
    """

    model_id: str
    basis: Basis
    facts: dict[str, Any]
    simulation: pl.DataFrame | None = None
    version: int = 1


@dataclass(frozen=True, kw_only=True)
class Room:
    """The folder of a training that goes on; nobody reads it before `settle`.

    Attributes:
        model_id: R2's name of the company's model.
        folder: its own.
    """

    model_id: str
    folder: Path

    @property
    def version(self) -> int:
        """Which training of the company this is."""
        return int(self.folder.name)

    @property
    def model(self) -> Path:
        """The folder of what is registered in MLflow: forecasts without anyone's movements."""
        return self.folder / MODEL


def model_id_of(book: Book) -> str:
    """Give R2's name of a company's model: by its NIT, else by its number."""
    return PREFIX + (_SAFE.sub("", book.nit) or _SAFE.sub("", book.company) or "local")


@contextmanager
def room_of(place: Path, tenant: str, model_id: str) -> Iterator[Room]:
    """Give the folder of a new training; it is removed when the training comes to nothing.

    Raises:
        StorageError: the disk refuses.
    """
    room = _make_room(place, tenant, model_id)
    try:
        yield room
    finally:
        if not (room.folder / ABOUT).is_file():
            shutil.rmtree(room.folder, ignore_errors=True)


def _make_room(place: Path, tenant: str, model_id: str) -> Room:
    """Take the next number that is free.

    Raises:
        StorageError: the disk refuses.
    """
    home = _home(place, tenant, model_id)
    try:
        home.mkdir(parents=True, exist_ok=True)
        number = 1 + max((int(one.name) for one in _trainings(home)), default=0)
        while True:
            try:
                (home / f"{number:08d}").mkdir()
                return Room(model_id=model_id, folder=home / f"{number:08d}")
            except FileExistsError:
                number += 1
    except OSError as error:
        raise StorageError(f"The forecasts cannot be kept: {error.strerror}.") from error


def keep_model(room: Room, forecasts: Forecasts) -> None:
    """Keep what is registered in MLflow: the tables of the forecasts.

    Raises:
        StorageError: the disk refuses.
    """
    try:
        room.model.mkdir()
        for name, frame in forecasts.to_tables().items():
            frame.write_parquet(room.model / f"{name}.parquet")
    except OSError as error:
        raise StorageError(f"The forecasts cannot be kept: {error.strerror}.") from error


def settle(room: Room, basis: Basis, facts: dict[str, Any]) -> Kept:
    """Keep a training; it is the company's until a newer one is kept.

    Raises:
        StorageError: the disk refuses.
    """
    try:
        for name, frame in frames_of(basis).items():
            frame.write_parquet(room.folder / f"{name}.parquet")
        _write(room.folder / ABOUT, msgspec.json.encode(about_of(basis, facts)))
        for old in _whole(room.folder.parent)[:-STAY]:
            (old / ABOUT).unlink(missing_ok=True)  # first, so that a reader knows why the rest is gone
            shutil.rmtree(old, ignore_errors=True)
    except OSError as error:
        raise StorageError(f"The forecasts cannot be kept: {error.strerror}.") from error
    return Kept(model_id=room.model_id, basis=basis, facts=facts, version=room.version)


def keep(place: Path, tenant: str, basis: Basis, facts: dict[str, Any]) -> Kept:
    """Keep a company's forecasts at once.

    Raises:
        StorageError: the disk refuses.
    """
    with room_of(place, tenant, model_id_of(basis.book)) as room:
        return settle(room, basis, facts)


def models(place: Path, tenant: str) -> list[str]:
    """Give the names of a tenant's models."""
    return sorted(companies(place, tenant))


def companies(place: Path, tenant: str) -> dict[str, tuple[str, str]]:
    """Give a tenant's models by name: the company's number (`empresa_servidor_id`) and NIT of each."""
    folder, found = place / _safe(tenant), {}
    for home in sorted(folder.glob(f"{PREFIX}*")) if folder.is_dir() else ():
        try:
            book = msgspec.json.decode((_whole(home)[-1] / ABOUT).read_bytes())["book"]
            found[home.name] = (str(book["company"]), str(book["nit"]))
        except _BROKEN:
            continue  # a first training that goes on, or what is told when it is opened
    return found


def open_kept(place: Path, tenant: str, model_id: str) -> Kept:
    """Open a company's forecasts; another tenant's are not there.

    Raises:
        NotFoundError: the company was not trained by this tenant.
        StorageError: what was kept cannot be read.
    """
    home = _home(place, tenant, model_id)
    for tries in range(1, TRIES + 1):
        whole = _whole(home)
        if not whole:
            break
        try:
            return _read(model_id, whole[-1])
        except _BROKEN as error:
            if tries == TRIES or (whole[-1] / ABOUT).is_file():
                raise StorageError(
                    "The company's forecasts cannot be read.", hint="Train the company again."
                ) from error
    raise NotFoundError.among("trained company", model_id[:64], models(place, tenant))


def keep_simulation(place: Path, tenant: str, kept: Kept, curve: pl.DataFrame) -> None:
    """Keep a trade-off curve beside the forecasts that it is of.

    Raises:
        StorageError: the disk refuses, or the company was trained twice since.
    """
    target = _home(place, tenant, kept.model_id) / f"{kept.version:08d}" / f"{SIMULATION}.parquet"
    try:
        fresh = target.with_suffix(f".{uuid.uuid4().hex}")
        curve.write_parquet(fresh)
        fresh.replace(target)
    except OSError as error:
        raise StorageError(
            f"The simulation cannot be kept: {error.strerror}.", hint="Simulate the newest training again."
        ) from error


def stamp_of(place: Path, tenant: str, model_id: str) -> str:
    """Tell one training of a company from the next; "" where it was never trained."""
    try:
        last = _whole(_home(place, tenant, model_id))[-1]
        return f"{last.name}-{(last / ABOUT).stat().st_mtime_ns}"
    except (OSError, IndexError):
        return ""


def _safe(name: str) -> str:
    return _SAFE.sub("_", name)[:80] or "local"


def _home(place: Path, tenant: str, model_id: str) -> Path:
    return place / _safe(tenant) / _safe(model_id)


def _read(model_id: str, folder: Path) -> Kept:
    about = msgspec.json.decode((folder / ABOUT).read_bytes())
    if about["format"] != FORMAT:
        raise ValueError(about["format"])
    frames = {path.stem: pl.read_parquet(path) for path in sorted(folder.glob("*.parquet"))}
    simulation = frames.pop(SIMULATION, None)
    basis, facts = basis_of(about, frames), about["facts"]
    return Kept(model_id=model_id, basis=basis, facts=facts, simulation=simulation, version=int(folder.name))


def _trainings(home: Path) -> list[Path]:
    return sorted(one for one in home.glob("*") if _VERSION.fullmatch(one.name))


def _whole(home: Path) -> list[Path]:
    """Give the trainings that are whole, the newest last."""
    return [one for one in _trainings(home) if (one / ABOUT).is_file()]


def _write(path: Path, content: bytes) -> None:
    fresh = path.with_name(f".{path.name}-{uuid.uuid4().hex}")
    with fresh.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
