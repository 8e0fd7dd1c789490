"""Prices and credit: what jobs cost, what the caller's own account holds and why; operators set both."""

from datetime import date
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Query, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse

from yunque.runtime.jobs.credit import Credit
from yunque.services import billing
from yunque.services.access import Scope
from yunque.services.job_fields import read_fields
from yunque.services.job_office import Office
from yunque.surfaces.http.job_answers import read_document, tenant_of
from yunque.surfaces.http.needs import declare, guarded_router

PREFIX = "/api/v1/billing"


class Step(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What each unit costs up to number `up_to`; the last step leaves it out."""

    minor_per_unit: int
    up_to: int | None = None


class SetPrice(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A price from a day on, today (UTC) by default."""

    item: str
    currency: str
    tiers: list[Step]
    source: str
    valid_from: date | None = None
    quote_above: int | None = None


class AddCredit(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Credit for a tenant; the reference is what makes asking twice add once."""

    tenant: str
    amount_minor: int
    currency: str
    reference: str
    source: str = "purchase"
    description: str = ""


class Refund(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A job whose purchased price is given back, and why."""

    job_id: str
    reason: str


def billing_routes(office: Office) -> APIRouter:
    """Give the routes."""
    router = guarded_router(Scope.JOBS, prefix=PREFIX, tags=["Billing"])
    _add_looking(router, office)
    _add_setting(router, office)
    return router


def _add_looking(router: APIRouter, office: Office) -> None:
    @router.get("/prices", summary="Every price, dated; the newest first of each item")
    async def prices(item: str | None = None) -> dict[str, Any]:
        found = await run_in_threadpool(billing.prices, office, item)
        return {"prices": [billing.price_document(price) for price in found]}

    @router.get("/balance", summary="What your account holds, in minor units of its currency")
    async def balance(request: Request) -> dict[str, Any]:
        return billing.balance_document(await run_in_threadpool(billing.balance, office, tenant_of(request)))

    @router.get("/statement", summary="Your account's entries, newest first; `next` goes into `before`")
    async def statement(
        request: Request,
        limit: Annotated[int, Query(ge=1, le=billing.MOST_LISTED)] = 100,
        before: Annotated[int | None, Query(ge=1, le=2**31 - 1)] = None,
    ) -> dict[str, Any]:
        tenant = tenant_of(request)
        found = await run_in_threadpool(lambda: billing.statement(office, tenant, limit=limit, before=before))
        following = found[-1]["number"] if found and found[-1]["number"] > 1 else None
        return {"entries": [billing.entry_document(entry) for entry in found], "next": following}


def _add_setting(router: APIRouter, office: Office) -> None:
    @router.post("/prices", status_code=201, summary="Publish a price from a day on; none is ever changed")
    @declare(Scope.ADMIN)
    async def set_price(request: Request) -> dict[str, Any]:
        asked = read_fields(await read_document(request), SetPrice)
        new = billing.NewPrice(
            item=asked.item,
            currency=asked.currency,
            tiers=[(step.up_to, step.minor_per_unit) for step in asked.tiers],
            source=asked.source,
            valid_from=asked.valid_from,
            quote_above=asked.quote_above,
        )
        return billing.price_document(await run_in_threadpool(billing.set_price, office, new))

    @router.post("/credit", summary="Add credit to a tenant's account, once for each reference")
    @declare(Scope.ADMIN)
    async def add_credit(request: Request) -> Response:
        asked = read_fields(await read_document(request), AddCredit)
        credit = Credit(
            tenant=billing.tenant_named(asked.tenant),
            amount_minor=asked.amount_minor,
            currency=asked.currency,
            source=billing.source_named(asked.source),
            reference=asked.reference,
            description=asked.description,
        )
        balance, is_new = await run_in_threadpool(billing.add, office, credit)
        headers = {} if is_new else {"Idempotency-Replayed": "true"}
        document = {**billing.balance_document(balance), "is_new": is_new}
        return JSONResponse(document, status_code=201 if is_new else 200, headers=headers)

    @router.post("/refunds", summary="Give back the purchased part of what a job cost, once")
    @declare(Scope.ADMIN)
    async def refund(request: Request) -> dict[str, Any]:
        asked = read_fields(await read_document(request), Refund)
        found = await run_in_threadpool(lambda: billing.refund(office, asked.job_id, reason=asked.reason))
        return billing.balance_document(found)
