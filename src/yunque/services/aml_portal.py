"""R1's portal as use cases: analyses of a tenant, their pages, what was charged, and R1's own answer."""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from yunque.errors import NotFoundError
from yunque.runtime.jobs.job import Job
from yunque.runtime.jobs.ledger import balance_of
from yunque.runtime.jobs.queue_view import JobFilter
from yunque.runtime.jobs.tables import JOB, LEDGER
from yunque.services import jobs
from yunque.services.access import Caller, Scope
from yunque.services.aml_pages import read_page
from yunque.services.job_documents import error_of, moment
from yunque.services.job_office import Office
from yunque.solutions.aml.money import plain

KIND, SOLUTION = "pipeline", "aml"
MOST_ROWS = 10_000
USUAL_ROWS = 1_000
SHOWN_REJECTED = 1_000
NO_XML = "No se genera XML en el análisis: vea la exportación del escritorio de la oficial."


def find(office: Office, tenant: str, analysis_id: str) -> Job:
    """Give the job of an analysis.

    Raises:
        NotFoundError: the tenant has no such analysis.
    """
    job = jobs.show(office, tenant, analysis_id)
    if not is_analysis(job):
        raise NotFoundError("There is no such analysis.")
    return job


def is_analysis(job: Job) -> bool:
    """Whether a job is an analysis of the compliance desk."""
    return job.kind == KIND and job.payload.get("solution") == SOLUTION


def may_see(caller: Caller) -> bool:
    """Whether a caller may see how operations were classified."""
    return caller.may(Scope.AUDITOR)


def history(office: Office, tenant: str, *, limit: int, after: str | None) -> tuple[Job, ...]:
    """Give up to `limit` analyses, newest first, those after the one named; other jobs are passed over."""
    found: list[Job] = []
    while len(found) < limit:
        wanted = JobFilter(tenant=tenant, kind=KIND, after=after, limit=min(jobs.MOST_LISTED, limit))
        page = jobs.list_(office, wanted)
        found += [job for job in page if is_analysis(job)]
        if len(page) < min(jobs.MOST_LISTED, limit):
            break
        after = page[-1].id
    return tuple(found[:limit])


def page(office: Office, job: Job, place: tuple[int, int], here: str) -> dict[str, Any]:
    """Give some operations of a result: `place` is where they begin, from 0, and how many."""
    offset, limit = place
    read = read_page(office.storage, job, offset=offset, limit=limit)
    following = read.following
    return {
        "success": True,
        "analysis_id": job.id,
        "resumen": read.heading["resumen"],
        "advertencias": read.heading["advertencias"],
        "total": read.total,
        "offset": offset,
        "limit": limit,
        "next": None if following is None else f"{here}?offset={following}&limit={limit}",
        "operaciones": list(read.rows),
    }


def analysis_answer(office: Office, job: Job, here: str) -> dict[str, Any]:
    """Give R1's own answer of a finished analysis; rows beyond the first page stand under `siguiente`."""
    read = read_page(office.storage, job, offset=0, limit=USUAL_ROWS)
    heading = read.heading
    cost = heading["cobro"]
    following = read.following
    rejected = heading["rechazadas"]
    return {
        "success": True,
        "analysis_id": job.id,
        "resumen": heading["resumen"],
        "modo": heading["modo"],
        "transacciones": [r1_row(row) for row in read.rows],
        "total": read.total,
        "siguiente": None if following is None else f"{here}?offset={following}&limit={USUAL_ROWS}",
        "xml_path": None,
        "xml_motivo": NO_XML,
        "costo": plain(cost.get("importe_minor") or 0),
        "moneda": cost.get("moneda"),
        "requiere_pago": False,
        "payment_id": job.id if cost.get("importe_minor") else None,
        "errores": rejected[:SHOWN_REJECTED],
        "errores_total": len(rejected),
        "timestamp": heading["timestamp"],
    }


