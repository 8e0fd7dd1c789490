"""Where a company's forecasts are kept between training and planning: one folder a tenant and company."""

import re
import shutil
import uuid
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any

import msgspec
import polars as pl

from yunque.errors import NotFoundError, StorageError
from yunque.forecasting.answer import from_tables
from yunque.forecasting.panel import Frequency, Panel
from yunque.solutions.demand.basis import Basis
from yunque.solutions.demand.history import History
from yunque.solutions.demand.intake import Book
from yunque.solutions.demand.plan_values import DataNote

FORMAT = 1
ABOUT, SIMULATION = "about.json", "simulation"
_SAFE = re.compile(r"[^0-9A-Za-z_-]")
PREFIX = "empresa_"


@dataclass(frozen=True, kw_only=True)
class Kept:
    """A company's forecasts as they were kept.

    Attributes:
        model_id: R2's `empresa_<nit>`.
        basis: everything that a plan needs.
        facts: of the training: run id, moment, options, measures.
        simulation: the trade-off curve (tradeoff.CURVE); None until it was simulated.
    """

    model_id: str
    basis: Basis
    facts: dict[str, Any]
    simulation: pl.DataFrame | None = None


def model_id_of(book: Book) -> str:
    """Give R2's name of a company's model: by its NIT, else by its number."""
    return PREFIX + (_SAFE.sub("", book.nit) or _SAFE.sub("", book.company) or "local")


def keep(place: Path, tenant: str, basis: Basis, facts: dict[str, Any]) -> Kept:
    """Keep a company's forecasts; the ones before are replaced at once, or stay whole.

    Raises:
        StorageError: the disk refuses.
    """
    model_id = model_id_of(basis.book)
    target = _folder(place, tenant, model_id)
    fresh = target.with_name(f".{target.name}-{uuid.uuid4().hex}")
    try:
        fresh.mkdir(parents=True)
        for name, frame in _frames(basis).items():
            frame.write_parquet(fresh / f"{name}.parquet")
        (fresh / ABOUT).write_bytes(msgspec.json.encode(_about(basis, facts)))
        old = target.with_name(f".{target.name}-{uuid.uuid4().hex}")
        if target.exists():
            target.rename(old)
        fresh.rename(target)
        shutil.rmtree(old, ignore_errors=True)
    except OSError as error:
        shutil.rmtree(fresh, ignore_errors=True)
        raise StorageError(f"The forecasts cannot be kept: {error.strerror}.") from error
    return Kept(model_id=model_id, basis=basis, facts=facts)


def models(place: Path, tenant: str) -> list[str]:
    """Give the names of a tenant's models."""
    folder = place / _safe(tenant)
    return sorted(path.name for path in folder.glob(f"{PREFIX}*")) if folder.is_dir() else []


def companies(place: Path, tenant: str) -> dict[str, tuple[str, str]]:
    """Give a tenant's models by name: the company's number and NIT of each."""
    found = {}
    for name in models(place, tenant):
        about = _folder(place, tenant, name) / ABOUT
        if about.is_file():
            book = msgspec.json.decode(about.read_bytes())["book"]
            found[name] = (book["company"], book["nit"])
    return found


def open_kept(place: Path, tenant: str, model_id: str) -> Kept:
    """Open a company's forecasts; another tenant's are not there.

    Raises:
        NotFoundError: the company was not trained by this tenant.
        StorageError: what was kept cannot be read.
    """
    folder = _folder(place, tenant, model_id)
    if not (folder / ABOUT).is_file():
        raise NotFoundError.among("trained company", model_id[:64], models(place, tenant))
    try:
        about = msgspec.json.decode((folder / ABOUT).read_bytes())
        frames = {path.stem: pl.read_parquet(path) for path in sorted(folder.glob("*.parquet"))}
    except (OSError, ValueError, pl.exceptions.PolarsError) as error:
        raise StorageError(
            "The company's forecasts cannot be read.", hint="Train the company again."
        ) from error
    simulation = frames.pop(SIMULATION, None)
    return Kept(model_id=model_id, basis=_basis(about, frames), facts=about["facts"], simulation=simulation)


