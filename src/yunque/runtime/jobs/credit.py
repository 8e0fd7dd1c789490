"""Credit that may be asked for twice and is given once: its reference tells a repetition from another."""

from dataclasses import dataclass
from typing import Literal

import sqlalchemy as sa

from yunque.errors import ConflictError, UsageError
from yunque.runtime.database import Database
from yunque.runtime.jobs.ledger import Balance, Posting, balance_of, open_locked, post
from yunque.runtime.jobs.tables import LEDGER


@dataclass(frozen=True, kw_only=True)
class Credit:
    """Money for a tenant's account.

    Attributes:
        amount_minor: how much, in the currency's minor unit.
        source: bought, or given by the operator.
        reference: what tells this credit from every other of the tenant: a payment's or an invoice's number.
        description: one line for the statement.
    """

    tenant: str
    amount_minor: int
    currency: str
    source: Literal["purchase", "gift"]
    reference: str
    description: str = ""


def add_credit(database: Database, credit: Credit) -> tuple[Balance, bool]:
    """Add credit unless its reference was used; give the balance, and whether anything was added.

    Raises:
        UsageError: an amount that is not positive, or no reference.
        ConflictError: the account holds another currency, or the reference was used for another credit.
    """
    if credit.amount_minor <= 0 or not credit.reference:
        raise UsageError("Credit needs a positive amount and a reference.")
    is_purchase = credit.source == "purchase"
    posting = Posting(
        entry=credit.source,
        description=credit.description or f"{credit.source} of credit",
        purchased_minor=credit.amount_minor if is_purchase else 0,
        gifted_minor=0 if is_purchase else credit.amount_minor,
        reference=credit.reference,
    )
    with database.writing() as connection:
        account = open_locked(connection, credit.tenant, credit.currency)
        # Whoever credits this account waits for its row, so nothing comes between the look and the entry.
        known = connection.execute(
            sa.select(LEDGER).where(LEDGER.c.tenant == credit.tenant, LEDGER.c.reference == credit.reference)
        ).first()
        if known is None:
            return post(connection, account, posting, database.now(connection)), True
    same = ("entry", "purchased_minor", "gifted_minor")
    if any(getattr(known, name) != getattr(posting, name) for name in same):
        raise ConflictError(
            "This reference was used for another credit.",
            hint="A reference names one credit; repeat it with the same amount and source, or use another.",
            place={"field": "reference"},
        )
    return balance_of(database, credit.tenant), False
