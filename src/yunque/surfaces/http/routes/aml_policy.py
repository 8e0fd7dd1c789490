"""The threshold policy by HTTP: where it stands, propose, approve as another person, roll back, freeze."""

from collections.abc import Callable
from dataclasses import asdict, replace
from typing import Any

import msgspec
from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool

from yunque.errors import AccessError
from yunque.services import aml_policy
from yunque.services.access import Scope
from yunque.services.aml_desk import Desk
from yunque.services.aml_layers import scorer_of
from yunque.services.aml_policy_status import event_document, policy_status
from yunque.services.job_fields import read_fields
from yunque.services.job_office import Office
from yunque.solutions.aml.policy import PolicySettings
from yunque.solutions.aml.store.policies import PolicyEvent, read_events
from yunque.surfaces.http.job_answers import read_document
from yunque.surfaces.http.needs import declare, guarded_router
from yunque.surfaces.http.problem import Problem, ProblemError
from yunque.surfaces.http.routes.aml_desk import PREFIX, desk_of


class ReasonBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why; it stands in the audit log."""

    motivo: str


class SettingsBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The settings to change; those that are left out stay."""

    hit_value: float | None = None
    false_cost: float | None = None
    missed_cost: float | None = None
    excess_cost: float | None = None
    budget_share: float | None = None
    lowest: float | None = None
    highest: float | None = None
    least_dispositions: int | None = None
    period_days: int | None = None
    shadow_days: int | None = None
    shadow_decisions: int | None = None
    sample_share: float | None = None


def policy_routes(office: Office) -> APIRouter:
    """Give the routes; an auditor looks, an officer acts."""
    router = guarded_router(Scope.AUDITOR, prefix=f"{PREFIX}/policy", tags=["Política de umbrales"])

    @router.get("", summary="Lo vigente, la propuesta con su sombra, la historia")
    async def status(request: Request) -> dict[str, Any]:
        return await run_in_threadpool(lambda: policy_status(scored_desk_of(office, request)))

    @router.post("/propose", status_code=201, summary="Aprender de los periodos cerrados y proponer")
    @declare(Scope.OFFICER)
    async def propose(request: Request) -> dict[str, Any]:
        return await acted(office, request, lambda desk: aml_policy.propose(desk, by=desk.actor))

    @router.post("/{version}/approve", status_code=201, summary="Aprobar la propuesta de otra persona")
    @declare(Scope.OFFICER)
    async def approve(version: str, request: Request) -> dict[str, Any]:
        return await acted(office, request, lambda desk: aml_policy.approve(desk, version, by=desk.actor))

    @router.post(
        "/rollback", status_code=201, summary="Volver a lo que había antes; el motivo es obligatorio"
    )
    @declare(Scope.OFFICER)
    async def rollback(request: Request) -> dict[str, Any]:
        why = read_fields(await read_document(request), ReasonBody).motivo
        return await acted(
            office, request, lambda desk: aml_policy.roll_back(desk, by=desk.actor, reason=why)
        )

    @router.post("/freeze", status_code=201, summary="Detener propuestas y aprobaciones")
    @declare(Scope.OFFICER)
    async def freeze(request: Request) -> dict[str, Any]:
        why = read_fields(await read_document(request), ReasonBody).motivo
        return await acted(office, request, lambda desk: aml_policy.freeze(desk, by=desk.actor, reason=why))

    @router.post("/thaw", status_code=201, summary="Permitirlas otra vez")
    @declare(Scope.OFFICER)
    async def thaw(request: Request) -> dict[str, Any]:
        why = read_fields(await read_document(request), ReasonBody).motivo
        return await acted(
            office, request, lambda desk: aml_policy.freeze(desk, by=desk.actor, reason=why, thaw=True)
        )

    @router.patch("/settings", summary="Límites, costos, periodos y sorteo de las propuestas por venir")
    @declare(Scope.OFFICER)
    async def settings(request: Request) -> dict[str, Any]:
        given = msgspec.structs.asdict(read_fields(await read_document(request), SettingsBody))
        changes = {name: value for name, value in given.items() if value is not None}
        return await acted(office, request, lambda desk: changed(desk, changes))

    return router


def scored_desk_of(office: Office, request: Request) -> Desk:
    """Give the caller's desk with the layers that score it."""
    desk = desk_of(office, request)
    return replace(desk, scorer=scorer_of(office.database, office.registry, desk.tenant))


async def acted(office: Office, request: Request, act: Callable[[Desk], PolicyEvent]) -> dict[str, Any]:
    """Do something to the policy in the caller's name; the event as it was kept."""
    try:
        return event_document(await run_in_threadpool(lambda: act(scored_desk_of(office, request))))
    except AccessError as error:
        told = Problem(status=403, code="four_eyes", detail=error.message, hint=error.hint)
        raise ProblemError(told) from error


def changed(desk: Desk, changes: dict[str, Any]) -> PolicyEvent:
    """Change some settings."""
    now = aml_policy.settings_of(read_events(desk.database, desk.tenant))
    return aml_policy.change_settings(desk, PolicySettings(**{**asdict(now), **changes}), by=desk.actor)
