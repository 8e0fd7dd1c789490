"""Run what is pending: classify, write the result, and tell failures without losing the file."""

import logging
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import polars as pl

from yunque.data.table import write_table
from yunque.errors import NotFoundError, StorageError, YunqueError
from yunque.services.aml_desk import (
    FAILED,
    PENDING,
    PROCESSED,
    Desk,
    check_analysis_id,
    result_pieces,
    write_document,
    write_result,
)
from yunque.services.aml_enrich import keep
from yunque.services.aml_judge import Judged, changed_before, judge
from yunque.services.aml_learnt import explained, keep_learnt, learnt_of
from yunque.solutions.aml.classify import classify
from yunque.solutions.aml.intake.intake import take_in
from yunque.solutions.aml.intake.read_file import read_file
from yunque.solutions.aml.layers import FAILURES, Learnt
from yunque.solutions.aml.result import Heading, facts, operation_rows
from yunque.solutions.aml.store.audit import Entry, newest_details, record
from yunque.solutions.aml.store.catalogues import keep_catalogue, read_kept
from yunque.solutions.aml.store.history import part_of

_LOG = logging.getLogger("yunque.aml")
FINISHED = "analisis_terminado"
CLASSES = ("preocupante", "inusual", "relevante", "limpio")
Price = Callable[
    [int, pl.DataFrame], dict[str, Any]
]  # number of a part, its operations -> the result's `cobro`
ADDED = ("clase", "clase_ml", "piso", "estado", "p_sospecha", "anomalia", "riesgo")


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of one pending analysis.

    `summary` is the result's `resumen` and `cost` its `cobro`, both empty after a failure.
    """

    analysis_id: str
    state: Literal["processed", "failed"]
    path: Path
    summary: dict[str, Any]
    error: str = ""
    cost: dict[str, Any] = field(default_factory=dict)


def run_pending(desk: Desk, analysis_id: str | None = None) -> tuple[Outcome, ...]:
    """Run one pending analysis, or all of them, oldest name first.

    A file that another runner holds is left to it. Whatever is wrong with one analysis does not stop the
    others.

    Raises:
        NotFoundError: the named analysis is not pending.
    """
    if analysis_id is not None:
        name = check_analysis_id(analysis_id)
        path = desk.place(PENDING, f"{name}.csv")
        if not path.is_file():
            raise NotFoundError(f"The analysis {name!r} is not pending.")
        paths = [path]
    else:
        paths = sorted(desk.place(PENDING, "").glob("[A-Za-z0-9]*.csv"))
    outcomes = [outcome for path in paths if (outcome := run_one(desk, path)) is not None]
    done = sum(outcome.state == "processed" for outcome in outcomes)
    _LOG.info("Exitosos vs fallidos: %d / %d", done, len(outcomes) - done)
    return tuple(outcomes)


def run_one(desk: Desk, path: Path) -> Outcome | None:
    """Run one analysis; None when another runner holds it."""
    with held(path) as is_mine:
        if not is_mine:
            return None
        try:
            return finish(desk, path)
        except FAILURES as error:
            return fail(desk, path, error)


@contextmanager
def held(path: Path) -> Iterator[bool]:
    """Hold a file against other runners; the system lets go when this process ends, however it ends."""
    import fcntl  # only where there are files to hold

    try:
        file = path.open("rb")
    except FileNotFoundError:
        yield False
        return
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield path.exists()


def finish(desk: Desk, path: Path, price: Price | None = None) -> Outcome:
    """Classify and write processed/{analysis_id}.json and .csv; the pending file goes last.

    Args:
        desk: whose analysis it is.
        path: the pending table.
        price: says what the classified rows cost; without it they are free.
    """
    name = path.stem
    start = desk.clock.monotonic()
    number = part_of(desk.database, desk.tenant, name)
    if number is None:  # a table put here by hand
        number = keep(desk, name, take_in(read_file(path), desk.catalogue, desk.today()), path)
    judged = judge(desk, number)
    answered = answer(desk, name, number, judged)
    if price is not None:
        cost = {**answered.facts["cobro"], **price(number, answered.operations)}
        answered = replace(answered, facts={**answered.facts, "cobro": cost})
    summary: dict[str, Any] = answered.facts["resumen"]
    _LOG.info("Tiempo de inferencia (3 capas): %.3f s", desk.clock.monotonic() - start)
    _LOG.info("Clasificación: %s", ", ".join(f"{key}={summary[key]}" for key in CLASSES))
    _LOG.info("Guardrails aplicados: %d", summary["guardrails_aplicados"])
    target = desk.place(PROCESSED, f"{name}.json")
    write_table(table(judged, answered.operations), target.with_suffix(".csv"))
    write_result(target, answered.facts, operation_rows(judged.found, answered.operations))
    details = {
        "resumen": summary,
        "catalogo": desk.catalogue.sha256,
        "modo": answered.facts["modo"],
        "cobro": answered.facts["cobro"],
    }
    keep_learnt(desk, name, answered.learnt, answered.operations)
    keep_catalogue(desk.database, desk.catalogue)
    entry = Entry(actor=desk.actor, action=FINISHED, subject=name, details=details)
    record(desk.database, desk.tenant, entry)
    path.unlink()
    cost = answered.facts["cobro"]
    return Outcome(analysis_id=name, state="processed", path=target, summary=summary, cost=cost)


@dataclass(frozen=True, kw_only=True)
class Answered:
    """A judged file with its classes: the classified operations, and the result but for its rows."""

    facts: dict[str, Any]
    operations: pl.DataFrame
    learnt: Learnt


def answer(desk: Desk, name: str, number: int, judged: Judged) -> Answered:
    """Classify a part and build what its result says; the same part gives the same result."""
    if judged.kept.at is None:
        raise StorageError("The part has no date.")
    learnt, kept = learnt_of(desk, name, judged)
    operations = explained(classify(judged.mine(judged.found.operations), learnt), learnt, kept, judged)
    heading = Heading(
        analysis_id=name,
        created=judged.kept.at,
        rows=judged.kept.facts["filas"],
        rejected=tuple(judged.kept.rejected.to_dicts()),
        notes=tuple(judged.kept.facts["notas"]),
        repeated=judged.past.repeated,
        corrected=judged.past.corrected,
        changed=changed_before(desk, number, judged) if number > 1 else (),
    )
    told = facts(heading, judged.found, operations, learnt)
    return Answered(facts=told, operations=operations, learnt=learnt)


def table(judged: Judged, operations: pl.DataFrame) -> pl.DataFrame:
    """Give the enriched table with class, scores and obligations beside every row, attempts included."""
    owed = judged.found.obligations.group_by("orden").agg(
        obligaciones=pl.col("regla").sort().str.join(";"),
        vence=pl.col("vence").min(),
    )
    said = operations.select("orden", "id_operacion", "linea", "cliente_id", "fecha", *ADDED)
    features = judged.mine(judged.enriched).drop("linea", "id_operacion", "cliente_id", "fecha")
    joined = said.join(owed, on="orden", how="left").join(features, on="orden", how="left")
    return joined.sort("linea", "id_operacion").drop("orden")


def fail(desk: Desk, path: Path, error: BaseException) -> Outcome:
    """Move the table to failed/ and write {analysis_id}_error.json; the traceback is the operator's."""
    name = path.stem
    message = error.message if isinstance(error, YunqueError) else "The analysis could not be finished."
    hint = error.hint if isinstance(error, YunqueError) else "See the error file beside the failed table."
    target = desk.place(FAILED, f"{name}_error.json")
    told = {
        "success": False,
        "analysis_id": name,
        "error": message,
        "pista": hint,
        "codigo": error.code if isinstance(error, YunqueError) else "internal",
        "timestamp": desk.clock.now().isoformat(),
        "traceback": "".join(traceback.format_exception(error)),
    }
    write_document(target, told)
    with suppress(FileNotFoundError):
        path.replace(desk.place(FAILED, f"{name}.csv"))
    _LOG.error("Análisis %s fallido: %s", name, message)
    return Outcome(analysis_id=name, state="failed", path=target, summary={}, error=message)


