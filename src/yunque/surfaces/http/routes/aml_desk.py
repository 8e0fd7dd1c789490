"""The officer's desk by HTTP: queue, clients, decisions, calendar, exports, case files and the log."""

import hashlib
from datetime import date
from typing import Annotated, Any, Literal

import msgspec
from fastapi import APIRouter, Query, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse

from yunque.errors import AccessError
from yunque.services import aml_agenda, aml_case, aml_client, aml_export, aml_queue, aml_record, aml_xml
from yunque.services.access import Scope
from yunque.services.aml_anchor import anchors_of, read_anchors
from yunque.services.aml_desk import Desk
from yunque.services.aml_picture import picture
from yunque.services.aml_run import rerun_bytes
from yunque.services.job_fields import FieldsError, WrongField, read_fields
from yunque.services.job_office import Office
from yunque.surfaces.http.job_answers import read_document, tenant_of
from yunque.surfaces.http.needs import caller_of, declare, guarded_router
from yunque.surfaces.http.problem import Problem, ProblemError
from yunque.surfaces.http.received import read_body

PREFIX = "/api/portal/desk"
Limit = Annotated[int, Query(ge=1, le=1_000)]
Offset = Annotated[int, Query(ge=0, le=2**31 - 1)]
ClientId = Annotated[str, Query(min_length=1, max_length=200)]
Month = Annotated[str | None, Query(pattern=r"^\d{4}-(0[1-9]|1[0-2])$", description="AAAA-MM")]
MOST_DECISIONS = 500


class DecisionBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A decision on one operation; `folio` is needed with "aviso_presentado"."""

    id_operacion: str
    decision: Literal["confirmar", "descartar", "pedir_datos", "aviso_presentado"]
    nota: str
    folio: str | None = None


class DecisionsBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Decisions, all kept or none."""

    decisiones: list[DecisionBody]


class SignBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The second person's note."""

    nota: str


class XmlBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the desk does not know of a month's notices."""

    clave_sujeto_obligado: str = ""
    personas: dict[str, Any] = {}
    operaciones: dict[str, Any] = {}


def desk_routes(office: Office) -> APIRouter:
    """Give the routes."""
    router = guarded_router(Scope.AUDITOR, prefix=PREFIX, tags=["Escritorio de la oficial"])
    _add_looking(router, office)
    _add_deciding(router, office)
    _add_files(router, office)
    _add_log(router, office)
    return router


def desk_of(office: Office, request: Request) -> Desk:
    """Give the desk of the caller's tenant, in the caller's name."""
    return Desk(
        folder=office.data_folder,
        database=office.database,
        tenant=tenant_of(request),
        actor=caller_of(request).name or "sin nombre",
        clock=office.database.clock,
    )


def _add_looking(router: APIRouter, office: Office) -> None:
    @router.get("/queue", summary="Lo pendiente, por vencimiento y gravedad")
    async def queue(
        request: Request,
        limit: Limit = 100,
        offset: Offset = 0,
        cliente_id: Annotated[str | None, Query(max_length=200)] = None,
        agrupar: bool = False,
        cerradas: bool = False,
    ) -> dict[str, Any]:
        wish = aml_queue.QueueWish(
            limit=limit, offset=offset, client_id=cliente_id, grouped=agrupar, with_closed=cerradas
        )
        return await run_in_threadpool(aml_queue.queue, desk_of(office, request), wish)

    @router.get("/clients", summary="Los clientes, los de operaciones más graves primero")
    async def clients(request: Request, limit: Limit = 100, offset: Offset = 0) -> dict[str, Any]:
        desk = desk_of(office, request)
        return await run_in_threadpool(
            lambda: aml_client.clients_of(picture(desk), limit=limit, offset=offset)
        )

    @router.get("/client", summary="Un cliente: sumas de seis meses, lo que falta a cada umbral, operaciones")
    async def client(request: Request, cliente_id: ClientId) -> dict[str, Any]:
        return await run_in_threadpool(aml_client.client_view, desk_of(office, request), cliente_id)

    @router.get("/calendar", summary="Día 17, informes en ceros y relojes de 24 horas")
    async def calendar(
        request: Request,
        mes: Month = None,
        fracciones: Annotated[str | None, Query(max_length=400, description="VIII,XV,…")] = None,
    ) -> dict[str, Any]:
        wanted = [part.strip() for part in (fracciones or "").split(",") if part.strip()]
        month = month_of(mes) if mes else None
        desk = desk_of(office, request)
        return await run_in_threadpool(lambda: aml_agenda.agenda(desk, month=month, fractions=wanted))


