"""The officer's queue: what is open, by due date and severity, with its reason in one line."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl

from yunque.errors import NotFoundError, UsageError
from yunque.services.aml_desk import Desk
from yunque.services.aml_picture import Picture, owing, picture, standing
from yunque.solutions.aml.classify import INCOMPLETE
from yunque.solutions.aml.intake.moments import ZONE
from yunque.solutions.aml.law.deadlines import suspicion_due
from yunque.solutions.aml.law.evaluate import ORDER
from yunque.solutions.aml.store.dispositions import (
    Disposition,
    Recorded,
    Standing,
    Verdict,
    dispose,
    sign,
)

SEVERITY = {name: rank for rank, name in enumerate(ORDER)} | {INCOMPLETE: 0}
URGENT = "aviso_24h"
TO_SEE = (
    "aviso_mensual",
    URGENT,
    "prohibicion_efectivo",
    "revision_profesional",
    "seguimiento_intensificado",
)
NEW = "nueva"
SAMPLE = "muestra"
DRAWN = "Sorteada para revisión bajo el umbral: nada la señala, su decisión mide lo que el umbral deja pasar."
NEVER = date.max


@dataclass(frozen=True, kw_only=True)
class QueueWish:
    """What to show of the queue.

    Attributes:
        limit, offset: a page of it.
        client_id: of one client only.
        grouped: operations of one client with the same reasons are shown once, the soonest first; what is
            owed stays.
        with_closed: also what is closed.
    """

    limit: int = 100
    offset: int = 0
    client_id: str | None = None
    grouped: bool = False
    with_closed: bool = False


@dataclass(frozen=True, kw_only=True)
class Decision:
    """What an officer decides on one operation."""

    operation_id: str
    verdict: Verdict
    note: str
    reference: str | None = None


def queue(desk: Desk, wish: QueueWish) -> dict[str, Any]:
    """Give what an officer has to look at, the soonest due first and then the gravest.

    Returns:
        `total` and `items`; each item is the operation as a result shows it, in short, with where it stands.
    """
    seen = picture(desk)
    items = items_of(desk, seen, wish)
    if wish.grouped:
        items = grouped(items)
    page = items[wish.offset : wish.offset + wish.limit]
    return {"hoy": desk.today().isoformat(), "total": len(items), "items": page}


def items_of(desk: Desk, seen: Picture, wish: QueueWish) -> list[dict[str, Any]]:
    """Give every item of the queue, sorted."""
    if seen.found is None:
        return []
    chosen = seen.operations.filter(to_see(seen))
    if wish.client_id is not None:
        chosen = chosen.filter(pl.col("cliente_id") == wish.client_id)
    decided = standing(desk)
    closed = [name for name, where in decided.items() if where.is_closed]
    if not wish.with_closed:
        chosen = chosen.filter(~pl.col("id_operacion").is_in(closed))
    now = desk.clock.now()
    items = [item(row, decided.get(row["id_operacion"]), now) for row in seen.rows(chosen)]
    return sorted(items, key=place)


def to_see(seen: Picture) -> pl.Expr:
    """Whether an operation belongs to the queue: a class above clean, something owed, or drawn for review.

    A drawn operation lies below the line: nobody would look at it, and without its verdict nobody would know
    what the line lets pass.
    """
    if seen.found is None:
        return pl.lit(value=False)
    owed = owing(seen.found, TO_SEE)
    grave = pl.col("clase").is_in(ORDER[1:])
    drawn = pl.col(SAMPLE).fill_null(value=False)
    return grave | pl.col("orden").is_in(owed.implode()) | drawn


def item(row: Mapping[str, Any], where: Standing | None, now: datetime) -> dict[str, Any]:
    """Give one item: what it is, why, when it is due and where it stands."""
    today = now.astimezone(ZoneInfo(ZONE)).date()
    clock = clock_of(row, where)
    due = due_of(row, clock)
    return {
        "id_operacion": row["id_operacion"],
        "analysis_id": row["analysis_id"],
        "cliente_id": row["cliente_id"],
        "fecha": row["fecha"],
        "monto": row["monto"],
        "regla_art17": row["regla_art17"],
        "clase": row["clase"],
        "clase_ml": row["clase_ml"],
        SAMPLE: row[SAMPLE],
        "obligaciones": [owed["tipo"] for owed in row["obligaciones"]],
        "fundamentos": sorted({owed["fundamento"] for owed in row["obligaciones"]}),
        "razon": " ".join(reason["texto"] for reason in row["razones"][:2]) or (DRAWN if row[SAMPLE] else ""),
        "razones_mas": max(0, len(row["razones"]) - 2),
        "vence": None if due is None else due.isoformat(),
        "vence_24h": None if clock is None else clock.isoformat(),
        "dias": None if due is None else (due - today).days,
        "vencida": (due is not None and due < today) or (clock is not None and clock < now),
        "estado": NEW if where is None else where.state,
        "decision": None if where is None else where.last.number,
        "estado_legal": row["estado_legal"],
    }


def clock_of(row: Mapping[str, Any], where: Standing | None) -> datetime | None:
    """Give when the 24 hours of an operation end; None where nothing asks for them.

    They run from the moment of knowledge (LFPIORPI 18 VI): from the file that told of a list or a suspicion,
    or from the officer's own confirmation. A desk may have known before: the clock here is the latest one.
    """
    moments = []
    if any(owed["tipo"] == URGENT for owed in row["obligaciones"]):
        moments.append(datetime.fromisoformat(row["conocida"]))
    if where is not None and where.last.disposition.verdict == "confirmar":
        moments.append(where.last.at)
    return suspicion_due(min(moments)) if moments else None


def due_of(row: Mapping[str, Any], clock: datetime | None) -> date | None:
    """Give the earliest day by which something of an operation is due."""
    days = [date.fromisoformat(owed["vence"]) for owed in row["obligaciones"] if owed["vence"]]
    if clock is not None:
        days.append(clock.astimezone(ZoneInfo(ZONE)).date())
    return min(days, default=None)


def place(found: Mapping[str, Any]) -> tuple[str, int, str, str]:
    """Give where an item stands in the queue: due day, then severity, then date and id."""
    due = found["vence_24h"] or found["vence"] or NEVER.isoformat()
    return due[:10], -SEVERITY[found["clase"]], found["fecha"], found["id_operacion"]


def grouped(items: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Show repeats of a client once, with the ids of the others; obligations are all counted still."""
    first: dict[tuple[Any, ...], dict[str, Any]] = {}
    for one in items:
        key = (one["cliente_id"], one["clase"], tuple(one["fundamentos"]), one["estado"], one[SAMPLE])
        if key in first:
            first[key]["repetidas"].append(one["id_operacion"])
        else:
            first[key] = {**one, "repetidas": []}
    return list(first.values())


