"""R1's answers: where an analysis stands, what a file lacks, what an account lacks, and all in one call."""

import asyncio
from dataclasses import replace
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, Response

from yunque.runtime.jobs.job import Job, State
from yunque.runtime.jobs.ledger import FundsError
from yunque.services import aml_portal, jobs
from yunque.services.aml_shape import OPTIONAL, Shape
from yunque.services.job_documents import error_of, moment, stage_of
from yunque.services.job_office import Office
from yunque.solutions.aml.intake.headers import REQUIRED
from yunque.solutions.aml.money import plain
from yunque.surfaces.http.errors import problem_of
from yunque.surfaces.http.problem import MEDIA_TYPE, Problem

PREFIX = "/api/portal"
LONGEST_WAIT = 330.0
POLL_SECONDS = 0.1


def state_of(job: Job, *, with_counts: bool = True) -> dict[str, Any]:
    """Tell where an analysis stands; how many operations of each class only to who may see results."""
    here = f"{PREFIX}/analysis/{job.id}"
    error = error_of(job) if job.is_final else None
    summary = (job.result or {}).get("summary") or {}
    return {
        "analysis_id": job.id,
        "job_id": job.id,
        "status": stage_of(job),
        "state": str(job.state),
        "progress": round(job.progress, 4),
        "file_name": (job.payload.get("origin") or {}).get("file_name"),
        "created_at": moment(job.created_at),
        "finished_at": moment(job.finished_at),
        "resumen": summary.get("resumen") if with_counts else None,
        "cobro": summary.get("cobro"),
        "metricas": summary.get("metricas") if with_counts else None,
        "error": None if error is None else error["message"],
        "code": None if error is None else error["code"],
        "status_url": here,
        "result_url": f"{here}/result",
    }


def missing_columns(shape: Shape) -> Response:
    """Answer 400 with the columns that a file lacks, those that are needed and those that may be there."""
    names = ", ".join(shape.missing)
    problem = Problem(
        status=400,
        code="missing_columns",
        detail=f"Faltan columnas obligatorias: {names}.",
        hint="Agréguelas con esos nombres, o con un sinónimo de la documentación.",
    )
    more = {
        "success": False,
        "missing_columns": list(shape.missing),
        "required": [*REQUIRED, "sector_actividad"],
        "optional": list(OPTIONAL),
        "columns": list(shape.columns),
    }
    return JSONResponse({**problem.document(), **more}, status_code=400, media_type=MEDIA_TYPE)


def no_funds(error: FundsError) -> Response:
    """Answer 402 with what the file would cost at most and what the account holds; nothing was computed."""
    problem = replace(
        problem_of(error),
        detail="El saldo no alcanza para este archivo; nada se calculó ni se cobró.",
        hint="Abone saldo, o envíe menos filas.",
    )
    more = {
        "success": False,
        "requiere_pago": True,
        "required_amount": plain(error.details["required_minor"]),
        "current_balance": plain(error.details["available_minor"]),
        "currency": error.details["currency"],
        "num_transactions": error.details["units"],
    }
    return JSONResponse({**problem.document(), **more}, status_code=402, media_type=MEDIA_TYPE)


async def wait_for(office: Office, job: Job, seconds: float) -> Job:
    """Give the job as it is when it ends, or when the time is over."""
    clock = asyncio.get_running_loop().time
    until = clock() + seconds
    while not job.is_final and clock() < until:
        await asyncio.sleep(POLL_SECONDS)
        job = await run_in_threadpool(jobs.show, office, job.tenant, job.id)
    return job


def synchronous(office: Office, job: Job) -> Response:
    """Answer as R1 did, in one call; a failure says why and costs nothing."""
    if job.state is State.SUCCEEDED:
        here = f"{PREFIX}/analysis/{job.id}/result"
        return JSONResponse({**aml_portal.analysis_answer(office, job, here), **_links(job)})
    error = error_of(job) or {"code": "failed", "message": "El análisis no terminó."}
    document = {
        "success": False,
        "analysis_id": job.id,
        "resumen": None,
        "transacciones": [],
        "xml_path": None,
        "costo": "0.00",
        "requiere_pago": False,
        "payment_id": None,
        "errores": [{"codigo": error["code"], "motivo": error["message"]}],
        "timestamp": moment(job.finished_at),
    }
    return JSONResponse({**document, **_links(job)}, status_code=422)


def _links(job: Job) -> dict[str, str]:
    here = f"{PREFIX}/analysis/{job.id}"
    return {"status_url": here, "result_url": f"{here}/result"}