def r1_row(row: Mapping[str, Any]) -> dict[str, Any]:
    """Give an operation under R1's names, with what the law asks for beside them.

    R1 gave a probability per class of its label; here there is one, of suspicion, because `relevante` is
    arithmetic and no probability.
    """
    chance = row["puntajes"]["p_sospecha"]
    return {
        "id": row["id_operacion"],
        "cliente_id": row["cliente_id"],
        "monto": row["monto"],
        "fecha": row["fecha"],
        "tipo_operacion": row["tipo_operacion"],
        "sector_actividad": row["sector_actividad"],
        "clasificacion": row["clase"],
        "probabilidades": {} if chance is None else {"sospecha": chance},
        "estado_legal": row["estado_legal"],
        "obligaciones": row["obligaciones"],
        "razones": row["razones"],
    }


def failure(office: Office, job: Job) -> dict[str, Any]:
    """Give R1's error file of an analysis, traceback and all: for whoever runs the server only.

    Raises:
        NotFoundError: it did not fail.
    """
    error = error_of(job)
    if error is None or not job.is_final:
        raise NotFoundError("The analysis has not failed.")
    try:
        trace = jobs.attempt_log(office, job.tenant, job.id)
    except NotFoundError:  # the worker was killed, or nothing ever ran
        trace = None
    return {
        "success": False,
        "analysis_id": job.id,
        "code": error["code"],
        "error": error["message"],
        "timestamp": moment(job.finished_at),
        "traceback": trace,
    }


def balance(office: Office, tenant: str) -> dict[str, Any]:
    """Give what the account holds; one that was never opened holds nothing."""
    try:
        found = balance_of(office.database, tenant)
    except NotFoundError:
        zero = dict.fromkeys(("available_minor", "reserved_minor", "purchased_minor", "gifted_minor"), 0)
        return {"currency": None, "balance": "0.00", "has_account": False, **zero}
    return {
        "currency": found.currency,
        "balance": plain(found.available_minor),
        "has_account": True,
        "available_minor": found.available_minor,
        "reserved_minor": found.reserved_minor,
        "purchased_minor": found.purchased_minor,
        "gifted_minor": found.gifted_minor,
    }


def invoices(office: Office, tenant: str, *, limit: int, before: int | None) -> dict[str, Any]:
    """Give what was captured and given back, analysis by analysis, newest first.

    `folio` is the number of the ledger's entry, which is sealed over the one before it.
    """
    query = (
        sa.select(LEDGER, JOB.c.payload, JOB.c.result)
        .outerjoin(JOB, sa.and_(JOB.c.id == LEDGER.c.job_id, JOB.c.tenant == LEDGER.c.tenant))
        .where(LEDGER.c.tenant == tenant, LEDGER.c.entry.in_(("capture", "refund")))
        .order_by(LEDGER.c.number.desc())
        .limit(limit)
    )
    if before is not None:
        query = query.where(LEDGER.c.number < before)
    with office.database.reading_as(tenant) as connection:
        rows = [row._asdict() for row in connection.execute(query)]
    return {
        "invoices": [invoice(row) for row in rows],
        "next": rows[-1]["number"] if len(rows) == limit else None,
    }


def invoice(row: Mapping[str, Any]) -> dict[str, Any]:
    """Give one entry of the ledger as a line of what was charged."""
    charged = -(row["purchased_minor"] + row["gifted_minor"])
    paid = ((row["result"] or {}).get("summary") or {}).get("cobro") or {}
    return {
        "folio": row["number"],
        "tipo": "cargo" if row["entry"] == "capture" else "devolucion",
        "analysis_id": row["job_id"],
        "file_name": ((row["payload"] or {}).get("origin") or {}).get("file_name"),
        "fecha": moment(row["at"]),
        "importe": plain(charged),
        "importe_minor": charged,
        "de_saldo_regalado_minor": -row["gifted_minor"],
        "filas_del_archivo": row["units"] or None,
        "filas_cobradas": paid.get("cobradas"),
        "con_modelo": paid.get("con_modelo"),
        "solo_reglas": paid.get("solo_reglas"),
        "precio": row["price_version"],
        "precio_solo_reglas": paid.get("precio_solo_reglas"),
        "descripcion": row["description"],
        "sello": row["digest"],
    }