def _add_deciding(router: APIRouter, office: Office) -> None:
    @router.get("/decisions", summary="Decisiones y firmas, la más nueva primero")
    async def decisions(request: Request, limit: Limit = 100, offset: Offset = 0) -> dict[str, Any]:
        desk = desk_of(office, request)
        return await run_in_threadpool(lambda: aml_record.decisions(desk, limit=limit, offset=offset))

    @router.post("/decisions", status_code=201, summary="Decidir sobre operaciones; la nota es obligatoria")
    @declare(Scope.OFFICER)
    async def decide(request: Request) -> dict[str, Any]:
        asked = read_fields(await read_document(request), DecisionsBody).decisiones
        if not 0 < len(asked) <= MOST_DECISIONS:
            detail = f"Send 1 to {MOST_DECISIONS} decisions."
            raise FieldsError([WrongField(pointer="/decisiones", code="count", detail=detail)])
        made = [
            aml_queue.Decision(
                operation_id=one.id_operacion, verdict=one.decision, note=one.nota, reference=one.folio
            )
            for one in asked
        ]
        kept = await run_in_threadpool(aml_queue.decide, desk_of(office, request), made)
        return {"decisiones": [aml_queue.recorded_document(one) for one in kept]}

    @router.post("/decisions/{number}/sign", status_code=201, summary="Segunda firma, de otra persona")
    @declare(Scope.OFFICER)
    async def sign(number: int, request: Request) -> dict[str, Any]:
        asked = read_fields(await read_document(request), SignBody)
        if not 0 < number < 2**31:
            number = 0
        try:
            kept = await run_in_threadpool(aml_queue.second, desk_of(office, request), number, asked.nota)
        except AccessError as error:
            raise ProblemError(Problem(status=403, code="four_eyes", detail=error.message)) from error
        return aml_queue.recorded_document(kept)


def _add_files(router: APIRouter, office: Office) -> None:
    @router.get("/export/{clave}", summary="Exportación de revisión de una actividad y un mes: csv o xlsx")
    async def export(
        clave: str, request: Request, mes: Month = None, formato: Literal["csv", "xlsx"] = "csv"
    ) -> Response:
        desk = desk_of(office, request)
        month = month_of(mes) if mes else desk.today()
        return file_of(
            await run_in_threadpool(lambda: aml_export.export(desk, key=clave, month=month, form=formato))
        )

    @router.post(
        "/xml/{clave}", summary="Avisos como XML, validados con el XSD que alguien cargó; si no, se rehúsa"
    )
    @declare(Scope.OFFICER)
    async def xml(clave: str, request: Request, mes: Month = None) -> Response:
        given = msgspec.to_builtins(read_fields(await read_document(request), XmlBody))
        desk = desk_of(office, request)
        month = month_of(mes) if mes else desk.today()
        return file_of(
            await run_in_threadpool(
                lambda: aml_xml.export_xml(desk, office.storage, key=clave, month=month, given=given)
            )
        )

    @router.put(
        "/xsd/{clave}", status_code=201, summary="Cargar el XSD de una actividad; `fuente` dice de dónde es"
    )
    @declare(Scope.OFFICER)
    async def load(
        clave: str, request: Request, fuente: Annotated[str, Query(max_length=500)]
    ) -> dict[str, Any]:
        content = await read_body(request, aml_xml.MOST_SCHEMA)
        desk = desk_of(office, request)
        digest = await run_in_threadpool(
            aml_xml.load_schema, desk, office.storage, clave, bytes(content), fuente
        )
        return {"clave": clave, "sha256": digest, "fuente": fuente}

    @router.get("/case", summary="Expediente de caso de un cliente, en PDF")
    async def case(request: Request, cliente_id: ClientId) -> Response:
        return file_of(await run_in_threadpool(aml_case.case_file, desk_of(office, request), cliente_id))

    @router.get("/analysis/{analysis_id}/rerun", summary="Un análisis anterior otra vez, como fue entonces")
    async def again(analysis_id: str, request: Request) -> Response:
        found = await run_in_threadpool(rerun_bytes, desk_of(office, request), analysis_id)
        headers = {"X-Content-SHA256": hashlib.sha256(found).hexdigest()}
        return Response(found, media_type="application/json", headers=headers)


def _add_log(router: APIRouter, office: Office) -> None:
    @router.get("/audit", summary="La bitácora, lo más nuevo primero; `next` va en `before`")
    async def audit(
        request: Request, limit: Limit = 100, before: Annotated[int | None, Query(ge=1, le=2**31 - 1)] = None
    ) -> dict[str, Any]:
        desk = desk_of(office, request)
        return await run_in_threadpool(lambda: aml_record.log(desk, limit=limit, before=before))

    @router.get("/audit/verify", summary="Comprobar la bitácora: sellos, orden y anclas")
    async def verify(request: Request, ancla: Annotated[list[str] | None, Query()] = None) -> Response:
        desk, noted = desk_of(office, request), read_anchors(ancla or ())
        anchors = await run_in_threadpool(anchors_of, office.storage, desk.tenant)
        found = await run_in_threadpool(aml_record.verified, desk, (*anchors, *noted))
        return JSONResponse(found, status_code=200 if found["integra"] else 409)


def month_of(text: str) -> date:
    """Read a month that the query's pattern let through."""
    year, _, month = text.partition("-")
    if not int(year):
        raise FieldsError([WrongField(pointer="/mes", code="value", detail="There is no year 0000.")])
    return date(int(year), int(month), 1)


def file_of(made: aml_export.Exported) -> Response:
    """Answer with a file and its hash."""
    headers = {
        "Content-Disposition": f'attachment; filename="{made.name}"',
        "X-Content-SHA256": made.sha256,
        "ETag": f'"{made.sha256}"',
        "Content-Security-Policy": "sandbox",
    }
    return Response(made.content, media_type=made.media_type, headers=headers)
