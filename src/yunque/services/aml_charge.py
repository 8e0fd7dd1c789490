"""What an analysis costs: the rows that were classified, once each; rows without a model cost less."""

from dataclasses import dataclass, replace
from typing import Any

import polars as pl
import sqlalchemy as sa

from yunque.errors import NotFoundError
from yunque.runtime.database import Database
from yunque.runtime.jobs.prices import Price, charge_for, price_on, prices_of
from yunque.runtime.jobs.tables import LEDGER
from yunque.services.job_units import RULES_ONLY
from yunque.solutions.aml.law.evaluate import ORDER
from yunque.solutions.aml.store.tables import PART


@dataclass(frozen=True, kw_only=True)
class Counted:
    """The rows of an analysis, by what they may cost.

    Attributes:
        full: classified with a model; rules_only: classified by the rules alone.
        free_repeated: told and charged before; free_unclear: a fact was missing, so no class was found.
    """

    full: int
    rules_only: int
    free_repeated: int
    free_unclear: int


def count(operations: pl.DataFrame, number: int, charged_parts: frozenset[int]) -> Counted:
    """Count the classified operations of part `number`.

    Args:
        operations: with `clase`, `riesgo` and `parte`, the part that first told this version.
        number: of this analysis' part.
        charged_parts: parts whose analyses were paid for.
    """
    is_clear = pl.col("clase").is_in(ORDER)
    is_known = (pl.col("parte") != number) & pl.col("parte").is_in(charged_parts)
    is_scored = pl.col("riesgo").is_not_null()
    sums = operations.select(
        full=(is_clear & ~is_known & is_scored).sum(),
        rules_only=(is_clear & ~is_known & ~is_scored).sum(),
        free_repeated=(is_clear & is_known).sum(),
        free_unclear=(~is_clear).sum(),
    ).row(0, named=True)
    return Counted(**{name: int(value or 0) for name, value in sums.items()})


def paid_parts(database: Database, tenant: str, number: int) -> frozenset[int]:
    """Give the parts before `number` whose analyses were charged as jobs."""
    query = (
        sa.select(PART.c.number)
        .join(LEDGER, sa.and_(LEDGER.c.job_id == PART.c.analysis_id, LEDGER.c.tenant == PART.c.tenant))
        .where(PART.c.tenant == tenant, PART.c.number < number, LEDGER.c.entry == "capture")
        .where(LEDGER.c.purchased_minor + LEDGER.c.gifted_minor < 0)
    )
    with database.reading_as(tenant) as connection:
        return frozenset(connection.execute(query).scalars())


def cost(database: Database, tenant: str, job_id: str, counted: Counted) -> dict[str, Any]:
    """Give what is to be captured of a job's reservation, at the prices of the day it was submitted.

    Rows without a model cost what `job.aml.solo_reglas` says on that day, and nothing where it says nothing;
    they never cost more than a row with one. Without a reservation everything is free.

    Returns:
        A document: `cobradas` (rows), how they divide, `importe_minor` and `moneda` (null when free).
    """
    rows = {
        "cobradas": 0,
        "con_modelo": 0,
        "solo_reglas": 0,
        "sin_cobro_repetidas": counted.free_repeated,
        "sin_cobro_sin_clase": counted.free_unclear,
        "clave_idempotencia": job_id,
    }
    query = sa.select(LEDGER).where(
        LEDGER.c.tenant == tenant, LEDGER.c.job_id == job_id, LEDGER.c.entry == "reserve"
    )
    with database.reading_as(tenant) as connection:
        reserved = connection.execute(query).first()
    if reserved is None:
        return {**rows, "importe_minor": None, "moneda": None, "precio": None, "precio_solo_reglas": None}
    full = version_of(database, reserved.price_version)
    cheap = rules_price(database, reserved)
    amount = charge_for(replace(full, quote_above=None), counted.full).amount_minor
    if cheap is not None:
        most = charge_for(replace(full, quote_above=None), counted.rules_only).amount_minor
        amount += min(most, charge_for(replace(cheap, quote_above=None), counted.rules_only).amount_minor)
    return {
        **rows,
        "cobradas": counted.full + (counted.rules_only if cheap is not None else 0),
        "con_modelo": counted.full,
        "solo_reglas": counted.rules_only,
        "importe_minor": min(amount, reserved.reserved_minor),
        "moneda": full.currency,
        "precio": full.version,
        "precio_solo_reglas": cheap.version if cheap is not None else None,
    }


def version_of(database: Database, version: str) -> Price:
    """Give the price that a ledger entry names.

    Raises:
        NotFoundError: it was never published.
    """
    item = version.rpartition("@")[0]
    for price in prices_of(database, item):
        if price.version == version:
            return price
    raise NotFoundError(f"There is no price {version!r}.")


def rules_price(database: Database, reserved: sa.Row[Any]) -> Price | None:
    """Give the price of rows without a model on the day of a reservation, None when none was published."""
    with database.reading() as connection:
        try:
            return price_on(connection, RULES_ONLY, reserved.at.date())
        except NotFoundError:
            return None