def public_error(told: dict[str, Any]) -> dict[str, Any]:
    """Give what a client may see of an error: never a traceback or a path."""
    return {key: value for key, value in told.items() if key != "traceback"}


def rerun(desk: Desk, analysis_id: str) -> dict[str, Any]:
    """Give what `rerun_bytes` writes, as values.

    Raises:
        NotFoundError, StorageError: as there.
    """
    told, rows = _again(desk, analysis_id)
    return {**told, "operaciones": list(rows)}


def rerun_bytes(desk: Desk, analysis_id: str) -> bytes:
    """Give the result of a kept analysis again, as of then and by its own edition of the law's tables.

    The same bytes as its file had, to be compared by their hash. Nothing is written.

    Raises:
        NotFoundError: no such analysis was kept.
        StorageError: its edition of the tables was not.
    """
    return b"".join(result_pieces(*_again(desk, analysis_id)))


def _again(desk: Desk, analysis_id: str) -> tuple[dict[str, Any], Iterator[Mapping[str, Any]]]:
    """Give the facts of a kept analysis and its operations, judged anew.

    Raises:
        NotFoundError: no such analysis was kept.
        StorageError: its edition of the tables was not.
    """
    name = check_analysis_id(analysis_id)
    number = part_of(desk.database, desk.tenant, name)
    if number is None:
        raise NotFoundError(f"No analysis {name!r} was kept.")
    then = newest_details(desk.database, desk.tenant, action=FINISHED, subject=name)
    if then.get("catalogo", desk.catalogue.sha256) != desk.catalogue.sha256:
        desk = replace(desk, catalogue=read_kept(desk.database, then["catalogo"]))
    judged = judge(desk, number)
    answered = answer(desk, name, number, judged)
    paid = {"cobro": then["cobro"]} if "cobro" in then else {}
    return {**answered.facts, **paid}, iter(operation_rows(judged.found, answered.operations))