def keep_simulation(place: Path, tenant: str, model_id: str, curve: pl.DataFrame) -> None:
    """Keep a company's trade-off curve beside its forecasts.

    Raises:
        StorageError: the disk refuses.
    """
    target = _folder(place, tenant, model_id) / f"{SIMULATION}.parquet"
    try:
        fresh = target.with_suffix(f".{uuid.uuid4().hex}")
        curve.write_parquet(fresh)
        fresh.replace(target)
    except OSError as error:
        raise StorageError(f"The simulation cannot be kept: {error.strerror}.") from error


def company_of(place: Path, tenant: str, model_id: str) -> str:
    """Give the number (`empresa_servidor_id`) of a trained company, "" where none is known."""
    try:
        about = msgspec.json.decode((_folder(place, tenant, model_id) / ABOUT).read_bytes())
    except (OSError, ValueError):
        return ""
    return str(about["book"]["company"])


def stamp_of(place: Path, tenant: str, model_id: str) -> str:
    """Tell one training of a company from the next; "" where it was never trained."""
    try:
        found = (_folder(place, tenant, model_id) / ABOUT).stat()
    except OSError:
        return ""
    return f"{found.st_mtime_ns}-{found.st_ino}"


def _safe(name: str) -> str:
    return _SAFE.sub("_", name)[:80] or "local"


def _folder(place: Path, tenant: str, model_id: str) -> Path:
    return place / _safe(tenant) / _safe(model_id)


def _frames(basis: Basis) -> dict[str, pl.DataFrame]:
    history, panel = basis.history, basis.panel
    return {
        **{f"table_{name}": frame for name, frame in basis.book.tables.items()},
        "history_sales": history.sales,
        "history_out_of_stock": history.out_of_stock,
        "history_bulk": history.bulk,
        "panel_frame": panel.frame,
        "panel_items": panel.items,
        "panel_promotions": panel.promotions,
        **{f"forecast_{name}": frame for name, frame in basis.forecasts.to_tables().items()},
    }


def _about(basis: Basis, facts: dict[str, Any]) -> dict[str, Any]:
    book, panel = basis.book, basis.panel
    return {
        "format": FORMAT,
        "facts": facts,
        "book": {
            "company": book.company, "nit": book.nit, "first": book.first, "last": book.last,
            "today": book.today, "notes": [asdict(one) for one in book.notes],
        },
        "history": {"notes": [asdict(one) for one in basis.history.notes]},
        "panel": {"frequency": panel.frequency, "last": panel.last, "notes": panel.notes},
    }  # fmt: skip


def _basis(about: dict[str, Any], frames: dict[str, pl.DataFrame]) -> Basis:
    def part(prefix: str) -> dict[str, pl.DataFrame]:
        return {name.removeprefix(prefix): frame for name, frame in frames.items() if name.startswith(prefix)}

    book, panel = about["book"], about["panel"]
    days = {name: date.fromisoformat(book[name]) for name in ("first", "last", "today")}
    frequency: Frequency = panel["frequency"]
    return Basis(
        book=Book(
            tables=part("table_"), company=book["company"], nit=book["nit"], notes=_notes(book), **days
        ),
        history=History(**part("history_"), notes=_notes(about["history"])),
        panel=Panel(
            **part("panel_"),
            frequency=frequency,
            last=date.fromisoformat(panel["last"]),
            notes=tuple((code, count) for code, count in panel["notes"]),
        ),
        forecasts=from_tables(part("forecast_")),
    )  # fmt: skip


def _notes(document: dict[str, Any]) -> tuple[DataNote, ...]:
    return tuple(DataNote(**{**one, "examples": tuple(one["examples"])}) for one in document["notes"])