def decide(desk: Desk, decisions: Sequence[Decision]) -> tuple[Recorded, ...]:
    """Keep decisions on operations, all or none; each is in the audit log with its note.

    Raises:
        NotFoundError: an operation is not among the tenant's.
        UsageError: a decision says too little.
    """
    for one in decisions:
        writable(one.note, one.reference or "")
    seen = picture(desk)
    wanted = [one.operation_id for one in decisions]
    known: dict[str, dict[str, Any]] = {}
    if seen.found is not None:
        rows = seen.operations.filter(pl.col("id_operacion").is_in(wanted))
        known = {row["id_operacion"]: row for row in seen.rows(rows)}
    for name in wanted:
        if name not in known:
            raise NotFoundError(f"There is no operation {name[:80]!r}.")
    told = [disposition(known[one.operation_id], one, desk.actor) for one in decisions]
    return dispose(desk.database, desk.tenant, told)


def disposition(row: Mapping[str, Any], made: Decision, actor: str) -> Disposition:
    """Give a decision with what was shown beside it."""
    return Disposition(
        analysis_id=row["analysis_id"],
        operation_id=row["id_operacion"],
        client_id=row["cliente_id"],
        shown_class=row["clase"],
        verdict=made.verdict,
        note=made.note,
        actor=actor,
        reference=made.reference,
        facts={
            "clase_ml": row["clase_ml"],
            "puntajes": row["puntajes"],
            "obligaciones": [owed["regla"] for owed in row["obligaciones"]],
        },
    )


def second(desk: Desk, number: int, note: str) -> Recorded:
    """Sign a decision as the second person.

    Raises:
        NotFoundError, ConflictError, AccessError, UsageError: as `dispositions.sign`.
    """
    writable(note)
    return sign(desk.database, desk.tenant, number, actor=desk.actor, note=note)


def writable(*texts: str) -> None:
    """Refuse text that a database cannot hold.

    Raises:
        UsageError: it holds the sign of number zero.
    """
    if any("\0" in text for text in texts):
        raise UsageError("A note cannot hold the sign of number zero.")


def recorded_document(one: Recorded) -> dict[str, Any]:
    """Give a decision as plain values."""
    told = one.disposition
    return {
        "numero": one.number,
        "fecha": one.at.isoformat(),
        "firma_de": one.signs,
        "id_operacion": told.operation_id,
        "analysis_id": told.analysis_id,
        "cliente_id": told.client_id,
        "clase_mostrada": told.shown_class,
        "decision": told.verdict,
        "nota": told.note,
        "folio": told.reference,
        "por": told.actor,
        "requiere_segunda_firma": told.needs_second and one.signs is None,
    }
