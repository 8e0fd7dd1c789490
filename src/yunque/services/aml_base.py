"""Make the base model that ships with the product: learnt from the seeded generator, and marked so."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl

from yunque.errors import ConflictError
from yunque.learning.progress import Progress, ignore
from yunque.models.bundle_json import write_json
from yunque.models.manifest import MANIFEST, SAMPLE, read_manifest
from yunque.models.trusted_load import load_bundle
from yunque.runtime.clock import FixedClock
from yunque.services.aml_desk import write_document, write_whole
from yunque.services.aml_layers import RECORD
from yunque.services.aml_train import StackRequest, TrainedStack, train_stack
from yunque.solutions.aml.features.enrich import EXTRA, enrich
from yunque.solutions.aml.features.names import LABEL
from yunque.solutions.aml.generator import generate
from yunque.solutions.aml.intake.intake import take_in
from yunque.solutions.aml.law.catalogue import Catalogue
from yunque.solutions.aml.law.evaluate import evaluate
from yunque.solutions.aml.stack import ROLES
from yunque.solutions.aml.store.history import merged

ROWS, SEED = 80_000, 7
ALGORITHMS = ("lightgbm",)
MADE = datetime(2026, 11, 21, tzinfo=UTC)  # the day of this edition of generator and recipe
TRUTH = ("sospechosa", "tipologia")


def generated(rows: int, seed: int, catalogue: Catalogue) -> pl.DataFrame:
    """Give a generated portfolio as the desk would see it: enriched, with the truth and the rules' floor.

    Returns:
        the enriched table and `sospecha`, `tipologia`, `piso`.
    """
    raw = generate(rows, seed)
    text = raw.drop(*TRUTH).with_columns(pl.all().cast(pl.String))
    intake = take_in(text, catalogue, date(9999, 12, 31))
    past = merged([intake.operations.with_columns(parte=pl.lit(1, pl.Int64))])
    found = evaluate(past.operations, catalogue).operations
    names = [name for name in EXTRA if name in past.operations.columns and name != LABEL]
    beside = past.operations.select(names)[found["fila"].to_numpy()]
    whole = pl.concat([found, beside], how="horizontal")
    truth = raw.select("id_operacion", "tipologia", sospecha=pl.col("sospechosa"))
    joined = enrich(whole, catalogue).join(truth, on="id_operacion", how="left", maintain_order="left")
    floors = found.select("id_operacion", "piso")
    return joined.join(floors, on="id_operacion", how="left", maintain_order="left")


def without_sample(folder: Path) -> None:
    """Leave out the rows that drift would be measured against: a generated portfolio is nobody's reference.

    Raises:
        BundleError: what is left does not pass its audit.
    """
    manifest = read_manifest((folder / MANIFEST).read_bytes())
    kept = {name: record for name, record in manifest.files.items() if name != SAMPLE}
    (folder / SAMPLE).unlink(missing_ok=True)
    write_whole(folder / MANIFEST, [write_json(manifest.with_files(kept))])
    load_bundle(folder)


@dataclass(frozen=True, kw_only=True)
class BaseRequest:
    """How to make it: who, for which budget the search is planned, how many operations, which seed."""

    by: str
    budget: str | float = "60s"
    rows: int = ROWS
    seed: int = SEED


def make_base(
    folder: Path,
    catalogue: Catalogue,
    wanted: BaseRequest,
    on_progress: Callable[[Progress], None] = ignore,
) -> TrainedStack:
    """Train the base model and write it to a folder that does not exist: three bundles and their record.

    The clock of its search stands still: it is not cut short where the machine lets it, but ends when it has
    tried what it planned for the budget, so that the same request and versions give the same bytes.

    Raises:
        ConflictError: the folder exists.
    """
    if folder.exists():
        raise ConflictError("The folder of the base model exists.", hint="Name another, or remove it.")
    work = folder.with_name(f".{folder.name}.part")
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    try:
        request = StackRequest(
            table=generated(wanted.rows, wanted.seed, catalogue),
            name=f"generador-{wanted.seed}",
            origin="sintetico",
            by=wanted.by,
            budget=wanted.budget,
            algorithms=ALGORITHMS,
            varies=False,  # with time that stands still it would never end
            seed=wanted.seed,
        )
        made = train_stack(request, work, FixedClock(MADE), on_progress)
        for role in ROLES:
            without_sample(work / role)
        facts = {**made.stack.metrics, "generador": {"filas": wanted.rows, "semilla": wanted.seed}}
        write_document(work / RECORD, replace(made.stack, metrics=facts).document())
        work.rename(folder)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return made
