"""Take a file in: read it, keep its operations, and put it enriched among the pending."""

import hashlib
import logging
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from yunque.data.table import write_table
from yunque.errors import ConflictError, DataError
from yunque.services.aml_desk import PENDING, PROCESSED, Desk, check_analysis_id, new_analysis_id
from yunque.services.aml_judge import evaluate_past, judge
from yunque.solutions.aml.features.enrich import enrich
from yunque.solutions.aml.intake.intake import Intake, take_in
from yunque.solutions.aml.intake.read_file import read_file
from yunque.solutions.aml.store.audit import Entry, record
from yunque.solutions.aml.store.history import Kept, add_part, merged, part_of

TRAINING = "training"
SHOWN_FAULTS = 5
SHOWN_LETTERS = 40
_LOG = logging.getLogger("yunque.aml")


@dataclass(frozen=True, kw_only=True)
class Enriched:
    """A file taken in.

    Attributes:
        analysis_id: of the analysis that now waits; path: the enriched table.
        rows, accepted, rejected: rows of the file, operations read, rows left out.
        notes: what to know of the file.
    """

    analysis_id: str
    path: Path
    rows: int
    accepted: int
    rejected: int
    notes: tuple[str, ...]


def enrich_file(
    desk: Desk, source: Path, *, analysis_id: str | None = None, training_mode: bool = False
) -> Enriched:
    """Read a file and write it enriched: to pending/{analysis_id}.csv, where `run_pending` finds it.

    In training mode the label is kept, the table goes to training/ and no operation is added to the past.

    Raises:
        ContractError, TableError: the file lacks columns or is no table.
        DataError: no row of it could be read.
        ConflictError: the analysis id was used for another file.
    """
    name = check_analysis_id(analysis_id or new_analysis_id())
    start = desk.clock.monotonic()
    intake = take_in(read_file(source), desk.catalogue, desk.today())
    path = train_table(desk, name, intake) if training_mode else hold(desk, name, source, intake)
    _LOG.info("Tiempo de enriquecimiento: %.3f s", desk.clock.monotonic() - start)
    return Enriched(
        analysis_id=name,
        path=path,
        rows=intake.rows,
        accepted=intake.operations.height,
        rejected=intake.rejected_rows,
        notes=intake.notes,
    )


def hold(desk: Desk, name: str, source: Path, intake: Intake) -> Path:
    """Keep the operations and write the enriched table among the pending."""
    if desk.place(PROCESSED, f"{name}.json").exists():
        raise ConflictError(
            f"The analysis {name!r} is finished.", hint="Choose another analysis id for a new file."
        )
    number = keep(desk, name, intake, source)
    judged = judge(desk, number)
    path = desk.place(PENDING, f"{name}.csv")
    write_table(judged.mine(judged.enriched).drop("orden"), path)
    return path


def keep(desk: Desk, name: str, intake: Intake, source: Path) -> int:
    """Add the operations to the tenant's past and note it in the audit log.

    Raises:
        DataError: there are none.
    """
    if intake.operations.is_empty():
        raise DataError(
            "Ninguna fila del archivo se pudo leer.",
            hint=why_none(intake.rejected),
            details={"rechazadas": intake.rejected.head(100).to_dicts()},
        )
    known = part_of(desk.database, desk.tenant, name)
    facts = {"filas": intake.rows, "notas": list(intake.notes), "archivo": source.name}
    kept = Kept(
        operations=intake.operations.drop("clasificacion_lfpiorpi"), rejected=intake.rejected, facts=facts
    )
    number = add_part(desk.database, desk.tenant, name, kept)
    if known is None:
        digest = hashlib.sha256(source.read_bytes()).hexdigest()
        details = {"archivo": source.name, "sha256": digest, "operaciones": kept.operations.height}
        entry = Entry(actor=desk.actor, action="archivo_recibido", subject=name, details=details)
        record(desk.database, desk.tenant, entry)
    return number


def why_none(rejected: pl.DataFrame) -> str:
    """Say where the first faults of a file without a readable row are, and how many of each kind."""
    first = [
        f"línea {row['linea']}, columna {row['columna']}: {row['motivo']}"
        + (f" ({row['valor'][:SHOWN_LETTERS]!r})" if row["valor"] else "")
        for row in rejected.head(SHOWN_FAULTS).iter_rows(named=True)
    ]
    counts = rejected["motivo"].value_counts(sort=True).rows()
    total = ", ".join(f"{count} por {reason}" for reason, count in counts)
    return f"{'; '.join(first)}. En total: {total}."


def train_table(desk: Desk, name: str, intake: Intake) -> Path:
    """Write the enriched table with its label; nothing is added to the past."""
    past = merged([intake.operations.with_columns(parte=pl.lit(1, pl.Int64))])
    found = evaluate_past(past, desk)
    label = past.operations.select("clasificacion_lfpiorpi")[found.operations["fila"].to_numpy()]
    whole = pl.concat([found.operations, label], how="horizontal")
    path = desk.place(TRAINING, f"{name}.csv")
    write_table(enrich(whole, desk.catalogue, training_mode=True).drop("orden"), path)
    return path
